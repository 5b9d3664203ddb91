//! The chain over numbered audit rows: taking rows into it, and reading it backwards.
//!
//! Rows are chained in the transaction that numbers them. Those of a database from before there was a chain are taken in
//! by the same steps, from the first one on.

use uuid::Uuid;

use super::engine::{Conn, execute, fetch_all, fetch_optional};
use super::error::Error;
use super::statement::{Bind, Statement};
use super::store::Store;
use super::tx::{ReadTx, Tx};
use crate::directory::TenantId;
use crate::directory::audit_chain::{ChainRow, Hash, Head, hex};

/// How many rows one statement writes.
const CHUNK: usize = 32;

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    id: Uuid,
    at: i64,
    actor: String,
    source: String,
    action: String,
    target_kind: String,
    target_id: Uuid,
    request_id: String,
    before_json: Option<String>,
    after_json: Option<String>,
    salt: Option<Vec<u8>>,
    digest: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
    erased: bool,
}

/// A statement that reads rows of the chain, from `WHERE` on.
macro_rules! select_chain {
    ($rest:literal) => {
        concat!(
            "SELECT seq, id, at, actor, source, action, target_kind, target_id, request_id, before_json, after_json, \
             salt, digest, hash, erased FROM audit ",
            $rest
        )
    };
}

impl From<Row> for ChainRow {
    fn from(row: Row) -> Self {
        Self {
            seq: row.seq,
            id: row.id,
            at: row.at,
            actor: row.actor,
            source: row.source,
            action: row.action,
            target_kind: row.target_kind,
            target_id: row.target_id,
            request_id: row.request_id,
            before: row.before_json,
            after: row.after_json,
            salt: row.salt,
            digest: row.digest,
            hash: row.hash,
            erased: row.erased,
        }
    }
}

/// A row that is taken into the chain.
struct Link {
    id: Uuid,
    salt: [u8; 16],
    digest: Hash,
    hash: Hash,
}

impl Store {
    /// Takes numbered rows of a tenant into the chain, [`Store::NUMBERED_AT_ONCE`] at most; answers how many.
    ///
    /// # Errors
    /// The database failed.
    pub async fn chain_audit(&self, tenant: TenantId) -> Result<u64, Error> {
        let head = self.read(tenant).await?.find_audit_head().await?;
        if head.chained >= head.seq {
            return Ok(0);
        }
        self.write(tenant, async move |tx: &mut Tx| tx.chain_audit().await)
            .await
    }
}

impl Tx {
    /// The head is locked: rows are taken in one after the other.
    #[expect(
        clippy::disallowed_methods,
        reason = "a row's salt is storage's own; nothing is decided by it"
    )]
    pub(super) async fn chain_audit(&mut self) -> Result<u64, Error> {
        self.effects.wrote = true;
        let (conn, tenant) = (&mut self.read.conn, self.read.tenant);
        let head = find_head(conn, tenant, true).await?;
        let rows = fetch_all!(
            *conn,
            Row,
            select_chain!("WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
            tenant.0,
            head.chained,
            Store::NUMBERED_AT_ONCE.cast_signed(),
        )?;
        let Some(last) = rows.last().map(|row| row.seq) else {
            return Ok(0);
        };
        let mut hash = head.hash();
        let links = rows.into_iter().map(|row| {
            let row = ChainRow::from(row);
            let salt = Uuid::new_v4().into_bytes();
            let digest = row.digest_with(&salt);
            hash = row.hash_after(tenant, &hash, &digest);
            Link {
                id: row.id,
                salt,
                digest,
                hash,
            }
        });
        let links: Vec<Link> = links.collect();
        for chunk in links.chunks(CHUNK) {
            save(conn, tenant, chunk).await?;
        }
        execute!(
            *conn,
            "UPDATE audit_heads SET chained = $2, hash = $3 WHERE tenant_id = $1",
            tenant.0,
            last,
            hash.as_slice(),
        )?;
        Ok(links.len() as u64)
    }
}

async fn save(conn: &mut Conn, tenant: TenantId, links: &[Link]) -> Result<(), Error> {
    let mut sql = Statement::new(
        "UPDATE audit SET salt = link.column2, digest = link.column3, hash = link.column4 FROM (VALUES ",
    );
    for (position, link) in links.iter().enumerate() {
        sql.push(if position == 0 { "(" } else { ", (" });
        sql.bind(Bind::Uuid(link.id));
        for bytes in [link.salt.as_slice(), &link.digest, &link.hash] {
            sql.push(", ").bind(Bind::Bytes(bytes.to_vec()));
        }
        sql.push(")");
    }
    sql.push(") AS link WHERE audit.tenant_id = ")
        .bind(Bind::Uuid(tenant.0));
    sql.push(" AND audit.id = link.column1");
    sql.execute(conn).await?;
    Ok(())
}

async fn find_head(conn: &mut Conn, tenant: TenantId, locked: bool) -> Result<Head, Error> {
    let sql = if locked && conn.locks_rows() {
        "SELECT seq, chained, hash FROM audit_heads WHERE tenant_id = $1 FOR UPDATE"
    } else {
        "SELECT seq, chained, hash FROM audit_heads WHERE tenant_id = $1"
    };
    let found = fetch_optional!(*conn, (i64, i64, Option<Vec<u8>>), sql, tenant.0)?;
    Ok(found.map_or_else(Head::default, |(seq, chained, hash)| Head { seq, chained, hash }))
}

impl ReadTx {
    /// What the head of the audit log says.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_audit_head(&mut self) -> Result<Head, Error> {
        find_head(&mut self.conn, self.tenant, false).await
    }

    /// Up to `limit` rows with numbers up to `to`, the last first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_audit_chain(&mut self, to: i64, limit: u32) -> Result<Vec<ChainRow>, Error> {
        let rows = fetch_all!(
            self.conn,
            Row,
            select_chain!("WHERE tenant_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT $3"),
            self.tenant.0,
            to,
            i64::from(limit),
        )?;
        Ok(rows.into_iter().map(ChainRow::from).collect())
    }

    /// The hash of a row, as text.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_audit_hash(&mut self, seq: i64) -> Result<Option<String>, Error> {
        let found: Option<(Option<Vec<u8>>,)> = fetch_optional!(
            self.conn,
            (Option<Vec<u8>>,),
            "SELECT hash FROM audit WHERE tenant_id = $1 AND seq = $2",
            self.tenant.0,
            seq,
        )?;
        Ok(found.and_then(|(hash,)| hash.as_deref().map(hex)))
    }

    /// Up to `limit` rows about two ids or by an actor, after a number, by number.
    pub(super) async fn list_audit_chain_of(
        &mut self,
        targets: [Uuid; 2],
        actor: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ChainRow>, Error> {
        let rows = fetch_all!(
            self.conn,
            Row,
            select_chain!(
                "WHERE tenant_id = $1 AND seq IN (SELECT seq FROM \
                 (SELECT seq FROM audit WHERE tenant_id = $1 AND target_id = $2 AND seq > $4 ORDER BY seq LIMIT $5) AS one \
                 UNION SELECT seq FROM \
                 (SELECT seq FROM audit WHERE tenant_id = $1 AND target_id = $6 AND seq > $4 ORDER BY seq LIMIT $5) AS other \
                 UNION SELECT seq FROM \
                 (SELECT seq FROM audit WHERE tenant_id = $1 AND actor = $3 AND seq > $4 ORDER BY seq LIMIT $5) AS theirs) \
                 ORDER BY seq LIMIT $5"
            ),
            self.tenant.0,
            targets[0],
            actor,
            after,
            i64::from(limit),
            targets[1],
        )?;
        Ok(rows.into_iter().map(ChainRow::from).collect())
    }

    /// The first numbered row behind a number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_audit_behind(&mut self, seq: i64) -> Result<Option<i64>, Error> {
        let found = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT seq FROM audit WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT 1",
            self.tenant.0,
            seq,
        )?;
        Ok(found.map(|(seq,)| seq))
    }
}
