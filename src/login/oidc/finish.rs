//! Back from the provider.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::exchange::{Returning, exchange};
use super::{at, find_doors};
use crate::auth::bearer::{self, NewToken};
use crate::directory::access_error::Trace;
use crate::directory::{Actor, Code, Connection, NewSession, Origin, Tenant};
use crate::login::complete::{self, Arriving, Fresh, Met};
use crate::login::error::SignInError;
use crate::login::{Login, Refused};
use crate::sso::jit::Decision;
use crate::sso::oidc::authorization::{Callback, CallbackRefusal};
use crate::sso::{AttributeMapping, Attributes};
use crate::storage::{LoginAttempt, Purpose, Tx};

/// A session or what a test has shown.
#[derive(Debug)]
pub enum Finished {
    /// Somebody is signed in.
    SignedIn {
        /// The session.
        session: Box<NewSession>,
        /// What its cookie carries.
        token: Arc<NewToken>,
        /// Where the browser goes now.
        return_to: String,
    },
    /// A test; nobody is signed in.
    Tested(Box<TestReport>),
}

/// What a test login has shown.
#[derive(Debug)]
pub struct TestReport {
    /// The tenant.
    pub tenant: Tenant,
    /// The connection.
    pub connection: Connection,
    /// What the provider says, after mapping.
    pub attributes: Attributes,
    /// What a sign-in would have come to.
    pub outcome: Result<Decision, Code>,
    /// What was checked.
    pub trace: Trace,
}

/// What the browser brings to the callback.
pub struct Return<'a> {
    /// The query.
    pub query: &'a str,
    /// The login cookie.
    pub browser: Option<&'a str>,
    /// What a session and a person are made of.
    pub fresh: Fresh,
    /// Where and when the request comes from.
    pub origin: Origin,
}

/// Takes what the browser brings to the callback.
///
/// # Errors
/// [`Refused`], with nothing written but the attempt used up.
pub async fn finish(
    on: &Login,
    tenant: &str,
    connection: &str,
    mut returned: Return<'_>,
) -> Result<Finished, Refused> {
    let (tenant, connection) = find_doors(on, tenant, connection).await?;
    returned.origin.actor = Actor::Connection(connection.id);
    let mut trace = Trace::default();
    let taken = take_attempt(on, &tenant, &returned, &mut trace).await;
    let (callback, browser, attempt) =
        taken.map_err(|code| at(&tenant, &connection, Refused::new(code).traced(trace.clone())))?;
    let begun = Begun {
        tenant: &tenant,
        connection: &connection,
        callback,
        browser,
        attempt: &attempt,
        nonce: returned.fresh.nonce,
        now: returned.origin.at,
    };
    let arrived = arrive_in_time(on, begun, &mut trace).await;
    let arriving = match arrived {
        Ok(arriving) => arriving,
        // Whoever tests wants to see how far it went.
        Err(code) if attempt.purpose == Purpose::Test => {
            return Ok(Finished::Tested(Box::new(TestReport {
                tenant,
                connection,
                attributes: Attributes::default(),
                outcome: Err(code),
                trace,
            })));
        }
        Err(code) => return Err(at(&tenant, &connection, Refused::new(code).traced(trace))),
    };
    let Return { fresh, origin, .. } = returned;
    let email = arriving
        .attributes
        .email
        .as_ref()
        .map(|email| email.address.clone());
    let finished = match attempt.purpose {
        Purpose::SignIn => {
            let token = Arc::clone(&fresh.token);
            let opened = on.store.write(tenant.id, async move |tx: &mut Tx| {
                complete::sign_in(tx, arriving, fresh, origin).await
            });
            opened.await.map(|session| Finished::SignedIn {
                session: Box::new(session),
                token,
                return_to: attempt.return_to,
            })
        }
        Purpose::Test => test(on, tenant.clone(), arriving, &trace, origin).await,
    };
    finished.map_err(|error| {
        let mut refused = at(&tenant, &connection, error);
        refused.email = refused.email.or(email);
        // What had passed at the provider comes before what was decided here.
        trace.extend(&refused.trace);
        refused.traced(trace)
    })
}

/// A sign-in whose attempt has been taken.
struct Begun<'a> {
    tenant: &'a Tenant,
    connection: &'a Connection,
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
    let Begun {
        tenant,
        connection,
        now,
        ..
    } = begun;
    if begun.attempt.expires_at <= now {
        let (expected, received) = (now.to_string(), begun.attempt.expires_at.to_string());
        trace.push("state_expires_at", Some(&expected), Some(&received), false);
        return Err(Code::SignInExpired);
    }
    let (gone_to, here) = (begun.attempt.connection.to_string(), connection.id.to_string());
    if !trace.compare("connection", &gone_to, Some(&here)) {
        return Err(Code::OidcCallbackMismatch);
    }
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
        id_token: on.seal_id_token(tenant.id, &exchanged.id_token, begun.nonce),
        identity: exchanged.identity,
        userinfo_failed: exchanged.userinfo_failed,
        attributes,
        connection: connection.id,
        revision: connection.revision,
    })
}

/// The attempt that the callback belongs to, taken once, if this browser began it.
async fn take_attempt<'a>(
    on: &Login,
    tenant: &Tenant,
    returned: &Return<'a>,
    trace: &mut Trace,
) -> Result<(Callback, &'a str, LoginAttempt), Code> {
    let callback = Callback::parse(returned.query).map_err(|refusal| refuse_callback(&refusal, trace))?;
    let Some(browser) = returned.browser else {
        trace.push("login_cookie", Some("the browser that began"), None, false);
        return Err(Code::OidcStateMismatch);
    };
    let (state, bound_to) = (bearer::hash(callback.state()), bearer::hash(browser));
    let taken = on.store.take_login(tenant.id, state, bound_to).await;
    let taken = taken.map_err(|error| Refused::from(error).code)?;
    let known = "a sign-in that this browser began and has not used";
    trace.push("state", Some(known), None, taken.is_some());
    Ok((callback, browser, taken.ok_or(Code::OidcStateMismatch)?))
}

/// Shows what a sign-in would come to, and remembers that one would go well.
async fn test(
    on: &Login,
    tenant: Tenant,
    arriving: Arriving,
    arrived: &Trace,
    origin: Origin,
) -> Result<Finished, SignInError> {
    let attributes = arriving.attributes.clone();
    let id = tenant.id;
    let (connection, outcome, decided) = on
        .store
        .write(id, async move |tx: &mut Tx| {
            let (outcome, trace) = match complete::decide(tx, &arriving, true, &origin).await {
                Ok(Met { decision, trace, .. }) => {
                    complete::prove(tx, &arriving, origin).await?;
                    (Ok(decision), trace)
                }
                Err(SignInError::Refused(refused)) => (Err(refused.code), refused.trace),
                Err(error) => return Err(error),
            };
            let found = tx.find_connection(arriving.connection).await?;
            let connection = found.ok_or_else(|| Refused::new(Code::SsoConnectionNotConfigured))?;
            Ok((connection, outcome, trace))
        })
        .await?;
    let mut trace = arrived.clone();
    trace.extend(&decided);
    Ok(Finished::Tested(Box::new(TestReport {
        tenant,
        connection,
        attributes,
        outcome,
        trace,
    })))
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
