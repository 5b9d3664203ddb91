//! Settling the local accounts of a tenant that begins to sign in by single sign-on.
//!
//! It is done part by part after the tenant's mode was set, so that no transaction grows with the tenant; a part that
//! fails is made up for by setting the same again.

use super::{Accounts, Error};
use crate::directory::local_accounts::settle;
use crate::directory::{
    Action, Authority, LocalAccounts, Origin, Refusal, SignIn, Target, TenantId, User, UserId, allow,
};
use crate::storage::Tx;

/// How many accounts one transaction settles.
const PART: u32 = 100;

/// How many accounts a preview shows.
const SHOWN: usize = 100;

/// What was done with local accounts.
#[derive(Debug, Default)]
pub struct Settled {
    /// How many changed.
    pub affected: u64,
    /// Who was left as they are, and why.
    pub kept: Vec<(User, Refusal)>,
}

/// What would be done with local accounts.
#[derive(Debug, Default)]
pub struct Preview {
    /// How many would change.
    pub affected: u64,
    /// The first hundred of these.
    pub people: Vec<User>,
    /// Who would be left as they are, and why.
    pub kept: Vec<(User, Refusal)>,
}

/// Settles them, on behalf of somebody who may.
pub(super) async fn settle_all(
    on: &Accounts,
    tenant: TenantId,
    how: LocalAccounts,
    origin: &Origin,
) -> Result<Settled, Error> {
    let mut settled = Settled::default();
    let mut after = None;
    loop {
        let part = on
            .store
            .read(tenant)
            .await?
            .list_local_accounts(how, after, PART)
            .await?;
        after = part.last().map(|user| user.id);
        let (full, origin) = (part.len() == PART as usize, origin.clone());
        let ids: Vec<UserId> = part.into_iter().map(|user| user.id).collect();
        let write = on.store.write(tenant, async move |tx: &mut Tx| {
            settle_part(tx, &ids, how, &origin).await
        });
        let done = write.await?;
        settled.affected += done.affected;
        settled.kept.extend(done.kept);
        if !full {
            return Ok(settled);
        }
    }
}

/// Passwords are people's alone to take, and accounts are blocked by whoever may block one.
pub(super) fn check_may_settle(by: &Authority, how: LocalAccounts) -> Result<(), Refusal> {
    allow(by, Action::SettingsWrite, Target::Anything)?;
    match how {
        LocalAccounts::Keep => Ok(()),
        LocalAccounts::Convert => allow(by, Action::UsersPassword, Target::Anything),
        LocalAccounts::Disable => allow(by, Action::UsersWrite, Target::Anything),
    }
}

async fn settle_part(
    tx: &mut Tx,
    ids: &[UserId],
    how: LocalAccounts,
    origin: &Origin,
) -> Result<Settled, Error> {
    let mut settled = Settled::default();
    // People are locked before the tenant everywhere.
    let mut users = Vec::with_capacity(ids.len());
    for id in ids {
        users.extend(tx.find_user_for_update(*id).await?);
    }
    let tenant = tx.find_tenant_for_update().await?;
    // Somebody has taken single sign-on back meanwhile.
    if tenant.is_none_or(|tenant| tenant.sign_in != SignIn::Sso) {
        return Ok(settled);
    }
    for user in users.into_iter().filter(|user| user.deleted_at.is_none()) {
        let others = tx
            .count_other_full_administrators_for_update(&user, origin.at)
            .await?;
        match settle(&user, how, others, origin.clone()) {
            Ok(Some(change)) => {
                tx.apply(change).await?;
                settled.affected += 1;
            }
            Ok(None) => {}
            Err(refusal) => settled.kept.push((user, refusal)),
        }
    }
    Ok(settled)
}

/// What would be done at this moment.
///
/// # Errors
/// [`Refusal::PermissionRequired`], [`Refusal::NotForKeys`], [`Refusal::FullScopeRequired`].
pub async fn preview(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    how: LocalAccounts,
    origin: &Origin,
) -> Result<Preview, Error> {
    check_may_settle(by, how)?;
    let mut tx = on.store.read(tenant).await?;
    let administrators = tx.list_full_administrators(origin.at).await?;
    let mut administrators = u64::try_from(administrators.len()).unwrap_or(u64::MAX);
    let mut found = Preview::default();
    let mut after = None;
    loop {
        let part = tx.list_local_accounts(how, after, PART).await?;
        after = part.last().map(|user| user.id);
        let full = part.len() == PART as usize;
        for user in part {
            let is_full = user.is_full_administrator(origin.at);
            let others = administrators.saturating_sub(u64::from(is_full));
            match settle(&user, how, others, origin.clone()) {
                Ok(Some(_)) => {
                    administrators = others;
                    found.affected += 1;
                    if found.people.len() < SHOWN {
                        found.people.push(user);
                    }
                }
                Ok(None) => {}
                Err(refusal) => found.kept.push((user, refusal)),
            }
        }
        if !full {
            return Ok(found);
        }
    }
}
