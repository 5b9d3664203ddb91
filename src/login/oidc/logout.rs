//! The end of sessions with an `OpenID` provider: at the provider, and by its word.

use url::Url;

use super::verify_token;
use crate::auth::bearer;
use crate::directory::access_error::Trace;
use crate::directory::{Code, Connection, OidcSettings, Origin};
use crate::login::doors::Doors;
use crate::login::error::SignInError;
use crate::login::logout::end_sessions;
use crate::login::{Login, Refused, Session};
use crate::sso::oidc::{Expectation, KeySet, logout_token};
use crate::storage::Tx;

/// The provider's sign-out (`OpenID` Connect RP-Initiated Logout 1.0), where it has one.
pub(in crate::login) async fn end_session_url(
    on: &Login,
    session: &Session,
    connection: &Connection,
    settings: &OidcSettings,
) -> Option<Url> {
    let tenant = session.tenant();
    let provider = on.providers.provider(tenant, connection).await.ok()?;
    let mut url = provider.end_session_endpoint.clone()?;
    let back = on.post_logout_redirect_uri(&session.of.slug);
    let mut query = url.query_pairs_mut();
    if let Some(sealed) = &session.of.session.logout_hint
        && let Some(id_token) = on.open_logout_hint(tenant, sealed)
    {
        query.append_pair("id_token_hint", &id_token);
    }
    query
        .append_pair("client_id", &settings.client_id)
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
    let Doors { tenant, connection } = Doors::find(on, tenant, connection).await?;
    let mut trace = Trace::default();
    let verify = |keys: &KeySet, expected: &Expectation<'_>| logout_token::verify(token, keys, expected);
    let word = verify_token(on, tenant.id, &connection, origin.at, &mut trace, verify).await;
    let word = word.map_err(|code| Refused::new(code).traced(trace))?;
    let once = bearer::hash(&format!("logout {} {}", connection.id, word.token_id));
    let id = connection.id;
    let settings = connection.settings.protocol.oidc();
    let issuer = settings.ok_or(Code::SsoConnectionNotConfigured)?.issuer.clone();
    let ended = on.store.write(tenant.id, async move |tx: &mut Tx| {
        if !tx.consume_once(once, word.usable_until).await? {
            return Err(Refused::new(Code::OidcTokenInvalid).into());
        }
        let found = tx
            .list_sessions_of_provider(id, &issuer, word.subject.as_deref(), word.session_id.as_deref())
            .await?;
        end_sessions(tx, found, id, &origin).await?;
        Ok::<_, SignInError>(())
    });
    Ok(ended.await?)
}
