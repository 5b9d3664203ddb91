//! People.

use uuid::Uuid;

use super::administrators::scope_json;
use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use crate::directory::key::fold;
use crate::directory::lifecycle::Clashes;
use crate::directory::{
    AccessCode, AccessWindow, DirectoryId, EntityId, Facets, Home, PersonId, Profile, TenantId, User,
    UserFact, UserId, UserKind, UserSource,
};

/// The columns of a person, under the alias `u`.
macro_rules! user_columns {
    () => {
        "u.id, u.directory_id, u.home_tenant_id, u.home_user_id, u.kind, u.source, u.provisioned, u.pending, u.user_name, u.external_id, u.active, \
         u.blocked, u.access_from, u.access_until, u.entity_id, u.contact_tags, u.person_id, u.access_code, u.admin_scope, \
         u.break_glass, u.mfa_required, u.version, \
         u.created_at, u.modified_at, u.deleted_at, u.profile"
    };
}
pub(super) use user_columns;

/// A statement that reads people, from `WHERE` on.
macro_rules! select_user {
    ($($rest:literal),+) => {
        concat!(
            "SELECT ",
            $crate::storage::users::user_columns!(),
            " FROM users u ",
            $($rest),+
        )
    };
}
pub(super) use select_user;

#[derive(sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the columns as they are")]
pub(super) struct UserRow {
    id: Uuid,
    directory_id: Option<Uuid>,
    home_tenant_id: Option<Uuid>,
    home_user_id: Option<Uuid>,
    kind: String,
    source: String,
    provisioned: bool,
    pending: bool,
    user_name: String,
    external_id: Option<String>,
    active: Option<bool>,
    blocked: bool,
    access_from: Option<i64>,
    access_until: Option<i64>,
    entity_id: Option<Uuid>,
    contact_tags: String,
    person_id: Option<Uuid>,
    access_code: Option<String>,
    admin_scope: Option<String>,
    break_glass: bool,
    mfa_required: bool,
    version: i64,
    created_at: i64,
    modified_at: i64,
    deleted_at: Option<i64>,
    profile: String,
}

impl UserRow {
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    pub(super) fn into_user(self) -> Result<User, Error> {
        Ok(User {
            id: UserId(self.id),
            directory: self.directory_id.map(DirectoryId),
            home: self
                .home_tenant_id
                .zip(self.home_user_id)
                .map(|(tenant, user)| Home {
                    tenant: TenantId(tenant),
                    user: UserId(user),
                }),
            kind: UserKind::parse(&self.kind)
                .ok_or_else(|| Error::Corrupt(format!("kind {:?}", self.kind)))?,
            source: UserSource::parse(&self.source)
                .ok_or_else(|| Error::Corrupt(format!("source {:?}", self.source)))?,
            provisioned: self.provisioned,
            pending: self.pending,
            user_name: self.user_name,
            external_id: self.external_id,
            active: self.active,
            blocked: self.blocked,
            access: AccessWindow {
                from: self.access_from.map(timestamp).transpose()?,
                until: self.access_until.map(timestamp).transpose()?,
            },
            entity: self.entity_id.map(EntityId),
            contact_tags: serde_json::from_str(&self.contact_tags)
                .map_err(|error| Error::Corrupt(format!("contact_tags: {error}")))?,
            person: self.person_id.map(PersonId),
            access_code: self.access_code.map(AccessCode::from_hash),
            administrator: self
                .admin_scope
                .map(|scope| serde_json::from_str(&scope))
                .transpose()
                .map_err(|error| Error::Corrupt(format!("admin_scope: {error}")))?,
            break_glass: self.break_glass,
            mfa_required: self.mfa_required,
            profile: Profile::from_stored(self.profile),
            version: self.version,
            created_at: timestamp(self.created_at)?,
            modified_at: timestamp(self.modified_at)?,
            deleted_at: self.deleted_at.map(timestamp).transpose()?,
        })
    }
}

impl ReadTx {
    /// Anybody of the tenant, deleted or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_user(&mut self, id: UserId) -> Result<Option<User>, Error> {
        fetch_optional!(
            self.conn,
            UserRow,
            select_user!("WHERE u.tenant_id = $1 AND u.id = $2"),
            self.tenant.0,
            id.0,
        )?
        .map(UserRow::into_user)
        .transpose()
    }

    /// The live people who hold a userName in the tenant or an externalId in the directory, in one statement.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_clashes(
        &mut self,
        directory: Option<DirectoryId>,
        user_name: &str,
        external_id: Option<&str>,
    ) -> Result<Clashes, Error> {
        let name_key = fold(user_name);
        let rows = fetch_all!(
            self.conn,
            UserRow,
            concat!(
                select_user!("WHERE u.tenant_id = $1 AND u.user_name_key = $2 AND u.deleted_at IS NULL"),
                " UNION ALL ",
                select_user!(
                    "WHERE u.tenant_id = $1 AND u.directory_id = $3 AND u.external_id = $4 \
                     AND u.external_id IS NOT NULL AND u.deleted_at IS NULL"
                )
            ),
            self.tenant.0,
            name_key.as_ref(),
            directory.map(|id| id.0),
            external_id,
        )?;
        let mut clashes = Clashes::default();
        for row in rows {
            let user = row.into_user()?;
            if fold(&user.user_name) == name_key {
                let name = match user.directory {
                    Some(theirs) if Some(theirs) != directory => {
                        self.find_directory(theirs).await?.map(|found| found.name)
                    }
                    _ => None,
                };
                clashes.user_name = Some((user.clone(), name));
            }
            if external_id.is_some()
                && user.directory == directory
                && user.external_id.as_deref() == external_id
            {
                clashes.external_id = Some(user);
            }
        }
        Ok(clashes)
    }

    /// The epoch that a session of this person must carry.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_access_epoch(&mut self, id: UserId) -> Result<Option<i64>, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT access_epoch FROM users WHERE tenant_id = $1 AND id = $2",
            self.tenant.0,
            id.0,
        )?;
        Ok(found.map(|(epoch,)| epoch))
    }
}

impl Tx {
    /// Anybody of the tenant, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_user_for_update(&mut self, id: UserId) -> Result<Option<User>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_user!("WHERE u.tenant_id = $1 AND u.id = $2 FOR UPDATE")
        } else {
            select_user!("WHERE u.tenant_id = $1 AND u.id = $2")
        };
        fetch_optional!(self.read.conn, UserRow, sql, self.read.tenant.0, id.0)?
            .map(UserRow::into_user)
            .transpose()
    }

    pub(super) async fn apply_user(&mut self, fact: UserFact) -> Result<(), Error> {
        match fact {
            UserFact::Created { user, facets } => {
                self.insert_user(&user, &facets).await?;
                self.insert_emails(user.id, &facets).await
            }
            UserFact::Updated {
                user,
                facets: Some(facets),
                standing,
                revoke,
            } => {
                if standing {
                    self.save_standing(&user).await?;
                }
                self.save_profile(&user, &facets).await?;
                self.save_flags(&user, revoke).await
            }
            UserFact::Updated {
                user,
                facets: None,
                standing,
                revoke,
            } => {
                if standing {
                    self.save_standing(&user).await?;
                }
                self.save_flags(&user, revoke).await
            }
            UserFact::Granted {
                user,
                delta,
                at,
                revoke,
            } => {
                self.apply_grants(user.id, &delta, at).await?;
                self.save_flags(&user, revoke).await
            }
            UserFact::Deleted { user } => {
                self.save_standing(&user).await?;
                self.save_flags(&user, true).await?;
                self.leave_tombstone(&user).await?;
                let at = user.deleted_at.unwrap_or(user.modified_at);
                // Whoever comes back is invited anew: an old link opens nothing.
                self.void_invitations_of(user.id, at).await?;
                self.remove_memberships_of(user.id.0, user.modified_at.max(at))
                    .await
            }
            UserFact::BreakGlassSet {
                user,
                enabled,
                mails,
                at,
            } => self.set_break_glass(user, enabled, &mails, at).await,
            UserFact::BreakGlassUsed { mails, at } => {
                for mail in &mails {
                    self.queue_mail(mail, at).await?;
                }
                Ok(())
            }
            UserFact::AddressChanged { mail, at } => {
                self.queue_mail(&mail, at).await?;
                Ok(())
            }
            UserFact::Converted { user, at } => self.convert_user(user, at).await,
            UserFact::DatePassed { user, date } => self.note_date(user, date).await,
            UserFact::ToldErased(rows) => self.erase_audit(&rows).await,
            UserFact::Removed {
                user,
                names,
                by_directory,
                erased,
                at,
            } => {
                self.remove_user(user, &names, by_directory, erased.as_deref(), at)
                    .await
            }
            UserFact::Restored { user, facets } => {
                self.save_standing(&user).await?;
                if let Some(facets) = facets {
                    self.save_profile(&user, &facets).await?;
                }
                self.save_flags(&user, false).await?;
                self.take_tombstone(user.id).await
            }
        }
    }

    async fn save_profile(&mut self, user: &User, facets: &Facets) -> Result<(), Error> {
        // Whoever comes from a directory has no links here.
        if user.directory.is_none() && self.is_renamed(user).await? {
            self.void_what_waits(user.id).await?;
        }
        // Before the person's own row, with which guests take over the addresses (migration 0017).
        execute!(
            self.read.conn,
            "DELETE FROM user_emails WHERE tenant_id = $1 AND user_id = $2",
            self.read.tenant.0,
            user.id.0,
        )?;
        self.insert_emails(user.id, facets).await?;
        self.update_user(user, facets).await
    }

    /// Whether a person is about to be called otherwise: what was sent to the one before must not open anything.
    async fn is_renamed(&mut self, user: &User) -> Result<bool, Error> {
        let found: Option<(String,)> = fetch_optional!(
            self.read.conn,
            (String,),
            "SELECT user_name_key FROM users WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            user.id.0,
        )?;
        Ok(found.is_some_and(|(before,)| before != fold(&user.user_name)))
    }

    async fn insert_user(&mut self, user: &User, facets: &Facets) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO users (tenant_id, id, directory_id, user_name, user_name_key, external_id, display_name, \
             display_name_key, manager_key, active, blocked, admin_scope, access_epoch, version, created_at, \
             modified_at, deleted_at, profile, kind, source, provisioned, pending, entity_id, access_from, access_until, contact_tags, \
             person_id, access_code, phone_digits) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $16, $17, $18, $19, $20, \
             $21, $22, $23, $24, $25, $26, $27, $28)",
            self.read.tenant.0,
            user.id.0,
            user.directory.map(|id| id.0),
            &user.user_name,
            fold(&user.user_name).into_owned(),
            user.external_id.as_deref(),
            facets.display_name.as_deref(),
            facets.display_name_key(),
            facets.manager.as_deref(),
            user.active,
            user.blocked,
            scope_json(user)?,
            user.version,
            micros(user.created_at),
            micros(user.modified_at),
            user.deleted_at.map(micros),
            user.profile.as_json(),
            user.kind.as_str(),
            user.source.as_str(),
            user.provisioned,
            user.pending,
            user.entity.map(|id| id.0),
            user.access.from.map(micros),
            user.access.until.map(micros),
            tags_json(user)?,
            user.person.map(|id| id.0),
            user.access_code.as_ref().map(AccessCode::as_str),
            facets.phone_digits.as_deref(),
        )?;
        Ok(())
    }

    async fn insert_emails(&mut self, id: UserId, facets: &Facets) -> Result<(), Error> {
        if facets.emails.is_empty() {
            return Ok(());
        }
        let mut sql = Statement::new(
            "INSERT INTO user_emails (tenant_id, user_id, position, value_key, type_key, is_primary) VALUES ",
        );
        for (position, email) in facets.emails.iter().enumerate() {
            sql.push(if position == 0 { "(" } else { ", (" });
            sql.bind(Bind::Uuid(self.read.tenant.0))
                .push(", ")
                .bind(Bind::Uuid(id.0))
                .push(", ");
            sql.bind(Bind::Integer(i64::try_from(position).unwrap_or(i64::MAX)))
                .push(", ");
            sql.bind(Bind::Text(email.value_key.clone())).push(", ");
            match &email.type_key {
                Some(kind) => sql.bind(Bind::Text(kind.clone())),
                None => sql.push("NULL"),
            };
            sql.push(match email.primary {
                Some(true) => ", TRUE)",
                Some(false) => ", FALSE)",
                None => ", NULL)",
            });
        }
        sql.execute(&mut self.read.conn).await?;
        Ok(())
    }

    async fn update_user(&mut self, user: &User, facets: &Facets) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE users SET user_name = $3, user_name_key = $4, external_id = $5, display_name = $6, \
             display_name_key = $7, manager_key = $8, profile = $9, phone_digits = $10 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            user.id.0,
            &user.user_name,
            fold(&user.user_name).into_owned(),
            user.external_id.as_deref(),
            facets.display_name.as_deref(),
            facets.display_name_key(),
            facets.manager.as_deref(),
            user.profile.as_json(),
            facets.phone_digits.as_deref(),
        )?;
        Ok(())
    }

    /// Writes the few columns that most changes touch, and with them no index that they do not. With `revoke`
    /// the access epoch moves: whatever was issued under the old one is void at its next use.
    async fn save_flags(&mut self, user: &User, revoke: bool) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE users SET active = $3, blocked = $4, admin_scope = $5, version = $6, modified_at = $7, \
             deleted_at = $8, access_epoch = access_epoch + $9 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            user.id.0,
            user.active,
            user.blocked,
            scope_json(user)?,
            user.version,
            micros(user.modified_at),
            user.deleted_at.map(micros),
            i64::from(revoke),
        )?;
        if revoke {
            self.void_what_waits(user.id).await?;
        }
        Ok(())
    }

    /// Writes where a person belongs and what only administrators say. The directory is part of most indexes, so it is
    /// written only when it changes.
    pub(super) async fn save_standing(&mut self, user: &User) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE users SET provisioned = $3, pending = $4, entity_id = $5, access_from = $6, access_until = $7, \
             directory_id = $8, contact_tags = $9, person_id = $10, access_code = $11 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            user.id.0,
            user.provisioned,
            user.pending,
            user.entity.map(|id| id.0),
            user.access.from.map(micros),
            user.access.until.map(micros),
            user.directory.map(|id| id.0),
            tags_json(user)?,
            user.person.map(|id| id.0),
            user.access_code.as_ref().map(AccessCode::as_str),
        )?;
        Ok(())
    }
}

fn tags_json(user: &User) -> Result<String, Error> {
    serde_json::to_string(&user.contact_tags).map_err(|error| Error::Corrupt(error.to_string()))
}
