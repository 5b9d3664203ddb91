//! To the provider.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::{at, find_doors};
use crate::auth::bearer::{self, NewToken};
use crate::directory::access_error::Trace;
use crate::directory::{Code, Protocol};
use crate::login::{Login, Refused, secrets};
use crate::sso::oidc::authorization::{AuthorizationRequest, DEFAULT_SCOPE};
use crate::storage::{LoginAttempt, Purpose};

/// How long somebody may take at the provider: to find a telephone for the second factor, and not until tomorrow.
const PATIENCE: Duration = Duration::from_mins(15);

/// A sign-in as the browser begins it.
pub struct Attempt<'a> {
    /// The token of the browser's login cookie.
    pub browser: &'a str,
    /// A fresh state.
    pub state: &'a NewToken,
    /// Where the browser goes afterwards; checked by the door.
    pub return_to: String,
    /// Whom the person says they are.
    pub login_hint: Option<&'a str>,
    /// The ticket of a test, when it is one.
    pub test_ticket: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// Begins a sign-in; answers where to send the browser.
///
/// # Errors
/// [`Refused`]: no such connection, a closed one, a provider that cannot be used.
pub async fn start(on: &Login, tenant: &str, connection: &str, attempt: Attempt<'_>) -> Result<Url, Refused> {
    let (tenant, connection) = find_doors(on, tenant, connection).await?;
    let here = |refused: Refused| at(&tenant, &connection, refused);
    let purpose = match attempt.test_ticket {
        Some(ticket) if on.is_test_ticket(ticket, tenant.id, connection.id, attempt.now) => Purpose::Test,
        Some(_) => return Err(here(Code::SignInExpired.into())),
        None => Purpose::SignIn,
    };
    if tenant.suspended_at.is_some() {
        return Err(here(Code::TenantSuspended.into()));
    }
    if !connection.enabled && purpose == Purpose::SignIn {
        return Err(here(Code::SsoConnectionDisabled.into()));
    }
    let provider = on
        .providers
        .provider(tenant.id, &connection)
        .await
        .map_err(|failure| {
            let mut trace = Trace::default();
            here(Refused::new(failure.note(&mut trace)).traced(trace))
        })?;
    let state = attempt.state.expose();
    on.store
        .begin_login(
            tenant.id,
            LoginAttempt {
                state: attempt.state.hash(),
                browser: bearer::hash(attempt.browser),
                connection: connection.id,
                purpose,
                return_to: attempt.return_to,
                expires_at: attempt.now + PATIENCE,
            },
        )
        .await
        .map_err(|error| here(error.into()))?;
    let Protocol::Oidc { client_id, .. } = &connection.settings.protocol;
    let request = AuthorizationRequest {
        endpoint: &provider.authorization_endpoint,
        client_id,
        redirect_uri: &on.redirect_uri(&tenant.slug, connection.id),
        scope: DEFAULT_SCOPE,
        secrets: &secrets::of_attempt(attempt.browser, state),
        prompt: None,
        login_hint: attempt.login_hint,
    };
    Ok(request.url())
}
