//! The first answers to requests that carry an Idempotency-Key, and who is working on one.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_optional};
use super::error::Error;
use super::tx::Tx;

/// What a request claims: to be the first one of its key.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Of the caller and their key.
    pub hash: [u8; 32],
    /// Of what the request asks for.
    pub fingerprint: [u8; 32],
    /// Tells this claim from others of the same key.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Until when nobody else may take it over.
    pub leased_until: Timestamp,
    /// When the key is forgotten.
    pub expires_at: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is the first one.
    First,
    /// Another request is at work, until then at the longest.
    InProgress(Timestamp),
    /// The key belongs to a request for something else.
    Other,
    /// It was answered, so; sealed.
    Answered(String),
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    fingerprint: Vec<u8>,
    leased_until: i64,
    answer: Option<String>,
    expires_at: i64,
}

impl Tx {
    /// Claims an Idempotency-Key, one that has expired or was abandoned too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim_idempotency_key(&mut self, claim: &Claim) -> Result<Claimed, Error> {
        self.effects.wrote = true;
        let inserted = execute!(
            self.read.conn,
            "INSERT INTO idempotency_keys (tenant_id, hash, fingerprint, claim, leased_until, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, hash) DO NOTHING",
            self.read.tenant.0,
            claim.hash.as_slice(),
            claim.fingerprint.as_slice(),
            claim.id,
            micros(claim.leased_until),
            micros(claim.expires_at),
        )?;
        if inserted == 1 {
            return Ok(Claimed::First);
        }
        let sql = if self.read.conn.locks_rows() {
            "SELECT fingerprint, leased_until, answer, expires_at FROM idempotency_keys \
             WHERE tenant_id = $1 AND hash = $2 FOR UPDATE"
        } else {
            "SELECT fingerprint, leased_until, answer, expires_at FROM idempotency_keys \
             WHERE tenant_id = $1 AND hash = $2"
        };
        let found: Option<KeyRow> = fetch_optional!(
            self.read.conn,
            KeyRow,
            sql,
            self.read.tenant.0,
            claim.hash.as_slice(),
        )?;
        let Some(row) = found else {
            // It was given back or removed between the two statements; whoever asks again is the first.
            return Ok(Claimed::InProgress(claim.at));
        };
        if timestamp(row.expires_at)? > claim.at {
            if row.fingerprint != claim.fingerprint {
                return Ok(Claimed::Other);
            }
            if let Some(answer) = row.answer {
                return Ok(Claimed::Answered(answer));
            }
            let leased_until = timestamp(row.leased_until)?;
            if leased_until > claim.at {
                return Ok(Claimed::InProgress(leased_until));
            }
        }
        execute!(
            self.read.conn,
            "UPDATE idempotency_keys SET fingerprint = $3, claim = $4, leased_until = $5, answer = NULL, expires_at = $6 \
             WHERE tenant_id = $1 AND hash = $2",
            self.read.tenant.0,
            claim.hash.as_slice(),
            claim.fingerprint.as_slice(),
            claim.id,
            micros(claim.leased_until),
            micros(claim.expires_at),
        )?;
        Ok(Claimed::First)
    }

    /// Keeps the sealed answer to a claim, unless somebody else has taken it over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_idempotent_answer(&mut self, claim: &Claim, sealed: &str) -> Result<(), Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "UPDATE idempotency_keys SET answer = $4 WHERE tenant_id = $1 AND hash = $2 AND claim = $3",
            self.read.tenant.0,
            claim.hash.as_slice(),
            claim.id,
            sealed,
        )?;
        Ok(())
    }

    /// Gives a claim back: the next request of the key is the first one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_idempotency_key(&mut self, claim: &Claim) -> Result<(), Error> {
        self.effects.wrote = true;
        execute!(
            self.read.conn,
            "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND hash = $2 AND claim = $3 AND answer IS NULL",
            self.read.tenant.0,
            claim.hash.as_slice(),
            claim.id,
        )?;
        Ok(())
    }
}
