//! Passwords of local accounts: whose they are, who has set them, and the links that let somebody set one.
//!
//! What a password has to be and how it is hashed is [`auth::password`](crate::auth)'s; here it is a hash already.

mod refusal;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, CredentialFact, Fact};
use super::guest::GuestRefusal;
use super::id::{SessionId, UserId};
use super::invitation::Mail;
use super::refusal::Refusal;
use super::registry::TokenHash;
use super::tenant::{SignIn, Tenant};
use super::user::{User, UserSource, UserStatus};

pub use refusal::CredentialRefusal;

/// How long a link by which a password is set anew is good.
pub const RESET_LIFETIME: Duration = Duration::from_hours(1);

/// How many such links of one person may be good at once. Whoever asks for more gets no mail: those that went out still
/// work, and nobody's mailbox is flooded.
pub const MOST_RESETS: u64 = 3;

/// A password's hash in the PHC string format. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The password of a person, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub user: UserId,
    /// Its hash.
    pub hash: PasswordHash,
    /// It is a temporary one: no session opens before another is chosen.
    pub must_change: bool,
    /// When it was set.
    pub changed_at: Timestamp,
}

/// Who has set a password, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// The person, who knew the one before.
    Own,
    /// An administrator or the operator.
    Administrator,
    /// The person, by the link of an invitation.
    Invitation,
    /// The person, by the link of a reset.
    Reset,
}

impl SetBy {
    /// The word in the audit row and in letters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Administrator => "administrator",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// A password that is to be set.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// Its hash.
    pub hash: PasswordHash,
    /// It has to be changed before the first session opens.
    pub must_change: bool,
    /// By whom.
    pub by: SetBy,
    /// The session that goes on, if there is one: the one in which the person does it. All others end.
    pub keep: Option<SessionId>,
    /// Who is told.
    pub mails: Vec<Mail>,
}

/// Sets a password. Every session and every unfinished sign-in of the person ends, but for the one that goes on; links of
/// resets are void, and what was counted of wrong passwords is forgotten under `account`, the name that they were given for.
/// Guesses at codes are not: whoever reads the mail can set a password, and has no app.
#[must_use]
pub fn set(user: UserId, account: TokenHash, new: NewPassword, origin: Origin) -> Change {
    let after = json!({"by": new.by.as_str(), "temporary": new.must_change});
    let credential = Credential {
        user,
        hash: new.hash,
        must_change: new.must_change,
        changed_at: origin.at,
    };
    let fact = CredentialFact::PasswordSet {
        credential,
        account,
        keep: new.keep,
        mails: new.mails,
    };
    let target = ("user", user.0);
    Change::new(
        Fact::Credential(fact),
        origin,
        "user.password_set",
        target,
        None,
        Some(after),
    )
}

/// Sends a link by which a person can set a password, `activates` saying that they accept their invitation by it.
#[must_use]
pub fn send_reset(user: UserId, hash: TokenHash, mail: Mail, activates: bool, origin: Origin) -> Change {
    let expires_at = origin.at + RESET_LIFETIME;
    let after =
        json!({"activates": activates, "recipient": mail.recipient, "expires_at": expires_at.to_string()});
    let fact = CredentialFact::ResetSent {
        user,
        hash,
        expires_at,
        mail,
        at: origin.at,
    };
    let target = ("user", user.0);
    Change::new(
        Fact::Credential(fact),
        origin,
        "user.password_reset_sent",
        target,
        None,
        Some(after),
    )
}

/// Notes that an administrator has given a wrong password of their own while setting somebody else's.
#[must_use]
pub fn refuse_own(target: UserId, origin: Origin) -> Change {
    let after = json!({"refused": CredentialRefusal::OwnPasswordWrong.code()});
    let target = ("user", target.0);
    let fact = Fact::Credential(CredentialFact::Refused);
    Change::new(
        fact,
        origin,
        "user.password_set_refused",
        target,
        None,
        Some(after),
    )
}

/// Whether a person of the tenant signs in by password at all: a local account, where single sign-on is not enforced or
/// the account is the one that is exempt.
///
/// # Errors
/// [`CredentialRefusal::NoLocalPassword`], [`CredentialRefusal::LocalSignInDisabled`].
pub fn check_local(user: &User, tenant: &Tenant) -> Result<(), Refusal> {
    if user.directory.is_some() || matches!(user.source, UserSource::Guest | UserSource::Jit) {
        return Err(CredentialRefusal::NoLocalPassword.into());
    }
    if tenant.sign_in == SignIn::Sso && !user.break_glass {
        return Err(CredentialRefusal::LocalSignInDisabled.into());
    }
    Ok(())
}

/// Whether an administrator may set a person's password.
///
/// # Errors
/// As [`check_local`], and [`Refusal::Deleted`], [`CredentialRefusal::InvitationPending`], [`GuestRefusal::Account`].
pub fn check_may_be_set(user: &User, tenant: &Tenant) -> Result<(), Refusal> {
    if user.home.is_some() {
        return Err(GuestRefusal::Account.into());
    }
    if user.deleted_at.is_some() {
        return Err(Refusal::Deleted);
    }
    check_local(user, tenant)?;
    if user.pending {
        return Err(CredentialRefusal::InvitationPending.into());
    }
    Ok(())
}

/// Whether somebody who holds a link of a mail may set a password by it at this moment. Whoever is pending accepts their
/// invitation by it. Nobody comes back by a link: not who was blocked, nor who was taken away by a directory, nor whose
/// access is over.
///
/// # Errors
/// As [`check_local`], and [`CredentialRefusal::TenantSuspended`], [`CredentialRefusal::NoAccess`].
pub fn check_may_redeem(user: &User, tenant: &Tenant, now: Timestamp) -> Result<(), Refusal> {
    if tenant.suspended_at.is_some() {
        return Err(CredentialRefusal::TenantSuspended.into());
    }
    check_local(user, tenant)?;
    match user.status(now) {
        UserStatus::Active | UserStatus::Pending | UserStatus::Scheduled => Ok(()),
        UserStatus::Inactive | UserStatus::Expired | UserStatus::Deleted => {
            Err(CredentialRefusal::NoAccess.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::AccessWindow;
    use crate::directory::sample::{self, at, now, origin};
    use uuid::Uuid;

    fn tenant(sign_in: SignIn, suspended: bool) -> Tenant {
        Tenant {
            sign_in,
            suspended_at: suspended.then(now),
            ..sample::tenant()
        }
    }

    fn with(change: fn(&mut User)) -> User {
        let mut user = sample::local(1, "ada@acme.example");
        change(&mut user);
        user
    }

    #[test]
    fn whoever_may_sign_in_or_wait_for_it_redeems_a_link_and_nobody_comes_back_by_one() {
        let window = |from, until| AccessWindow { from, until };
        let local = tenant(SignIn::Local, false);
        for (user, expected) in [
            (with(|_| ()), Ok(())),
            (with(|user| user.pending = true), Ok(())),
            (
                User {
                    access: window(Some(now() + Duration::from_hours(1)), None),
                    ..with(|_| ())
                },
                Ok(()),
            ),
            (
                User {
                    access: window(None, Some(at(1))),
                    ..with(|user| user.pending = true)
                },
                Err(CredentialRefusal::NoAccess.into()),
            ),
            (
                with(|user| user.blocked = true),
                Err(CredentialRefusal::NoAccess.into()),
            ),
            (
                with(|user| user.active = Some(false)),
                Err(CredentialRefusal::NoAccess.into()),
            ),
            (
                with(|user| user.deleted_at = Some(user.created_at)),
                Err(CredentialRefusal::NoAccess.into()),
            ),
            (
                sample::provisioned(1, "ada"),
                Err(CredentialRefusal::NoLocalPassword.into()),
            ),
            (
                sample::first_login(1, "ada"),
                Err(CredentialRefusal::NoLocalPassword.into()),
            ),
            (
                with(|user| user.source = UserSource::Guest),
                Err(CredentialRefusal::NoLocalPassword.into()),
            ),
        ] {
            assert_eq!(check_may_redeem(&user, &local, now()), expected, "{user:?}");
        }
        let suspended = tenant(SignIn::Local, true);
        let refused = check_may_redeem(&with(|_| ()), &suspended, now());
        assert_eq!(refused, Err(CredentialRefusal::TenantSuspended.into()));
    }

    #[test]
    fn under_single_sign_on_the_break_glass_account_alone_has_a_password() {
        let sso = tenant(SignIn::Sso, false);
        assert_eq!(
            check_local(&with(|_| ()), &sso),
            Err(CredentialRefusal::LocalSignInDisabled.into())
        );
        assert_eq!(check_local(&with(|user| user.break_glass = true), &sso), Ok(()));
    }

    #[test]
    fn an_administrator_sets_the_password_of_whoever_has_one() {
        let local = tenant(SignIn::Local, false);
        assert_eq!(check_may_be_set(&with(|_| ()), &local), Ok(()));
        assert_eq!(
            check_may_be_set(&with(|user| user.blocked = true), &local),
            Ok(())
        );
        let pending = with(|user| user.pending = true);
        assert_eq!(
            check_may_be_set(&pending, &local),
            Err(CredentialRefusal::InvitationPending.into())
        );
        let deleted = with(|user| user.deleted_at = Some(user.created_at));
        assert_eq!(check_may_be_set(&deleted, &local), Err(Refusal::Deleted));
    }

    #[test]
    fn the_audit_row_of_a_password_says_who_has_set_it_and_nothing_of_it() {
        let new = NewPassword {
            hash: PasswordHash("$argon2id$secret".to_owned()),
            must_change: true,
            by: SetBy::Administrator,
            keep: None,
            mails: Vec::new(),
        };
        let user = UserId(Uuid::from_u128(7));
        let change = set(user, TokenHash([1; 32]), new, origin());
        assert!(!format!("{change:?}").contains("secret"));
        let (_, audit) = change.into_parts();
        assert_eq!(
            (audit.action, audit.target_id, audit.before),
            ("user.password_set", user.0, None)
        );
        assert_eq!(
            audit.after,
            Some(json!({"by": "administrator", "temporary": true}))
        );
    }
}
