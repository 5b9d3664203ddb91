//! The end of sessions: by the person, and what every protocol shares of the end by the provider's word.

use jiff::Timestamp;

use super::{Elsewhere, Login, Session, oidc, saml};
use crate::directory::{Actor, ConnectionId, Origin, Protocol, SessionId, UserId, session};
use crate::storage::{self, Tx};

/// Ends the session of somebody who signs out. Answers where the provider ends its own, if it can. `nonce` is random, for
/// what the provider is to hand back.
///
/// # Errors
/// The database failed; the session goes on.
pub async fn sign_out(
    on: &Login,
    session: &Session,
    nonce: [u8; 12],
    origin: Origin,
) -> Result<Option<Elsewhere>, storage::Error> {
    let now = origin.at;
    let (tenant, id, user) = (session.tenant(), session.id(), session.user().id);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.apply(session::end(vec![id], user, "user.signed_out", origin))
                .await
        })
        .await?;
    Ok(at_provider(on, session, nonce, now).await)
}

/// Where the provider ends its own session. Nothing here may keep anybody signed in, so whatever goes wrong means that
/// there is no such place.
async fn at_provider(on: &Login, session: &Session, nonce: [u8; 12], now: Timestamp) -> Option<Elsewhere> {
    let mut tx = on.store.read(session.tenant()).await.ok()?;
    let connection = tx.find_connection(session.of.session.connection?).await.ok()??;
    drop(tx);
    match &connection.settings.protocol {
        Protocol::Oidc(settings) => oidc::end_session_url(on, session, &connection, settings)
            .await
            .map(Elsewhere::Address),
        Protocol::Saml(settings) => saml::ask(on, session, &connection, settings, nonce, now),
    }
}

/// Ends sessions because the provider of a connection says so. They come sorted by whose they are.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    sessions: Vec<(SessionId, UserId)>,
    connection: ConnectionId,
    origin: &Origin,
) -> Result<(), storage::Error> {
    for of_user in sessions.chunk_by(|a, b| a.1 == b.1) {
        let ended = of_user.iter().map(|(session, _)| *session).collect();
        let origin = Origin {
            actor: Actor::Connection(connection),
            ..origin.clone()
        };
        let why = "user.signed_out_by_provider";
        tx.apply(session::end(ended, of_user[0].1, why, origin)).await?;
    }
    Ok(())
}
