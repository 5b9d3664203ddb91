//! Back from the provider.

use std::sync::Arc;

use std::time::Duration;

use jiff::Timestamp;

use super::exchange::{Returning, exchange};
use crate::auth::bearer;
use crate::directory::access_error::Trace;
use crate::directory::{Actor, Code};
use crate::login::attempt::{self, Entry};
use crate::login::complete::Arriving;
use crate::login::doors::Doors;
use crate::login::finish::{Finished, Return, conclude};
use crate::login::trial::TestReport;
use crate::login::{Login, Refused};
use crate::sso::AttributeMapping;
use crate::sso::oidc::authorization::{Callback, CallbackRefusal};
use crate::storage::{LoginAttempt, Purpose};

/// Takes what the browser brings to the callback.
///
/// # Errors
/// [`Refused`], with nothing written but the attempt used up.
pub async fn finish(
    on: &Login,
    tenant: &str,
    connection: &str,
    query: &str,
    mut returned: Return<'_>,
) -> Result<Finished, Refused> {
    let doors = Doors::find(on, tenant, connection).await?;
    returned.origin.actor = Actor::Connection(doors.connection.id);
    let mut trace = Trace::default();
    let taken = take_attempt(on, &doors, query, returned.browser, &mut trace).await;
    let (callback, browser, attempt) = match taken {
        Ok(taken) => taken,
        Err(code) => return Err(doors.refuse(Refused::new(code).traced(trace))),
    };
    let begun = Begun {
        doors: &doors,
        callback,
        browser,
        attempt: &attempt,
        nonce: returned.fresh.nonce,
        now: returned.origin.at,
    };
    match arrive_in_time(on, begun, &mut trace).await {
        Ok(arriving) => {
            let Return { fresh, origin, .. } = returned;
            conclude(on, doors, Entry::Taken(attempt), arriving, trace, (fresh, origin)).await
        }
        Err(code) if attempt.purpose == Purpose::Test => {
            let report = TestReport::of_refusal(doors, code, trace);
            Ok(Finished::Tested(Box::new(report)))
        }
        Err(code) => Err(doors.refuse(Refused::new(code).traced(trace))),
    }
}

/// A sign-in whose attempt has been taken.
struct Begun<'a> {
    doors: &'a Doors,
    callback: Callback,
    browser: &'a str,
    attempt: &'a LoginAttempt,
    nonce: [u8; 12],
    now: Timestamp,
}

/// All that the provider is asked together: less than a request may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn arrive_in_time(on: &Login, begun: Begun<'_>, trace: &mut Trace) -> Result<Arriving, Code> {
    let arrived = tokio::time::timeout(PATIENCE, arrive(on, begun, trace)).await;
    arrived.unwrap_or_else(|_| {
        let limit = format!("all answers within {} s", PATIENCE.as_secs());
        trace.push("provider", Some(&limit), None, false);
        Err(Code::OidcTokenExchangeFailed)
    })
}

/// Everything up to a verified identity.
async fn arrive(on: &Login, begun: Begun<'_>, trace: &mut Trace) -> Result<Arriving, Code> {
    let Doors { tenant, connection } = begun.doors;
    let now = begun.now;
    attempt::check(
        begun.attempt,
        connection.id,
        now,
        Code::OidcCallbackMismatch,
        trace,
    )?;
    let provider = on.providers.provider(tenant.id, connection).await;
    let provider = provider.map_err(|failure| failure.note(trace))?;
    let state = begun.callback.state().to_owned();
    let code = begun
        .callback
        .into_code(&provider.issuer, provider.names_itself)
        .map_err(|refusal| refuse_callback(&refusal, trace))?;
    let returning = Returning {
        tenant,
        connection,
        provider: &provider,
        browser: begun.browser,
        state: &state,
        code: &code,
        now,
    };
    let exchanged = exchange(on, &returning, trace).await?;
    let mapping = AttributeMapping::from_settings(&connection.settings.attribute_mapping);
    let attributes = mapping
        .map_err(|_| Code::InternalError)?
        .read(&exchanged.identity);
    Ok(Arriving {
        logout_hint: on.seal_logout_hint(tenant.id, &exchanged.id_token, begun.nonce),
        identity: exchanged.identity,
        userinfo_failed: exchanged.userinfo_failed,
        attributes,
        connection: connection.id,
        revision: connection.revision,
        session_limit: None,
        vault: Arc::clone(&on.vault),
    })
}

/// The attempt that the callback belongs to, taken once, if this browser began it.
async fn take_attempt<'a>(
    on: &Login,
    at: &Doors,
    query: &str,
    browser: Option<&'a str>,
    trace: &mut Trace,
) -> Result<(Callback, &'a str, LoginAttempt), Code> {
    let callback = Callback::parse(query).map_err(|refusal| refuse_callback(&refusal, trace))?;
    let Some(browser) = browser else {
        trace.push("login_cookie", Some("the browser that began"), None, false);
        return Err(Code::OidcStateMismatch);
    };
    let (state, bound_to) = (bearer::hash(callback.state()), bearer::hash(browser));
    let taken = on.store.take_login(at.tenant.id, state, bound_to).await;
    let taken = taken.map_err(|error| Refused::from(error).code)?;
    let known = "a sign-in that this browser began and has not used";
    trace.push("state", Some(known), None, taken.is_some());
    Ok((callback, browser, taken.ok_or(Code::OidcStateMismatch)?))
}

fn refuse_callback(refusal: &CallbackRefusal, trace: &mut Trace) -> Code {
    let (check, code) = match refusal {
        CallbackRefusal::TooLong(_) | CallbackRefusal::Repeated(_) | CallbackRefusal::NoCode => {
            ("callback", Code::OidcCallbackMalformed)
        }
        CallbackRefusal::NoState => ("state", Code::OidcStateMismatch),
        CallbackRefusal::NoIssuer { .. } | CallbackRefusal::Issuer { .. } => {
            ("iss", Code::OidcCallbackMismatch)
        }
        CallbackRefusal::Provider { .. } => ("provider", Code::OidcErrorFromIdp),
    };
    let said = match refusal {
        CallbackRefusal::Provider {
            code,
            description: Some(description),
        } => format!("{code}: {description}"),
        CallbackRefusal::Provider { code, .. } => code.clone(),
        other => other.to_string(),
    };
    trace.push(check, None, Some(&said), false);
    code
}
