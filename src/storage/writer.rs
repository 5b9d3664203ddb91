//! The single SQLite writer. Callers that arrive together are committed together, and answered after the commit:
//! with `synchronous = FULL` its fsync is the cost of a batch, not of a body.
//!
//! Rules decide before they write, so a body that fails has hardly ever written. Batches therefore run without
//! savepoints, which would be a third of their statements. When a body does fail after a write, by an error, a panic
//! or a time-out, its batch is rolled back and run again with a savepoint around each body, so that it fails alone.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use super::audit::write_audit;
use super::engine::{Conn, execute};
use super::error::Error;
use super::tx::{Body, Effects, ReadTx, Tx, WriteError};
use crate::directory::TenantId;

/// How many bodies one commit takes at most, so that the first of them does not wait for long.
const BATCH: usize = 128;
/// How long one body may take before it is rolled back.
const BODY_LIMIT: Duration = Duration::from_secs(10);

type BodyFuture<'c> = Pin<Box<dyn Future<Output = Outcome> + Send + 'c>>;
type BoxedBody = Box<dyn for<'c> FnOnce(&'c mut Tx) -> BodyFuture<'c> + Send>;
/// Tells the caller; `Err` when the commit failed after the body had succeeded.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;

struct Outcome {
    succeeded: bool,
    /// The database failed, and may have ended the whole transaction by itself.
    failed_in_storage: bool,
    answer: Answer,
}

struct Job {
    tenant: TenantId,
    /// Makes the body, once for each run.
    body: Box<dyn FnMut() -> BoxedBody + Send>,
}

enum Message {
    Write(Job),
    /// Closes the database file properly; nothing is written after it.
    Close(oneshot::Sender<()>),
}

/// The way to the writer task. The task ends when it is closed or the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    pub(super) async fn start(
        pool: &SqlitePool,
        after_commit: impl Fn(&Effects) + Send + 'static,
    ) -> Result<Self, Error> {
        let conn = Conn::Sqlite(pool.acquire().await?);
        let (queue, jobs) = mpsc::channel(1024);
        tokio::spawn(run(conn, jobs, after_commit));
        Ok(Self { queue })
    }

    pub(super) async fn write<T, E, F>(&self, tenant: TenantId, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WriteError,
        F: for<'c> Body<'c, T, E> + Clone + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<T, E>>();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let body = Box::new(move || -> BoxedBody {
            let (body, sender) = (body.clone(), Arc::clone(&sender));
            Box::new(move |tx| {
                let work = body(tx);
                Box::pin(async move {
                    let result = work.await;
                    let succeeded = result.is_ok();
                    let failure = result.as_ref().err().and_then(WriteError::storage);
                    let failed_in_storage = failure.is_some_and(|error| !matches!(error, Error::Refused(_)));
                    let answer: Answer = Box::new(move |committed| {
                        let result = match committed {
                            Ok(()) => result,
                            Err(error) => result.and(Err(E::from(error))),
                        };
                        if let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
                            // The caller may have hung up; the write stands all the same.
                            let _ = sender.send(result);
                        }
                    });
                    Outcome {
                        succeeded,
                        failed_in_storage,
                        answer,
                    }
                })
            })
        });
        self.queue
            .send(Message::Write(Job { tenant, body }))
            .await
            .map_err(|_| E::from(Error::Aborted))?;
        receiver.await.unwrap_or_else(|_| Err(E::from(Error::Aborted)))
    }

    /// Waits for what is queued and closes the file.
    pub(super) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.queue.send(Message::Close(closed)).await.is_ok() {
            // An error says that the task is gone already.
            let _ = done.await;
        }
    }
}

async fn run(
    mut conn: Conn,
    mut queue: mpsc::Receiver<Message>,
    after_commit: impl Fn(&Effects) + Send + 'static,
) {
    while let Some(message) = queue.recv().await {
        let first = match message {
            Message::Write(job) => job,
            Message::Close(closed) => return close(conn, closed).await,
        };
        let done = batch(conn, first, &mut queue).await;
        conn = done.conn;
        if done.committed.is_ok() {
            after_commit(&done.effects);
        }
        let reason = done.committed.err().map(|error| error.to_string());
        for answer in done.answers {
            answer(reason.as_ref().map_or(Ok(()), |reason| {
                Err(Error::Database(sqlx::Error::Protocol(format!(
                    "commit failed: {reason}"
                ))))
            }));
        }
        if let Some(closed) = done.close {
            return close(conn, closed).await;
        }
    }
}

/// The last connection to go folds the write-ahead log into the database file.
async fn close(conn: Conn, closed: oneshot::Sender<()>) {
    if let Conn::Sqlite(conn) = conn
        && let Err(error) = conn.close().await
    {
        tracing::warn!(%error, "could not close the database file");
    }
    let _ = closed.send(());
}

/// What a batch came to.
struct Batch {
    conn: Conn,
    effects: Effects,
    answers: Vec<Answer>,
    committed: Result<(), Error>,
    /// The word to close, met while the batch was being filled.
    close: Option<oneshot::Sender<()>>,
}

async fn batch(mut conn: Conn, first: Job, queue: &mut mpsc::Receiver<Message>) -> Batch {
    let mut effects = Effects::default();
    let mut answers = Vec::new();
    let mut close = None;
    if let Err(error) = execute!(conn, "BEGIN IMMEDIATE") {
        // The body was not run: dropping a job drops its sender, and its caller is told `Aborted`.
        tracing::error!(%error, "the SQLite writer could not begin a transaction");
        return Batch {
            conn,
            effects,
            answers,
            committed: Err(error),
            close,
        };
    }
    let mut jobs = Vec::new();
    let mut next = Some(first);
    let mut state = Ok(());
    while let Some(mut job) = next.take() {
        let (tenant, body) = (job.tenant, (job.body)());
        jobs.push(job);
        let done = run_body(conn, tenant, body, false).await;
        conn = done.conn;
        if done.has_to_be_undone {
            effects = Effects::default();
            answers.clear();
            (conn, state) = run_again(conn, &mut jobs, &mut effects, &mut answers).await;
            break;
        }
        effects.join(done.effects);
        answers.extend(done.answer);
        if jobs.len() < BATCH {
            match queue.try_recv() {
                Ok(Message::Write(job)) => next = Some(job),
                Ok(Message::Close(closed)) => close = Some(closed),
                Err(_) => {}
            }
        }
    }
    if state.is_ok() {
        state = write_audit(&mut conn, &effects.audit).await;
    }
    let committed = match state {
        Ok(()) => execute!(conn, "COMMIT").map(|_| ()),
        Err(error) => Err(error),
    };
    if let Err(error) = &committed {
        tracing::error!(%error, "a batch of writes was lost as a whole");
        // A transaction that is still open would swallow every later BEGIN; where the database has ended it
        // already, this fails and nothing is left to do.
        let _ = execute!(conn, "ROLLBACK");
    }
    Batch {
        conn,
        effects,
        answers,
        committed,
        close,
    }
}

/// Rolls a batch back and runs it again with each body apart.
async fn run_again(
    mut conn: Conn,
    jobs: &mut [Job],
    effects: &mut Effects,
    answers: &mut Vec<Answer>,
) -> (Conn, Result<(), Error>) {
    for sql in ["ROLLBACK", "BEGIN IMMEDIATE"] {
        // The database may have ended the transaction by itself, a full disk being the usual reason: then there is
        // nothing to roll back, and what matters is that a new one begins.
        let done = execute!(conn, sql);
        if let (Err(error), "BEGIN IMMEDIATE") = (done, sql) {
            return (conn, Err(error));
        }
    }
    for job in jobs {
        let (tenant, body) = (job.tenant, (job.body)());
        let done = run_body(conn, tenant, body, true).await;
        conn = done.conn;
        effects.join(done.effects);
        answers.extend(done.answer);
        if done.state.is_err() {
            return (conn, done.state);
        }
    }
    (conn, Ok(()))
}

struct Done {
    conn: Conn,
    effects: Effects,
    answer: Option<Answer>,
    /// The body failed after a write or in the database, and no savepoint has taken anything back.
    has_to_be_undone: bool,
    /// `Err` when the savepoint could not be kept apart: the batch must not be committed.
    state: Result<(), Error>,
}

async fn run_body(mut conn: Conn, tenant: TenantId, body: BoxedBody, apart: bool) -> Done {
    if apart && let Err(error) = execute!(conn, "SAVEPOINT body") {
        let effects = Effects::default();
        return Done {
            conn,
            effects,
            answer: None,
            has_to_be_undone: false,
            state: Err(error),
        };
    }
    let mut tx = Tx {
        read: ReadTx { tenant, conn },
        effects: Effects::default(),
    };
    let work = AssertUnwindSafe(async { body(&mut tx).await });
    let outcome = match tokio::time::timeout(BODY_LIMIT, work.catch_unwind()).await {
        Ok(Ok(outcome)) => Some(outcome),
        Ok(Err(_)) => {
            tracing::error!("the body of a write panicked and was rolled back");
            None
        }
        Err(_) => {
            tracing::error!("the body of a write took longer than {BODY_LIMIT:?} and was rolled back");
            None
        }
    };
    let (mut conn, mut effects) = (tx.read.conn, tx.effects);
    let succeeded = outcome.as_ref().is_some_and(|outcome| outcome.succeeded);
    let failed_in_storage = outcome.as_ref().is_some_and(|outcome| outcome.failed_in_storage);
    let has_to_be_undone = !apart && !succeeded && (effects.wrote || failed_in_storage);
    let mut state = Ok(());
    if !succeeded {
        effects = Effects::default();
    }
    if apart && !succeeded {
        state = execute!(conn, "ROLLBACK TO body").map(|_| ());
    }
    if apart && state.is_ok() {
        state = execute!(conn, "RELEASE body").map(|_| ());
    }
    Done {
        conn,
        effects,
        answer: outcome.map(|outcome| outcome.answer),
        has_to_be_undone,
        state,
    }
}
