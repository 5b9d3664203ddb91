//! Where the doors read the clock and throw dice for what is handed on to rules.

use jiff::{Timestamp, Unit};
use uuid::Uuid;

use crate::directory::{Actor, Origin, Source};

/// The time, in whole milliseconds: what is shown, stored and compared is the same.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the doors are where time comes in")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

/// An id for something new. Ids grow with time, so lists by id are in order of creation.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the doors are where randomness comes in"
)]
pub fn random_id() -> Uuid {
    Uuid::now_v7()
}

/// The system gives no randomness. Each door answers it by a fault of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoRandomness;

/// 256 random bits for a token.
///
/// # Errors
/// [`NoRandomness`].
#[expect(
    clippy::disallowed_methods,
    reason = "the doors are where randomness comes in"
)]
pub fn random_bytes() -> Result<[u8; 32], NoRandomness> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// 96 random bits for a cipher that uses them once.
///
/// # Errors
/// [`NoRandomness`].
pub fn random_nonce() -> Result<[u8; 12], NoRandomness> {
    let random = random_bytes()?;
    random.first_chunk().copied().ok_or(NoRandomness)
}

/// Where and when a request comes from.
#[must_use]
pub fn origin(actor: Actor, source: Source, request_id: &str) -> Origin {
    Origin {
        actor,
        source,
        request_id: request_id.to_owned(),
        at: now(),
    }
}
