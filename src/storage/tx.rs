//! Transactions: reading, and the write closure.

use std::future::Future;
use std::ops::{Deref, DerefMut};

use super::engine::Conn;
use super::error::Error;
use crate::directory::{AuditEntry, TenantId};

/// A view of one tenant for reading. Each statement sees the newest committed state.
#[derive(Debug)]
pub struct ReadTx {
    pub(super) tenant: TenantId,
    pub(super) conn: Conn,
}

/// A write transaction of one tenant. It reads like a [`ReadTx`] and writes facts by [`Tx::apply`] alone.
///
/// Reads named `_for_update` lock what they find, so that what was read is still so at the commit.
#[derive(Debug)]
pub struct Tx {
    pub(super) read: ReadTx,
    pub(super) effects: Effects,
}

/// What a transaction leaves to do at its end.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Something was written, so a failure has something to take back.
    pub(super) wrote: bool,
    /// Audit entries to write right before the commit.
    pub(super) audit: Vec<(TenantId, AuditEntry)>,
    /// What a token opens changed: once this is committed, no node may go on with what it remembers.
    pub(super) tokens_changed: bool,
    /// What jobs have to do once this is committed.
    pub(super) queued: Queued,
    /// How many people were loaded to have their grants aligned.
    pub(super) followers: usize,
}

/// Work that was left to jobs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Queued {
    /// Mail.
    pub(super) mail: bool,
    /// Grants to be aligned.
    pub(super) alignment: bool,
}

impl Effects {
    /// Adds what another transaction of the same batch leaves to do.
    pub(super) fn join(&mut self, other: Self) {
        self.wrote |= other.wrote;
        self.audit.extend(other.audit);
        self.tokens_changed |= other.tokens_changed;
        self.queued.mail |= other.queued.mail;
        self.queued.alignment |= other.queued.alignment;
        self.followers += other.followers;
    }
}

impl Deref for Tx {
    type Target = ReadTx;

    fn deref(&self) -> &ReadTx {
        &self.read
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut ReadTx {
        &mut self.read
    }
}

impl ReadTx {
    /// The tenant that every statement of this view is bound to.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// The body of a write: an async closure over the transaction.
///
/// Written as a trait of its own because the future of `AsyncFnOnce(&mut Tx)` cannot be named as `Send`.
pub trait Body<'c, T, E>: FnOnce(&'c mut Tx) -> Self::Fut {
    /// The closure's future.
    type Fut: Future<Output = Result<T, E>> + Send + 'c;
}

impl<'c, T, E, F, Fut> Body<'c, T, E> for F
where
    F: FnOnce(&'c mut Tx) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'c,
{
    type Fut = Fut;
}

/// An error that the body of a write may end with.
pub trait WriteError: From<Error> + Send + 'static {
    /// The storage error inside, if that is what it is: it decides whether the body is run again.
    fn storage(&self) -> Option<&Error>;
}

impl WriteError for Error {
    fn storage(&self) -> Option<&Error> {
        Some(self)
    }
}
