//! An account by the name that somebody gives: under what its guesses are counted, which browsers are known to be its
//! person's, and whether whoever gave the right password may come in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::directory::registry::TokenHash;
use crate::directory::{
    Code, Facets, GuessPurpose, Letter, PasswordHash, SignIn, Tenant, TenantId, User, UserStatus, credential,
};
use crate::hashing::{Busy, Verdict};
use crate::login::Login;
use crate::storage::{self, GuessKey, Guesser, Tx};

/// How long a browser is known after a sign-in: a year.
pub const KNOWN_BROWSER_SECONDS: i64 = 366 * 24 * 3600;
/// Between the mark of the password and that of the app.
const BETWEEN: &str = "~";
/// Longer than any mark.
const LONGEST_MARK: usize = 64;

impl Login {
    /// Who guesses: `cookie` is what the browser shows of an earlier sign-in, `since` when what is guessed at was set. What
    /// was proven of a password or an app before it makes nobody known.
    pub(super) fn guesser(
        &self,
        purpose: GuessPurpose,
        account: TokenHash,
        (cookie, since): (Option<&str>, Option<Timestamp>),
        now: Timestamp,
    ) -> Guesser {
        let known = cookie.zip(since).is_some_and(|(cookie, since)| {
            let mut marks = cookie.split(BETWEEN).take(2);
            marks.any(|mark| self.is_mark(mark, (purpose, account, since), now))
        });
        if known { Guesser::Known } else { Guesser::Stranger }
    }

    /// Compares a password whose guess was counted under `key`. A guess that nobody has the time to look at is taken back.
    pub(super) async fn compare_counted(
        &self,
        tenant: TenantId,
        key: &GuessKey,
        (text, hash): (&str, Option<&PasswordHash>),
        now: Timestamp,
    ) -> Result<Result<Verdict, Busy>, storage::Error> {
        let compared = self.passwords.compare(text, hash).await;
        if compared.is_err() {
            let key = key.clone();
            let written = self.store.write(tenant, async move |tx: &mut Tx| {
                tx.take_back_guess(&key, now).await
            });
            written.await?;
        }
        Ok(compared)
    }

    /// What a browser is given to show from now on. `password` is when the password was set by which it is known to be this
    /// account's person's, `second_factor` the mark that says the same of the app.
    pub(super) fn know_browser(
        &self,
        account: TokenHash,
        password: Timestamp,
        second_factor: Option<String>,
        now: Timestamp,
    ) -> String {
        let first = self.mark((GuessPurpose::Password, account, password), now);
        let marks: Vec<String> = [Some(first), second_factor].into_iter().flatten().collect();
        marks.join(BETWEEN)
    }

    /// A mark of what was proven with a browser, good for as long as what it was proven by is not replaced, and for a year.
    pub(super) fn mark(&self, of: (GuessPurpose, TokenHash, Timestamp), now: Timestamp) -> String {
        let until = now.as_second() + KNOWN_BROWSER_SECONDS;
        let tag = self.browsers.tag(&of.1.0, &marked(of, until));
        format!("{until}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    fn is_mark(&self, mark: &str, of: (GuessPurpose, TokenHash, Timestamp), now: Timestamp) -> bool {
        let read = |(until, tag): (&str, &str)| {
            Some((until.parse::<i64>().ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?))
        };
        let read = mark.split_once('.').and_then(read);
        read.is_some_and(|(until, tag)| {
            now.as_second() < until && self.browsers.verify(&of.1.0, &marked(of, until), &tag)
        })
    }
}

/// The mark of the app in what a browser shows, as it stands there: a new password says nothing against it.
pub(super) fn second_mark(cookie: &str) -> Option<String> {
    let (_, mark) = cookie.split_once(BETWEEN)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    (mark.len() <= LONGEST_MARK && mark.chars().all(fits)).then(|| mark.to_owned())
}

fn marked((purpose, _, since): (GuessPurpose, TokenHash, Timestamp), until: i64) -> Vec<u8> {
    format!("{} {} {until}", purpose.as_str(), since.as_microsecond()).into_bytes()
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
