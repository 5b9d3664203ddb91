//! Requests for guests: a row of the tenant that asks, and the home tenant sees those that are about somebody it has.
//!
//! What becomes of a request at home is not to be seen by whoever has asked, but for the guest that a yes comes to: one that
//! was declined stays until its time is over.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::guests::TenantNameRow;
use super::tx::{ReadTx, Tx};
use crate::directory::grant::SaidRights;
use crate::directory::guest::Asked;
use crate::directory::key::fold;
use crate::directory::{GuestRequest, GuestRequestId, TenantId, TenantName, UserId};

/// A request that nobody answers is void after this long.
pub(super) const ANSWERED_WITHIN: Duration = Duration::from_hours(30 * 24);

/// Forgets requests that were made before a time.
pub(super) const FORGET_REQUESTS: &str = "DELETE FROM guest_requests WHERE (tenant_id, id) IN \
     (SELECT tenant_id, id FROM guest_requests WHERE created_at <= $1 LIMIT 2000)";

/// A request with the tenant that asks and the person whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedGuest {
    /// The request.
    pub request: GuestRequest,
    /// The tenant that asks.
    pub host: TenantName,
    /// Whom it is about, of the tenant that is asked.
    pub person: UserId,
    /// The person's userName.
    pub user_name: String,
}

#[derive(sqlx::FromRow)]
struct AskedRow {
    #[sqlx(flatten)]
    request: RequestRow,
    #[sqlx(flatten)]
    host: TenantNameRow,
    person: Uuid,
    user_name: String,
}

#[derive(sqlx::FromRow)]
struct SentRow {
    #[sqlx(flatten)]
    request: RequestRow,
    slug: String,
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    tenant_id: Uuid,
    id: Uuid,
    home_tenant_id: Uuid,
    email: Option<String>,
    home_user_id: Option<Uuid>,
    role: Option<String>,
    sections: String,
    requested_by: String,
    created_at: i64,
    accepted_at: Option<i64>,
}

impl RequestRow {
    fn into_request(self) -> Result<GuestRequest, Error> {
        let asked = match (self.home_user_id, self.email) {
            (Some(user), _) => Asked::User(UserId(user)),
            (None, Some(email)) => Asked::Email(email),
            (None, None) => return Err(Error::Corrupt("guest request for nobody".to_owned())),
        };
        let sections = serde_json::from_str(&self.sections);
        Ok(GuestRequest {
            id: GuestRequestId(self.id),
            host: TenantId(self.tenant_id),
            home: TenantId(self.home_tenant_id),
            asked,
            rights: SaidRights {
                role: self.role,
                sections: sections.map_err(|error| Error::Corrupt(format!("sections: {error}")))?,
            },
            requested_by: self.requested_by,
            created_at: timestamp(self.created_at)?,
            accepted: self.accepted_at.is_some(),
        })
    }
}

macro_rules! select_request {
    ($rest:literal) => {
        concat!(
            "SELECT r.tenant_id, r.id, r.home_tenant_id, r.email, r.home_user_id, r.role, r.sections, r.requested_by, \
             r.created_at, r.accepted_at FROM guest_requests r ",
            $rest
        )
    };
}

/// A statement part that reads requests for a tenant about people whom it has: `meets` says how a request and a person `h`
/// meet. The requests lead, since they are few.
macro_rules! asked_of_people {
    ($from:literal, $meets:literal) => {
        concat!(
            "SELECT r.tenant_id, r.id AS id, r.home_tenant_id, r.email, r.home_user_id, r.role, r.sections, r.requested_by, \
             r.created_at AS created_at, r.accepted_at, n.slug, n.name, h.id AS person, h.user_name FROM guest_requests r ",
            $from,
            " CROSS JOIN users h CROSS JOIN tenants n \
             WHERE r.home_tenant_id = $1 AND r.created_at > $2 AND r.declined_at IS NULL AND n.tenant_id = r.tenant_id \
             AND h.tenant_id = $1 AND h.deleted_at IS NULL AND h.home_user_id IS NULL AND ",
            $meets
        )
    };
}

impl ReadTx {
    /// The requests that other tenants have for this one about people that it has, oldest first: who is named by id, by
    /// userName, or by an e-mail address that nobody else of the tenant has. Without those that are too old or were declined.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_asked_guests(&mut self, now: Timestamp) -> Result<Vec<AskedGuest>, Error> {
        let rows = fetch_all!(
            self.conn,
            AskedRow,
            concat!(
                asked_of_people!("", "h.id = r.home_user_id"),
                " UNION ",
                asked_of_people!("", "r.home_user_id IS NULL AND h.user_name_key = r.email"),
                " UNION ",
                asked_of_people!(
                    "CROSS JOIN user_emails e",
                    "r.home_user_id IS NULL AND e.tenant_id = $1 AND e.value_key = r.email AND h.id = e.user_id \
                     AND NOT EXISTS (SELECT 1 FROM users o WHERE o.tenant_id = $1 AND o.user_name_key = r.email \
                     AND o.deleted_at IS NULL) \
                     AND NOT EXISTS (SELECT 1 FROM user_emails f JOIN users o ON o.tenant_id = $1 AND o.id = f.user_id \
                     AND o.deleted_at IS NULL AND o.home_user_id IS NULL \
                     WHERE f.tenant_id = $1 AND f.value_key = r.email AND f.user_id <> h.id)"
                ),
                " ORDER BY created_at, id LIMIT 500"
            ),
            self.tenant.0,
            micros(now - ANSWERED_WITHIN),
        )?;
        rows.into_iter()
            .map(|row| {
                Ok(AskedGuest {
                    request: row.request.into_request()?,
                    host: row.host.into_tenant()?,
                    person: UserId(row.person),
                    user_name: row.user_name,
                })
            })
            .collect()
    }

    /// The requests of this tenant that no guest has come of yet and that are not too old, oldest first, each with the slug
    /// of the tenant that is asked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_sent_guest_requests(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<(GuestRequest, String)>, Error> {
        fetch_all!(
            self.conn,
            SentRow,
            "SELECT r.tenant_id, r.id, r.home_tenant_id, r.email, r.home_user_id, r.role, r.sections, r.requested_by, \
             r.created_at, r.accepted_at, n.slug FROM guest_requests r JOIN tenants n ON n.tenant_id = r.home_tenant_id \
             WHERE r.tenant_id = $1 AND r.created_at > $2 ORDER BY r.created_at, r.id",
            self.tenant.0,
            micros(now - ANSWERED_WITHIN),
        )?
        .into_iter()
        .map(|mut row| {
            // As it was asked: that there is such a person is not told by whose request was accepted.
            if row.request.email.is_some() {
                row.request.home_user_id = None;
            }
            Ok((row.request.into_request()?, row.slug))
        })
        .collect()
    }

    /// How many requests of this tenant a home tenant has, declined ones too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_guest_requests(&mut self, home: TenantId, now: Timestamp) -> Result<u64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(*) FROM guest_requests WHERE tenant_id = $1 AND home_tenant_id = $2 AND created_at > $3",
            self.tenant.0,
            home.0,
            micros(now - ANSWERED_WITHIN),
        )?;
        Ok(found.map_or(0, |(count,)| count.unsigned_abs()))
    }
}

impl Tx {
    /// A request that another tenant has for this one, locked until the commit, unless it is too old or was declined.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_asked_guest_for_update(
        &mut self,
        id: GuestRequestId,
        now: Timestamp,
    ) -> Result<Option<GuestRequest>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_request!(
                "WHERE r.home_tenant_id = $1 AND r.id = $2 AND r.created_at > $3 AND r.declined_at IS NULL FOR UPDATE"
            )
        } else {
            select_request!(
                "WHERE r.home_tenant_id = $1 AND r.id = $2 AND r.created_at > $3 AND r.declined_at IS NULL"
            )
        };
        let since = micros(now - ANSWERED_WITHIN);
        fetch_optional!(self.read.conn, RequestRow, sql, self.read.tenant.0, id.0, since)?
            .map(RequestRow::into_request)
            .transpose()
    }

    /// A request of this tenant to which the other one has said yes, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_accepted_guest_for_update(
        &mut self,
        id: GuestRequestId,
    ) -> Result<Option<GuestRequest>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_request!(
                "WHERE r.tenant_id = $1 AND r.id = $2 AND r.accepted_at IS NOT NULL AND r.declined_at IS NULL FOR UPDATE"
            )
        } else {
            select_request!(
                "WHERE r.tenant_id = $1 AND r.id = $2 AND r.accepted_at IS NOT NULL AND r.declined_at IS NULL"
            )
        };
        fetch_optional!(self.read.conn, RequestRow, sql, self.read.tenant.0, id.0)?
            .map(RequestRow::into_request)
            .transpose()
    }

    /// A request of this tenant that no guest has come of yet, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_sent_guest_request_for_update(
        &mut self,
        id: GuestRequestId,
    ) -> Result<Option<GuestRequest>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_request!("WHERE r.tenant_id = $1 AND r.id = $2 FOR UPDATE")
        } else {
            select_request!("WHERE r.tenant_id = $1 AND r.id = $2")
        };
        fetch_optional!(self.read.conn, RequestRow, sql, self.read.tenant.0, id.0)?
            .map(RequestRow::into_request)
            .transpose()
    }

    /// Whoever asks for the same again asks once.
    pub(super) async fn insert_request(&mut self, request: &GuestRequest) -> Result<(), Error> {
        let (email, user) = match &request.asked {
            Asked::Email(email) => (Some(fold(email).into_owned()), None),
            Asked::User(user) => (None, Some(user.0)),
        };
        let sections = serde_json::to_string(&request.rights.sections)
            .map_err(|error| Error::Corrupt(format!("sections: {error}")))?;
        execute!(
            self.read.conn,
            "DELETE FROM guest_requests WHERE tenant_id = $1 AND home_tenant_id = $2 \
             AND (accepted_at IS NULL OR declined_at IS NOT NULL) AND (email = $3 OR home_user_id = $4)",
            self.read.tenant.0,
            request.home.0,
            email.as_deref(),
            user,
        )?;
        execute!(
            self.read.conn,
            "INSERT INTO guest_requests (tenant_id, id, home_tenant_id, email, home_user_id, role, sections, \
             requested_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.read.tenant.0,
            request.id.0,
            request.home.0,
            email.as_deref(),
            user,
            request.rights.role.as_deref(),
            sections,
            request.requested_by.as_str(),
            micros(request.created_at),
        )?;
        Ok(())
    }

    /// The `same` are about the same person and nobody is asked for by them any more. The address stays, for those who see
    /// what they have asked.
    pub(super) async fn accept_request(
        &mut self,
        request: GuestRequestId,
        same: &[GuestRequestId],
        user: UserId,
        at: Timestamp,
    ) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE guest_requests SET accepted_at = $4, home_user_id = $3 \
             WHERE home_tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            request.0,
            user.0,
            micros(at),
        )?;
        self.decline_requests(same, at).await
    }

    pub(super) async fn decline_requests(
        &mut self,
        requests: &[GuestRequestId],
        at: Timestamp,
    ) -> Result<(), Error> {
        for request in requests {
            execute!(
                self.read.conn,
                "UPDATE guest_requests SET declined_at = $3 WHERE home_tenant_id = $1 AND id = $2",
                self.read.tenant.0,
                request.0,
                micros(at),
            )?;
        }
        Ok(())
    }

    /// Takes back what this tenant has asked.
    pub(super) async fn withdraw_request(&mut self, request: GuestRequestId) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM guest_requests WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            request.0,
        )?;
        Ok(())
    }

    /// What is asked about a person of this tenant is as good as declined: a request that were gone would say that there was
    /// somebody.
    pub(super) async fn decline_requests_for(&mut self, user: UserId, at: Timestamp) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE guest_requests SET declined_at = $3 WHERE home_tenant_id = $1 AND declined_at IS NULL \
             AND (home_user_id = $2 OR email IN \
             (SELECT e.value_key FROM user_emails e WHERE e.tenant_id = $1 AND e.user_id = $2 UNION ALL \
             SELECT u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.id = $2))",
            self.read.tenant.0,
            user.0,
            micros(at),
        )?;
        Ok(())
    }
}
