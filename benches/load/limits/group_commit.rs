//! SQLite with WAL and `synchronous = FULL`: one writer that commits the rows of concurrent callers
//! together. It is what remains of a durable create when everything but the row is taken away.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{CALLERS, document};
use crate::arguments::Pace;
use crate::cpu::Meter;
use crate::measurement::{Measurement, Samples};

/// Rows that one commit takes at most.
const BATCH: usize = 128;

/// The key of a row to insert, and who waits for its commit.
struct Job {
    number: i64,
    committed: oneshot::Sender<()>,
}

/// Callers that insert a row each, wait for its commit and begin again.
///
/// # Errors
/// The database cannot be opened, or an insert or commit fails.
pub async fn measure(folder: &Path, pace: Pace) -> Result<Measurement> {
    let connection = open(folder).await?;
    let (queue, jobs) = mpsc::channel(1024);
    let numbers = Rc::new(Cell::new(0));
    let measured = Rc::new(Cell::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn_local(call(queue.clone(), Rc::clone(&numbers), Rc::clone(&measured)));
    }
    drop(queue);

    let measurement = async {
        sleep(pace.warm_up).await;
        let before = Meter::default().read()?;
        let started = Instant::now();
        measured.set(true);
        sleep(pace.measured).await;
        measured.set(false);
        let elapsed = started.elapsed();
        let times = Meter::default().read()?.since(before);
        // A negative number is never asked for: it tells the callers that it is over.
        numbers.set(i64::MIN);
        let mut samples = Samples::default();
        while let Some(more) = callers.join_next().await {
            samples.join(more?);
        }
        anyhow::Ok(Measurement::new(CALLERS, elapsed, samples, times))
    };
    // The writer ends with the last caller, so it may be waited for as well; its error ends the whole.
    let (measurement, ()) = tokio::try_join!(measurement, write(connection, jobs))?;
    Ok(measurement)
}

async fn open(folder: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("group-commit.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .context("cannot open SQLite")?;
    connection
        .execute(
            "CREATE TABLE people (
                id BLOB NOT NULL PRIMARY KEY,
                user_name_key TEXT NOT NULL UNIQUE,
                external_id TEXT NOT NULL UNIQUE,
                document TEXT NOT NULL
            ) STRICT",
        )
        .await?;
    Ok(connection)
}

async fn call(queue: mpsc::Sender<Job>, numbers: Rc<Cell<i64>>, measured: Rc<Cell<bool>>) -> Samples {
    let mut samples = Samples::default();
    while numbers.get() >= 0 {
        let number = numbers.get();
        numbers.set(number + 1);
        let (committed, commit) = oneshot::channel();
        let started = Instant::now();
        if queue.send(Job { number, committed }).await.is_err() || commit.await.is_err() {
            samples.fail("the writer is gone".to_owned());
            break;
        }
        if measured.get() {
            samples.succeed(started.elapsed());
        }
    }
    samples
}

async fn write(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) -> Result<()> {
    let document = document();
    let mut waiting = Vec::with_capacity(BATCH);
    while let Some(first) = jobs.recv().await {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
        let mut next = Some(first);
        while let Some(job) = next {
            sqlx::query(
                "INSERT INTO people (id, user_name_key, external_id, document) VALUES ($1, $2, $3, $4)",
            )
            // Ascending like a version 7 UUID.
            .bind(u128::from(job.number.unsigned_abs()).to_be_bytes().to_vec())
            .bind(format!("user{:08}@load.bench.example", job.number))
            .bind(format!("external-{:08}", job.number))
            .bind(document.as_str())
            .execute(&mut connection)
            .await?;
            waiting.push(job.committed);
            next = if waiting.len() < BATCH {
                jobs.try_recv().ok()
            } else {
                None
            };
        }
        sqlx::query("COMMIT").execute(&mut connection).await?;
        for committed in waiting.drain(..) {
            // A caller that was dropped does not want to know.
            let _ = committed.send(());
        }
    }
    connection.close().await?;
    Ok(())
}
