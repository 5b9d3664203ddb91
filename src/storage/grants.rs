//! Grants.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all};
use super::error::Error;
use super::lists::{Chunk, Position};
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use crate::directory::{Grant, GrantDelta, GrantId, GrantSource, PastGrant, Right, UserId};

#[derive(sqlx::FromRow)]
pub(super) struct GrantRow {
    id: Uuid,
    kind: String,
    value: String,
    source: String,
}

impl GrantRow {
    pub(super) fn into_grant(self) -> Result<Grant, Error> {
        let right = match self.kind.as_str() {
            "role" => Right::Role(self.value),
            "section" => Right::Section(self.value),
            "withheld" => Right::Withheld(self.value),
            "admin" => Right::Admin(
                serde_json::from_str(&self.value)
                    .map_err(|error| Error::Corrupt(format!("grant: {error}")))?,
            ),
            other => return Err(Error::Corrupt(format!("grant kind {other:?}"))),
        };
        let source = GrantSource::parse(&self.source);
        Ok(Grant {
            id: GrantId(self.id),
            right,
            source: source.ok_or_else(|| Error::Corrupt(format!("grant source {:?}", self.source)))?,
        })
    }
}

impl ReadTx {
    /// What a person may do at this moment, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_grants(&mut self, user: UserId) -> Result<Vec<Grant>, Error> {
        fetch_all!(
            self.conn,
            GrantRow,
            "SELECT id, kind, value, source FROM grants \
             WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL ORDER BY id",
            self.tenant.0,
            user.0,
        )?
        .into_iter()
        .map(GrantRow::into_grant)
        .collect()
    }
}

#[derive(sqlx::FromRow)]
struct PastRow {
    user_id: Uuid,
    granted_at: i64,
    ended_at: Option<i64>,
    #[sqlx(flatten)]
    grant: GrantRow,
}

impl PastRow {
    fn into_past(self) -> Result<PastGrant, Error> {
        Ok(PastGrant {
            user: UserId(self.user_id),
            grant: self.grant.into_grant()?,
            granted_at: timestamp(self.granted_at)?,
            ended_at: self.ended_at.map(timestamp).transpose()?,
        })
    }
}

/// Grants as intervals. Whoever is deleted has nothing from then on, whatever would be theirs again if they came back.
const INTERVALS: &str = "SELECT g.user_id, g.id, g.kind, g.value, g.source, g.granted_at, \
     CASE WHEN g.ended_at IS NULL THEN u.deleted_at ELSE g.ended_at END AS ended_at FROM grants g \
     LEFT JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id WHERE g.tenant_id = $1";

/// Narrows to what was in force at a time.
fn push_in_force(sql: &mut Statement, at: Timestamp) {
    sql.push(" AND g.granted_at <= ").bind(Bind::Integer(micros(at)));
    sql.push(" AND (g.ended_at IS NULL OR g.ended_at > ")
        .bind(Bind::Integer(micros(at)));
    sql.push(") AND (g.ended_at IS NOT NULL OR u.deleted_at IS NULL OR u.deleted_at > ")
        .bind(Bind::Integer(micros(at)));
    sql.push(")");
}

impl ReadTx {
    /// Everything that a person ever could do, or what they could at a time, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_past_grants(
        &mut self,
        user: UserId,
        at: Option<Timestamp>,
    ) -> Result<Vec<PastGrant>, Error> {
        let mut sql = Statement::new(INTERVALS);
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        sql.push(" AND g.user_id = ").bind(Bind::Uuid(user.0));
        if let Some(at) = at {
            push_in_force(&mut sql, at);
        }
        sql.push(" ORDER BY g.granted_at, g.id");
        let rows: Vec<PastRow> = sql.fetch_all(&mut self.conn).await?;
        rows.into_iter().map(PastRow::into_past).collect()
    }

    /// The next people of a walk by id who could do something at a time, at most `size` of them, with all that they could
    /// do; with `right` only those who could do that, in the words of storage (kind and value).
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_access_at(
        &mut self,
        at: Timestamp,
        right: Option<(&'static str, Option<&str>)>,
        after: Position,
        size: u32,
    ) -> Result<Chunk<(UserId, Vec<PastGrant>)>, Error> {
        let mut sql = Statement::new(
            "SELECT DISTINCT g.user_id FROM grants g \
             LEFT JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id WHERE g.tenant_id = $1",
        );
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        if let Some(after) = after {
            sql.push(" AND g.user_id > ").bind(Bind::Uuid(after));
        }
        if let Some((kind, value)) = right {
            sql.push(" AND g.kind = ").bind(Bind::Text(kind.to_owned()));
            if let Some(value) = value {
                sql.push(" AND g.value = ").bind(Bind::Text(value.to_owned()));
            }
        }
        push_in_force(&mut sql, at);
        sql.push(" ORDER BY g.user_id LIMIT ").push_number(size.into());
        let ids: Vec<(Uuid,)> = sql.fetch_all(&mut self.conn).await?;
        let next = ids.last().filter(|_| ids.len() == size as usize).map(|(id,)| *id);
        let mut items: Vec<(UserId, Vec<PastGrant>)> =
            ids.iter().map(|(id,)| (UserId(*id), Vec::new())).collect();
        if !items.is_empty() {
            let ids: Vec<Uuid> = ids.into_iter().map(|(id,)| id).collect();
            let mut sql = Statement::new(INTERVALS);
            sql.bind_unwritten(Bind::Uuid(self.tenant.0));
            sql.push(" AND g.user_id IN ").bind_ids(&ids);
            push_in_force(&mut sql, at);
            sql.push(" ORDER BY g.user_id, g.granted_at, g.id");
            let rows: Vec<PastRow> = sql.fetch_all(&mut self.conn).await?;
            for row in rows {
                let past = row.into_past()?;
                if let Ok(place) = items.binary_search_by_key(&past.user, |(id, _)| *id) {
                    items[place].1.push(past);
                }
            }
        }
        Ok(Chunk { items, next })
    }
}

impl Tx {
    #[expect(
        clippy::disallowed_methods,
        reason = "a row's id is storage's own; nothing is decided by it"
    )]
    pub(super) async fn apply_grants(
        &mut self,
        user: UserId,
        delta: &GrantDelta,
        at: Timestamp,
    ) -> Result<(), Error> {
        for id in &delta.ended {
            execute!(
                self.read.conn,
                "UPDATE grants SET ended_at = $3 WHERE tenant_id = $1 AND id = $2",
                self.read.tenant.0,
                id.0,
                micros(at),
            )?;
        }
        for (right, source) in &delta.added {
            let (kind, value) = match right {
                Right::Role(key) => ("role", key.clone()),
                Right::Section(key) => ("section", key.clone()),
                Right::Withheld(key) => ("withheld", key.clone()),
                Right::Admin(scope) => (
                    "admin",
                    serde_json::to_string(scope).map_err(|error| Error::Corrupt(error.to_string()))?,
                ),
            };
            execute!(
                self.read.conn,
                "INSERT INTO grants (tenant_id, id, user_id, kind, value, source, granted_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                self.read.tenant.0,
                Uuid::now_v7(),
                user.0,
                kind,
                value.as_str(),
                source.to_text(),
                micros(at),
            )?;
        }
        Ok(())
    }
}
