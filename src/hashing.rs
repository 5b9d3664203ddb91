//! Hashes passwords beside the threads that serve requests, as many at once as there are cores and memory for.
//!
//! It keeps nothing and asks nobody: passwords and hashes come in as values. Waiting has a bound too; who comes when it is
//! reached is told to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Semaphore;
use tokio::task;

use crate::auth::password::{self, Cost, HashError, Password};
use crate::directory::PasswordHash;

/// Memory for all hashes at once, in bytes.
const MEMORY: u64 = 512 * 1024 * 1024;
/// How many may wait for each place: some three seconds, at a tenth of a second for a hash.
const WAITING: usize = 30;

/// The places at which passwords are hashed. Clones share them.
#[derive(Debug, Clone)]
pub struct Passwords(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cost: Cost,
    /// What the password of an account that is not there is compared with.
    decoy: PasswordHash,
    waiting: Arc<Semaphore>,
    working: Arc<Semaphore>,
    compared: AtomicU64,
}

/// Why a password was not hashed or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Too many wait already.
    #[error("too many passwords are being checked at this moment")]
    Crowded,
    /// There was no memory, or the work was aborted.
    #[error("a password could not be hashed")]
    Failed,
}

impl From<HashError> for Busy {
    fn from(_: HashError) -> Self {
        Self::Failed
    }
}

/// What a comparison has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was hashed.
    pub is_right: bool,
    /// It was hashed at a lower cost than passwords are now.
    pub is_outdated: bool,
}

impl Passwords {
    /// Hashes under this cost, on as many cores as there are. `decoy` is random.
    ///
    /// # Errors
    /// [`Busy::Failed`]: there is not even memory for one hash.
    pub fn new(cost: Cost, decoy: [u8; 32]) -> Result<Self, Busy> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let places = usize::try_from(MEMORY / cost.memory())
            .unwrap_or(1)
            .clamp(1, cores);
        Self::with_places(cost, decoy, places, places * WAITING)
    }

    /// Hashes with room for so many at once, and so many who wait. With no room at all everybody is turned away.
    ///
    /// # Errors
    /// As [`Passwords::new`].
    pub fn with_places(cost: Cost, decoy: [u8; 32], places: usize, waiting: usize) -> Result<Self, Busy> {
        let (salt, nobodys) = decoy.split_at(16);
        let salt = salt.first_chunk().ok_or(Busy::Failed)?;
        let nobodys = URL_SAFE_NO_PAD.encode(nobodys);
        Ok(Self(Arc::new(Inner {
            cost,
            decoy: password::hash(&nobodys, cost, salt)?,
            waiting: Arc::new(Semaphore::new(places + waiting)),
            working: Arc::new(Semaphore::new(places)),
            compared: AtomicU64::new(0),
        })))
    }

    /// Hashes a password. `salt` is random, its first 16 bytes are used.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: Password, salt: [u8; 32]) -> Result<PasswordHash, Busy> {
        self.hash_text(password.expose().to_owned(), salt).await
    }

    /// Hashes a password that was right anew, under the present cost: nobody chooses it now, so it is taken as it is.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash_text(&self, text: String, salt: [u8; 32]) -> Result<PasswordHash, Busy> {
        let cost = self.0.cost;
        let salt: [u8; 16] = *salt.first_chunk().ok_or(Busy::Failed)?;
        Ok(self.run(move || password::hash(&text, cost, &salt)).await??)
    }

    /// Compares a password with a hash; with `None`, with one that nothing fits, at the same expense: whether there is an
    /// account cannot be told from the time that an answer takes.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn compare(&self, text: &str, hash: Option<&PasswordHash>) -> Result<Verdict, Busy> {
        let hash = hash.unwrap_or(&self.0.decoy).clone();
        // What is longer than any password costs no more than others; it fits nothing.
        let text: String = text.chars().take(password::longest() + 1).collect();
        let is_outdated = password::needs_upgrade(&hash, self.0.cost);
        let is_right = self.run(move || password::verify(&text, &hash)).await?;
        self.0.compared.fetch_add(1, Ordering::Relaxed);
        Ok(Verdict {
            is_right,
            is_outdated,
        })
    }

    /// How many comparisons were made so far.
    #[must_use]
    pub fn comparisons(&self) -> u64 {
        self.0.compared.load(Ordering::Relaxed)
    }

    /// Work keeps its places until it ends, whether anybody waits for it or not.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let waiting = Arc::clone(&self.0.waiting)
            .try_acquire_owned()
            .map_err(|_| Busy::Crowded)?;
        let working = Arc::clone(&self.0.working).acquire_owned().await;
        let places = (waiting, working.map_err(|_| Busy::Failed)?);
        let done = task::spawn_blocking(move || {
            let done = work();
            drop(places);
            done
        });
        done.await.map_err(|_| Busy::Failed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const TEXT: &str = "violet otter, 7 lamps";

    fn passwords(passes: u32) -> Passwords {
        Passwords::with_places(Cost::new(19_456, passes, 1).unwrap(), [3; 32], 1, 1).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_and_nothing_fits_where_there_is_none() {
        let passwords = passwords(2);
        let password = Password::parse(TEXT, &[]).unwrap();
        let hash = passwords.hash(password, [7; 32]).await.unwrap();
        let right = Verdict {
            is_right: true,
            is_outdated: false,
        };
        assert_eq!(passwords.compare(TEXT, Some(&hash)).await, Ok(right));
        for (text, hash) in [(TEXT, None), ("wrong", Some(&hash)), ("", None)] {
            assert!(!passwords.compare(text, hash).await.unwrap().is_right);
        }
        assert_eq!(passwords.comparisons(), 4, "each costs one, whatever there is");
        let long = "x".repeat(5_000_000);
        assert!(!passwords.compare(&long, None).await.unwrap().is_right);
    }

    #[tokio::test]
    async fn a_hash_of_a_lower_cost_is_outdated() {
        let (before, now) = (passwords(2), passwords(3));
        let old = before.hash_text(TEXT.to_owned(), [7; 32]).await.unwrap();
        let verdict = now.compare(TEXT, Some(&old)).await.unwrap();
        assert!(verdict.is_right && verdict.is_outdated);
        let new = now.hash_text(TEXT.to_owned(), [7; 32]).await.unwrap();
        assert!(!now.compare(TEXT, Some(&new)).await.unwrap().is_outdated);
    }

    #[tokio::test]
    async fn whoever_comes_when_all_places_are_taken_is_turned_away_and_the_others_are_served() {
        let passwords = passwords(2);
        let (finish, wait) = mpsc::channel::<()>();
        let first = {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.run(move || wait.recv().is_ok()).await })
        };
        while passwords.0.working.available_permits() > 0 {
            task::yield_now().await;
        }
        let second = {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.run(|| 2).await })
        };
        while passwords.0.waiting.available_permits() > 0 {
            task::yield_now().await;
        }
        assert_eq!(passwords.run(|| 3).await, Err(Busy::Crowded));
        finish.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(true), Ok(2)));
        assert_eq!(passwords.run(|| 4).await, Ok(4));
    }
}
