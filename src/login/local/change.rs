//! Another password, by somebody who knows the one before.

use super::account::{changed_letter, name_of, second_mark};
use super::crossing;
use super::error::LocalError;
use super::step::{Step, next_step};
use super::ticket::{self, FreshStep, Shown, Stage, Taken};
use crate::auth::bearer::account_key;
use crate::auth::letters;
use crate::auth::password::{Password, PasswordFault, context_of};
use crate::directory::credential::{self, NewPassword, SetBy};
use crate::directory::{
    Actor, Aim, Code, Credential, CredentialRefusal, GuessPurpose, Origin, PasswordHash, SessionId, Tenant,
    User,
};
use crate::login::error::SignInError;
use crate::login::{Login, Refused, Session};
use crate::storage::{GuessKey, Guesser, Tx};

/// Sets a password in the place of a temporary one, in the middle of a sign-in.
///
/// # Errors
/// [`LocalError`]: `SignIn` where the ticket is not good, or not for this step.
pub async fn change_by_ticket(
    on: &Login,
    shown: Shown<'_>,
    password: &str,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, LocalError> {
    let held = ticket::find(on, shown, origin.at)
        .await
        .map_err(|refused| LocalError::SignIn(Box::new(refused)))?;
    let mut view = on.store.read(held.tenant.id).await?;
    let before = view.find_credential(held.user.id).await?;
    drop(view);
    let before = before.ok_or_else(|| LocalError::SignIn(Box::new(Code::SignInExpired.into())))?;
    let hash = prepare(on, &held.tenant, &held.user, &before, password, fresh.salt).await?;
    let changing = Changing {
        before: before.hash,
        hash,
        keep: None,
    };
    let (login, opening, at) = (on.clone(), fresh.clone(), origin.clone());
    let written = on.store.write(held.tenant.id, async move |tx: &mut Tx| {
        let taken = ticket::take(tx, &held.hash, at.at).await?;
        let facts = taken.facts(tx).await?;
        if next_step(facts) != Some(Step::ChangePassword) {
            return Err(Refused::new(Code::SignInExpired).into());
        }
        let nonce = opening.nonce();
        let taken = change(tx, &login, taken, changing, (nonce, &at)).await?;
        ticket::proceed(tx, &login, taken, opening, at).await
    });
    let arrived = crossing::arrive(on, written.await?, fresh, origin).await;
    arrived.map_err(|refused| LocalError::SignIn(Box::new(refused)))
}

/// Changes the password of somebody who is signed in. Their session goes on, all others end. `browser` is what the browser
/// shows of an earlier sign-in; answers what it shows from now on to be known.
///
/// # Errors
/// [`LocalError`]: `Refused` with [`CredentialRefusal::NoLocalPassword`] or [`CredentialRefusal::CurrentPasswordWrong`].
pub async fn change_own(
    on: &Login,
    session: &Session,
    current: &str,
    password: &str,
    ((salt, nonce), browser): (([u8; 32], [u8; 12]), Option<&str>),
    origin: Origin,
) -> Result<String, LocalError> {
    let (tenant_id, user) = (session.tenant(), session.user().clone());
    let mut view = on.store.read(tenant_id).await?;
    let tenant = view.find_tenant().await?.ok_or(LocalError::NotFound("tenant"))?;
    let before = view.find_credential(user.id).await?;
    drop(view);
    credential::check_local(&user, &tenant)?;
    let before = before.ok_or(LocalError::Refused(CredentialRefusal::NoLocalPassword.into()))?;
    let key = GuessKey {
        purpose: GuessPurpose::OwnPassword,
        account: account_key(tenant_id, &user.user_name),
        by: Guesser::Stranger,
    };
    super::own::begin(on, tenant_id, key.clone(), origin.at).await?;
    let shown = (current, Some(&before.hash));
    let compared = on.compare_counted(tenant_id, &key, shown, origin.at).await?;
    if !compared?.is_right {
        return Err(LocalError::Refused(
            CredentialRefusal::CurrentPasswordWrong.into(),
        ));
    }
    ticket::forget(on, tenant_id, key).await?;
    let hash = prepare(on, &tenant, &user, &before, password, salt).await?;
    let changing = Changing {
        before: before.hash,
        hash,
        keep: Some(session.id()),
    };
    let (login, own) = (on.clone(), session.id());
    let account = account_key(tenant_id, &user.user_name);
    let known = on.know_browser(account, origin.at, browser.and_then(second_mark), origin.at);
    let written = on.store.write(tenant_id, async move |tx: &mut Tx| {
        let gone = || LocalError::NotFound("user");
        let user = tx.find_user_for_update(user.id).await?.ok_or_else(gone)?;
        let tenant = tx.find_tenant().await?.ok_or_else(gone)?;
        // Whoever lost their access a moment ago, or their session, changes nothing.
        if !user.has_access(origin.at) || !tx.has_session(own, user.id).await? {
            return Err(LocalError::SessionOver);
        }
        let credential = tx.find_credential(user.id).await?.ok_or_else(gone)?;
        let taken = Taken {
            tenant,
            user,
            credential,
            second_factor: false,
            aim: Aim::Home,
        };
        let changed = change(tx, &login, taken, changing, (nonce, &origin)).await;
        changed.map(drop).map_err(LocalError::from)
    });
    written.await?;
    Ok(known)
}

/// What was prepared before the transaction.
#[derive(Clone)]
struct Changing {
    before: PasswordHash,
    hash: PasswordHash,
    keep: Option<SessionId>,
}

/// Judges and hashes a new password.
async fn prepare(
    on: &Login,
    tenant: &Tenant,
    user: &User,
    before: &Credential,
    password: &str,
    salt: [u8; 32],
) -> Result<PasswordHash, LocalError> {
    let accepted = Password::parse(password, &context_of(&user.user_name, &name_of(user), tenant))?;
    if on.passwords.compare(password, Some(&before.hash)).await?.is_right {
        return Err(PasswordFault::Unchanged.into());
    }
    Ok(on.passwords.hash(accepted, salt).await?)
}

/// Sets the password and tells the person, unless somebody else has set another one meanwhile.
async fn change(
    tx: &mut Tx,
    on: &Login,
    taken: Taken,
    changing: Changing,
    (nonce, origin): ([u8; 12], &Origin),
) -> Result<Taken, SignInError> {
    if taken.credential.hash != changing.before {
        return Err(Refused::new(Code::SignInExpired).into());
    }
    let user = &taken.user;
    let letter = changed_letter(user, &taken.tenant, origin.at);
    let sealed = letters::seal(&on.vault, taken.tenant.id, &user.user_name, &letter, nonce);
    let mail = sealed.map_err(|_| Refused::new(Code::InternalError))?;
    let new = NewPassword {
        hash: changing.hash.clone(),
        must_change: false,
        by: SetBy::Own,
        keep: changing.keep,
        mails: vec![mail],
    };
    let account = account_key(taken.tenant.id, &user.user_name);
    let changed_at = origin.at;
    let origin = Origin {
        actor: Actor::User(user.id),
        ..origin.clone()
    };
    tx.apply(credential::set(user.id, account, new, origin)).await?;
    let credential = Credential {
        user: user.id,
        hash: changing.hash,
        must_change: false,
        changed_at,
    };
    Ok(Taken { credential, ..taken })
}
