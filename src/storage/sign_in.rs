//! What a sign-in needs to know and leaves behind: attempts, what may be used once, identities, whom it meets.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::guest_requests::{ANSWERED_WITHIN, FORGET_REQUESTS};
use super::outbox::{FORGET_MAIL, LISTED};
use super::store::Store;
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::erasure::NameHash;
use crate::directory::key::fold;
use crate::directory::registry::TokenHash;
use crate::directory::{ConnectionId, DirectoryId, IdentityKey, Proof, SignInFact, TenantId, User, UserId};
use crate::sso::jit::Met;

/// A sign-in on its way to a provider and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    /// What the provider is to hand back, hashed.
    pub state: TokenHash,
    /// The browser that began it, by the hash of its cookie.
    pub browser: TokenHash,
    /// The connection.
    pub connection: ConnectionId,
    /// What it is for.
    pub purpose: Purpose,
    /// Where the browser goes afterwards: a path of ours.
    pub return_to: String,
    /// From when on it is void.
    pub expires_at: Timestamp,
}

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To try a connection; nobody is signed in.
    Test,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Test => "test",
        }
    }
}

#[derive(sqlx::FromRow)]
struct AttemptRow {
    connection_id: Uuid,
    purpose: String,
    return_to: String,
    expires_at: i64,
}

impl AttemptRow {
    fn into_attempt(self, state: TokenHash, browser: TokenHash) -> Result<LoginAttempt, Error> {
        Ok(LoginAttempt {
            state,
            browser,
            connection: ConnectionId(self.connection_id),
            purpose: if self.purpose == Purpose::Test.as_str() {
                Purpose::Test
            } else {
                Purpose::SignIn
            },
            return_to: self.return_to,
            expires_at: timestamp(self.expires_at)?,
        })
    }
}

impl Store {
    /// Notes that a browser has gone to a provider.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin_login(&self, tenant: TenantId, attempt: LoginAttempt) -> Result<(), Error> {
        self.write(tenant, async move |tx: &mut Tx| {
            tx.effects.wrote = true;
            execute!(
                tx.read.conn,
                "INSERT INTO login_attempts (tenant_id, state_hash, browser_hash, connection_id, purpose, return_to, \
                 expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                tx.read.tenant.0,
                attempt.state.0.as_slice(),
                attempt.browser.0.as_slice(),
                attempt.connection.0,
                attempt.purpose.as_str(),
                attempt.return_to.as_str(),
                micros(attempt.expires_at),
            )?;
            Ok::<_, Error>(())
        })
        .await
    }

    /// Takes the attempt that a browser began, in a transaction of its own; see [`Tx::take_login`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_login(
        &self,
        tenant: TenantId,
        state: TokenHash,
        browser: TokenHash,
    ) -> Result<Option<LoginAttempt>, Error> {
        self.write(tenant, async move |tx: &mut Tx| {
            tx.take_login(state, browser).await
        })
        .await
    }

    /// Removes what has expired: attempts, tickets, resets, guesses, sessions, what was kept to be used once only, access
    /// tokens, Idempotency-Keys, requests for guests, mail that is sent or given up, and refused
    /// sign-ins from before `forget`. A part at a time, so that a flood of them neither holds other writers nor runs out of time.
    ///
    /// # Errors
    /// The database failed; what was removed before stays removed.
    pub async fn purge_expired(&self, now: Timestamp, forget: Timestamp) -> Result<u64, Error> {
        let mut removed = 0;
        for (sql, before) in [
            (FORGET_REQUESTS, now - ANSWERED_WITHIN),
            (FORGET_MAIL, now - LISTED),
            (
                "DELETE FROM login_attempts WHERE (tenant_id, state_hash) IN \
                 (SELECT tenant_id, state_hash FROM login_attempts WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM unconfirmed_factors WHERE (tenant_id, holder) IN \
                 (SELECT tenant_id, holder FROM unconfirmed_factors WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM sessions WHERE (tenant_id, id) IN \
                 (SELECT tenant_id, id FROM sessions WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM consumed WHERE (tenant_id, hash) IN \
                 (SELECT tenant_id, hash FROM consumed WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM login_tickets WHERE (tenant_id, hash) IN \
                 (SELECT tenant_id, hash FROM login_tickets WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM password_resets WHERE (tenant_id, hash) IN \
                 (SELECT tenant_id, hash FROM password_resets WHERE expires_at <= $1 LIMIT 2000)",
                // Whoever comes with a link of yesterday is told that it has expired.
                now - Duration::from_hours(24),
            ),
            (
                "DELETE FROM guesses WHERE (tenant_id, purpose, account, browser) IN \
                 (SELECT tenant_id, purpose, account, browser FROM guesses WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM directory_tokens WHERE (tenant_id, id) IN \
                 (SELECT tenant_id, id FROM directory_tokens \
                 WHERE client_id IS NOT NULL AND expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM idempotency_keys WHERE (tenant_id, hash) IN \
                 (SELECT tenant_id, hash FROM idempotency_keys WHERE expires_at <= $1 LIMIT 2000)",
                now,
            ),
            (
                "DELETE FROM access_errors WHERE (tenant_id, reference) IN \
                 (SELECT tenant_id, reference FROM access_errors WHERE occurred_at <= $1 LIMIT 2000)",
                forget,
            ),
        ] {
            loop {
                // These rows are of every tenant; the nil id finds nothing in any tenant's table.
                let part = self.write(TenantId(Uuid::nil()), async move |tx: &mut Tx| {
                    tx.effects.wrote = true;
                    execute!(tx.read.conn, sql, micros(before))
                });
                let part = part.await?;
                removed += part;
                if part < 2000 {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

impl ReadTx {
    /// The attempt that a browser began, which stays there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_login(
        &mut self,
        state: TokenHash,
        browser: TokenHash,
    ) -> Result<Option<LoginAttempt>, Error> {
        fetch_optional!(
            self.conn,
            AttemptRow,
            "SELECT connection_id, purpose, return_to, expires_at FROM login_attempts \
             WHERE tenant_id = $1 AND state_hash = $2 AND browser_hash = $3",
            self.tenant.0,
            state.0.as_slice(),
            browser.0.as_slice(),
        )?
        .map(|row| row.into_attempt(state, browser))
        .transpose()
    }

    /// Whom a provider's subject leads to, deleted or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_linked_user(&mut self, identity: &IdentityKey) -> Result<Option<User>, Error> {
        fetch_optional!(
            self.conn,
            UserRow,
            select_user!(
                "JOIN identities i ON i.tenant_id = u.tenant_id AND i.user_id = u.id \
                 WHERE i.tenant_id = $1 AND i.connection_id = $2 AND i.issuer = $3 AND i.subject = $4"
            ),
            self.tenant.0,
            identity.connection.0,
            identity.issuer.as_str(),
            identity.subject.as_str(),
        )?
        .map(UserRow::into_user)
        .transpose()
    }

    /// The live people of a directory who have one of these ids at the provider.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_met_by_external_id(
        &mut self,
        directory: DirectoryId,
        external_ids: &[String],
    ) -> Result<Vec<Met>, Error> {
        let mut met: Vec<Met> = Vec::new();
        for external_id in external_ids {
            let row = fetch_optional!(
                self.conn,
                UserRow,
                select_user!(
                    "WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.external_id = $3 AND u.deleted_at IS NULL"
                ),
                self.tenant.0,
                directory.0,
                external_id.as_str(),
            )?;
            if let Some(row) = row
                && !met.iter().any(|known| known.user.id == UserId(row.id()))
            {
                met.push(self.meet(row).await?);
            }
        }
        Ok(met)
    }

    /// The live person of the tenant who has a userName.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_met_by_user_name(&mut self, user_name: &str) -> Result<Option<Met>, Error> {
        let row = fetch_optional!(
            self.conn,
            UserRow,
            select_user!("WHERE u.tenant_id = $1 AND u.user_name_key = $2 AND u.deleted_at IS NULL"),
            self.tenant.0,
            fold(user_name).as_ref(),
        )?;
        match row {
            Some(row) => Ok(Some(self.meet(row).await?)),
            None => Ok(None),
        }
    }

    /// Up to three live people of the tenant who have an e-mail address: one is found by it, several are not. Guests are not
    /// among them: what they are called is their home tenant's word, which opens and closes nothing here.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_met_by_email(&mut self, email: &str) -> Result<Vec<Met>, Error> {
        let rows = fetch_all!(
            self.conn,
            UserRow,
            select_user!(
                "WHERE u.tenant_id = $1 AND u.deleted_at IS NULL AND u.home_user_id IS NULL \
                 AND u.id IN (SELECT e.user_id FROM user_emails e \
                 WHERE e.tenant_id = $1 AND e.value_key = $2) ORDER BY u.id LIMIT 3"
            ),
            self.tenant.0,
            fold(email).as_ref(),
        )?;
        let mut met = Vec::new();
        for row in rows {
            met.push(self.meet(row).await?);
        }
        Ok(met)
    }

    /// Whether somebody who had one of these names or this address was deleted: by their directory (`Some(true)`), by
    /// hand (`Some(false)`), or nobody was. `hashes` are those of the names, by which people are known who were removed for
    /// good.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_gone(
        &mut self,
        directory: Option<DirectoryId>,
        external_ids: &[String],
        user_name: Option<&str>,
        email: Option<&str>,
        hashes: &[NameHash],
    ) -> Result<Option<bool>, Error> {
        let directory = directory.map(|id| id.0);
        for hash in hashes {
            let found: Option<(bool,)> = fetch_optional!(
                self.conn,
                (bool,),
                "SELECT by_directory FROM gone_names WHERE tenant_id = $1 AND hash = $2",
                self.tenant.0,
                hash.as_slice(),
            )?;
            if let Some((by_directory,)) = found {
                return Ok(Some(by_directory));
            }
        }
        if let Some(user_name) = user_name {
            let found: Option<(Option<Uuid>,)> = fetch_optional!(
                self.conn,
                (Option<Uuid>,),
                "SELECT directory_id FROM tombstones WHERE tenant_id = $1 AND user_name_key = $2 \
                 ORDER BY directory_id IS NULL LIMIT 1",
                self.tenant.0,
                fold(user_name).as_ref(),
            )?;
            if let Some((of,)) = found {
                return Ok(Some(of.is_some()));
            }
        }
        for external_id in external_ids {
            let found: Option<(Option<Uuid>,)> = fetch_optional!(
                self.conn,
                (Option<Uuid>,),
                "SELECT directory_id FROM tombstones WHERE tenant_id = $1 AND directory_id = $2 AND external_id = $3 \
                 LIMIT 1",
                self.tenant.0,
                directory,
                external_id.as_str(),
            )?;
            if let Some((of,)) = found {
                return Ok(Some(of.is_some()));
            }
        }
        if let Some(email) = email {
            let found: Option<(bool,)> = fetch_optional!(
                self.conn,
                (bool,),
                "SELECT u.provisioned FROM users u WHERE u.tenant_id = $1 AND u.deleted_at IS NOT NULL AND u.id IN \
                 (SELECT e.user_id FROM user_emails e WHERE e.tenant_id = $1 AND e.value_key = $2) \
                 ORDER BY u.provisioned DESC LIMIT 1",
                self.tenant.0,
                fold(email).as_ref(),
            )?;
            return Ok(found.map(|(provisioned,)| provisioned));
        }
        Ok(None)
    }

    async fn meet(&mut self, row: UserRow) -> Result<Met, Error> {
        let user = row.into_user()?;
        let rows: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT connection_id FROM identities WHERE tenant_id = $1 AND user_id = $2",
            self.tenant.0,
            user.id.0,
        )?;
        Ok(Met {
            user,
            linked: rows.into_iter().map(|(id,)| ConnectionId(id)).collect(),
        })
    }
}

impl Tx {
    /// Uses up what may be used once only; whether this was the first use. It is remembered until `expires_at`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn consume_once(&mut self, hash: TokenHash, expires_at: Timestamp) -> Result<bool, Error> {
        self.effects.wrote = true;
        let inserted = execute!(
            self.read.conn,
            "INSERT INTO consumed (tenant_id, hash, expires_at) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant_id, hash) DO NOTHING",
            self.read.tenant.0,
            hash.0.as_slice(),
            micros(expires_at),
        )?;
        Ok(inserted == 1)
    }

    /// Takes the attempt that a browser began, once: it is gone afterwards. A browser that did not begin it takes
    /// nothing and leaves it there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_login(
        &mut self,
        state: TokenHash,
        browser: TokenHash,
    ) -> Result<Option<LoginAttempt>, Error> {
        self.effects.wrote = true;
        fetch_optional!(
            self.read.conn,
            AttemptRow,
            "DELETE FROM login_attempts WHERE tenant_id = $1 AND state_hash = $2 AND browser_hash = $3 \
             RETURNING connection_id, purpose, return_to, expires_at",
            self.read.tenant.0,
            state.0.as_slice(),
            browser.0.as_slice(),
        )?
        .map(|row| row.into_attempt(state, browser))
        .transpose()
    }

    pub(super) async fn apply_sign_in(&mut self, fact: SignInFact) -> Result<(), Error> {
        match fact {
            SignInFact::IdentityLinked { identity, user, at } => {
                self.link_identity(&identity, user, at).await
            }
            SignInFact::SessionOpened(session) => {
                self.insert_session(&session).await?;
                let Proof::Sso { identity, said, .. } = &session.proof else {
                    return Ok(());
                };
                let key = |said: &Option<String>| said.as_deref().map(|name| fold(name).into_owned());
                execute!(
                    self.read.conn,
                    "UPDATE identities SET last_login_at = $5, said_user_name = $6, said_user_name_key = $7, \
                     said_email = $8, said_email_key = $9, said_external_id = $10 \
                     WHERE tenant_id = $1 AND connection_id = $2 AND issuer = $3 AND subject = $4",
                    self.read.tenant.0,
                    identity.connection.0,
                    identity.issuer.as_str(),
                    identity.subject.as_str(),
                    micros(session.created_at),
                    said.user_name.as_deref(),
                    key(&said.user_name),
                    said.email.as_deref(),
                    key(&said.email),
                    said.external_id.as_deref(),
                )?;
                Ok(())
            }
            SignInFact::SessionsEnded(ids) => self.delete_sessions(&ids).await,
        }
    }

    async fn link_identity(
        &mut self,
        identity: &IdentityKey,
        user: UserId,
        at: Timestamp,
    ) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO identities (tenant_id, connection_id, issuer, subject, user_id, created_at, last_login_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6) \
             ON CONFLICT (tenant_id, connection_id, issuer, subject) DO UPDATE SET user_id = $5, last_login_at = $6",
            self.read.tenant.0,
            identity.connection.0,
            identity.issuer.as_str(),
            identity.subject.as_str(),
            user.0,
            micros(at),
        )?;
        Ok(())
    }
}
