//! What identity providers have asked: noted at the door in memory, written down by a job, read by administrators.
//!
//! It owns the request log, its counts, and the health that is judged from them. Noting costs a request no wait and
//! writes nothing; what comes in a flood is counted and not kept. Secrets are removed before anything is written. It
//! must not change what a request is about, and it knows neither HTTP nor SQL.

mod buffer;
mod entry;
mod error;
mod flush;
mod health;
mod limits;
mod log;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as TurnByTurn;

pub use entry::{Bytes, Caller, NotedBody, NotedError, NotedRequest};
pub use error::Error;
pub use health::{DirectoryHealth, UntouchedPeople};
pub use limits::Limits;
pub use log::Stretch;

use crate::scim::redaction::Secrets;
use crate::scim::schema;
use crate::storage::Store;
use buffer::Buffer;
use flush::Unpruned;

/// What every token of the gateway begins with (`auth::bearer::TokenKind::prefix`).
const TOKEN_PREFIX: &str = "rollcall_";

/// Requests that were counted and are not in the log.
pub const UNLOGGED: &str = "rollcall_scim_requests_unlogged_total";

/// Registers the help texts with the installed recorder.
pub fn describe() {
    metrics::describe_counter!(
        UNLOGGED,
        "SCIM requests that were counted and are not in the request log, because too many came at once"
    );
}

/// The request log of a node. Clones share it.
#[derive(Clone)]
pub struct Journal {
    store: Store,
    limits: Limits,
    secrets: Arc<Secrets>,
    buffer: Arc<Mutex<Buffer>>,
    /// Held while what was noted is written down: whoever waits for it reads what was noted before. What has grown
    /// since it was pruned last is in it.
    turn: Arc<TurnByTurn<Unpruned>>,
}

impl Journal {
    /// The log on this store, within these limits.
    #[must_use]
    pub fn new(store: Store, limits: Limits) -> Self {
        Self {
            store,
            limits,
            secrets: Arc::new(Secrets::of([schema::user(), schema::group()], TOKEN_PREFIX)),
            buffer: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Notes a request that was answered. Nothing is written yet.
    pub fn note(&self, request: NotedRequest) {
        let request = request.cut(self.limits.body);
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.note(request, &self.limits);
    }
}
