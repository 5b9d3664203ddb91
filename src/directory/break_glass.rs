//! The break-glass account: the one local administrator of a tenant who may sign in by password although single sign-on
//! is enforced.
//!
//! It is flagged by hand. While it is, it stays what it has to be: whatever would take that from it is refused until the
//! flag is taken away.

use serde_json::json;

use super::admin::AdminScope;
use super::audit::Origin;
use super::change::{Change, UserFact};
use super::id::SessionId;
use super::invitation::Mail;
use super::key::fold;
use super::language::Language;
use super::lifecycle::{Act, Arrival, check_move};
use super::refusal::Refusal;
use super::tenant::Tenant;
use super::user::{User, UserSource, UserStatus};

/// A flag that may be set or taken, and would be another one than before. Whoever writes it says who is told.
#[derive(Debug, Clone)]
pub struct Decision {
    after: User,
}

/// Whether the flag of a person may be set or taken away; `linked` says whether a provider's subject leads to them,
/// `holder` who of the tenant has the flag. `Ok(None)` when it is so already.
///
/// Somebody who is invited and has not accepted yet may have it: an account of single sign-on has no password, so it has
/// to be made before.
///
/// # Errors
/// [`Refusal::Deleted`], [`Refusal::BreakGlassUnfit`], [`Refusal::BreakGlassTaken`].
pub fn decide(
    user: &User,
    linked: bool,
    holder: Option<&User>,
    enabled: bool,
    origin: &Origin,
) -> Result<Option<Decision>, Refusal> {
    check_move(user, Act::Change, origin.at)?;
    if user.break_glass == enabled {
        return Ok(None);
    }
    if enabled {
        check_fit(user, linked, origin)?;
        if let Some(holder) = holder {
            return Err(Refusal::BreakGlassTaken(holder.user_name.clone()));
        }
    }
    let after = User {
        break_glass: enabled,
        ..user.clone()
    };
    Ok(Some(Decision { after }))
}

impl Decision {
    /// The change, with the mails that tell of it.
    #[must_use]
    pub fn telling(self, mails: Vec<Mail>, origin: Origin) -> Arrival {
        let user = self.after;
        let action = if user.break_glass {
            "user.break_glass_set"
        } else {
            "user.break_glass_removed"
        };
        let flag = |flag: bool| Some(json!({"break_glass": flag}));
        let (before, after) = (flag(!user.break_glass), flag(user.break_glass));
        let fact = UserFact::BreakGlassSet {
            user: user.id,
            enabled: user.break_glass,
            mails,
            at: origin.at,
        };
        let change = Change::user(fact, origin, action, user.id.0, before, after);
        Arrival { user, change }
    }
}

/// Notes that the account was used: somebody has signed in by its password although single sign-on is enforced.
#[must_use]
pub fn note_use(user: &User, session: SessionId, mails: Vec<Mail>, origin: Origin) -> Change {
    let after = json!({"session": session});
    let fact = UserFact::BreakGlassUsed { mails, at: origin.at };
    Change::user(
        fact,
        origin,
        "user.break_glass_used",
        user.id.0,
        None,
        Some(after),
    )
}

/// Who is told of it, each address once and in their language: those who manage the whole tenant and have an address, and
/// the tenant's support.
#[must_use]
pub fn readers(administrators: &[User], tenant: &Tenant) -> Vec<(String, Language)> {
    let administrators = administrators
        .iter()
        .filter_map(|user| Some((user.email()?, tenant.language_of(user))));
    let support = tenant
        .support_email
        .clone()
        .map(|address| (address, tenant.settings.locale));
    let mut readers: Vec<(String, Language)> = Vec::new();
    for (address, language) in administrators.chain(support) {
        if !readers.iter().any(|(known, _)| fold(known) == fold(&address)) {
            readers.push((address, language));
        }
    }
    readers
}

fn check_fit(user: &User, linked: bool, origin: &Origin) -> Result<(), Refusal> {
    let unfit = if user.directory.is_some() {
        "belongs to a directory"
    } else if user.source == UserSource::Guest {
        "is a guest of another tenant"
    } else if linked || user.source == UserSource::Jit {
        "signs in by single sign-on and has no password"
    } else if !user.administrator.as_ref().is_some_and(AdminScope::is_full) {
        "is no administrator with scope \"all\""
    } else if !matches!(user.status(origin.at), UserStatus::Active | UserStatus::Pending) {
        "has no access at this moment"
    } else {
        return Ok(());
    };
    Err(Refusal::BreakGlassUnfit(unfit))
}

/// Whether a person keeps what the flag stands on, where they have it. That the access dates end is nobody's act.
///
/// # Errors
/// [`Refusal::BreakGlassAccount`].
pub(super) fn check_kept(before: &User, after: &User) -> Result<(), Refusal> {
    let stays = after.directory.is_none()
        && after.deleted_at.is_none()
        && after.active == Some(true)
        && !after.blocked
        && after.administrator.as_ref().is_some_and(AdminScope::is_full);
    if before.break_glass && !stays {
        return Err(Refusal::BreakGlassAccount);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::access::AccessWindow;
    use crate::directory::sample::{self, DIRECTORY, at, now, origin};
    use crate::directory::{Fact, GrantSource, Right, grant, lifecycle};

    fn administrator() -> User {
        User {
            administrator: Some(AdminScope::All),
            ..sample::local(1, "ada@acme.example")
        }
    }

    fn flagged() -> User {
        User {
            break_glass: true,
            ..administrator()
        }
    }

    fn enable(user: &User, linked: bool) -> Result<Option<Decision>, Refusal> {
        decide(user, linked, None, true, &origin())
    }

    #[test]
    fn a_local_administrator_of_everybody_may_have_the_flag_invited_or_active() {
        let invited = User {
            pending: true,
            ..administrator()
        };
        for user in [administrator(), invited] {
            let decision = enable(&user, false).unwrap().unwrap();
            let Arrival { user: after, change } = decision.telling(Vec::new(), origin());
            let expected = User {
                break_glass: true,
                ..user
            };
            assert_eq!(after, expected);
            let (fact, audit) = change.into_parts();
            assert!(
                matches!(fact, Fact::User(UserFact::BreakGlassSet { enabled: true, user, .. }) if user == after.id)
            );
            assert_eq!(audit.action, "user.break_glass_set");
            assert_eq!(audit.before, Some(json!({"break_glass": false})));
            assert_eq!(audit.after, Some(json!({"break_glass": true})));
        }
    }

    #[test]
    fn whoever_is_not_such_an_administrator_is_refused_with_the_reason() {
        let with = |change: fn(&mut User)| {
            let mut user = administrator();
            change(&mut user);
            user
        };
        for (user, reason) in [
            (
                with(|user| user.directory = Some(DIRECTORY)),
                "belongs to a directory",
            ),
            (with(|user| user.source = UserSource::Guest), "is a guest"),
            (with(|user| user.source = UserSource::Jit), "single sign-on"),
            (with(|user| user.administrator = None), "no administrator"),
            (
                with(|user| user.administrator = Some(AdminScope::Entities(Vec::new()))),
                "no administrator",
            ),
            (with(|user| user.blocked = true), "no access"),
            (with(|user| user.active = None), "no access"),
            (
                with(|user| user.access = ending_at(now().as_second())),
                "no access",
            ),
        ] {
            let refusal = enable(&user, false).unwrap_err();
            assert_eq!(refusal.code(), "break_glass_unfit");
            assert!(refusal.to_string().contains(reason), "{reason}: {refusal}");
        }
        let refusal = enable(&administrator(), true).unwrap_err();
        assert!(refusal.to_string().contains("single sign-on"), "{refusal}");
        let deleted = with(|user| user.deleted_at = Some(at(2)));
        for enabled in [true, false] {
            let refusal = decide(&deleted, false, None, enabled, &origin()).unwrap_err();
            assert_eq!(refusal, Refusal::Deleted);
        }
    }

    fn ending_at(second: i64) -> AccessWindow {
        AccessWindow {
            from: None,
            until: Some(at(second)),
        }
    }

    #[test]
    fn one_person_has_the_flag_and_the_same_again_is_no_change() {
        let other = User {
            break_glass: true,
            ..sample::local(2, "grace@acme.example")
        };
        let refusal = decide(&administrator(), false, Some(&other), true, &origin()).unwrap_err();
        assert_eq!(refusal, Refusal::BreakGlassTaken("grace@acme.example".to_owned()));
        assert!(enable(&flagged(), false).unwrap().is_none());
        let again = decide(&administrator(), false, Some(&other), false, &origin());
        assert!(again.unwrap().is_none());
        // Whoever has lost access by their dates can still lose the flag.
        let expired = User {
            access: ending_at(1),
            ..flagged()
        };
        let taken = decide(&expired, false, Some(&expired), false, &origin())
            .unwrap()
            .unwrap();
        let Arrival { user, change } = taken.telling(Vec::new(), origin());
        assert!(!user.break_glass);
        assert_eq!(change.into_parts().1.action, "user.break_glass_removed");
    }

    #[test]
    fn what_would_unmake_the_account_is_refused_while_it_has_the_flag() {
        let refused = Refusal::BreakGlassAccount;
        let tick = crate::directory::Grant {
            id: crate::directory::GrantId(uuid::Uuid::from_u128(3)),
            right: Right::Admin(AdminScope::All),
            source: GrantSource::Manual,
        };
        let narrow = AdminScope::Entities(Vec::new());
        let tries = |user: &User| {
            let set = |scope| grant::set_administrator(user, std::slice::from_ref(&tick), scope, 5, origin());
            [
                lifecycle::set_blocked(user, true, 5, origin()).err(),
                lifecycle::delete_by_hand(user, None, 5, origin()).err(),
                lifecycle::delete(user, 5, origin()).err(),
                set(None).err(),
                set(Some(&narrow)).err(),
            ]
        };
        for (number, refusal) in tries(&flagged()).into_iter().enumerate() {
            assert_eq!(refusal, Some(refused.clone()), "{number}");
        }
        assert_eq!(tries(&administrator()), [None, None, None, None, None]);
        // What does not touch it goes on.
        assert!(
            lifecycle::set_entity(&flagged(), None, origin())
                .unwrap()
                .is_none()
        );
    }
}
