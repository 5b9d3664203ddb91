//! Refused sign-ins.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_optional};
use super::error::Error;
use super::store::Store;
use super::system::SystemTx;
use super::tx::Tx;
use crate::directory::access_error::Reference;
use crate::directory::key::fold;
use crate::directory::{AccessError, Code, TenantId};

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: Uuid,
    reference: String,
    code: String,
    occurred_at: i64,
    email: Option<String>,
    connection_id: Option<Uuid>,
    trace: String,
    request_id: String,
}

impl Row {
    fn into_access_error(self) -> Result<AccessError, Error> {
        let corrupt = |column: &str, value: &str| Error::Corrupt(format!("{column} {value:?}"));
        Ok(AccessError {
            reference: Reference::parse(&self.reference)
                .ok_or_else(|| corrupt("reference", &self.reference))?,
            code: Code::parse(&self.code).ok_or_else(|| corrupt("code", &self.code))?,
            occurred_at: timestamp(self.occurred_at)?,
            email: self.email,
            tenant: (!self.tenant_id.is_nil()).then_some(TenantId(self.tenant_id)),
            connection: self.connection_id,
            trace: serde_json::from_str(&self.trace)
                .map_err(|error| Error::Corrupt(format!("trace: {error}")))?,
            request_id: self.request_id,
        })
    }
}

impl Store {
    /// Keeps a refused sign-in. The sign-in's own transaction was rolled back or never begun, so this is one of its own.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_access_error(&self, error: AccessError) -> Result<(), Error> {
        let tenant = error.tenant.unwrap_or(TenantId(Uuid::nil()));
        self.write(tenant, async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            let trace = serde_json::to_string(&error.trace).map_err(|error| Error::Corrupt(error.to_string()))?;
            execute!(
                tx.read.conn,
                "INSERT INTO access_errors (tenant_id, reference, code, occurred_at, email, email_key, connection_id, \
                 trace, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                tx.read.tenant.0,
                error.reference.to_string(),
                error.code.as_str(),
                micros(error.occurred_at),
                error.email.as_deref(),
                error.email.as_deref().map(|email| fold(email).into_owned()),
                error.connection,
                trace,
                error.request_id.as_str(),
            )?;
            Ok::<_, Error>(())
        })
        .await
    }
}

impl SystemTx {
    /// A refused sign-in, of any tenant or of none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_access_error(&mut self, reference: Reference) -> Result<Option<AccessError>, Error> {
        fetch_optional!(
            self.conn,
            Row,
            "SELECT tenant_id, reference, code, occurred_at, email, connection_id, trace, request_id \
             FROM access_errors WHERE reference = $1",
            reference.to_string(),
        )?
        .map(Row::into_access_error)
        .transpose()
    }
}
