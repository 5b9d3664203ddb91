//! Where the doors read the clock and throw dice for what is handed on to rules.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::directory::{Actor, Origin, Source};

tokio::task_local! {
    /// The clock of the gateway that answers this request.
    static CLOCK: Clock;
}

/// Has a request answered by the gateway's clock.
pub async fn tell_time(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    CLOCK.scope(clock, next.run(request)).await
}

/// Has work that goes on without its request told the time by the same clock.
pub fn carry<T>(clock: Clock, work: impl Future<Output = T>) -> impl Future<Output = T> {
    CLOCK.scope(clock, work)
}

/// The time, by the clock of the gateway that answers the request; outside a request by the system's.
#[must_use]
pub fn now() -> Timestamp {
    CLOCK
        .try_with(Clock::now)
        .unwrap_or_else(|_| Clock::of_system().now())
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
