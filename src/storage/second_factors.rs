//! Authenticator apps, recovery codes, and secrets that wait for their first code.

use jiff::Timestamp;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::{
    Enrolling, GuessPurpose, NewFactor, OwnFactorTold, RecoveryHash, SealedSecret, SecondFactor,
    SecondFactorFact, UserId,
};

#[derive(sqlx::FromRow)]
struct FactorRow {
    secret: String,
    enrolled_at: i64,
    last_step: i64,
}

/// The bytes by which a row of `unconfirmed_factors` is found. A hash and an id differ in length.
fn holder(of: &Enrolling) -> &[u8] {
    match of {
        Enrolling::Ticket(hash) => &hash.0,
        Enrolling::Session(id) => id.0.as_bytes(),
    }
}

impl ReadTx {
    /// A person's authenticator app.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_second_factor(&mut self, user: UserId) -> Result<Option<SecondFactor>, Error> {
        let row = fetch_optional!(
            self.conn,
            FactorRow,
            "SELECT secret, enrolled_at, last_step FROM second_factors WHERE tenant_id = $1 AND user_id = $2",
            self.tenant.0,
            user.0,
        )?;
        row.map(|row| {
            Ok(SecondFactor {
                user,
                secret: SealedSecret(row.secret),
                enrolled_at: timestamp(row.enrolled_at)?,
                last_step: row.last_step,
            })
        })
        .transpose()
    }

    /// The recovery codes that a person has not used.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_recovery_codes(&mut self, user: UserId) -> Result<Vec<RecoveryHash>, Error> {
        let rows: Vec<(Vec<u8>,)> = fetch_all!(
            self.conn,
            (Vec<u8>,),
            "SELECT hash FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND used_at IS NULL",
            self.tenant.0,
            user.0,
        )?;
        let hashes = rows.into_iter().map(|(bytes,)| {
            let bytes = bytes
                .try_into()
                .map_err(|_| Error::Corrupt("hash of a recovery code".to_owned()))?;
            Ok(RecoveryHash(bytes))
        });
        hashes.collect()
    }

    /// The secret that was shown to somebody and waits for its first code.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_unconfirmed_factor(
        &mut self,
        of: Enrolling,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<SealedSecret>, Error> {
        let row: Option<(String,)> = fetch_optional!(
            self.conn,
            (String,),
            "SELECT secret FROM unconfirmed_factors WHERE tenant_id = $1 AND holder = $2 AND user_id = $3 \
             AND expires_at > $4",
            self.tenant.0,
            holder(&of),
            user.0,
            micros(now),
        )?;
        Ok(row.map(|(secret,)| SealedSecret(secret)))
    }
}

impl Tx {
    /// Keeps a secret that is shown to somebody until its first code comes, unless one was shown to them already that
    /// waits still: answers the one that holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn offer_factor(
        &mut self,
        to: Enrolling,
        user: UserId,
        secret: SealedSecret,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<SealedSecret, Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "INSERT INTO unconfirmed_factors (tenant_id, holder, user_id, secret, expires_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, holder) DO UPDATE SET user_id = $3, secret = $4, \
             expires_at = $5 WHERE unconfirmed_factors.expires_at <= $6 OR unconfirmed_factors.user_id <> $3",
            self.read.tenant.0,
            holder(&to),
            user.0,
            secret.0.as_str(),
            micros(expires_at),
            micros(now),
        )?;
        let held = self.read.find_unconfirmed_factor(to, user, now).await?;
        Ok(held.unwrap_or(secret))
    }

    /// Uses up the codes of a person's app up to a time step. `false` when a code of that step or a later one was taken
    /// already: of two uses at once one wins.
    ///
    /// # Errors
    /// The database failed.
    pub async fn advance_totp_step(&mut self, user: UserId, step: i64) -> Result<bool, Error> {
        self.effects.wrote = true;
        let touched = execute!(
            self.read.conn,
            "UPDATE second_factors SET last_step = $3 WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3",
            self.read.tenant.0,
            user.0,
            step,
        )?;
        Ok(touched == 1)
    }

    pub(super) async fn apply_second_factor(&mut self, fact: SecondFactorFact) -> Result<(), Error> {
        match fact {
            SecondFactorFact::RequiredSet { user, required } => {
                execute!(
                    self.read.conn,
                    "UPDATE users SET mfa_required = $3 WHERE tenant_id = $1 AND id = $2",
                    self.read.tenant.0,
                    user.0,
                    required,
                )?;
                Ok(())
            }
            SecondFactorFact::Enrolled { user, factor, told } => {
                self.delete_second_factor(user).await?;
                self.insert_second_factor(user, &factor, told.at).await?;
                self.follow_own_factor(user, told).await
            }
            SecondFactorFact::Removed { user, told } => {
                self.delete_second_factor(user).await?;
                self.follow_own_factor(user, told).await
            }
            SecondFactorFact::Reset {
                user,
                account,
                mail,
                at,
            } => {
                self.delete_second_factor(user).await?;
                self.forget_guesses_at(GuessPurpose::SecondFactor, &account)
                    .await?;
                self.end_access_but(user, None).await?;
                match mail {
                    Some(mail) => self.queue_mail(&mail, at).await.map(drop),
                    None => Ok(()),
                }
            }
            SecondFactorFact::RecoveryCodeUsed { user, hash, at } => {
                execute!(
                    self.read.conn,
                    "UPDATE recovery_codes SET used_at = $4 WHERE tenant_id = $1 AND user_id = $2 AND hash = $3 \
                     AND used_at IS NULL",
                    self.read.tenant.0,
                    user.0,
                    hash.0.as_slice(),
                    micros(at),
                )?;
                Ok(())
            }
            SecondFactorFact::RecoveryCodesRenewed { user, hashes } => {
                self.delete_recovery_codes(user).await?;
                self.insert_recovery_codes(user, &hashes).await
            }
        }
    }

    async fn follow_own_factor(&mut self, user: UserId, told: OwnFactorTold) -> Result<(), Error> {
        self.end_access_but(user, told.keep).await?;
        match told.mail {
            Some(mail) => self.queue_mail(&mail, told.at).await.map(drop),
            None => Ok(()),
        }
    }

    async fn insert_second_factor(
        &mut self,
        user: UserId,
        factor: &NewFactor,
        at: Timestamp,
    ) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO second_factors (tenant_id, user_id, secret, enrolled_at, last_step) VALUES ($1, $2, $3, $4, $5)",
            self.read.tenant.0,
            user.0,
            factor.secret.0.as_str(),
            micros(at),
            factor.step,
        )?;
        self.insert_recovery_codes(user, &factor.recovery_codes).await
    }

    async fn insert_recovery_codes(&mut self, user: UserId, hashes: &[RecoveryHash]) -> Result<(), Error> {
        for hash in hashes {
            execute!(
                self.read.conn,
                "INSERT INTO recovery_codes (tenant_id, user_id, hash) VALUES ($1, $2, $3)",
                self.read.tenant.0,
                user.0,
                hash.0.as_slice(),
            )?;
        }
        Ok(())
    }

    async fn delete_recovery_codes(&mut self, user: UserId) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
            self.read.tenant.0,
            user.0,
        )?;
        Ok(())
    }

    /// With the codes beside it, and with whatever was shown and not confirmed.
    pub(super) async fn delete_second_factor(&mut self, user: UserId) -> Result<(), Error> {
        self.delete_recovery_codes(user).await?;
        for sql in [
            "DELETE FROM unconfirmed_factors WHERE tenant_id = $1 AND user_id = $2",
            "DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2",
        ] {
            execute!(self.read.conn, sql, self.read.tenant.0, user.0)?;
        }
        Ok(())
    }
}
