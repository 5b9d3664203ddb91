//! What becomes of local accounts when a tenant begins to sign in by single sign-on.

use serde_json::json;

use super::audit::{Actor, Origin};
use super::change::{Change, UserFact};
use super::lifecycle::{self, Act, check_may_step_down, check_move};
use super::refusal::Refusal;
use super::user::{User, words};

/// What is done with the accounts that were made by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalAccounts {
    /// Nothing: their passwords open nothing as long as single sign-on is enforced, and are good again after it.
    Keep,
    /// They sign in through a provider from now on: password, second factor and open links are gone, sessions end, and they
    /// are pending until the provider has vouched for them.
    Convert,
    /// They are blocked, until an administrator activates one.
    Disable,
}

words!(LocalAccounts {
    Keep = "keep",
    Convert = "convert",
    Disable = "disable"
});

/// What becomes of one of them. The break-glass account, the caller and the last administrator are left as they are.
/// `Ok(None)` when there is nothing to do.
///
/// # Errors
/// Why it is left: [`Refusal::BreakGlassAccount`], [`Refusal::CallersAccount`], [`Refusal::LastAdministrator`].
pub fn settle(
    user: &User,
    how: LocalAccounts,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    if how == LocalAccounts::Keep {
        return Ok(None);
    }
    if user.break_glass {
        return Err(Refusal::BreakGlassAccount);
    }
    if origin.actor == Actor::User(user.id) {
        return Err(Refusal::CallersAccount);
    }
    if how == LocalAccounts::Disable {
        let arrival = lifecycle::set_blocked(user, true, other_full_administrators, origin)?;
        return Ok(arrival.map(|arrival| arrival.change));
    }
    check_move(user, Act::Change, origin.at)?;
    let waiting = User {
        pending: true,
        ..user.clone()
    };
    check_may_step_down(user, &waiting, other_full_administrators, origin.at)?;
    let (id, at) = (user.id, origin.at);
    let fact = UserFact::Converted { user: id, at };
    let before = json!({"pending": user.pending, "mfa_required": user.mfa_required});
    let after = json!({"pending": true, "mfa_required": false});
    Ok(Some(Change::user(
        fact,
        origin,
        "user.converted",
        id.0,
        Some(before),
        Some(after),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::AdminScope;
    use crate::directory::sample::{self, origin};

    fn by(user: &User) -> Origin {
        Origin {
            actor: Actor::User(user.id),
            ..origin()
        }
    }

    #[test]
    fn whoever_keeps_the_tenant_open_is_left_as_they_are() {
        let ada = sample::local(1, "ada");
        let glass = User {
            break_glass: true,
            ..ada.clone()
        };
        let chief = User {
            administrator: Some(AdminScope::All),
            ..ada.clone()
        };
        for how in [LocalAccounts::Convert, LocalAccounts::Disable] {
            assert_eq!(
                settle(&glass, how, 1, origin()).err(),
                Some(Refusal::BreakGlassAccount)
            );
            assert_eq!(
                settle(&ada, how, 1, by(&ada)).err(),
                Some(Refusal::CallersAccount)
            );
            assert!(settle(&ada, how, 0, origin()).unwrap().is_some(), "{how:?}");
            assert!(settle(&chief, how, 1, origin()).unwrap().is_some(), "{how:?}");
        }
        for how in [LocalAccounts::Convert, LocalAccounts::Disable] {
            let refused = settle(&chief, how, 0, origin());
            assert_eq!(refused.err(), Some(Refusal::LastAdministrator), "{how:?}");
        }
    }

    #[test]
    fn who_is_kept_or_blocked_already_does_not_change() {
        let ada = sample::local(1, "ada");
        assert!(settle(&ada, LocalAccounts::Keep, 1, by(&ada)).unwrap().is_none());
        let blocked = User { blocked: true, ..ada };
        assert!(
            settle(&blocked, LocalAccounts::Disable, 1, origin())
                .unwrap()
                .is_none()
        );
    }
}
