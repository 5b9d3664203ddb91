//! Guests: who somebody of another tenant is here, and where people of this one are guests.
//!
//! What a guest has in common with the person at home follows by triggers (migration 0017).

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::registry::TenantRow;
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::key::fold;
use crate::directory::{GuestFact, Home, Slug, Tenant, TenantId, TenantName, User, UserId, guest};

/// What says something of guests by their id and goes with them; `grants` are closed.
const OF_GUESTS: [&str; 2] = [
    "DELETE FROM user_emails WHERE (tenant_id, user_id) IN (",
    "DELETE FROM sessions WHERE (tenant_id, user_id) IN (",
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
pub(super) struct TenantNameRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
}

impl TenantNameRow {
    pub(super) fn into_tenant(self) -> Result<TenantName, Error> {
        Ok(TenantName {
            id: TenantId(self.tenant_id),
            slug: Slug::parse(&self.slug).ok_or_else(|| Error::Corrupt(format!("slug {:?}", self.slug)))?,
            name: self.name,
        })
    }
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

    /// Every tenant that a person of this one is a guest of, with or without access.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_hosts(&mut self, person: UserId) -> Result<Vec<TenantId>, Error> {
        let found: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT g.tenant_id FROM users g WHERE g.home_tenant_id = $1 AND g.home_user_id = $2 ORDER BY g.tenant_id",
            self.tenant.0,
            person.0,
        )?;
        Ok(found.into_iter().map(|(id,)| TenantId(id)).collect())
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
    pub(super) async fn apply_guest(&mut self, fact: GuestFact) -> Result<(), Error> {
        match fact {
            GuestFact::Requested(request) => self.insert_request(&request).await,
            GuestFact::Accepted {
                request,
                same,
                user,
                at,
            } => self.accept_request(request, &same, user, at).await,
            GuestFact::Declined { requests, at } => self.decline_requests(&requests, at).await,
            GuestFact::Withdrawn(request) => self.withdraw_request(request).await,
            GuestFact::Admitted {
                guest,
                home,
                request,
                at,
            } => {
                self.insert_guest(guest, home, at).await?;
                match request {
                    Some(request) => self.withdraw_request(request).await,
                    None => Ok(()),
                }
            }
            GuestFact::Removed { guest, at } => self.remove_guests(Leaving::One(guest), at).await.map(drop),
        }
    }

    /// Locks somebody of another tenant until the commit, then their tenant and this one, as people and then tenants are
    /// locked everywhere: every change of them before has been seen, and every one after finds the guest who is made of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock_home(&mut self, home: Home) -> Result<(), Error> {
        if !self.read.conn.locks_rows() {
            return Ok(());
        }
        let _: Option<(Uuid,)> = fetch_optional!(
            self.read.conn,
            (Uuid,),
            "SELECT id FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
            home.tenant.0,
            home.user.0,
        )?;
        // By id, for two tenants that admit one another's people at once.
        fetch_all!(
            self.read.conn,
            (Uuid,),
            "SELECT tenant_id FROM tenants WHERE tenant_id IN ($1, $2) ORDER BY tenant_id FOR NO KEY UPDATE",
            self.read.tenant.0,
            home.tenant.0,
        )?;
        Ok(())
    }

    /// Makes the guest of what the person is at home at this moment. The userName's key is nobody else's, so that no name at home can
    /// clash with one here.
    async fn insert_guest(&mut self, guest: UserId, home: Home, at: Timestamp) -> Result<(), Error> {
        self.lock_home(home).await?;
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

    /// Ends everything that a person of this tenant is elsewhere, and what is asked about them. The log of each tenant says
    /// so.
    pub(super) async fn remove_guests_of(&mut self, user: UserId, at: Timestamp) -> Result<(), Error> {
        self.decline_requests_for(user, at).await?;
        let home = Home {
            tenant: self.read.tenant,
            user,
        };
        for (host, id) in self.remove_guests(Leaving::AllOf(user), at).await? {
            let gone = guest::gone_at_home(UserId(id), home, at);
            self.effects.audit.push((TenantId(host), gone));
        }
        Ok(())
    }

    /// The tenants that the guests were in, and who they were there.
    async fn remove_guests(&mut self, leaving: Leaving, at: Timestamp) -> Result<Vec<(Uuid, Uuid)>, Error> {
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
        let tenant = self.read.tenant.0;
        let said_of = |of: &'static str| {
            let mut sql = Statement::new(of);
            sql.push(which);
            sql.bind_unwritten(Bind::Uuid(tenant));
            sql.bind_unwritten(Bind::Uuid(id.0));
            sql
        };
        let mut close =
            said_of("UPDATE grants SET ended_at = $3 WHERE ended_at IS NULL AND (tenant_id, user_id) IN (");
        close.bind_unwritten(Bind::Integer(micros(at)));
        close.execute(&mut self.read.conn).await?;
        for of in OF_GUESTS {
            said_of(of).execute(&mut self.read.conn).await?;
        }
        let mut gone = said_of("DELETE FROM users WHERE (tenant_id, id) IN (");
        gone.push(" RETURNING tenant_id, id");
        gone.fetch_all(&mut self.read.conn).await
    }
}
