//! The single SQLite writer. Callers that arrive together are committed together.
//!
//! Every body runs under a savepoint of its own, so a refusal, a failure, a panic or a hang is rolled back
//! alone; the answers go out after the batch's commit. With `synchronous = FULL` the commit's fsync is the
//! cost of a batch, not of a body.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
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
    answer: Answer,
}

struct Job {
    tenant: TenantId,
    body: BoxedBody,
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
        F: for<'c> Body<'c, T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<T, E>>();
        let body: BoxedBody = Box::new(move |tx| {
            let work = body(tx);
            Box::pin(async move {
                let result = work.await;
                let succeeded = result.is_ok();
                let answer: Answer = Box::new(move |committed| {
                    let result = match committed {
                        Ok(()) => result,
                        Err(error) => result.and(Err(E::from(error))),
                    };
                    // The caller may have hung up; the write stands all the same.
                    let _ = sender.send(result);
                });
                Outcome { succeeded, answer }
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
    let mut next = Some(first);
    let mut taken = 0;
    let mut state = Ok(());
    while let Some(job) = next.take() {
        let done = run_body(conn, job).await;
        conn = done.conn;
        effects.tokens_changed |= done.effects.tokens_changed;
        effects.audit.extend(done.effects.audit);
        answers.extend(done.answer);
        if let Err(error) = done.state {
            state = Err(error);
            break;
        }
        taken += 1;
        if taken < BATCH {
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

struct Done {
    conn: Conn,
    effects: Effects,
    answer: Option<Answer>,
    /// `Err` when the savepoint could not be kept apart: the batch must not be committed.
    state: Result<(), Error>,
}

async fn run_body(mut conn: Conn, job: Job) -> Done {
    if let Err(error) = execute!(conn, "SAVEPOINT body") {
        return Done {
            conn,
            effects: Effects::default(),
            answer: None,
            state: Err(error),
        };
    }
    let mut tx = Tx {
        read: ReadTx {
            tenant: job.tenant,
            conn,
        },
        effects: Effects::default(),
    };
    let body = AssertUnwindSafe(async { (job.body)(&mut tx).await });
    let outcome = match tokio::time::timeout(BODY_LIMIT, body.catch_unwind()).await {
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
    let mut state = Ok(());
    if !outcome.as_ref().is_some_and(|outcome| outcome.succeeded) {
        effects = Effects::default();
        // Fails when the database ended the whole transaction by itself, a full disk being the usual reason.
        state = execute!(conn, "ROLLBACK TO body").map(|_| ());
    }
    let state = match state {
        Ok(()) => execute!(conn, "RELEASE body").map(|_| ()),
        Err(error) => Err(error),
    };
    Done {
        conn,
        effects,
        answer: outcome.map(|outcome| outcome.answer),
        state,
    }
}
