//! To the provider, whichever protocol it speaks.

use jiff::Timestamp;

use super::attempt::{self, Secrets};
use super::doors::Doors;
use super::{Elsewhere, Login, Refused, oidc, saml};
use crate::directory::{Code, Protocol};
use crate::storage::Purpose;

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
#[derive(Debug)]
pub struct Started {
    /// Where to send the browser.
    pub to: Elsewhere,
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
    let doors = Doors::find(on, tenant, connection).await?;
    let purpose = purpose_of(on, &doors, &attempt).map_err(|code| doors.refuse(code))?;
    let secrets = Secrets::new(attempt.browser, attempt.random);
    let to = match &doors.connection.settings.protocol {
        Protocol::Oidc(settings) => oidc::request(on, &doors, settings, &secrets, attempt.login_hint).await,
        Protocol::Saml(settings) => {
            saml::request(on, &doors, settings, &secrets, attempt.now).map_err(Refused::from)
        }
    };
    let to = to.map_err(|refused| doors.refuse(refused))?;
    attempt::keep(on, &doors, &secrets, purpose, attempt.return_to, attempt.now)
        .await
        .map_err(|error| doors.refuse(error))?;
    Ok(Started {
        to,
        browser: secrets.browser,
    })
}

/// What the attempt is for, if the doors are open for that.
fn purpose_of(on: &Login, at: &Doors, attempt: &Attempt<'_>) -> Result<Purpose, Code> {
    let Doors { tenant, connection } = at;
    let purpose = match attempt.test_ticket {
        Some(ticket) if on.is_test_ticket(ticket, tenant.id, connection.id, attempt.now) => Purpose::Test,
        Some(_) => return Err(Code::SignInExpired),
        None => Purpose::SignIn,
    };
    if tenant.suspended_at.is_some() {
        return Err(Code::TenantSuspended);
    }
    if !connection.enabled && purpose == Purpose::SignIn {
        return Err(Code::SsoConnectionDisabled);
    }
    Ok(purpose)
}
