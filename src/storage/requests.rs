//! The requests of identity providers: a log of the newest, and counts of all. None of them is a fact: what a request
//! has changed stands in the audit.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::lists::{Chunk, Position, chunk};
use super::statement::{Bind, Statement};
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use crate::directory::request_log::{BodyState, Count, CountKey, LogBounds, RefusedAgain};
use crate::directory::{
    DirectoryId, LoggedBody, LoggedRequest, RequestFilter, RequestKind, TenantId, TokenId,
};

/// How many rows one statement writes.
const CHUNK: usize = 32;
/// How many rows one transaction removes.
const PART: i64 = 500;

/// What a row costs beside its bodies, by and large: the other columns and the index.
const OVERHEAD: i64 = 512;

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    directory_id: Uuid,
    at: i64,
    method: String,
    path: String,
    status: i64,
    micros: i64,
    request_id: String,
    token_id: Uuid,
    user_agent: Option<String>,
    scim_type: Option<String>,
    detail: Option<String>,
    request_size: i64,
    request_state: String,
    response_size: i64,
    response_state: String,
    request_body: Option<String>,
    response_body: Option<String>,
}

impl Row {
    fn into_request(self) -> Result<LoggedRequest, Error> {
        let body = |text, size, state: &str| {
            Ok::<_, Error>(LoggedBody {
                text,
                size,
                state: BodyState::parse(state).ok_or_else(|| corrupt("state", state))?,
            })
        };
        Ok(LoggedRequest {
            id: self.id,
            directory: DirectoryId(self.directory_id),
            at: timestamp(self.at)?,
            method: self.method,
            path: self.path,
            status: read_status(self.status)?,
            micros: self.micros,
            request_id: self.request_id,
            token: TokenId(self.token_id),
            user_agent: self.user_agent,
            scim_type: self.scim_type,
            detail: self.detail,
            request: body(self.request_body, self.request_size, &self.request_state)?,
            response: body(self.response_body, self.response_size, &self.response_state)?,
        })
    }
}

/// The columns of a request without its bodies, which a list does not show.
macro_rules! listed {
    ($bodies:literal) => {
        concat!(
            "SELECT id, directory_id, at, method, path, status, micros, request_id, token_id, user_agent, scim_type, \
             detail, request_size, request_state, response_size, response_state, ",
            $bodies,
            " FROM scim_requests WHERE tenant_id = $1 AND directory_id = $2"
        )
    };
}

#[derive(sqlx::FromRow)]
struct CountRow {
    hour: i64,
    kind: String,
    status: i64,
    scim_type: String,
    requests: i64,
    unlogged: i64,
    micros: i64,
    last_at: i64,
}

#[derive(sqlx::FromRow)]
struct RefusedRow {
    method: String,
    path: String,
    status: i64,
    detail: String,
    times: i64,
    since: i64,
}

fn corrupt(column: &str, value: &str) -> Error {
    Error::Corrupt(format!("{column} {value:?}"))
}

fn read_status(status: i64) -> Result<u16, Error> {
    u16::try_from(status).map_err(|_| corrupt("status", &status.to_string()))
}

/// The smallest id that could have been made at a time.
pub(super) fn first_id_at(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

impl Tx {
    /// Adds requests to the log.
    ///
    /// # Errors
    /// The database failed.
    pub async fn log_requests(&mut self, requests: &[LoggedRequest]) -> Result<(), Error> {
        self.effects.wrote = true;
        for chunk in requests.chunks(CHUNK) {
            let mut sql = Statement::new(
                "INSERT INTO scim_requests (tenant_id, directory_id, id, at, method, path, status, micros, request_id, \
                 token_id, user_agent, scim_type, detail, request_size, request_state, response_size, response_state, \
                 bytes, request_body, response_body) VALUES ",
            );
            for (position, one) in chunk.iter().enumerate() {
                sql.push(if position == 0 { "(" } else { ", (" });
                push_request(&mut sql, self.read.tenant, one);
                sql.push(")");
            }
            sql.execute(&mut self.read.conn).await?;
        }
        Ok(())
    }

    /// Adds to the counts of requests.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_requests(&mut self, counts: &[(CountKey, Count)]) -> Result<(), Error> {
        self.effects.wrote = true;
        for (key, count) in counts {
            execute!(
                self.read.conn,
                "INSERT INTO scim_counts (tenant_id, directory_id, hour, kind, status, scim_type, requests, unlogged, \
                 micros, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (tenant_id, directory_id, hour, kind, status, scim_type) DO UPDATE SET \
                 requests = scim_counts.requests + excluded.requests, \
                 unlogged = scim_counts.unlogged + excluded.unlogged, \
                 micros = scim_counts.micros + excluded.micros, \
                 last_at = CASE WHEN excluded.last_at > scim_counts.last_at THEN excluded.last_at \
                 ELSE scim_counts.last_at END",
                self.read.tenant.0,
                key.directory.0,
                key.hour,
                key.kind.as_str(),
                i64::from(key.status),
                key.scim_type.as_str(),
                count.requests,
                count.unlogged,
                count.micros,
                micros(count.last_at),
            )?;
        }
        Ok(())
    }

    /// Removes a part of what is past the bounds of a directory's log, and counts from before them; whether anything
    /// may be left. Several nodes may do so at once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn prune_requests(&mut self, directory: DirectoryId, bounds: LogBounds) -> Result<bool, Error> {
        self.effects.wrote = true;
        let (tenant, directory) = (self.read.tenant.0, directory.0);
        execute!(
            self.read.conn,
            "DELETE FROM scim_counts WHERE tenant_id = $1 AND directory_id = $2 AND hour < $3",
            tenant,
            directory,
            crate::directory::request_log::hour_of(bounds.since),
        )?;
        // The newest request past each bound; it goes, and whatever is older.
        let past_rows: Option<(Uuid,)> = fetch_optional!(
            self.read.conn,
            (Uuid,),
            "SELECT id FROM scim_requests WHERE tenant_id = $1 AND directory_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3",
            tenant,
            directory,
            bounds.rows,
        )?;
        let past_bytes: Option<(Uuid,)> = fetch_optional!(
            self.read.conn,
            (Uuid,),
            "SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY id DESC) AS total FROM scim_requests \
             WHERE tenant_id = $1 AND directory_id = $2) AS sums WHERE total > $3 ORDER BY id DESC LIMIT 1",
            tenant,
            directory,
            bounds.bytes,
        )?;
        let past_age = first_id_at(bounds.since);
        let past = [past_rows, past_bytes].into_iter().flatten().map(|(id,)| id);
        let removed = execute!(
            self.read.conn,
            "DELETE FROM scim_requests WHERE tenant_id = $1 AND directory_id = $2 AND id IN \
             (SELECT id FROM scim_requests WHERE tenant_id = $1 AND directory_id = $2 AND id <= $3 ORDER BY id LIMIT $4)",
            tenant,
            directory,
            past.fold(past_age, Ord::max),
            PART,
        )?;
        Ok(removed == PART.unsigned_abs())
    }
}

fn push_request(sql: &mut Statement, tenant: TenantId, one: &LoggedRequest) {
    for id in [tenant.0, one.directory.0, one.id] {
        sql.bind(Bind::Uuid(id)).push(", ");
    }
    sql.bind(Bind::Integer(micros(one.at))).push(", ");
    for text in [&one.method, &one.path] {
        sql.bind(Bind::Text(text.clone())).push(", ");
    }
    for number in [i64::from(one.status), one.micros] {
        sql.bind(Bind::Integer(number)).push(", ");
    }
    sql.bind(Bind::Text(one.request_id.clone())).push(", ");
    sql.bind(Bind::Uuid(one.token.0)).push(", ");
    for text in [&one.user_agent, &one.scim_type, &one.detail] {
        sql.bind(Bind::OptionalText(text.clone())).push(", ");
    }
    for body in [&one.request, &one.response] {
        sql.bind(Bind::Integer(body.size)).push(", ");
        sql.bind(Bind::Text(body.state.as_str().to_owned())).push(", ");
    }
    let length = |text: Option<&String>| text.map_or(0, |text| i64::try_from(text.len()).unwrap_or(i64::MAX));
    let bytes = OVERHEAD
        + length(Some(&one.path))
        + length(one.detail.as_ref())
        + length(one.request.text.as_ref())
        + length(one.response.text.as_ref());
    sql.bind(Bind::Integer(bytes)).push(", ");
    sql.bind(Bind::OptionalText(one.request.text.clone())).push(", ");
    sql.bind(Bind::OptionalText(one.response.text.clone()));
}

impl ReadTx {
    /// The next requests of a directory, newest first, without their bodies.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_requests(
        &mut self,
        directory: DirectoryId,
        of: &RequestFilter,
        before: Position,
        size: u32,
    ) -> Result<Chunk<LoggedRequest>, Error> {
        let mut sql = Statement::new(listed!("NULL AS request_body, NULL AS response_body"));
        sql.bind_unwritten(Bind::Uuid(self.tenant.0))
            .bind_unwritten(Bind::Uuid(directory.0));
        if let Some((first, last)) = of.statuses {
            sql.push(" AND status BETWEEN ").bind(Bind::Integer(first.into()));
            sql.push(" AND ").bind(Bind::Integer(last.into()));
        }
        if let Some(method) = &of.method {
            sql.push(" AND method = ").bind(Bind::Text(method.clone()));
        }
        if let Some(path) = &of.path {
            // No character of a URL comes after this one.
            sql.push(" AND path >= ").bind(Bind::Text(path.clone()));
            sql.push(" AND path < ")
                .bind(Bind::Text(format!("{path}\u{10ffff}")));
        }
        if let Some(before) = before {
            sql.push(" AND id < ").bind(Bind::Uuid(before));
        }
        sql.push(" ORDER BY id DESC LIMIT ").push_number(size.into());
        let rows: Vec<Row> = sql.fetch_all(&mut self.conn).await?;
        let requests = rows
            .into_iter()
            .map(Row::into_request)
            .collect::<Result<_, _>>()?;
        Ok(chunk(requests, size.into(), |request: &LoggedRequest| request.id))
    }

    /// One request of a directory, by its id in the log.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_request(
        &mut self,
        directory: DirectoryId,
        id: Uuid,
    ) -> Result<Option<LoggedRequest>, Error> {
        fetch_optional!(
            self.conn,
            Row,
            concat!(listed!("request_body, response_body"), " AND id = $3"),
            self.tenant.0,
            directory.0,
            id,
        )?
        .map(Row::into_request)
        .transpose()
    }

    /// The newest request of a directory under the id of `X-Request-Id`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_request_by_request_id(
        &mut self,
        directory: DirectoryId,
        request_id: &str,
    ) -> Result<Option<LoggedRequest>, Error> {
        fetch_optional!(
            self.conn,
            Row,
            concat!(
                listed!("request_body, response_body"),
                " AND request_id = $3 ORDER BY id DESC LIMIT 1"
            ),
            self.tenant.0,
            directory.0,
            request_id,
        )?
        .map(Row::into_request)
        .transpose()
    }

    /// Every count of a directory's requests.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_request_counts(
        &mut self,
        directory: DirectoryId,
    ) -> Result<Vec<(CountKey, Count)>, Error> {
        let rows = fetch_all!(
            self.conn,
            CountRow,
            "SELECT hour, kind, status, scim_type, requests, unlogged, micros, last_at FROM scim_counts \
             WHERE tenant_id = $1 AND directory_id = $2 ORDER BY hour, kind, status, scim_type",
            self.tenant.0,
            directory.0,
        )?;
        rows.into_iter()
            .map(|row| {
                let key = CountKey {
                    directory,
                    hour: row.hour,
                    kind: RequestKind::parse(&row.kind).ok_or_else(|| corrupt("kind", &row.kind))?,
                    status: read_status(row.status)?,
                    scim_type: row.scim_type,
                };
                let count = Count {
                    requests: row.requests,
                    unlogged: row.unlogged,
                    micros: row.micros,
                    last_at: timestamp(row.last_at)?,
                };
                Ok((key, count))
            })
            .collect()
    }

    /// Requests of a directory since a time that were refused for the same reason at least `times` times, the most
    /// frequent first; `limit` of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_refused_again(
        &mut self,
        directory: DirectoryId,
        since: Timestamp,
        times: i64,
        limit: u32,
    ) -> Result<Vec<RefusedAgain>, Error> {
        let rows = fetch_all!(
            self.conn,
            RefusedRow,
            "SELECT method, path, status, coalesce(detail, '') AS detail, count(*) AS times, min(at) AS since \
             FROM scim_requests WHERE tenant_id = $1 AND directory_id = $2 AND id >= $3 AND status BETWEEN 400 AND 498 \
             GROUP BY method, path, status, coalesce(detail, '') HAVING count(*) >= $4 \
             ORDER BY times DESC, since LIMIT $5",
            self.tenant.0,
            directory.0,
            first_id_at(since),
            times,
            i64::from(limit),
        )?;
        rows.into_iter()
            .map(|row| {
                Ok(RefusedAgain {
                    method: row.method,
                    path: row.path,
                    status: read_status(row.status)?,
                    detail: row.detail,
                    times: row.times,
                    since: timestamp(row.since)?,
                })
            })
            .collect()
    }
}

impl SystemTx {
    /// The directory at an address, for requests of callers who are not known.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_directory_at(
        &mut self,
        slug: &str,
        directory: DirectoryId,
    ) -> Result<Option<TenantId>, Error> {
        let found: Option<(Uuid,)> = fetch_optional!(
            self.conn,
            (Uuid,),
            "SELECT d.tenant_id FROM tenants t JOIN directories d ON d.tenant_id = t.tenant_id AND d.id = $2 \
             WHERE t.slug = $1",
            slug,
            directory.0,
        )?;
        Ok(found.map(|(tenant,)| TenantId(tenant)))
    }

    /// The directories whose requests have been counted: whatever is logged is counted too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_counted_directories(&mut self) -> Result<Vec<(TenantId, DirectoryId)>, Error> {
        let found: Vec<(Uuid, Uuid)> = fetch_all!(
            self.conn,
            (Uuid, Uuid),
            "SELECT DISTINCT tenant_id, directory_id FROM scim_counts"
        )?;
        let pairs = found.into_iter();
        Ok(pairs
            .map(|(tenant, id)| (TenantId(tenant), DirectoryId(id)))
            .collect())
    }
}
