//! To the provider.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::{at, find_doors};
use crate::auth::bearer::{self, NewToken, TokenKind};
use crate::directory::Code;
use crate::directory::access_error::Trace;
use crate::login::{Login, Refused, secrets};
use crate::sso::oidc::authorization::{AuthorizationRequest, DEFAULT_SCOPE};
use crate::storage::{LoginAttempt, Purpose};

/// How long somebody may take at the provider: to find a telephone for the second factor, and not until tomorrow.
const PATIENCE: Duration = Duration::from_mins(15);

/// A sign-in as the browser begins it.
pub struct Attempt<'a> {
    /// The login cookie, if the browser has one: several sign-ins at once share it.
    pub browser: Option<&'a str>,
    /// Random bits: for the state, and for a browser without a cookie.
    pub random: [[u8; 32]; 2],
    /// Where the browser goes afterwards; checked by the door.
    pub return_to: String,
    /// Whom the person says they are.
    pub login_hint: Option<&'a str>,
    /// The ticket of a test, when it is one.
    pub test_ticket: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// A sign-in that has begun.
pub struct Started {
    /// Where to send the browser.
    pub url: Url,
    /// What the login cookie has to carry.
    pub browser: String,
}

/// Begins a sign-in.
///
/// # Errors
/// [`Refused`]: no such connection, a closed one, a provider that cannot be used.
pub async fn start(
    on: &Login,
    tenant: &str,
    connection: &str,
    attempt: Attempt<'_>,
) -> Result<Started, Refused> {
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
    let [for_state, for_browser] = attempt.random;
    let state = NewToken::from_random(TokenKind::State, for_state);
    // A text that we did not give out could be known to whoever planted it.
    let known = attempt.browser.filter(|text| TokenKind::Browser.made(text));
    let browser = known.map_or_else(
        || {
            NewToken::from_random(TokenKind::Browser, for_browser)
                .expose()
                .to_owned()
        },
        str::to_owned,
    );
    on.store
        .begin_login(
            tenant.id,
            LoginAttempt {
                state: state.hash(),
                browser: bearer::hash(&browser),
                connection: connection.id,
                purpose,
                return_to: attempt.return_to,
                expires_at: attempt.now + PATIENCE,
            },
        )
        .await
        .map_err(|error| here(error.into()))?;
    let oidc = connection.settings.protocol.oidc();
    let oidc = oidc.ok_or_else(|| here(Code::SsoConnectionNotConfigured.into()))?;
    let request = AuthorizationRequest {
        endpoint: &provider.authorization_endpoint,
        client_id: &oidc.client_id,
        redirect_uri: &on.redirect_uri(&tenant.slug, connection.id),
        scope: DEFAULT_SCOPE,
        secrets: &secrets::of_attempt(&browser, state.expose()),
        login_hint: attempt.login_hint,
    };
    Ok(Started {
        url: request.url(),
        browser,
    })
}
