//! Guests, and the requests that lead to them.
//!
//! What a guest has in common with the person at home follows by triggers (migration 0017). A request is a row of the tenant
//! that asks; the home tenant sees those that ask it.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::registry::TenantRow;
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::grant::SaidRights;
use crate::directory::guest::Asked;
use crate::directory::key::fold;
use crate::directory::{
    GuestFact, GuestRequest, GuestRequestId, Home, Slug, Tenant, TenantId, TenantName, User, UserId,
};

/// A request that nobody answers is void after this long.
pub(super) const ANSWERED_WITHIN: Duration = Duration::from_hours(30 * 24);

/// Forgets requests that were made before a time.
pub(super) const FORGET_REQUESTS: &str = "DELETE FROM guest_requests WHERE (tenant_id, id) IN \
     (SELECT tenant_id, id FROM guest_requests WHERE created_at <= $1 LIMIT 2000)";

/// What says something of guests by their id and goes with them; `grants` are closed.
const OF_GUESTS: [&str; 4] = [
    "DELETE FROM user_emails WHERE (tenant_id, user_id) IN (",
    "DELETE FROM sessions WHERE (tenant_id, user_id) IN (",
    "DELETE FROM identities WHERE (tenant_id, user_id) IN (",
    "DELETE FROM users WHERE (tenant_id, id) IN (",
];

/// Which guests go.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    /// This one, of the tenant.
    One(UserId),
    /// All that this person of the tenant is elsewhere.
    AllOf(UserId),
}

/// Where somebody is a guest and may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestPlace {
    /// The tenant.
    pub tenant: TenantName,
    /// Who they are there.
    pub guest: UserId,
    /// The epoch of the guest's access; a session is opened under this one or not at all.
    pub epoch: i64,
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    #[sqlx(flatten)]
    tenant: TenantNameRow,
    id: Uuid,
    access_epoch: i64,
}

#[derive(sqlx::FromRow)]
struct TenantNameRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
}

impl TenantNameRow {
    fn into_tenant(self) -> Result<TenantName, Error> {
        Ok(TenantName {
            id: TenantId(self.tenant_id),
            slug: Slug::parse(&self.slug).ok_or_else(|| Error::Corrupt(format!("slug {:?}", self.slug)))?,
            name: self.name,
        })
    }
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
            "SELECT tenant_id, id, home_tenant_id, email, home_user_id, role, sections, requested_by, created_at, \
             accepted_at FROM guest_requests ",
            $rest
        )
    };
}

impl ReadTx {
    /// The guest whom a person of another tenant is here.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_guest(&mut self, home: Home) -> Result<Option<User>, Error> {
        fetch_optional!(
            self.conn,
            UserRow,
            select_user!("WHERE u.tenant_id = $1 AND u.home_tenant_id = $2 AND u.home_user_id = $3"),
            self.tenant.0,
            home.tenant.0,
            home.user.0,
        )?
        .map(UserRow::into_user)
        .transpose()
    }

    /// The tenants that guests of this one belong to.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_home_tenants(&mut self) -> Result<Vec<TenantName>, Error> {
        fetch_all!(
            self.conn,
            TenantNameRow,
            "SELECT n.tenant_id, n.slug, n.name FROM tenants n WHERE n.tenant_id IN (SELECT u.home_tenant_id \
             FROM users u WHERE u.tenant_id = $1 AND u.home_user_id IS NOT NULL) ORDER BY n.slug",
            self.tenant.0,
        )?
        .into_iter()
        .map(TenantNameRow::into_tenant)
        .collect()
    }

    /// The requests that other tenants have for this one and that are not too old, oldest first, each with the tenant that
    /// asks.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_asked_guests(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<(GuestRequest, TenantName)>, Error> {
        let rows = fetch_all!(
            self.conn,
            RequestRow,
            select_request!(
                "WHERE home_tenant_id = $1 AND created_at > $2 ORDER BY created_at, id LIMIT 500"
            ),
            self.tenant.0,
            micros(now - ANSWERED_WITHIN),
        )?;
        let hosts: Vec<TenantNameRow> = fetch_all!(
            self.conn,
            TenantNameRow,
            "SELECT n.tenant_id, n.slug, n.name FROM tenants n WHERE n.tenant_id IN (SELECT r.tenant_id \
             FROM guest_requests r WHERE r.home_tenant_id = $1)",
            self.tenant.0,
        )?;
        let hosts = hosts.into_iter().map(TenantNameRow::into_tenant);
        let hosts: Vec<TenantName> = hosts.collect::<Result<_, Error>>()?;
        let mut found = Vec::new();
        for row in rows {
            let request = row.into_request()?;
            if let Some(host) = hosts.iter().find(|host| host.id == request.host) {
                found.push((request, host.clone()));
            }
        }
        Ok(found)
    }
}

impl ReadTx {
    /// Where a person of this tenant is a guest and may enter, by the tenants' names. That the person has access at home is
    /// the caller's to judge, and so are dates, which are those at home.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_guest_places(&mut self, person: UserId) -> Result<Vec<GuestPlace>, Error> {
        fetch_all!(
            self.conn,
            PlaceRow,
            "SELECT n.tenant_id, n.slug, n.name, g.id, g.access_epoch FROM users g \
             JOIN tenants n ON n.tenant_id = g.tenant_id \
             WHERE g.home_tenant_id = $1 AND g.home_user_id = $2 AND g.active = TRUE AND n.suspended_at IS NULL \
             ORDER BY n.name, n.slug",
            self.tenant.0,
            person.0,
        )?
        .into_iter()
        .map(|row| {
            Ok(GuestPlace {
                tenant: row.tenant.into_tenant()?,
                guest: UserId(row.id),
                epoch: row.access_epoch,
            })
        })
        .collect()
    }

    /// The home tenant of the guest who signs in by a password under this name, unless somebody of this tenant has the name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_home_of_guest(&mut self, name: &str) -> Result<Option<Tenant>, Error> {
        let mut found = fetch_all!(
            self.conn,
            TenantRow,
            "SELECT n.tenant_id, n.slug, n.name, n.support_email, n.sign_in, n.settings, n.created_at, n.suspended_at \
             FROM users g JOIN users h ON h.tenant_id = g.home_tenant_id AND h.id = g.home_user_id \
             JOIN credentials c ON c.tenant_id = h.tenant_id AND c.user_id = h.id \
             JOIN tenants n ON n.tenant_id = h.tenant_id AND n.sign_in = 'local' \
             WHERE g.tenant_id = $1 AND g.home_user_id IS NOT NULL AND h.user_name_key = $2 \
             AND g.id IN (SELECT e.user_id FROM user_emails e WHERE e.tenant_id = $1 AND e.value_key = $2) \
             AND NOT EXISTS (SELECT 1 FROM users o WHERE o.tenant_id = $1 AND o.user_name_key = $2 \
             AND o.deleted_at IS NULL)",
            self.tenant.0,
            fold(name).as_ref(),
        )?;
        // Of two whom one name would mean, none is meant.
        found
            .pop()
            .filter(|_| found.is_empty())
            .map(TenantRow::into_tenant)
            .transpose()
    }
}

impl Tx {
    /// A request that another tenant has for this one, locked until the commit, unless it is too old.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_asked_guest_for_update(
        &mut self,
        id: GuestRequestId,
        now: Timestamp,
    ) -> Result<Option<GuestRequest>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_request!("WHERE home_tenant_id = $1 AND id = $2 AND created_at > $3 FOR UPDATE")
        } else {
            select_request!("WHERE home_tenant_id = $1 AND id = $2 AND created_at > $3")
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
            select_request!("WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NOT NULL FOR UPDATE")
        } else {
            select_request!("WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NOT NULL")
        };
        fetch_optional!(self.read.conn, RequestRow, sql, self.read.tenant.0, id.0)?
            .map(RequestRow::into_request)
            .transpose()
    }

    pub(super) async fn apply_guest(&mut self, fact: GuestFact) -> Result<(), Error> {
        let tenant = self.read.tenant.0;
        match fact {
            GuestFact::Requested(request) => self.insert_request(&request).await,
            GuestFact::Accepted { request, user, at } => {
                execute!(
                    self.read.conn,
                    "UPDATE guest_requests SET accepted_at = $4, home_user_id = $3, email = NULL \
                     WHERE home_tenant_id = $1 AND id = $2",
                    tenant,
                    request.0,
                    user.0,
                    micros(at),
                )?;
                Ok(())
            }
            GuestFact::Declined(request) => {
                execute!(
                    self.read.conn,
                    "DELETE FROM guest_requests WHERE home_tenant_id = $1 AND id = $2",
                    tenant,
                    request.0,
                )?;
                Ok(())
            }
            GuestFact::Admitted {
                guest,
                home,
                request,
                at,
            } => {
                self.insert_guest(guest, home, at).await?;
                if let Some(request) = request {
                    execute!(
                        self.read.conn,
                        "DELETE FROM guest_requests WHERE tenant_id = $1 AND id = $2",
                        tenant,
                        request.0,
                    )?;
                }
                Ok(())
            }
            GuestFact::Removed { guest, at } => self.remove_guests(Leaving::One(guest), at).await,
        }
    }

    /// Whoever asks for the same again asks once.
    async fn insert_request(&mut self, request: &GuestRequest) -> Result<(), Error> {
        let (email, user) = match &request.asked {
            Asked::Email(email) => (Some(fold(email).into_owned()), None),
            Asked::User(user) => (None, Some(user.0)),
        };
        let sections = serde_json::to_string(&request.rights.sections)
            .map_err(|error| Error::Corrupt(format!("sections: {error}")))?;
        execute!(
            self.read.conn,
            "DELETE FROM guest_requests WHERE tenant_id = $1 AND home_tenant_id = $2 AND accepted_at IS NULL \
             AND (email = $3 OR home_user_id = $4)",
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

    /// Makes the guest of what the person is at home at this moment, who is locked first: every change of them before has
    /// been seen, and every one after finds the guest. The userName's key is nobody else's, so that no name at home can
    /// clash with one here.
    async fn insert_guest(&mut self, guest: UserId, home: Home, at: Timestamp) -> Result<(), Error> {
        if self.read.conn.locks_rows() {
            let _: Option<(Uuid,)> = fetch_optional!(
                self.read.conn,
                (Uuid,),
                "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
                home.tenant.0,
                home.user.0,
            )?;
        }
        execute!(
            self.read.conn,
            "INSERT INTO users (tenant_id, id, home_tenant_id, home_user_id, user_name, user_name_key, display_name, \
             display_name_key, phone_digits, profile, active, blocked, access_epoch, version, created_at, modified_at, \
             kind, source, provisioned, pending, access_from, access_until, contact_tags) \
             SELECT $1, $2, h.tenant_id, h.id, h.user_name, $5, h.display_name, h.display_name_key, h.phone_digits, \
             h.profile, (h.active = TRUE AND h.blocked = FALSE AND h.pending = FALSE AND h.deleted_at IS NULL \
             AND n.suspended_at IS NULL), FALSE, 1, 1, $6, $6, 'external', 'guest', FALSE, FALSE, h.access_from, \
             h.access_until, '[]' \
             FROM users h JOIN tenants n ON n.tenant_id = h.tenant_id WHERE h.tenant_id = $3 AND h.id = $4",
            self.read.tenant.0,
            guest.0,
            home.tenant.0,
            home.user.0,
            format!("guest\u{1f}{guest}"),
            micros(at),
        )?;
        execute!(
            self.read.conn,
            "INSERT INTO user_emails (tenant_id, user_id, position, value_key, type_key, is_primary) \
             SELECT $1, $2, e.position, e.value_key, e.type_key, e.is_primary FROM user_emails e \
             WHERE e.tenant_id = $3 AND e.user_id = $4",
            self.read.tenant.0,
            guest.0,
            home.tenant.0,
            home.user.0,
        )?;
        Ok(())
    }

    /// Ends everything that a person of this tenant is elsewhere, and what is asked about them.
    pub(super) async fn remove_guests_of(&mut self, user: UserId, at: Timestamp) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM guest_requests WHERE home_tenant_id = $1 AND (home_user_id = $2 OR email IN \
             (SELECT e.value_key FROM user_emails e WHERE e.tenant_id = $1 AND e.user_id = $2 UNION ALL \
             SELECT u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.id = $2))",
            self.read.tenant.0,
            user.0,
        )?;
        self.remove_guests(Leaving::AllOf(user), at).await
    }

    async fn remove_guests(&mut self, leaving: Leaving, at: Timestamp) -> Result<(), Error> {
        let (which, id) = match leaving {
            Leaving::One(guest) => (
                "SELECT u.tenant_id, u.id FROM users u WHERE u.tenant_id = $1 AND u.id = $2 AND u.source = 'guest')",
                guest,
            ),
            Leaving::AllOf(user) => (
                "SELECT u.tenant_id, u.id FROM users u WHERE u.home_tenant_id = $1 AND u.home_user_id = $2)",
                user,
            ),
        };
        let mut close = Statement::new(
            "UPDATE grants SET ended_at = $3 WHERE ended_at IS NULL AND (tenant_id, user_id) IN (",
        );
        close.push(which);
        close.bind_unwritten(Bind::Uuid(self.read.tenant.0));
        close.bind_unwritten(Bind::Uuid(id.0));
        close.bind_unwritten(Bind::Integer(micros(at)));
        close.execute(&mut self.read.conn).await?;
        for of in OF_GUESTS {
            let mut sql = Statement::new(of);
            sql.push(which);
            sql.bind_unwritten(Bind::Uuid(self.read.tenant.0));
            sql.bind_unwritten(Bind::Uuid(id.0));
            sql.execute(&mut self.read.conn).await?;
        }
        Ok(())
    }
}
