//! Refused sign-ins, and who helps with them.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{Conn, execute, fetch_all, fetch_optional};
use super::error::Error;
use super::statement::{Bind, Statement};
use super::store::Store;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::access_error::{
    AccessErrorFilter, AccessErrorPlace, LocatedAccessError, Reference, TriedTenant,
};
use crate::directory::key::fold;
use crate::directory::{AccessError, Code, Slug, TenantId, User};

/// How many people with a contact tag are looked at for who fits.
const MOST_TAGGED: i64 = 200;

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
    slug: Option<String>,
    tenant_name: Option<String>,
    connection_name: Option<String>,
}

/// A statement that reads refused sign-ins with the names of where they were tried, from `WHERE` on.
macro_rules! select_access_error {
    ($rest:literal) => {
        concat!(
            "SELECT e.tenant_id, e.reference, e.code, e.occurred_at, e.email, e.connection_id, e.trace, e.request_id, \
             t.slug, t.name AS tenant_name, c.name AS connection_name FROM access_errors e \
             LEFT JOIN tenants t ON t.tenant_id = e.tenant_id \
             LEFT JOIN connections c ON c.tenant_id = e.tenant_id AND c.id = e.connection_id ",
            $rest
        )
    };
}

impl Row {
    fn into_located(mut self) -> Result<LocatedAccessError, Error> {
        let tenant = match self.slug.take().zip(self.tenant_name.take()) {
            Some((slug, name)) => Some(TriedTenant {
                id: TenantId(self.tenant_id),
                slug: Slug::parse(&slug).ok_or_else(|| Error::Corrupt(format!("slug {slug:?}")))?,
                name,
            }),
            None => None,
        };
        Ok(LocatedAccessError {
            tenant,
            connection: self.connection_name.take(),
            error: self.into_access_error()?,
        })
    }

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
    pub async fn find_access_error(
        &mut self,
        reference: Reference,
    ) -> Result<Option<LocatedAccessError>, Error> {
        fetch_optional!(
            self.conn,
            Row,
            select_access_error!("WHERE e.reference = $1"),
            reference.to_string(),
        )?
        .map(Row::into_located)
        .transpose()
    }

    /// Up to `size` refused sign-ins of all tenants and of none, from behind a place on, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_access_errors(
        &mut self,
        of: &AccessErrorFilter,
        behind: Option<AccessErrorPlace>,
        size: u32,
    ) -> Result<Vec<LocatedAccessError>, Error> {
        list(&mut self.conn, None, of, behind, size).await
    }
}

impl ReadTx {
    /// Up to `size` refused sign-ins of the tenant, from behind a place on, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_access_errors(
        &mut self,
        of: &AccessErrorFilter,
        behind: Option<AccessErrorPlace>,
        size: u32,
    ) -> Result<Vec<LocatedAccessError>, Error> {
        list(&mut self.conn, Some(self.tenant), of, behind, size).await
    }

    /// Who may help with a refused sign-in: people with a contact tag, and administrators.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_contacts(&mut self) -> Result<Vec<User>, Error> {
        let mut rows = fetch_all!(
            self.conn,
            UserRow,
            select_user!(
                "WHERE u.tenant_id = $1 AND u.contact_tags <> '[]' AND u.deleted_at IS NULL ORDER BY u.id LIMIT $2"
            ),
            self.tenant.0,
            MOST_TAGGED,
        )?;
        rows.extend(fetch_all!(
            self.conn,
            UserRow,
            select_user!(
                "WHERE u.tenant_id = $1 AND u.admin_scope IS NOT NULL AND u.deleted_at IS NULL ORDER BY u.id"
            ),
            self.tenant.0,
        )?);
        rows.into_iter().map(UserRow::into_user).collect()
    }
}

/// One condition decides which index is read: the one with the fewest rows. The others are written so that no index
/// fits them, since SQLite does not know how many rows an address, a connection or a tenant has.
async fn list(
    conn: &mut Conn,
    tenant: Option<TenantId>,
    of: &AccessErrorFilter,
    behind: Option<AccessErrorPlace>,
    size: u32,
) -> Result<Vec<LocatedAccessError>, Error> {
    let email = of.email.as_deref().map(|email| fold(email).into_owned());
    let conditions = [
        (
            of.reference.map(|one| Bind::Text(one.to_string())),
            "e.reference = ",
            "e.reference || '' = ",
        ),
        (email.map(Bind::Text), "e.email_key = ", "e.email_key || '' = "),
        (
            of.connection.map(|id| Bind::Uuid(id.0)),
            "e.connection_id = ",
            "coalesce(e.connection_id, e.tenant_id) = ",
        ),
        (
            tenant.map(|id| Bind::Uuid(id.0)),
            "e.tenant_id = ",
            "coalesce(e.tenant_id, e.connection_id) = ",
        ),
        (
            of.code.map(|code| Bind::Text(code.as_str().to_owned())),
            "e.code = ",
            "e.code || '' = ",
        ),
    ];
    let mut sql = Statement::new(select_access_error!("WHERE "));
    let mut is_first = true;
    for (value, deciding, other) in conditions {
        let Some(value) = value else { continue };
        sql.push(if is_first { deciding } else { other })
            .bind(value)
            .push(" AND ");
        is_first = false;
    }
    let from = of.from.map_or(i64::MIN, micros);
    let until = of.until.map_or(i64::MAX, micros);
    sql.push("e.occurred_at >= ").bind(Bind::Integer(from));
    sql.push(" AND e.occurred_at < ").bind(Bind::Integer(until));
    if let Some((at, reference)) = behind {
        sql.push(" AND (e.occurred_at, e.reference) < (")
            .bind(Bind::Integer(micros(at)));
        sql.push(", ").bind(Bind::Text(reference.to_string())).push(")");
    }
    sql.push(" ORDER BY e.occurred_at DESC, e.reference DESC LIMIT ")
        .push_number(size.into());
    let rows: Vec<Row> = sql.fetch_all(conn).await?;
    rows.into_iter().map(Row::into_located).collect()
}
