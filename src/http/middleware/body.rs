//! Reading a request body without letting callers decide how much memory or time that takes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Bodies up to this many bytes are read without asking the budget: nearly all are, and they must not wait behind
/// a few large ones. The limit on requests in flight bounds their sum.
const FREE: usize = 64 * 1024;

/// How long a body may take in all.
const WHOLE_BODY: Duration = Duration::from_secs(25);

/// How much of a body that is too long is read all the same, so that the client gets to read the answer.
const DISCARDED: usize = 64 * 1024 * 1024;

/// How long that may take.
const DISCARDING: Duration = Duration::from_secs(10);

/// After this long without a byte the client is waiting for the answer.
const SILENCE: Duration = Duration::from_millis(500);

/// Bytes per permit: semaphores count in `u32`.
const UNIT: usize = 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit, as declared or as sent (413).
    #[error("the body is larger than allowed")]
    TooLarge,
    /// The client sent nothing for longer than allowed (408).
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The connection broke, or the framing of the body is wrong (400).
    #[error("the body could not be read")]
    Broken,
    /// Large bodies of other requests held the memory for longer than a client may be silent (503, try again).
    #[error("too many large bodies are being read at once")]
    Busy,
}

/// Memory that the large bodies of all requests share, and how long each may wait. Clones share one budget.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    units: Arc<Semaphore>,
    total: u32,
    patience: Duration,
}

impl BodyBudget {
    /// A budget of `bytes`, rounded down to KiB. A single body that needs more than the whole budget takes the
    /// whole budget, so that a small one delays large bodies but does not refuse them for ever. `patience` is
    /// how long a client may send nothing, and how long a body may wait for memory.
    #[must_use]
    pub fn new(bytes: usize, patience: Duration) -> Self {
        let total = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self {
            units: Arc::new(Semaphore::new(total as usize)),
            total,
            patience,
        }
    }

    async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let units = u32::try_from(bytes.div_ceil(UNIT))
            .unwrap_or(u32::MAX)
            .min(self.total);
        let acquired = timeout(self.patience, Arc::clone(&self.units).acquire_many_owned(units)).await;
        // The semaphore is never closed; were it, the memory would be just as unavailable.
        acquired
            .map_err(|_| BodyError::Busy)?
            .map_err(|_| BodyError::Busy)
    }
}

impl Default for BodyBudget {
    /// 256 MiB and 20 seconds.
    fn default() -> Self {
        Self::new(256 * 1024 * 1024, Duration::from_secs(20))
    }
}

/// Reads `body` to its end, at most `limit` bytes. `content_length` is the declared length, if any.
///
/// The first 64 KiB are read freely. What goes on is charged to the budget in one step, the declared length or
/// else `limit`, and given back when the last clone of the returned bytes is dropped. One step, because two
/// bodies that each hold a part and wait for the rest would wait for ever; after the first 64 KiB, because a
/// client should send something before others have to wait for it.
///
/// # Errors
/// [`BodyError`]. What was read is dropped.
pub async fn read_body(
    budget: &BodyBudget,
    body: Body,
    content_length: Option<u64>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    // Before the limit on the whole request, so that a slow client is told that it is the slow one.
    let whole = timeout(WHOLE_BODY, read_frames(budget, body, content_length, limit));
    whole.await.map_err(|_| BodyError::TimedOut)?
}

async fn read_frames(
    budget: &BodyBudget,
    mut body: Body,
    content_length: Option<u64>,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let declared = content_length.or(body.size_hint().exact());
    let declared = declared.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if declared.is_some_and(|length| length > limit) {
        discard(body).await;
        return Err(BodyError::TooLarge);
    }
    let expected = declared.unwrap_or(limit);
    let mut read = Vec::with_capacity(declared.unwrap_or(0).min(FREE));
    let mut charged = None;
    while let Some(frame) = timeout(budget.patience, body.frame())
        .await
        .map_err(|_| BodyError::TimedOut)?
    {
        // What is not data is trailers, which mean nothing here.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        let length = read.len() + data.len();
        if length > limit {
            discard(body).await;
            return Err(BodyError::TooLarge);
        }
        if length > expected {
            // The charge below was for the declared length.
            return Err(BodyError::Broken);
        }
        if length > FREE && charged.is_none() {
            charged = Some(budget.reserve(expected).await?);
            // Only a declared length is worth allocating at once: chunked bodies are rarely near the limit.
            read.reserve_exact(declared.map_or(0, |declared| declared - read.len()));
        }
        read.extend_from_slice(&data);
    }
    Ok(match charged {
        None => read.into(),
        Some(permit) => Bytes::from_owner(Charged {
            read,
            _permit: permit,
        }),
    })
}

/// Reads on without keeping anything, within bounds: a client that is still sending when the connection is closed is told
/// of a broken pipe by its own system, and never reads that its body was too large.
async fn discard(mut body: Body) {
    let mut left = DISCARDED;
    let all = async {
        while let Ok(Some(Ok(frame))) = timeout(SILENCE, body.frame()).await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // Whatever is not read by then is the client's own fault.
    let _ = timeout(DISCARDING, all).await;
}

/// A body that gives its memory back to the budget when it goes.
struct Charged {
    read: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.read
    }
}
