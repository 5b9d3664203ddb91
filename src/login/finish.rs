//! Back from the provider: the one write in which both protocols end.

use std::sync::Arc;

use super::attempt::Entry;
use super::complete::{self, Arriving, Fresh};
use super::doors::Doors;
use super::error::SignInError;
use super::trial::{self, TestReport, Trial};
use super::{Login, Refused};
use crate::auth::bearer::NewToken;
use crate::directory::access_error::Trace;
use crate::directory::{NewSession, Origin};
use crate::storage::{Purpose, Tx};

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

/// What comes with every answer of a provider, whatever the protocol.
pub struct Return<'a> {
    /// The login cookie.
    pub browser: Option<&'a str>,
    /// What a session and a person are made of.
    pub fresh: Fresh,
    /// Where and when the request comes from; the actor is found here.
    pub origin: Origin,
}

/// What the write came to.
enum Written {
    SignedIn(Box<NewSession>, String),
    Tested(Box<Trial>),
}

/// Signs a verified identity in, or shows what that would come to: in one write, with the attempt that it belongs to.
pub(super) async fn conclude(
    on: &Login,
    at: Doors,
    entry: Entry,
    arriving: Arriving,
    mut trace: Trace,
    (fresh, origin): (Fresh, Origin),
) -> Result<Finished, Refused> {
    let token = Arc::clone(&fresh.token);
    let attributes = arriving.attributes.clone();
    let written = on.store.write(at.tenant.id, async move |tx: &mut Tx| {
        let mut entered = Trace::default();
        let written = enter(tx, entry, arriving, (fresh, origin), &mut entered).await;
        match written {
            Ok(written) => Ok((written, entered)),
            Err(SignInError::Refused(mut refused)) => {
                entered.extend(&refused.trace);
                refused.trace = entered;
                Err(SignInError::Refused(refused))
            }
            Err(error) => Err(error),
        }
    });
    let written = written.await.map(|(written, entered)| {
        trace.extend(&entered);
        written
    });
    match written {
        Ok(Written::SignedIn(session, return_to)) => Ok(Finished::SignedIn {
            session,
            token,
            return_to,
        }),
        Ok(Written::Tested(trial)) => {
            trace.extend(&trial.trace);
            Ok(Finished::Tested(Box::new(TestReport {
                tenant: at.tenant,
                connection: trial.connection,
                attributes,
                outcome: trial.outcome,
                trace,
            })))
        }
        Err(error) => {
            let mut refused = at.refuse(error);
            let email = attributes.email.map(|email| email.address);
            refused.email = refused.email.or(email);
            // What had passed at the provider comes before what was decided here.
            trace.extend(&refused.trace);
            Err(refused.traced(trace))
        }
    }
}

/// Takes the attempt, and does what it was made for.
async fn enter(
    tx: &mut Tx,
    entry: Entry,
    arriving: Arriving,
    (fresh, origin): (Fresh, Origin),
    trace: &mut Trace,
) -> Result<Written, SignInError> {
    let (purpose, return_to) = entry.take(tx, trace).await?;
    Ok(match purpose {
        Purpose::SignIn => {
            let session = complete::sign_in(tx, arriving, fresh, origin).await?;
            Written::SignedIn(Box::new(session), return_to)
        }
        Purpose::Test => Written::Tested(Box::new(trial::decide(tx, &arriving, origin).await?)),
    })
}
