//! The second factor of local accounts: an authenticator app, with recovery codes for the day on which it is lost.
//!
//! It is for people who sign in by password. Whoever comes by single sign-on has their second factor at the identity
//! provider. How codes are made and compared is `auth::totp`'s; secrets are sealed and codes are hashes here already.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, Fact, SecondFactorFact};
use super::connection::SealedSecret;
use super::credential;
use super::id::{SessionId, UserId};
use super::invitation::Mail;
use super::refusal::Refusal;
use super::registry::TokenHash;
use super::tenant::Tenant;
use super::user::User;

/// Why a rule about second factors said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MfaRefusal {
    /// The identity provider, or another tenant, sees to the person's second factor.
    #[error(
        "the second factor of this person is managed by the identity provider that they sign in with, not here"
    )]
    OfProvider,
    /// The second factor is not the person's to give up.
    #[error(
        "an administrator has made a second factor a must for this account: it can be replaced, not removed"
    )]
    Required,
    /// There is no second factor.
    #[error("there is no second factor here: nothing was enrolled yet")]
    NotEnrolled,
    /// No secret waits for its first code.
    #[error("no enrolment is under way, or it has run out; begin again")]
    NotBegun,
    /// A code that is asked for by somebody who is signed in is wrong.
    #[error("code: this is not the present code of the authenticator app, or it was used already")]
    CodeWrong,
    /// An open session alone is not enough.
    #[error(
        "current_password or code: your session alone is not enough for this; show your password or a code"
    )]
    ClaimMissing,
    /// The sign-in asks for something else, or for nothing more.
    #[error("this sign-in does not ask for that at this moment; begin again with your password")]
    NotAsked,
    /// Whoever is signed in sees to their own second factor elsewhere.
    #[error("this is your own second factor: replace or remove it in your profile (/api/v1/me/mfa)")]
    Own,
}

impl MfaRefusal {
    /// The stable code that callers may rely on.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OfProvider => "mfa_managed_by_identity_provider",
            Self::Required => "mfa_required",
            Self::NotEnrolled => "mfa_not_enrolled",
            Self::NotBegun => "mfa_not_begun",
            Self::CodeWrong => "mfa_invalid",
            Self::ClaimMissing => "mfa_claim_missing",
            Self::NotAsked => "mfa_not_asked",
            Self::Own => "own_mfa",
        }
    }

    /// The status of the answer (RFC 9110 section 15).
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::ClaimMissing => 422,
            Self::CodeWrong => 403,
            Self::OfProvider
            | Self::Required
            | Self::NotEnrolled
            | Self::NotBegun
            | Self::NotAsked
            | Self::Own => 409,
        }
    }
}

/// How long a secret that was shown waits for the first code of the app that has read it.
pub const OFFER_LIFETIME: Duration = Duration::from_mins(10);

/// An authenticator app that somebody has shown to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub user: UserId,
    /// What app and gateway share.
    pub secret: SealedSecret,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// The time step of the last code that was taken: codes of it and of those before are refused.
    pub last_step: i64,
}

/// What is kept of a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryHash(pub [u8; 32]);

/// An app that has just proven itself.
#[derive(Debug, Clone)]
pub struct NewFactor {
    /// What app and gateway share.
    pub secret: SealedSecret,
    /// The time step of the code that has proven it: that code is used up.
    pub step: i64,
    /// The recovery codes that stand beside it.
    pub recovery_codes: Vec<RecoveryHash>,
}

/// What follows when somebody changes their own second factor: every session ends but the one in which they did it, and they
/// are told.
#[derive(Debug, Clone)]
pub struct OwnFactorTold {
    /// The session that goes on; none where it was done on the way to one.
    pub keep: Option<SessionId>,
    /// Tells the person, where they have an address.
    pub mail: Option<Mail>,
    /// When.
    pub at: Timestamp,
}

/// To whom a secret was shown that no code has confirmed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolling {
    /// Somebody who is signing in, by the hash of their ticket.
    Ticket(TokenHash),
    /// Somebody who is signed in.
    Session(SessionId),
}

/// Whether a person of the tenant signs in by password, so that a second factor here is theirs.
///
/// # Errors
/// [`MfaRefusal::OfProvider`].
pub fn check_own(user: &User, tenant: &Tenant) -> Result<(), Refusal> {
    credential::check_local(user, tenant).map_err(|_| MfaRefusal::OfProvider.into())
}

/// Says that a person needs a second factor to sign in, or needs none any more. `None` when it is so already. It holds from
/// the next sign-in on; what is open stays open.
///
/// # Errors
/// [`Refusal::Deleted`]; [`MfaRefusal::OfProvider`], where it is to be required.
pub fn require(
    user: &User,
    tenant: &Tenant,
    required: bool,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    if user.deleted_at.is_some() {
        return Err(Refusal::Deleted);
    }
    if required {
        check_own(user, tenant)?;
    }
    if user.mfa_required == required {
        return Ok(None);
    }
    let fact = SecondFactorFact::RequiredSet {
        user: user.id,
        required,
    };
    let flag = |flag: bool| Some(json!({"mfa_required": flag}));
    Ok(Some(change(
        fact,
        user.id,
        "user.mfa_required_set",
        flag(user.mfa_required),
        flag(required),
        origin,
    )))
}

/// Takes an app that has proven itself by a code; `replaces` says whether there was another one, which is good no more. All
/// sessions end but the one that goes on, and the person is told.
#[must_use]
pub fn enrol(user: UserId, new: NewFactor, replaces: bool, told: OwnFactorTold, origin: Origin) -> Change {
    let after = json!({"enrolled": true, "recovery_codes": new.recovery_codes.len()});
    let fact = SecondFactorFact::Enrolled {
        user,
        factor: new,
        told,
    };
    let before = json!({"enrolled": replaces});
    change(fact, user, "user.mfa_enrolled", Some(before), Some(after), origin)
}

/// Whether somebody may give up their own second factor.
///
/// # Errors
/// [`MfaRefusal::Required`]; [`MfaRefusal::NotEnrolled`].
pub fn check_may_remove(user: &User, enrolled: bool) -> Result<(), Refusal> {
    if !enrolled {
        return Err(MfaRefusal::NotEnrolled.into());
    }
    if user.mfa_required {
        return Err(MfaRefusal::Required.into());
    }
    Ok(())
}

/// Takes a person's own second factor away, by their wish: all sessions end but the one that goes on, and they are told.
///
/// # Errors
/// As [`check_may_remove`].
pub fn remove(user: &User, enrolled: bool, told: OwnFactorTold, origin: Origin) -> Result<Change, Refusal> {
    check_may_remove(user, enrolled)?;
    let fact = SecondFactorFact::Removed { user: user.id, told };
    Ok(gone(fact, user.id, "user.mfa_removed", origin))
}

/// Whether an administrator may take a person's second factor away.
///
/// # Errors
/// [`Refusal::Deleted`]; [`MfaRefusal::NotEnrolled`], or [`MfaRefusal::OfProvider`] where there cannot be one;
/// [`MfaRefusal::Own`]: whoever holds an administrator's open session must not get rid of what protects the account.
pub fn check_may_reset(user: &User, tenant: &Tenant, enrolled: bool, own: bool) -> Result<(), Refusal> {
    if user.deleted_at.is_some() {
        return Err(Refusal::Deleted);
    }
    if !enrolled {
        check_own(user, tenant)?;
        return Err(MfaRefusal::NotEnrolled.into());
    }
    if own {
        return Err(MfaRefusal::Own.into());
    }
    Ok(())
}

/// Takes a person's second factor away with its recovery codes, by an administrator's hand: every session ends, and what was
/// counted of wrong guesses under the name `account` is forgotten. `mail` tells the person.
#[must_use]
pub fn reset(user: UserId, account: TokenHash, mail: Option<Mail>, origin: Origin) -> Change {
    let fact = SecondFactorFact::Reset {
        user,
        account,
        mail,
        at: origin.at,
    };
    gone(fact, user, "user.mfa_reset", origin)
}

/// Uses up a recovery code, of which `left` are left then.
#[must_use]
pub fn use_recovery_code(user: UserId, hash: RecoveryHash, left: usize, origin: Origin) -> Change {
    let fact = SecondFactorFact::RecoveryCodeUsed {
        user,
        hash,
        at: origin.at,
    };
    let count = |count: usize| Some(json!({"recovery_codes": count}));
    change(
        fact,
        user,
        "user.recovery_code_used",
        count(left + 1),
        count(left),
        origin,
    )
}

/// Gives new recovery codes; of those before, `left` were unused, and all are void.
#[must_use]
pub fn renew_recovery_codes(user: UserId, hashes: Vec<RecoveryHash>, left: usize, origin: Origin) -> Change {
    let count = |count: usize| Some(json!({"recovery_codes": count}));
    let (before, after) = (count(left), count(hashes.len()));
    let fact = SecondFactorFact::RecoveryCodesRenewed { user, hashes };
    change(fact, user, "user.recovery_codes_renewed", before, after, origin)
}

fn gone(fact: SecondFactorFact, user: UserId, action: &'static str, origin: Origin) -> Change {
    let enrolled = |enrolled: bool| Some(json!({"enrolled": enrolled}));
    change(fact, user, action, enrolled(true), enrolled(false), origin)
}

fn change(
    fact: SecondFactorFact,
    user: UserId,
    action: &'static str,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
    origin: Origin,
) -> Change {
    let target = ("user", user.0);
    Change::new(Fact::SecondFactor(fact), origin, action, target, before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, at, origin};
    use crate::directory::{SignIn, UserSource};

    fn told() -> OwnFactorTold {
        OwnFactorTold {
            keep: None,
            mail: None,
            at: origin().at,
        }
    }

    fn with(change: fn(&mut User)) -> User {
        let mut user = sample::local(1, "ada@acme.example");
        change(&mut user);
        user
    }

    #[test]
    fn a_local_account_is_asked_for_a_second_factor_and_no_other() {
        let user = with(|_| ());
        let change = require(&user, &sample::tenant(), true, origin())
            .unwrap()
            .unwrap();
        let (fact, audit) = change.into_parts();
        assert!(
            matches!(fact, Fact::SecondFactor(SecondFactorFact::RequiredSet { user: id, required: true }) if id == user.id)
        );
        assert_eq!(
            (audit.action, audit.before, audit.after),
            (
                "user.mfa_required_set",
                Some(json!({"mfa_required": false})),
                Some(json!({"mfa_required": true}))
            )
        );
        let sso = Tenant {
            sign_in: SignIn::Sso,
            ..sample::tenant()
        };
        for (user, tenant) in [
            (sample::provisioned(1, "ada"), sample::tenant()),
            (sample::first_login(1, "ada"), sample::tenant()),
            (with(|user| user.source = UserSource::Guest), sample::tenant()),
            (with(|_| ()), sso.clone()),
        ] {
            let refused = require(&user, &tenant, true, origin());
            assert_eq!(refused.unwrap_err(), MfaRefusal::OfProvider.into(), "{user:?}");
        }
        let exempt = with(|user| user.break_glass = true);
        assert!(require(&exempt, &sso, true, origin()).unwrap().is_some());
    }

    #[test]
    fn the_flag_is_taken_from_anybody_and_the_same_again_is_no_change() {
        let required = with(|user| user.mfa_required = true);
        assert!(
            require(&required, &sample::tenant(), true, origin())
                .unwrap()
                .is_none()
        );
        assert!(
            require(&with(|_| ()), &sample::tenant(), false, origin())
                .unwrap()
                .is_none()
        );
        // Somebody whom a directory has taken over since.
        let taken_over = User {
            mfa_required: true,
            ..sample::provisioned(1, "ada")
        };
        assert!(
            require(&taken_over, &sample::tenant(), false, origin())
                .unwrap()
                .is_some()
        );
        let deleted = with(|user| user.deleted_at = Some(user.created_at));
        for flag in [true, false] {
            assert_eq!(
                require(&deleted, &sample::tenant(), flag, origin()).unwrap_err(),
                Refusal::Deleted
            );
        }
    }

    #[test]
    fn nobody_removes_what_is_required_or_what_is_not_there() {
        let (free, required) = (with(|_| ()), with(|user| user.mfa_required = true));
        assert!(remove(&free, true, told(), origin()).is_ok());
        assert_eq!(
            remove(&required, true, told(), origin()).unwrap_err(),
            MfaRefusal::Required.into()
        );
        for user in [free, required] {
            assert_eq!(
                remove(&user, false, told(), origin()).unwrap_err(),
                MfaRefusal::NotEnrolled.into()
            );
        }
    }

    #[test]
    fn an_administrator_resets_somebody_elses() {
        let (user, tenant) = (with(|_| ()), sample::tenant());
        let deleted = with(|user| user.deleted_at = Some(at(2)));
        let provisioned = sample::provisioned(1, "ada");
        // Whose, whether they have one, whether it is the administrator's own.
        for (user, enrolled, own, expected) in [
            (&user, true, false, Ok(())),
            (&user, true, true, Err(MfaRefusal::Own.into())),
            (&user, false, false, Err(MfaRefusal::NotEnrolled.into())),
            (&user, false, true, Err(MfaRefusal::NotEnrolled.into())),
            // What is left of the time before the directory took over may go.
            (&provisioned, true, false, Ok(())),
            (&provisioned, false, false, Err(MfaRefusal::OfProvider.into())),
            (&deleted, true, false, Err(Refusal::Deleted)),
        ] {
            assert_eq!(
                check_may_reset(user, &tenant, enrolled, own),
                expected,
                "{user:?}"
            );
        }
    }

    #[test]
    fn audit_rows_count_codes_and_hold_no_secret() {
        let user = with(|_| ()).id;
        let secret = SealedSecret("sealed".to_owned());
        let hashes = vec![RecoveryHash([7; 32]); 10];
        let new = NewFactor {
            secret,
            step: 5,
            recovery_codes: hashes.clone(),
        };
        let said = |change: Change| {
            let (_, audit) = change.into_parts();
            (audit.action, audit.before.unwrap(), audit.after.unwrap())
        };
        assert_eq!(
            said(enrol(user, new, false, told(), origin())),
            (
                "user.mfa_enrolled",
                json!({"enrolled": false}),
                json!({"enrolled": true, "recovery_codes": 10})
            )
        );
        assert_eq!(
            said(use_recovery_code(user, hashes[0], 9, origin())),
            (
                "user.recovery_code_used",
                json!({"recovery_codes": 10}),
                json!({"recovery_codes": 9})
            )
        );
        assert_eq!(
            said(renew_recovery_codes(user, hashes, 3, origin())),
            (
                "user.recovery_codes_renewed",
                json!({"recovery_codes": 3}),
                json!({"recovery_codes": 10})
            )
        );
        assert_eq!(
            said(reset(user, TokenHash([1; 32]), None, origin())),
            (
                "user.mfa_reset",
                json!({"enrolled": true}),
                json!({"enrolled": false})
            )
        );
    }
}
