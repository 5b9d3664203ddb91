//! Passwords that an administrator sets for somebody.

use std::fmt;
use std::sync::Arc;

use super::users::reach;
use super::{Accounts, Error};
use crate::auth::bearer;
use crate::auth::letters;
use crate::auth::password::{Password, PasswordFault, context_of};
use crate::auth::vault::Vault;
use crate::directory::credential::{self, NewPassword, SetBy};
use crate::directory::{
    Action, Authority, Facets, Letter, Origin, PasswordHash, SessionId, Tenant, User, UserId,
};
use crate::storage::Tx;

/// A password that an administrator gives somebody. Never printed.
#[derive(Clone)]
pub struct Given {
    /// The password, as it was typed.
    pub password: String,
    /// The person has to choose another before their first session opens.
    pub temporary: bool,
    /// The administrator's own session, which goes on if the person is themself.
    pub keep: Option<SessionId>,
    /// Random, for the salt.
    pub salt: [u8; 32],
    /// Random, for the cipher.
    pub nonce: [u8; 12],
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

/// Judges a password for somebody of this address and name, without hashing it.
///
/// # Errors
/// [`PasswordFault`].
pub fn judge(tenant: &Tenant, (email, name): (&str, &str), password: &str) -> Result<(), PasswordFault> {
    Password::parse(password, &context_of(email, name, tenant)).map(drop)
}

/// Judges and hashes a password for somebody of this address and name. It takes a while: before a transaction, never in
/// one. The result goes into [`credential::set`].
///
/// # Errors
/// [`Error::Password`], [`Error::Busy`].
pub async fn prepare(
    on: &Accounts,
    tenant: &Tenant,
    (email, name): (&str, &str),
    password: &str,
    salt: [u8; 32],
) -> Result<PasswordHash, Error> {
    let accepted = Password::parse(password, &context_of(email, name, tenant))?;
    Ok(on.passwords.hash(accepted, salt).await?)
}

/// Sets somebody's password. Whether the administrator has shown who they are is the door's to ask, before. The person's
/// sessions end, and they are told by mail.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Password`], [`Error::Busy`]; [`CredentialRefusal`](crate::directory::CredentialRefusal)s,
/// or another rule says no.
pub async fn set(
    on: &Accounts,
    tenant: &Tenant,
    by: Authority,
    id: UserId,
    given: Given,
    origin: Origin,
) -> Result<User, Error> {
    let ready = make_ready(on, tenant, &by, id, given).await?;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::UsersPassword, id, false).await?;
            write(tx, &vault, &user, ready, origin).await?;
            Ok::<_, Error>(user)
        })
        .await
}

/// A password that is judged and hashed, and not set yet.
#[derive(Clone)]
pub(super) struct Ready {
    hash: PasswordHash,
    temporary: bool,
    keep: Option<SessionId>,
    nonce: [u8; 12],
}

/// Judges and hashes a password for somebody whom `by` reaches and who may have one.
pub(super) async fn make_ready(
    on: &Accounts,
    tenant: &Tenant,
    by: &Authority,
    id: UserId,
    given: Given,
) -> Result<Ready, Error> {
    let seen = reach::find(&mut on.store.read(tenant.id).await?, by, id).await?;
    credential::check_may_be_set(&seen, tenant)?;
    let hash = prepare(
        on,
        tenant,
        (&seen.user_name, &name_of(&seen)),
        &given.password,
        given.salt,
    )
    .await?;
    Ok(Ready {
        hash,
        temporary: given.temporary,
        keep: given.keep,
        nonce: given.nonce,
    })
}

/// Sets a password that is ready, of somebody who is locked until the commit.
pub(super) async fn write(
    tx: &mut Tx,
    vault: &Vault,
    user: &User,
    ready: Ready,
    origin: Origin,
) -> Result<(), Error> {
    let tenant = tx.find_tenant().await?.ok_or(Error::NotFound("tenant"))?;
    credential::check_may_be_set(user, &tenant)?;
    let letter = Letter::PasswordChanged {
        language: tenant.language_of(user),
        tenant: tenant.name.clone(),
        name: name_of(user),
        by_administrator: true,
        at: origin.at,
    };
    let new = NewPassword {
        hash: ready.hash,
        must_change: ready.temporary,
        by: SetBy::Administrator,
        keep: ready.keep,
        mails: vec![letters::seal(
            vault,
            tenant.id,
            &user.user_name,
            &letter,
            ready.nonce,
        )?],
    };
    let account = bearer::account_key(tenant.id, &user.user_name);
    tx.apply(credential::set(user.id, account, new, origin)).await?;
    Ok(())
}

fn name_of(user: &User) -> String {
    let shown = Facets::read(&user.profile.attributes()).display_name;
    shown.unwrap_or_else(|| user.user_name.clone())
}
