//! A sign-in that is only tried: what it would have come to.

use super::Refused;
use super::complete::{self, Arriving, Met};
use super::doors::Doors;
use super::error::SignInError;
use crate::directory::access_error::Trace;
use crate::directory::{Code, Connection, Origin, Tenant};
use crate::sso::Attributes;
use crate::sso::jit::Decision;
use crate::storage::Tx;

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

impl TestReport {
    /// A test in which nobody was believed: whoever tests wants to see how far it went.
    pub(super) fn of_refusal(at: Doors, code: Code, trace: Trace) -> Self {
        Self {
            tenant: at.tenant,
            connection: at.connection,
            attributes: Attributes::default(),
            outcome: Err(code),
            trace,
        }
    }
}

/// What a sign-in by a verified identity would come to.
pub(super) struct Trial {
    pub connection: Connection,
    pub outcome: Result<Decision, Code>,
    pub trace: Trace,
}

/// Decides without signing anybody in, and remembers that it would go well.
pub(super) async fn decide(tx: &mut Tx, arriving: &Arriving, origin: Origin) -> Result<Trial, SignInError> {
    let (outcome, trace) = match complete::decide(tx, arriving, true, &origin).await {
        Ok(Met { decision, trace, .. }) => {
            complete::prove(tx, arriving, origin).await?;
            (Ok(decision), trace)
        }
        Err(SignInError::Refused(refused)) => (Err(refused.code), refused.trace),
        Err(error) => return Err(error),
    };
    let found = tx.find_connection(arriving.connection).await?;
    let connection = found.ok_or_else(|| Refused::new(Code::SsoConnectionNotConfigured))?;
    Ok(Trial {
        connection,
        outcome,
        trace,
    })
}
