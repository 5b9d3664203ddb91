//! What a sign-in by password leaves behind for a while: tickets of those who have more to prove, and guesses.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::registry::TokenHash;
use crate::directory::{Aim, GuessPurpose, Guesses, SessionId, TenantId, UserId, guess};

/// Somebody whose password was right and who has more to do before the session opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginTicket {
    /// What the ticket hashes to.
    pub hash: TokenHash,
    /// Who.
    pub user: UserId,
    /// Whether a second factor was right too.
    pub second_factor: bool,
    /// Which tenant they sign in to.
    pub aim: Aim,
    /// From when on it is void.
    pub expires_at: Timestamp,
}

/// Under what a guess is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuessKey {
    /// What is guessed.
    pub purpose: GuessPurpose,
    /// The name that it is guessed under, hashed: there need not be such an account.
    pub account: TokenHash,
    /// Who guesses.
    pub by: Guesser,
}

/// Who guesses, as far as it is known. Guesses of each kind count together: who has many browsers has no more guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guesser {
    /// Anybody.
    Stranger,
    /// Whoever sits at one of the browsers in which the account has signed in.
    Known,
    /// Whoever holds an open session.
    Session(SessionId),
}

impl GuessKey {
    /// The bytes of the column `browser`.
    fn browser(&self) -> &[u8] {
        match &self.by {
            Guesser::Stranger => &[],
            Guesser::Known => b"known",
            Guesser::Session(id) => id.0.as_bytes(),
        }
    }
}

impl ReadTx {
    /// A ticket, if its person's access has not ended since it was given out. Times are the caller's to judge.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_login_ticket(&mut self, hash: &TokenHash) -> Result<Option<LoginTicket>, Error> {
        let found: Option<(Uuid, bool, i64, Option<Uuid>, bool)> = fetch_optional!(
            self.conn,
            (Uuid, bool, i64, Option<Uuid>, bool),
            "SELECT t.user_id, t.second_factor, t.expires_at, t.host_tenant_id, t.choosing FROM login_tickets t \
             JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id \
             WHERE t.tenant_id = $1 AND t.hash = $2 AND t.epoch = u.access_epoch",
            self.tenant.0,
            hash.0.as_slice(),
        )?;
        found
            .map(|(user, second_factor, expires_at, host, choosing)| {
                Ok(LoginTicket {
                    hash: *hash,
                    user: UserId(user),
                    second_factor,
                    aim: match host {
                        Some(host) => Aim::Guest(TenantId(host)),
                        None if choosing => Aim::Choose,
                        None => Aim::Home,
                    },
                    expires_at: timestamp(expires_at)?,
                })
            })
            .transpose()
    }
}

impl Tx {
    /// Counts a guess as a wrong one before it is looked at: of many at once each sees the ones before. `Err` inside says
    /// until when no guess is looked at.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin_guess(
        &mut self,
        key: &GuessKey,
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, Error> {
        let before = self.find_guesses_for_update(key, now).await?;
        match guess::begin(before, now) {
            Ok(guesses) => {
                self.save_guesses(key, guesses, now).await?;
                Ok(Ok(()))
            }
            Err(until) => Ok(Err(until)),
        }
    }

    /// Takes back a guess that was counted and that nobody could look at.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_back_guess(&mut self, key: &GuessKey, now: Timestamp) -> Result<(), Error> {
        match self.find_guesses_for_update(key, now).await? {
            Some(counted) => self.save_guesses(key, guess::take_back(counted, now), now).await,
            None => Ok(()),
        }
    }

    /// Gives out a ticket under the access epoch that its person has at this moment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_login_ticket(&mut self, ticket: &LoginTicket) -> Result<(), Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "INSERT INTO login_tickets (tenant_id, hash, user_id, epoch, second_factor, expires_at, \
             host_tenant_id, choosing) SELECT $1, $2, $3, access_epoch, $4, $5, $6, $7 FROM users WHERE tenant_id = $1 AND id = $3",
            self.read.tenant.0,
            ticket.hash.0.as_slice(),
            ticket.user.0,
            ticket.second_factor,
            micros(ticket.expires_at),
            match ticket.aim {
                Aim::Guest(host) => Some(host.0),
                Aim::Home | Aim::Choose => None,
            },
            ticket.aim == Aim::Choose,
        )?;
        Ok(())
    }

    /// Uses a ticket up; whether it was there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_login_ticket(&mut self, hash: &TokenHash) -> Result<bool, Error> {
        self.effects.wrote = true;
        let taken = execute!(
            self.read.conn,
            "DELETE FROM login_tickets WHERE tenant_id = $1 AND hash = $2",
            self.read.tenant.0,
            hash.0.as_slice(),
        )?;
        Ok(taken == 1)
    }

    /// Forgets wrong guesses: the one at hand was right.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_guesses(&mut self, key: &GuessKey) -> Result<(), Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "DELETE FROM guesses WHERE tenant_id = $1 AND purpose = $2 AND account = $3 AND browser = $4",
            self.read.tenant.0,
            key.purpose.as_str(),
            key.account.0.as_slice(),
            key.browser(),
        )?;
        Ok(())
    }

    /// Forgets what was guessed under a name for one purpose, by whomever.
    pub(super) async fn forget_guesses_at(
        &mut self,
        purpose: GuessPurpose,
        account: &TokenHash,
    ) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM guesses WHERE tenant_id = $1 AND purpose = $2 AND account = $3",
            self.read.tenant.0,
            purpose.as_str(),
            account.0.as_slice(),
        )?;
        Ok(())
    }

    /// The row is made if it is not there, since only a row can be locked.
    async fn find_guesses_for_update(
        &mut self,
        key: &GuessKey,
        now: Timestamp,
    ) -> Result<Option<Guesses>, Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "INSERT INTO guesses (tenant_id, purpose, account, browser, failures, closed_to, expires_at) \
             VALUES ($1, $2, $3, $4, 0, 0, 0) \
             ON CONFLICT (tenant_id, purpose, account, browser) DO NOTHING",
            self.read.tenant.0,
            key.purpose.as_str(),
            key.account.0.as_slice(),
            key.browser(),
        )?;
        let sql = if self.read.conn.locks_rows() {
            "SELECT failures, closed_to, expires_at FROM guesses \
             WHERE tenant_id = $1 AND purpose = $2 AND account = $3 AND browser = $4 FOR UPDATE"
        } else {
            "SELECT failures, closed_to, expires_at FROM guesses \
             WHERE tenant_id = $1 AND purpose = $2 AND account = $3 AND browser = $4"
        };
        let found: Option<(i64, i64, i64)> = fetch_optional!(
            self.read.conn,
            (i64, i64, i64),
            sql,
            self.read.tenant.0,
            key.purpose.as_str(),
            key.account.0.as_slice(),
            key.browser(),
        )?;
        let live = found.filter(|(failures, _, expires_at)| *failures > 0 && *expires_at > micros(now));
        live.map(|(failures, closed_to, _)| {
            Ok(Guesses {
                failures: u32::try_from(failures).unwrap_or(u32::MAX),
                closed_to: timestamp(closed_to)?,
            })
        })
        .transpose()
    }

    async fn save_guesses(&mut self, key: &GuessKey, guesses: Guesses, now: Timestamp) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE guesses SET failures = $5, closed_to = $6, expires_at = $7 \
             WHERE tenant_id = $1 AND purpose = $2 AND account = $3 AND browser = $4",
            self.read.tenant.0,
            key.purpose.as_str(),
            key.account.0.as_slice(),
            key.browser(),
            i64::from(guesses.failures),
            micros(guesses.closed_to),
            micros(now + guess::REMEMBERED),
        )?;
        Ok(())
    }
}
