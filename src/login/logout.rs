//! The end of sessions: by the person, and by the provider's word.

use url::Url;

use super::error::SignInError;
use super::oidc::{find_doors, verify_token};
use super::{Login, Refused, Session};
use crate::auth::bearer;
use crate::directory::access_error::Trace;
use crate::directory::{Actor, Code, OidcSettings, Origin, Protocol, session};
use crate::sso::oidc::{Expectation, KeySet, logout_token};
use crate::storage::{self, Tx};

/// Ends the session of somebody who signs out. Answers where the provider ends its own, if it can.
///
/// # Errors
/// The database failed; the session goes on.
pub async fn sign_out(on: &Login, session: &Session, origin: Origin) -> Result<Option<Url>, storage::Error> {
    let (tenant, id, user) = (session.tenant(), session.id(), session.user().id);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.apply(session::end(vec![id], user, "user.signed_out", origin))
                .await
        })
        .await?;
    Ok(end_session_url(on, session).await)
}

/// The provider's sign-out (`OpenID` Connect RP-Initiated Logout 1.0). Nothing here may keep anybody signed in, so
/// whatever goes wrong means that there is no such address.
async fn end_session_url(on: &Login, session: &Session) -> Option<Url> {
    let tenant = session.tenant();
    let mut tx = on.store.read(tenant).await.ok()?;
    let connection = tx.find_connection(session.of.session.connection?).await.ok()??;
    drop(tx);
    let provider = on.providers.provider(tenant, &connection).await.ok()?;
    let client_id = &connection.settings.protocol.oidc()?.client_id;
    let mut url = provider.end_session_endpoint.clone()?;
    let back = on.post_logout_redirect_uri(&session.of.slug);
    let mut query = url.query_pairs_mut();
    if let Some(sealed) = &session.of.session.id_token
        && let Some(id_token) = on.open_id_token(tenant, sealed)
    {
        query.append_pair("id_token_hint", &id_token);
    }
    query
        .append_pair("client_id", client_id)
        .append_pair("post_logout_redirect_uri", &back);
    drop(query);
    Some(url)
}

/// Ends the sessions that a logout token names (`OpenID` Connect Back-Channel Logout 1.0 section 2.6). Naming nobody who
/// is signed in is no error.
///
/// # Errors
/// [`Refused`]: no such connection, or a token that is not believed.
pub async fn end_by_provider(
    on: &Login,
    tenant: &str,
    connection: &str,
    token: &str,
    origin: Origin,
) -> Result<(), Refused> {
    let (tenant, connection) = find_doors(on, tenant, connection).await?;
    let mut trace = Trace::default();
    let verify = |keys: &KeySet, expected: &Expectation<'_>| logout_token::verify(token, keys, expected);
    let word = verify_token(on, tenant.id, &connection, origin.at, &mut trace, verify).await;
    let word = word.map_err(|code| Refused::new(code).traced(trace))?;
    let once = bearer::hash(&format!("logout {} {}", connection.id, word.token_id));
    let id = connection.id;
    let Protocol::Oidc(OidcSettings { issuer, .. }) = connection.settings.protocol else {
        return Err(Refused::new(Code::SsoConnectionNotConfigured));
    };
    let ended = on.store.write(tenant.id, async move |tx: &mut Tx| {
        if !tx.consume_once(once, word.usable_until).await? {
            return Err(Refused::new(Code::OidcTokenInvalid).into());
        }
        let found = tx
            .list_sessions_of_provider(id, &issuer, word.subject.as_deref(), word.session_id.as_deref())
            .await?;
        for of_user in found.chunk_by(|a, b| a.1 == b.1) {
            let sessions = of_user.iter().map(|(session, _)| *session).collect();
            let origin = Origin {
                actor: Actor::Connection(id),
                ..origin.clone()
            };
            tx.apply(session::end(
                sessions,
                of_user[0].1,
                "user.signed_out_by_provider",
                origin,
            ))
            .await?;
        }
        Ok::<_, SignInError>(())
    });
    Ok(ended.await?)
}
