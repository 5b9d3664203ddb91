//! Passwords: what one has to be ([`Password::parse`]), what it is kept as (Argon2id, RFC 9106), and what that costs.
//!
//! Hashing is work for tens of milliseconds and megabytes: `hashing` does it beside the threads that serve requests.

mod policy;
mod shape;

use std::fmt;
use std::time::Duration;

use argon2::{Algorithm, Argon2, CustomizedPasswordHasher as _, Params, PasswordVerifier as _, Version};

pub use policy::{PasswordFault, longest};

use crate::directory::{PasswordHash, Tenant};

/// A password that somebody has chosen and that is accepted. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Password {
    /// Accepts a password: 12 to 1024 characters, whatever they are, that anybody who tries the usual ones does not come
    /// upon. `context` are names that belong to the account: parts of the address, of the person's name, the tenant. What
    /// is compared is compared as it was typed, character for character: nothing is trimmed, folded or composed.
    ///
    /// # Errors
    /// [`PasswordFault`].
    pub fn parse(text: &str, context: &[String]) -> Result<Self, PasswordFault> {
        policy::check(text, context).map(|()| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The names that belong to an account: nobody's password is made of them.
#[must_use]
pub fn context_of(email: &str, name: &str, tenant: &Tenant) -> Vec<String> {
    let local = email.split('@').next().unwrap_or_default();
    [local, name, &tenant.name, tenant.slug.as_str()]
        .map(str::to_owned)
        .to_vec()
}

/// What a hash costs (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// The least that is accepted: OWASP's minimum for Argon2id (Password Storage Cheat Sheet), 19 MiB in two passes.
    pub const LEAST: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };

    /// The memory that is aimed at: RFC 9106 section 4 recommends 64 MiB where 2 GiB are too much.
    const AIM_KIB: u32 = 64 * 1024;
    /// No more passes than this, however fast the machine is.
    const MOST_PASSES: u32 = 12;
    /// How long a hash is to take on an idle core. A person does not notice it; who guesses pays it each time.
    const AIM: Duration = Duration::from_millis(100);

    /// A cost: memory in KiB, passes, lanes. `None` below [`Cost::LEAST`].
    #[must_use]
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let least = Self::LEAST;
        let fits = memory_kib >= least.memory_kib && passes >= least.passes && lanes >= least.lanes;
        fits.then_some(Self {
            memory_kib,
            passes,
            lanes,
        })
    }

    /// Chooses the cost for this machine; `time` says how long one hash of a cost takes. More passes fill the time on a fast
    /// machine; on a slow one the memory shrinks, never below [`Cost::LEAST`].
    #[must_use]
    pub fn measure(mut time: impl FnMut(Self) -> Duration) -> Self {
        let aim = Self {
            memory_kib: Self::AIM_KIB,
            ..Self::LEAST
        };
        let taken = time(aim).max(Duration::from_micros(1));
        if taken > 2 * Self::AIM {
            return Self::LEAST;
        }
        let passes = Self::AIM.as_micros() * u128::from(aim.passes) / taken.as_micros();
        let passes = u32::try_from(passes).unwrap_or(Self::MOST_PASSES);
        Self {
            passes: passes.clamp(aim.passes, Self::MOST_PASSES),
            ..aim
        }
    }

    /// The memory of one hash, in bytes.
    #[must_use]
    pub fn memory(self) -> u64 {
        u64::from(self.memory_kib) * 1024
    }

    fn params(self) -> Result<Params, HashError> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| HashError)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

/// A password was not hashed: there is no memory for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password could not be hashed")]
pub struct HashError;

/// Hashes a password under a cost. `salt` is random.
///
/// # Errors
/// [`HashError`].
pub fn hash(password: &str, cost: Cost, salt: &[u8; 16]) -> Result<PasswordHash, HashError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?);
    let hash = argon2.hash_password_with_params(password.as_bytes(), salt, cost.params()?);
    hash.map(|hash| PasswordHash(hash.to_string()))
        .map_err(|_| HashError)
}

/// Whether a password is the one that was hashed; takes the cost that the hash names. A hash that cannot be read fits no
/// password.
#[must_use]
pub fn verify(password: &str, hash: &PasswordHash) -> bool {
    let Ok(parsed) = argon2::PasswordHash::new(&hash.0) else {
        return false;
    };
    Argon2::default()
        .verify_password(password.as_bytes(), &parsed)
        .is_ok()
}

/// Whether a hash cost less, in memory or in passes, than one would now, or cannot be read.
#[must_use]
pub fn needs_upgrade(hash: &PasswordHash, cost: Cost) -> bool {
    let params = argon2::PasswordHash::new(&hash.0)
        .ok()
        .filter(|parsed| parsed.algorithm == argon2::ARGON2ID_IDENT)
        .and_then(|parsed| Params::try_from(&parsed).ok());
    params.is_none_or(|params| params.m_cost() < cost.memory_kib || params.t_cost() < cost.passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "violet otter, 7 lamps";

    #[test]
    fn a_hash_fits_its_password_alone_and_says_what_it_cost() {
        let hash = hash(TEXT, Cost::LEAST, &[7; 16]).unwrap();
        assert!(
            hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.0
        );
        assert!(verify(TEXT, &hash));
        for other in ["violet otter, 7 lamp", "Violet otter, 7 lamps", ""] {
            assert!(!verify(other, &hash), "{other}");
        }
        assert!(!format!("{hash:?}").contains("argon2"));
        let damaged = PasswordHash("$argon2id$".to_owned());
        assert!(!verify("", &damaged) && needs_upgrade(&damaged, Cost::LEAST));
    }

    #[test]
    fn a_hash_that_cost_less_is_to_be_made_anew_and_one_that_cost_more_is_not() {
        let cheap = PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$1234".to_owned());
        let of = |memory_kib, passes| Cost::new(memory_kib, passes, 1).unwrap();
        let stored = hash(TEXT, of(20_480, 3), &[1; 16]).unwrap();
        for (cost, upgrade) in [
            (of(19_456, 2), false),
            (of(20_480, 3), false),
            (of(20_481, 2), true),
            (of(19_456, 4), true),
        ] {
            assert_eq!(needs_upgrade(&stored, cost), upgrade, "{cost}");
        }
        assert!(needs_upgrade(&cheap, of(65_536, 3)));
        let other = PasswordHash(stored.0.replace("argon2id", "argon2i"));
        assert!(needs_upgrade(&other, Cost::LEAST));
    }

    #[test]
    fn no_cost_is_below_the_least() {
        let cost = Cost::new(65_536, 3, 2).unwrap();
        assert_eq!(cost.to_string(), "m=65536,t=3,p=2");
        assert_eq!(cost.memory(), 64 * 1024 * 1024);
        for (memory_kib, passes, lanes) in [(19_455, 2, 1), (65_536, 1, 1), (65_536, 3, 0)] {
            assert_eq!(Cost::new(memory_kib, passes, lanes), None);
        }
    }

    #[test]
    fn a_fast_machine_takes_more_passes_and_a_slow_one_less_memory() {
        let at = |millis: u64| Cost::measure(|_| Duration::from_millis(millis)).to_string();
        assert_eq!(at(100), "m=65536,t=2,p=1");
        assert_eq!(at(50), "m=65536,t=4,p=1");
        assert_eq!(at(0), "m=65536,t=12,p=1");
        assert_eq!(at(200), "m=65536,t=2,p=1");
        assert_eq!(at(201), Cost::LEAST.to_string());
    }

    #[test]
    fn a_password_is_never_printed() {
        let password = Password::parse(TEXT, &[]).unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
        assert_eq!(password.expose(), TEXT);
    }
}
