//! Passwords, and the links by which they are set.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::invitations::InvitationRow;
use super::registry::TenantRow;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, user_columns};
use crate::directory::invitation::Linked;
use crate::directory::key::fold;
use crate::directory::registry::TokenHash;
use crate::directory::{
    Credential, CredentialFact, GuessPurpose, PasswordHash, SessionId, Tenant, TenantId, User, UserId,
};

/// A token that comes without the name of its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneTimeToken {
    /// Of an invitation.
    Invitation,
    /// Of a password reset.
    Reset,
    /// Of a sign-in that is not finished.
    Ticket,
}

#[derive(sqlx::FromRow)]
struct CredentialRow {
    user_id: Uuid,
    hash: String,
    must_change: bool,
    changed_at: i64,
}

impl CredentialRow {
    fn into_credential(self) -> Result<Credential, Error> {
        Ok(Credential {
            user: UserId(self.user_id),
            hash: PasswordHash(self.hash),
            must_change: self.must_change,
            changed_at: timestamp(self.changed_at)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct HolderRow {
    #[sqlx(flatten)]
    credential: CredentialRow,
    #[sqlx(flatten)]
    user: UserRow,
}

#[derive(sqlx::FromRow)]
struct TenantHolderRow {
    #[sqlx(flatten)]
    tenant: TenantRow,
    #[sqlx(flatten)]
    credential: CredentialRow,
}

#[derive(sqlx::FromRow)]
struct LinkedRow {
    #[sqlx(flatten)]
    invitation: InvitationRow,
    accepted_at: Option<i64>,
    deleted_at: Option<i64>,
}

/// People who have a password and belong to no directory, from `WHERE` on.
macro_rules! select_holder {
    ($rest:literal) => {
        concat!(
            "SELECT c.user_id, c.hash, c.must_change, c.changed_at, ",
            user_columns!(),
            " FROM users u JOIN credentials c ON c.tenant_id = u.tenant_id AND c.user_id = u.id \
             WHERE u.tenant_id = $1 AND u.user_name_key = $2 AND u.directory_id IS NULL AND ",
            $rest
        )
    };
}

impl SystemTx {
    /// The tenant in which a token was given out. Whether it is good there is another question.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_tenant_of_token(
        &mut self,
        kind: OneTimeToken,
        hash: &TokenHash,
    ) -> Result<Option<TenantId>, Error> {
        let sql = match kind {
            OneTimeToken::Invitation => "SELECT tenant_id FROM invitations WHERE hash = $1",
            OneTimeToken::Reset => "SELECT tenant_id FROM password_resets WHERE hash = $1",
            OneTimeToken::Ticket => "SELECT tenant_id FROM login_tickets WHERE hash = $1",
        };
        let found: Option<(Uuid,)> = fetch_optional!(self.conn, (Uuid,), sql, hash.0.as_slice())?;
        Ok(found.map(|(tenant,)| TenantId(tenant)))
    }

    /// Passwords under this name in any tenant, of people who have accepted, `limit` at most: of those that open something
    /// first, then of those that somebody has chosen, then of the oldest accounts.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_password_holders(
        &mut self,
        user_name: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<(Tenant, Credential)>, Error> {
        fetch_all!(
            self.conn,
            TenantHolderRow,
            "SELECT n.tenant_id, n.slug, n.name, n.support_email, n.sign_in, n.settings, n.created_at, n.suspended_at, \
             c.user_id, c.hash, c.must_change, c.changed_at \
             FROM users u JOIN credentials c ON c.tenant_id = u.tenant_id AND c.user_id = u.id \
             JOIN tenants n ON n.tenant_id = u.tenant_id \
             WHERE u.user_name_key = $1 AND u.directory_id IS NULL AND u.deleted_at IS NULL AND u.pending = FALSE \
             ORDER BY n.suspended_at IS NOT NULL, n.sign_in <> 'local', u.blocked, COALESCE(u.access_until <= $3, FALSE), c.must_change, u.created_at, u.id LIMIT $2",
            fold(user_name).as_ref(),
            i64::from(limit),
            micros(now),
        )?
        .into_iter()
        .map(|row| Ok((row.tenant.into_tenant()?, row.credential.into_credential()?)))
        .collect()
    }
}

impl ReadTx {
    /// A person's password, if they have one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_credential(&mut self, user: UserId) -> Result<Option<Credential>, Error> {
        fetch_optional!(
            self.conn,
            CredentialRow,
            "SELECT user_id, hash, must_change, changed_at FROM credentials WHERE tenant_id = $1 AND user_id = $2",
            self.tenant.0,
            user.0,
        )?
        .map(CredentialRow::into_credential)
        .transpose()
    }

    /// Whoever has a userName, a password and no directory: the live person, or, where nobody has the name now, the one who
    /// was deleted last. Whoever has it now and no password yet is not answered for by somebody else's.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_password_holder(
        &mut self,
        user_name: &str,
    ) -> Result<Option<(User, Credential)>, Error> {
        let name = fold(user_name);
        let live = select_holder!("u.deleted_at IS NULL");
        let mut row = fetch_optional!(self.conn, HolderRow, live, self.tenant.0, name.as_ref())?;
        if row.is_none() {
            let deleted = select_holder!(
                "u.deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users l WHERE l.tenant_id = $1 \
                 AND l.user_name_key = $2 AND l.deleted_at IS NULL) ORDER BY u.deleted_at DESC LIMIT 1"
            );
            row = fetch_optional!(self.conn, HolderRow, deleted, self.tenant.0, name.as_ref())?;
        }
        row.map(|row| Ok((row.user.into_user()?, row.credential.into_credential()?)))
            .transpose()
    }

    /// The invitation that a token leads to, as it stands.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_linked_invitation(&mut self, hash: &TokenHash) -> Result<Option<Linked>, Error> {
        fetch_optional!(
            self.conn,
            LinkedRow,
            "SELECT id, user_id, sent_at, opened_at, expires_at, accepted_at, deleted_at FROM invitations \
             WHERE tenant_id = $1 AND hash = $2",
            self.tenant.0,
            hash.0.as_slice(),
        )?
        .map(|row| {
            Ok(Linked {
                invitation: row.invitation.into_invitation()?,
                is_accepted: row.accepted_at.is_some(),
                is_withdrawn: row.deleted_at.is_some(),
            })
        })
        .transpose()
    }

    /// Whose password a reset sets, and from when on it does not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_reset(&mut self, hash: &TokenHash) -> Result<Option<(UserId, Timestamp)>, Error> {
        let found: Option<(Uuid, i64)> = fetch_optional!(
            self.conn,
            (Uuid, i64),
            "SELECT user_id, expires_at FROM password_resets WHERE tenant_id = $1 AND hash = $2",
            self.tenant.0,
            hash.0.as_slice(),
        )?;
        found
            .map(|(user, expires_at)| Ok((UserId(user), timestamp(expires_at)?)))
            .transpose()
    }

    /// How many resets of a person are good at this moment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_resets(&mut self, user: UserId, now: Timestamp) -> Result<u64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(*) FROM password_resets WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3",
            self.tenant.0,
            user.0,
            micros(now),
        )?;
        Ok(found.map_or(0, |(count,)| count.unsigned_abs()))
    }
}

impl Tx {
    /// Keeps a password that was right under a higher cost than before, unless it was changed meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn upgrade_password(
        &mut self,
        user: UserId,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<(), Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "UPDATE credentials SET hash = $4 WHERE tenant_id = $1 AND user_id = $2 AND hash = $3",
            self.read.tenant.0,
            user.0,
            before.0.as_str(),
            after.0.as_str(),
        )?;
        Ok(())
    }

    pub(super) async fn apply_credential(&mut self, fact: CredentialFact) -> Result<(), Error> {
        match fact {
            CredentialFact::PasswordSet {
                credential,
                account,
                keep,
                mails,
            } => {
                self.save_credential(&credential).await?;
                self.end_access_but(credential.user, keep).await?;
                self.forget_guesses_at(GuessPurpose::Password, &account).await?;
                for mail in &mails {
                    self.queue_mail(mail, credential.changed_at).await?;
                }
                Ok(())
            }
            CredentialFact::ResetSent {
                user,
                hash,
                expires_at,
                mail,
                at,
            } => {
                execute!(
                    self.read.conn,
                    "INSERT INTO password_resets (tenant_id, hash, user_id, expires_at) VALUES ($1, $2, $3, $4)",
                    self.read.tenant.0,
                    hash.0.as_slice(),
                    user.0,
                    micros(expires_at),
                )?;
                self.queue_mail(&mail, at).await?;
                Ok(())
            }
            CredentialFact::Refused => Ok(()),
        }
    }

    async fn save_credential(&mut self, credential: &Credential) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO credentials (tenant_id, user_id, hash, must_change, changed_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET hash = $3, must_change = $4, changed_at = $5",
            self.read.tenant.0,
            credential.user.0,
            credential.hash.0.as_str(),
            credential.must_change,
            micros(credential.changed_at),
        )?;
        Ok(())
    }

    /// Moves the access epoch of a person, and one session along with it if that one is good at this moment.
    pub(super) async fn end_access_but(
        &mut self,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<(), Error> {
        if let Some(session) = keep {
            execute!(
                self.read.conn,
                "UPDATE sessions SET epoch = epoch + 1 WHERE tenant_id = $1 AND id = $2 AND user_id = $3 \
                 AND epoch = (SELECT access_epoch FROM users WHERE tenant_id = $1 AND id = $3)",
                self.read.tenant.0,
                session.0,
                user.0,
            )?;
        }
        execute!(
            self.read.conn,
            "UPDATE users SET access_epoch = access_epoch + 1 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            user.0,
        )?;
        self.void_what_waits(user).await
    }

    /// Takes away what a person, or whoever pretends to be one, has begun and not finished: sign-ins, links that set a
    /// password, apps that no code has confirmed. Goes with every end of access.
    pub(super) async fn void_what_waits(&mut self, user: UserId) -> Result<(), Error> {
        for sql in [
            "DELETE FROM login_tickets WHERE tenant_id = $1 AND user_id = $2",
            "DELETE FROM password_resets WHERE tenant_id = $1 AND user_id = $2",
            "DELETE FROM unconfirmed_factors WHERE tenant_id = $1 AND user_id = $2",
        ] {
            execute!(self.read.conn, sql, self.read.tenant.0, user.0)?;
        }
        Ok(())
    }
}
