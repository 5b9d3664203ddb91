//! Who has to have a second factor, and what is done when one is lost.

use std::sync::Arc;

use super::super::{Accounts, Error};
use super::reach;
use crate::auth::bearer::account_key;
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::second_factor;
use crate::directory::{
    Action, Authority, Letter, Mail, MfaRefusal, Origin, Refusal, Tenant, TenantId, User, UserId,
};
use crate::storage::Tx;

/// Says whether a person needs a second factor to sign in by password, from the next sign-in on.
///
/// # Errors
/// [`Error::NotFound`]; [`MfaRefusal::OfProvider`](crate::directory::MfaRefusal::OfProvider), or another rule says no.
pub async fn set_mfa_required(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    required: bool,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::UsersPassword, id, false).await?;
            check_not_lifted_by_oneself(&by, &user, required)?;
            let tenant = tx.find_tenant().await?.ok_or(Error::NotFound("tenant"))?;
            if let Some(change) = second_factor::require(&user, &tenant, required, origin)? {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// Nobody frees themself of a second factor that others have asked of them.
pub(super) fn check_not_lifted_by_oneself(
    by: &Authority,
    user: &User,
    required: bool,
) -> Result<(), Refusal> {
    let own = matches!(by, Authority::Administrator { user: id, .. } if *id == user.id);
    if own && user.mfa_required && !required {
        return Err(MfaRefusal::Own.into());
    }
    Ok(())
}

/// Takes a person's second factor away with its recovery codes, ends their sessions and tells them by mail. `nonce` is
/// random, and used for nothing else.
///
/// # Errors
/// [`Error::NotFound`]; [`MfaRefusal::NotEnrolled`](crate::directory::MfaRefusal::NotEnrolled),
/// [`MfaRefusal::Own`](crate::directory::MfaRefusal::Own), or another rule says no.
pub async fn reset_mfa(
    on: &Accounts,
    tenant: Tenant,
    by: Authority,
    id: UserId,
    nonce: [u8; 12],
    origin: Origin,
) -> Result<(), Error> {
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::UsersPassword, id, false).await?;
            let enrolled = tx.find_second_factor(id).await?.is_some();
            let own = matches!(by, Authority::Administrator { user, .. } if user == id);
            second_factor::check_may_reset(&user, &tenant, enrolled, own)?;
            let mail = tell(&vault, &tenant, &user, nonce, &origin)?;
            let account = account_key(tenant.id, &user.user_name);
            tx.apply(second_factor::reset(id, account, mail, origin)).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// The letter to the person; none to somebody without an address.
fn tell(
    vault: &Vault,
    tenant: &Tenant,
    user: &User,
    nonce: [u8; 12],
    origin: &Origin,
) -> Result<Option<Mail>, Error> {
    let letter = Letter::MfaReset {
        language: tenant.language_of(user),
        tenant: tenant.name.clone(),
        support_email: tenant.support_email.clone(),
        at: origin.at,
    };
    let sealed = user
        .email()
        .map(|address| letters::seal(vault, tenant.id, &address, &letter, nonce));
    Ok(sealed.transpose()?)
}
