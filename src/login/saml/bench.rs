//! Where messages are judged: beside the threads that serve requests, a few at a time, and nobody waits for one longer
//! than its limit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task;
use tokio::time::timeout;

use crate::directory::Code;
use crate::directory::access_error::Trace;

/// How long a message may take in all, waiting for its turn included. What gate 1 lets through takes milliseconds.
const LONGEST: Duration = Duration::from_secs(3);
/// Messages that are judged or wait for it. Who comes later is told to try again.
const MOST_WAITING: usize = 256;

/// The places at which messages are judged. Clones share them.
#[derive(Debug, Clone)]
pub(in crate::login) struct Workbench {
    waiting: Arc<Semaphore>,
    working: Arc<Semaphore>,
    longest: Duration,
}

/// Why a message was not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::login) enum Undone {
    /// Too many wait already.
    Crowded,
    /// It took longer than allowed.
    TooLong,
    /// What judges it panicked.
    Panicked,
}

impl Undone {
    /// Notes it in a trace and gives its code.
    pub fn note(self, trace: &mut Trace) -> Code {
        let (received, code) = match self {
            Self::Crowded => ("too many messages at once", Code::Unavailable),
            Self::TooLong => ("more time than allowed", Code::Unavailable),
            Self::Panicked => ("a message that cannot be judged", Code::SamlMalformed),
        };
        let expected = format!("a verdict within {} s", LONGEST.as_secs());
        trace.push("verification", Some(&expected), Some(received), false);
        tracing::error!(received, "a SAML message was not judged");
        code
    }
}

impl Workbench {
    /// As many places as there are cores.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of(cores, MOST_WAITING, LONGEST)
    }

    fn of(cores: usize, waiting: usize, longest: Duration) -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(waiting)),
            working: Arc::new(Semaphore::new(cores)),
            longest,
        }
    }

    /// Does a piece of work that keeps a core busy. Work that takes too long is not waited for, and keeps its place
    /// until it ends: so many can never be more than there are places.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| Undone::Crowded)?;
        let done = async {
            let working = Arc::clone(&self.working).acquire_owned().await;
            let places = (waiting, working.map_err(|_| Undone::Crowded)?);
            let done = task::spawn_blocking(move || {
                let done = work();
                drop(places);
                done
            });
            done.await.map_err(|_| Undone::Panicked)
        };
        timeout(self.longest, done).await.map_err(|_| Undone::TooLong)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_place_is_free_again() {
        let bench = Workbench::of(1, 1, LONGEST);
        for _ in 0..3 {
            let panicked = bench.run(|| panic!("a hostile message")).await;
            assert_eq!(panicked, Err::<(), _>(Undone::Panicked));
        }
        assert_eq!(bench.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn never_more_work_than_places_and_all_of_it_is_done() {
        let bench = Workbench::of(2, 64, Duration::from_mins(1));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..64).map(|number| {
            let (bench, running, most) = (bench.clone(), Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                bench
                    .run(move || {
                        let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        number
                    })
                    .await
            })
        });
        for (number, done) in all.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(done.await.unwrap(), Ok(number));
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn work_that_hangs_is_given_up_and_keeps_its_place_until_it_ends() {
        let bench = Workbench::of(1, 2, Duration::from_secs(1));
        let (finish, wait) = mpsc::channel::<()>();
        let hangs = {
            let bench = bench.clone();
            tokio::spawn(async move { bench.run(move || wait.recv().is_ok()).await })
        };
        while bench.working.available_permits() > 0 {
            task::yield_now().await;
        }
        let second = {
            let bench = bench.clone();
            tokio::spawn(async move { bench.run(|| ()).await })
        };
        while bench.waiting.available_permits() > 0 {
            task::yield_now().await;
        }
        assert_eq!(bench.run(|| ()).await, Err(Undone::Crowded));
        assert_eq!(hangs.await.unwrap(), Err(Undone::TooLong));
        assert_eq!(second.await.unwrap(), Err(Undone::TooLong));
        assert_eq!(bench.working.available_permits(), 0);
        finish.send(()).unwrap();
        while bench.working.available_permits() == 0 {
            task::yield_now().await;
        }
        assert_eq!(bench.run(|| 7).await, Ok(7));
    }
}
