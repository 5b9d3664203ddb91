//! Whether an administrator who is about to set somebody else's password has shown who they are.

use std::time::Duration;

use jiff::Timestamp;

use super::error::LocalError;
use super::ticket;
use crate::auth::bearer::account_key;
use crate::directory::{CredentialRefusal, GuessPurpose, Origin, TenantId, UserId, credential};
use crate::login::{Login, Session};
use crate::storage::{GuessKey, Guesser, Tx};

/// How fresh the sign-in of an administrator has to be who has no password to show.
const FRESH: Duration = Duration::from_mins(5);

/// Checks that an administrator gives their own password before they set `target`'s; whoever came by single sign-on, and
/// the break-glass account, have signed in within the last five minutes instead. A wrong password is audited and counted.
///
/// # Errors
/// [`LocalError::OwnPasswordMissing`], [`LocalError::LockedOut`]; [`CredentialRefusal::OwnPasswordWrong`],
/// [`CredentialRefusal::ReauthenticationRequired`].
pub async fn confirm_own(
    on: &Login,
    session: &Session,
    password: Option<&str>,
    target: UserId,
    origin: Origin,
) -> Result<(), LocalError> {
    let (tenant, user) = (session.tenant(), session.user());
    // A guest has their password at home.
    let (home, holder) = match user.home {
        Some(home) => (home.tenant, home.user),
        None => (tenant, user.id),
    };
    let credential = on.store.read(home).await?.find_credential(holder).await?;
    let by_password = session.of.session.auth_method == "local" && !user.break_glass;
    let Some(credential) = credential.filter(|_| by_password) else {
        return if origin.at <= session.of.session.created_at + FRESH {
            Ok(())
        } else {
            Err(LocalError::Refused(
                CredentialRefusal::ReauthenticationRequired.into(),
            ))
        };
    };
    let password = password.ok_or(LocalError::OwnPasswordMissing)?;
    let key = GuessKey {
        purpose: GuessPurpose::OwnPassword,
        account: account_key(home, &user.user_name),
        by: Guesser::Stranger,
    };
    begin(on, home, key.clone(), origin.at).await?;
    let shown = (password, Some(&credential.hash));
    if on.compare_counted(home, &key, shown, origin.at).await??.is_right {
        return Ok(ticket::forget(on, home, key).await?);
    }
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.apply(credential::refuse_own(target, origin)).await
        })
        .await?;
    Err(LocalError::Refused(CredentialRefusal::OwnPasswordWrong.into()))
}

/// Counts a guess of somebody who is signed in. Theirs alone: nobody else can make them wait.
pub(super) async fn begin(
    on: &Login,
    tenant: TenantId,
    key: GuessKey,
    now: Timestamp,
) -> Result<(), LocalError> {
    let begun = on
        .store
        .write(tenant, async move |tx: &mut Tx| tx.begin_guess(&key, now).await)
        .await?;
    begun.map_err(LocalError::LockedOut)
}
