//! Guesses of passwords and codes: how long the next one has to wait.
//!
//! Guesses are counted under the name that they are made under. Those from browsers that are known to be the person's are
//! counted together and apart from all others, so that strangers who guess do not shut the person out of their own browsers.
//! Whoever sets the password anew by a link begins afresh with the password, and not with codes: who reads the mail of an
//! account has not shown its app.

use std::time::Duration;

use jiff::Timestamp;

/// How many guesses cost nothing.
const FREE: u32 = 4;
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(15);
/// How long after the last guess all of them are forgotten.
pub const REMEMBERED: Duration = Duration::from_hours(24);

/// What is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuessPurpose {
    /// The password at a sign-in.
    Password,
    /// Their own password, by somebody who is signed in.
    OwnPassword,
    /// The code of the second factor, after the password was right.
    SecondFactor,
    /// Nothing: a link to set a password is asked for.
    Reset,
}

impl GuessPurpose {
    /// The word in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::OwnPassword => "own_password",
            Self::SecondFactor => "second_factor",
            Self::Reset => "reset",
        }
    }
}

/// Guesses that were not right, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guesses {
    /// How many.
    pub failures: u32,
    /// Before this time no further guess is looked at.
    pub closed_to: Timestamp,
}

/// Takes a guess as a wrong one before it is looked at; a right one takes all of them away. Many at once therefore are no
/// more than the same number one after the other.
///
/// # Errors
/// Until when no guess is looked at.
pub fn begin(before: Option<Guesses>, now: Timestamp) -> Result<Guesses, Timestamp> {
    // Of two at once the one that began first may come second: what costs no wait keeps nobody out.
    if let Some(before) = before
        && before.failures > FREE
        && now < before.closed_to
    {
        return Err(before.closed_to);
    }
    let failures = before.map_or(0, |before| before.failures).saturating_add(1);
    Ok(Guesses {
        failures,
        closed_to: now + wait(failures),
    })
}

/// Takes a guess back that was counted and that nobody could look at, with the wait that it made.
#[must_use]
pub fn take_back(counted: Guesses, now: Timestamp) -> Guesses {
    Guesses {
        failures: counted.failures.saturating_sub(1),
        closed_to: counted.closed_to.min(now),
    }
}

/// How long nothing is looked at after so many wrong guesses: two seconds after the fifth, then twice as long each time.
fn wait(failures: u32) -> Duration {
    let steps = failures.saturating_sub(FREE);
    if steps == 0 {
        return Duration::ZERO;
    }
    let seconds = 2_u64.checked_pow(steps).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::now;

    #[test]
    fn the_wait_grows_from_the_fifth_guess_on_and_ends_at_a_quarter_of_an_hour() {
        for (failures, seconds) in [
            (1, 0),
            (4, 0),
            (5, 2),
            (6, 4),
            (7, 8),
            (13, 512),
            (14, 900),
            (100, 900),
            (u32::MAX, 900),
        ] {
            assert_eq!(wait(failures), Duration::from_secs(seconds), "{failures}");
        }
    }

    #[test]
    fn guesses_that_cost_no_wait_may_come_in_any_order() {
        let first = begin(None, now() + Duration::from_millis(3)).unwrap();
        let second = begin(Some(first), now()).unwrap();
        assert_eq!(second.failures, 2);
    }

    #[test]
    fn a_guess_that_was_taken_back_makes_nobody_wait() {
        let after = |failures| {
            (0..failures).fold(None, |guesses, _| {
                let open = guesses.map_or(now(), |guesses: Guesses| guesses.closed_to);
                Some(begin(guesses, open).unwrap())
            })
        };
        let sixth = after(6).unwrap();
        let back = take_back(sixth, now());
        assert_eq!((back.failures, back.closed_to), (5, now()));
        assert_eq!(begin(Some(back), now()).unwrap().failures, 6);
        assert_eq!(take_back(after(1).unwrap(), now()).failures, 0);
    }

    #[test]
    fn a_guess_that_comes_too_early_is_not_counted_and_the_next_one_is() {
        let mut guesses = None;
        for _ in 0..5 {
            guesses = Some(begin(guesses, now()).unwrap());
        }
        let closed_to = now() + Duration::from_secs(2);
        let fifth = Guesses {
            failures: 5,
            closed_to,
        };
        assert_eq!(guesses, Some(fifth));
        assert_eq!(begin(guesses, now()), Err(closed_to));
        assert_eq!(
            begin(guesses, closed_to - Duration::from_millis(1)),
            Err(closed_to)
        );
        let sixth = begin(guesses, closed_to).unwrap();
        assert_eq!(
            (sixth.failures, sixth.closed_to),
            (6, closed_to + Duration::from_secs(4))
        );
    }
}
