//! The numbers of audit rows, and reading by them.
//!
//! A number says when a row could first be read, not when it was written: numbers are given after the commit, one
//! tenant at a time, so a reader who has seen number n will never meet a row before it.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::requests::first_id_at;
use super::statement::{Bind, Statement};
use super::store::Store;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use crate::directory::audit_chain::hex;
use crate::directory::{Actor, AuditFilter, TenantId};

/// An audit row with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Its number: 1, 2, 3, ... in a tenant, without a gap.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// `operator`, `gateway`, `directory:<id>`, `user:<id>` or `connection:<id>`.
    pub actor: String,
    /// The way in: `api`, `scim`, `job`, `jit`, `ui`.
    pub source: String,
    /// `user.created` and the like.
    pub action: String,
    /// The kind of thing changed.
    pub target_kind: String,
    /// Its id.
    pub target_id: Uuid,
    /// What it was.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
    /// The request's id.
    pub request_id: String,
    /// Whether what it told was replaced when a person was erased.
    pub erased: bool,
    /// Its hash in the chain, 64 hexadecimal digits; `None` when the chain has not come so far yet.
    pub hash: Option<String>,
}

/// A statement that reads audit rows, from `WHERE` on.
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "SELECT seq, at, actor, source, action, target_kind, target_id, before_json, after_json, request_id, \
             erased, hash FROM audit ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct RecordRow {
    seq: i64,
    at: i64,
    actor: String,
    source: String,
    action: String,
    target_kind: String,
    target_id: Uuid,
    before_json: Option<String>,
    after_json: Option<String>,
    request_id: String,
    erased: bool,
    hash: Option<Vec<u8>>,
}

impl RecordRow {
    fn into_record(self) -> Result<AuditRecord, Error> {
        let document = |text: Option<String>| {
            text.map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|error| Error::Corrupt(format!("audit row: {error}")))
        };
        Ok(AuditRecord {
            seq: self.seq,
            at: timestamp(self.at)?,
            actor: self.actor,
            source: self.source,
            action: self.action,
            target_kind: self.target_kind,
            target_id: self.target_id,
            before: document(self.before_json)?,
            after: document(self.after_json)?,
            request_id: self.request_id,
            erased: self.erased,
            hash: self.hash.as_deref().map(hex),
        })
    }
}

impl Store {
    /// How many rows [`Store::number_audit`] numbers at most.
    pub const NUMBERED_AT_ONCE: u64 = 500;

    /// Numbers the oldest rows of a tenant that have no number yet and takes as many into the chain; answers how many have
    /// a number now. Once it has answered fewer
    /// than [`Store::NUMBERED_AT_ONCE`], whatever was committed before the call has a number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn number_audit(&self, tenant: TenantId) -> Result<u64, Error> {
        // Most calls find nothing, and a write would make them wait for the writers.
        let mut conn = self.acquire().await?;
        let unnumbered = fetch_optional!(
            conn,
            (Uuid,),
            "SELECT id FROM audit WHERE tenant_id = $1 AND seq IS NULL LIMIT 1",
            tenant.0,
        )?;
        drop(conn);
        if unnumbered.is_none() {
            return Ok(0);
        }
        self.write(tenant, async move |tx: &mut Tx| tx.number_audit().await)
            .await
    }
}

impl Tx {
    /// Numbers and chains, in a transaction that needs to know of every row what it stands behind; as
    /// [`Store::number_audit`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn number_audit(&mut self) -> Result<u64, Error> {
        self.effects.wrote = true;
        let (conn, tenant) = (&mut self.read.conn, self.read.tenant.0);
        execute!(
            *conn,
            "INSERT INTO audit_heads (tenant_id, seq) VALUES ($1, 0) ON CONFLICT (tenant_id) DO NOTHING",
            tenant,
        )?;
        let sql = if conn.locks_rows() {
            "SELECT seq FROM audit_heads WHERE tenant_id = $1 FOR UPDATE"
        } else {
            "SELECT seq FROM audit_heads WHERE tenant_id = $1"
        };
        let head = fetch_optional!(*conn, (i64,), sql, tenant)?.map_or(0, |(seq,)| seq);
        let numbered = execute!(
            *conn,
            "UPDATE audit SET seq = next.seq FROM \
             (SELECT id, $2 + row_number() OVER (ORDER BY id) AS seq FROM \
              (SELECT id FROM audit WHERE tenant_id = $1 AND seq IS NULL ORDER BY id LIMIT $3) AS oldest) AS next \
             WHERE audit.tenant_id = $1 AND audit.id = next.id",
            tenant,
            head,
            Store::NUMBERED_AT_ONCE.cast_signed(),
        )?;
        execute!(
            *conn,
            "UPDATE audit_heads SET seq = $2 WHERE tenant_id = $1",
            tenant,
            head + numbered.cast_signed(),
        )?;
        self.chain_audit().await?;
        Ok(numbered)
    }
}

impl ReadTx {
    /// The first and the last number of the rows between a filter's dates; `None` when there is no row. Numbers are given
    /// nearly in the order of time, so few rows between the two are of another time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_audit_span(&mut self, of: &AuditFilter) -> Result<Option<RangeInclusive<i64>>, Error> {
        if of.from.is_none() && of.until.is_none() {
            return Ok(Some(1..=i64::MAX));
        }
        // A sum has no index, so nobody walks along the numbers for the first one.
        let found: Option<(Option<i64>, Option<i64>)> = fetch_optional!(
            self.conn,
            (Option<i64>, Option<i64>),
            "SELECT min(seq + 0), max(seq + 0) FROM audit \
             WHERE tenant_id = $1 AND at >= $2 AND at < $3 AND seq IS NOT NULL",
            self.tenant.0,
            of.from.map_or(i64::MIN, micros),
            of.until.map_or(i64::MAX, micros),
        )?;
        let found = found.and_then(|(first, last)| first.zip(last));
        Ok(found.map(|(first, last)| first..=last))
    }

    /// Up to `limit` audit rows of these numbers that a filter is true of, by number. Actor, person and action have an
    /// index; dates are compared row by row ([`ReadTx::find_audit_span`]).
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_audit(
        &mut self,
        of: &AuditFilter,
        numbers: RangeInclusive<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, Error> {
        // Of two columns together no index knows; of each there is one.
        let rows = match of.person {
            None => select_records!("WHERE tenant_id = $1 AND seq >= $2 AND seq <= $3"),
            Some(_) => select_records!(
                "WHERE tenant_id = $1 AND seq IN \
                 (SELECT seq FROM audit WHERE tenant_id = $1 AND seq >= $2 AND seq <= $3 AND target_id = $4 \
                 UNION SELECT seq FROM audit WHERE tenant_id = $1 AND seq >= $2 AND seq <= $3 AND actor = $5)"
            ),
        };
        let mut sql = Statement::new(rows);
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        sql.bind_unwritten(Bind::Integer(*numbers.start()));
        sql.bind_unwritten(Bind::Integer(*numbers.end()));
        if let Some(person) = of.person {
            sql.bind_unwritten(Bind::Uuid(person.0));
            sql.bind_unwritten(Bind::Text(Actor::User(person).to_string()));
        }
        if let Some(actor) = &of.actor {
            sql.push(" AND actor = ").bind(Bind::Text(actor.clone()));
        }
        if let Some(action) = &of.action {
            sql.push(" AND action = ").bind(Bind::Text(action.clone()));
        }
        // A sum has no index: whoever asks about a person would be given all rows of the period to choose from.
        if let Some(from) = of.from {
            sql.push(" AND at + 0 >= ").bind(Bind::Integer(micros(from)));
        }
        if let Some(until) = of.until {
            sql.push(" AND at + 0 < ").bind(Bind::Integer(micros(until)));
        }
        sql.push(" ORDER BY seq LIMIT ").push_number(limit.into());
        let rows: Vec<RecordRow> = sql.fetch_all(&mut self.conn).await?;
        rows.into_iter().map(RecordRow::into_record).collect()
    }
}

impl ReadTx {
    /// What one request has changed, in order: the numbered audit rows under its id that were written between two
    /// times. A caller chooses request ids and may repeat one, so the times tell requests apart; rows are found by
    /// them, without an index on the id. Rows that have no number yet are not among them
    /// ([`Store::number_audit`] gives them one).
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_audit_of_request(
        &mut self,
        request_id: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<AuditRecord>, Error> {
        fetch_all!(
            self.conn,
            RecordRow,
            select_records!(
                "WHERE tenant_id = $1 AND id >= $2 AND id < $3 AND request_id = $4 AND seq IS NOT NULL ORDER BY seq"
            ),
            self.tenant.0,
            first_id_at(from),
            first_id_at(until),
            request_id,
        )?
        .into_iter()
        .map(RecordRow::into_record)
        .collect()
    }
}

impl SystemTx {
    /// The tenants with audit rows that have no number yet, or are not in the chain.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_tenants_with_unnumbered_audit(&mut self) -> Result<Vec<TenantId>, Error> {
        let found: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT DISTINCT tenant_id FROM audit WHERE seq IS NULL \
             UNION SELECT tenant_id FROM audit_heads WHERE chained < seq"
        )?;
        Ok(found.into_iter().map(|(id,)| TenantId(id)).collect())
    }
}
