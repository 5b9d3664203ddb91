//! An account by the name that somebody gives: under what its guesses are counted, which browsers are known to be its
//! person's, and whether whoever gave the right password may come in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::auth::bearer;
use crate::directory::registry::TokenHash;
use crate::directory::{Code, Facets, GuessPurpose, Letter, SignIn, Tenant, User, UserStatus, credential};
use crate::login::Login;
use crate::storage::GuessKey;

/// How long a browser is known after a sign-in: a year.
pub const KNOWN_BROWSER_SECONDS: i64 = 366 * 24 * 3600;

impl Login {
    /// Under what a guess is counted; `cookie` is what the browser shows of an earlier sign-in.
    pub(in crate::login) fn guess_key(
        &self,
        purpose: GuessPurpose,
        account: TokenHash,
        cookie: Option<&str>,
    ) -> GuessKey {
        GuessKey {
            purpose,
            account,
            browser: cookie.and_then(|cookie| self.known_browser(account, cookie)),
        }
    }

    /// What a browser is given to show from now on: it is known to be this account's person's. `secret` is a token that the
    /// browser was given or has shown, of which nothing can be told afterwards.
    pub(in crate::login) fn know_browser(&self, account: TokenHash, secret: &str) -> String {
        let nonce = bearer::derive(secret, "known browser");
        let tag = self.browsers.tag(&account.0, nonce.as_bytes());
        format!("{nonce}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    fn known_browser(&self, account: TokenHash, cookie: &str) -> Option<TokenHash> {
        let (nonce, tag) = cookie.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let is_ours = self.browsers.verify(&account.0, nonce.as_bytes(), &tag);
        is_ours.then(|| bearer::hash(cookie))
    }
}

/// Whether somebody may come in whose password was right.
pub(super) fn judge(user: &User, tenant: &Tenant, now: Timestamp) -> Result<(), Code> {
    if tenant.suspended_at.is_some() {
        return Err(Code::TenantSuspended);
    }
    if credential::check_local(user, tenant).is_err() {
        return Err(refusal_of(tenant));
    }
    match user.status(now) {
        UserStatus::Active => Ok(()),
        UserStatus::Inactive if user.active == Some(true) => Err(Code::AccountInactive),
        UserStatus::Inactive => Err(Code::ScimDeprovisioned),
        UserStatus::Scheduled => Err(Code::AccessNotStarted),
        UserStatus::Expired => Err(Code::AccessExpired),
        UserStatus::Deleted => Err(Code::AccountDeleted),
        UserStatus::Pending => Err(Code::InvalidCredentials),
    }
}

/// What whoever has not given the right password of an account is told: of a tenant with single sign-on the same to
/// everybody.
pub(super) fn refusal_of(tenant: &Tenant) -> Code {
    match tenant.sign_in {
        SignIn::Local => Code::InvalidCredentials,
        SignIn::Sso => Code::LocalSignInDisabled,
    }
}

/// How a person is called in letters.
pub(super) fn name_of(user: &User) -> String {
    let shown = Facets::read(&user.profile.attributes()).display_name;
    shown.unwrap_or_else(|| user.user_name.clone())
}

/// The letter that tells somebody of their new password.
pub(super) fn changed_letter(user: &User, tenant: &Tenant, at: Timestamp) -> Letter {
    Letter::PasswordChanged {
        language: tenant.language_of(user),
        tenant: tenant.name.clone(),
        name: name_of(user),
        by_administrator: false,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::bearer::account_key;
    use crate::directory::sample::{self, at, now};
    use crate::directory::{AccessWindow, TenantId};
    use std::time::Duration;
    use uuid::Uuid;

    fn tenant(sign_in: SignIn) -> Tenant {
        Tenant {
            sign_in,
            ..sample::tenant()
        }
    }

    #[test]
    fn what_the_right_password_is_answered_by_depends_on_the_account() {
        let with = |change: fn(&mut User)| {
            let mut user = sample::local(1, "ada@acme.example");
            change(&mut user);
            user
        };
        let window = |from, until| User {
            access: AccessWindow { from, until },
            ..with(|_| ())
        };
        let later = now() + Duration::from_hours(1);
        let local = tenant(SignIn::Local);
        for (user, expected) in [
            (with(|_| ()), Ok(())),
            (with(|user| user.blocked = true), Err(Code::AccountInactive)),
            (
                with(|user| user.active = Some(false)),
                Err(Code::ScimDeprovisioned),
            ),
            (window(Some(later), None), Err(Code::AccessNotStarted)),
            (window(None, Some(at(1))), Err(Code::AccessExpired)),
            (
                with(|user| user.deleted_at = Some(user.created_at)),
                Err(Code::AccountDeleted),
            ),
            (with(|user| user.pending = true), Err(Code::InvalidCredentials)),
            (sample::provisioned(1, "ada"), Err(Code::InvalidCredentials)),
        ] {
            assert_eq!(judge(&user, &local, now()), expected, "{user:?}");
        }
        let suspended = Tenant {
            suspended_at: Some(now()),
            ..local
        };
        assert_eq!(
            judge(&with(|_| ()), &suspended, now()),
            Err(Code::TenantSuspended)
        );
    }

    #[test]
    fn under_single_sign_on_everybody_but_the_break_glass_account_is_told_the_same() {
        let sso = tenant(SignIn::Sso);
        let user = sample::local(1, "ada@acme.example");
        let flagged = User {
            break_glass: true,
            ..user.clone()
        };
        let blocked = User {
            blocked: true,
            ..user.clone()
        };
        assert_eq!(judge(&user, &sso, now()), Err(Code::LocalSignInDisabled));
        assert_eq!(judge(&blocked, &sso, now()), Err(Code::LocalSignInDisabled));
        assert_eq!(refusal_of(&sso), Code::LocalSignInDisabled);
        assert_eq!(judge(&flagged, &sso, now()), Ok(()));
    }

    #[test]
    fn a_name_is_counted_alike_however_it_is_written_and_apart_in_each_tenant() {
        let (one, two) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        assert_eq!(
            account_key(one, "Ada@Acme.example"),
            account_key(one, "ada@acme.example")
        );
        assert_ne!(
            account_key(one, "ada@acme.example"),
            account_key(two, "ada@acme.example")
        );
    }
}
