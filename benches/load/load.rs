//! The load loop: as many connections as wanted on one thread, each waiting for its answer before it asks
//! again (closed loop). One thread, because the machine's cores belong to the server that is measured.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Connection, Response};
use crate::cpu::Meter;
use crate::measurement::{Measurement, Samples};

/// How long the answers that are under way at the end of a run are waited for.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
/// A connection that fails this often in a row gives up; its server is gone.
const FAILURES: u32 = 20;

/// The requests of one connection.
pub trait Source {
    /// The next request, complete; `None` when there is nothing more to ask.
    fn next(&mut self) -> Option<&[u8]>;

    /// Whether this is a right answer to the last request. It may look closely at some answers only.
    ///
    /// # Errors
    /// What is wrong with it. Each counts as an error of the run.
    fn judge(&mut self, response: Response<'_>) -> Result<(), String>;
}

/// When a run is measured and when it ends.
#[derive(Debug, Clone, Copy)]
pub enum Window {
    /// Some load first, then a measurement of fixed length.
    Timed {
        /// Load that is not measured.
        warm_up: Duration,
        /// Length of the measurement.
        measured: Duration,
    },
    /// Measured from the first request until the sources have nothing more, or the limit is reached.
    UntilDone {
        /// When it ends at the latest.
        limit: Duration,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    Measured,
    Over,
}

/// Runs one connection per source and measures. Gives the sources back.
///
/// # Errors
/// A measured process is gone, or the server keeps a request for half a minute after the end of the run.
/// Failing requests are not errors here: they are counted.
pub async fn run<S: Source + 'static>(
    address: SocketAddr,
    sources: Vec<S>,
    window: Window,
    meter: Meter,
) -> Result<(Measurement, Vec<S>)> {
    let connections = sources.len();
    let phase = Rc::new(Cell::new(Phase::WarmUp));
    // Dropping the set ends its tasks, so an interrupted run leaves none behind.
    let mut tasks = JoinSet::new();
    for source in sources {
        tasks.spawn_local(drive(address, source, Rc::clone(&phase)));
    }

    if let Window::Timed { warm_up, .. } = window {
        sleep(warm_up).await;
    }
    let before = meter.read().context("a measured process is gone")?;
    let started = Instant::now();
    phase.set(Phase::Measured);
    let mut done = Vec::with_capacity(connections);
    match window {
        Window::Timed { measured, .. } => sleep(measured).await,
        Window::UntilDone { limit } => {
            // Running into the limit is an answer too: the caller sees how far the sources came.
            if let Ok(finished) = timeout(limit, collect(&mut tasks, &mut done)).await {
                finished?;
            }
        }
    }
    phase.set(Phase::Over);
    let elapsed = started.elapsed();
    let times = meter.read().context("a measured process is gone")?.since(before);
    timeout(LAST_ANSWERS, collect(&mut tasks, &mut done))
        .await
        .context("the server keeps a request for half a minute")??;

    let mut samples = Samples::default();
    let mut sources = Vec::with_capacity(connections);
    for (source, more) in done {
        samples.join(more);
        sources.push(source);
    }
    Ok((Measurement::new(connections, elapsed, samples, times), sources))
}

async fn collect<S: 'static>(tasks: &mut JoinSet<(S, Samples)>, done: &mut Vec<(S, Samples)>) -> Result<()> {
    while let Some(finished) = tasks.join_next().await {
        done.push(finished?);
    }
    Ok(())
}

async fn drive<S: Source>(address: SocketAddr, mut source: S, phase: Rc<Cell<Phase>>) -> (S, Samples) {
    let mut samples = Samples::default();
    let mut connection = None;
    let mut failures = 0;
    while phase.get() != Phase::Over && failures < FAILURES {
        if connection
            .as_ref()
            .is_none_or(|connection: &Connection| !connection.is_usable())
        {
            match Connection::open(address).await {
                Ok(opened) => connection = Some(opened),
                Err(error) => {
                    samples.fail(format!("cannot connect: {error}"));
                    failures += 1;
                    continue;
                }
            }
        }
        let (Some(open), Some(request)) = (connection.as_mut(), source.next()) else {
            break;
        };
        let started = Instant::now();
        let outcome = open.exchange(request).await;
        let took = started.elapsed();
        let judged = match outcome {
            Ok(response) => source.judge(response),
            Err(error) => Err(format!("no answer: {error}")),
        };
        match judged {
            Ok(()) => {
                failures = 0;
                if phase.get() == Phase::Measured {
                    samples.succeed(took);
                }
            }
            Err(reason) => {
                // Only a broken connection counts here: a server that refuses quickly is still measured.
                failures = if open.is_usable() { 0 } else { failures + 1 };
                samples.fail(reason);
            }
        }
    }
    (source, samples)
}
