//! The first step of whoever names no tenant: the account is the one whose password they give.
//!
//! Accounts of any tenant may have the address, and whoever administers a tenant can make one. So a few are looked at, and
//! whether there are as many or none: as many guesses are counted and as many passwords compared.

use uuid::Uuid;

use super::sign_in::{Right, busy, enter};
use super::ticket::{self, FreshStep, Stage};
use crate::auth::bearer::account_key;
use crate::directory::{Aim, Code, Credential, GuessPurpose, Origin, Tenant, TenantId, guess};
use crate::login::{Login, Refused};
use crate::storage::{self, GuessKey, Guesser, Tx};

/// How many accounts a password is compared with. Whoever has more under one address names the tenant.
const CANDIDATES: u32 = 2;

/// Where guesses are counted of whoever names no tenant: under the address alone, whether anybody has it.
const NOWHERE: TenantId = TenantId(Uuid::nil());

/// An account that may be meant, or what stands in for one that is not there.
struct Candidate {
    holder: Option<(Tenant, Credential)>,
    /// Under which the guess is counted, and in which tenant.
    key: GuessKey,
    tenant: TenantId,
}

/// Signs in whoever has this address and this password, in whichever tenant. Nothing is told that only an account can be the
/// reason of, before the password is right. `email` is `None` where what was given is no address.
///
/// # Errors
/// [`Refused`].
pub(super) async fn sign_in(
    on: &Login,
    email: Option<&str>,
    (password, browser): (&str, Option<&str>),
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, Refused> {
    let Some(email) = email else {
        for _ in 0..CANDIDATES {
            on.passwords.compare(password, None).await.map_err(busy)?;
        }
        return Err(Code::InvalidCredentials.into());
    };
    let candidates = find_candidates(on, email, browser, &origin).await?;
    let unnamed = key_of(NOWHERE, email);
    let mut counted = Vec::new();
    // Strangers do not shut anybody out of their own browsers.
    if candidates.iter().all(|one| one.key.by == Guesser::Stranger) {
        let begun = begin(on, NOWHERE, &unnamed, &origin).await?;
        begun.map_err(|until| Refused {
            retry_at: Some(until),
            email: Some(email.to_owned()),
            ..Code::LockedOut.into()
        })?;
        counted.push((NOWHERE, unnamed.clone()));
    }
    let mut right = None;
    for candidate in candidates {
        let Candidate { holder, key, tenant } = candidate;
        let is_counted = begin(on, tenant, &key, &origin).await?.is_ok();
        // A guess that would have to wait is compared with nobody's.
        let hash = holder
            .as_ref()
            .filter(|_| is_counted)
            .map(|(_, credential)| &credential.hash);
        let verdict = on.passwords.compare(password, hash).await;
        if is_counted {
            counted.push((tenant, key.clone()));
        }
        match verdict {
            Ok(verdict) if verdict.is_right && right.is_none() => {
                counted.pop();
                right = holder.map(|holder| (holder, key, verdict));
            }
            Ok(_) => {}
            Err(failed) => {
                take_back(on, counted, &origin).await?;
                return Err(busy(failed));
            }
        }
    }
    let Some(((tenant, credential), key, verdict)) = right else {
        return Err(Refused {
            email: Some(email.to_owned()),
            ..Code::InvalidCredentials.into()
        });
    };
    counted.retain(|(_, counted)| *counted != unnamed);
    ticket::forget(on, NOWHERE, unnamed).await?;
    // Whoever makes an account of somebody's address says what its password is, guess by guess: such a one counts.
    if credential.changed_at + guess::REMEMBERED <= origin.at {
        take_back(on, counted, &origin).await?;
    }
    let right = Right {
        user: credential.user,
        hash: credential.hash,
        is_outdated: verdict.is_outdated,
        key,
        aim: Aim::Choose,
    };
    enter(on, (&tenant, email), (right, password), fresh, origin).await
}

async fn find_candidates(
    on: &Login,
    email: &str,
    browser: Option<&str>,
    origin: &Origin,
) -> Result<Vec<Candidate>, storage::Error> {
    let mut system = on.store.system().await?;
    let mut found = system
        .list_password_holders(email, CANDIDATES, origin.at)
        .await?
        .into_iter();
    let candidates = (0..CANDIDATES).map(|number| {
        let Some((tenant, credential)) = found.next() else {
            // No address has a line end.
            return Candidate {
                holder: None,
                key: key_of(NOWHERE, &format!("{email}\n{number}")),
                tenant: NOWHERE,
            };
        };
        let mut key = key_of(tenant.id, email);
        let shown = (browser, Some(credential.changed_at));
        key.by = on.guesser(key.purpose, key.account, shown, origin.at);
        Candidate {
            key,
            tenant: tenant.id,
            holder: Some((tenant, credential)),
        }
    });
    Ok(candidates.collect())
}

fn key_of(tenant: TenantId, email: &str) -> GuessKey {
    GuessKey {
        purpose: GuessPurpose::Password,
        account: account_key(tenant, email),
        by: Guesser::Stranger,
    }
}

async fn begin(
    on: &Login,
    tenant: TenantId,
    key: &GuessKey,
    origin: &Origin,
) -> Result<Result<(), jiff::Timestamp>, storage::Error> {
    let (key, now) = (key.clone(), origin.at);
    on.store
        .write(tenant, async move |tx: &mut Tx| tx.begin_guess(&key, now).await)
        .await
}

/// Takes back what was counted: nobody looked at it, or it was meant for another account.
async fn take_back(
    on: &Login,
    counted: Vec<(TenantId, GuessKey)>,
    origin: &Origin,
) -> Result<(), storage::Error> {
    let now = origin.at;
    for (tenant, key) in counted {
        on.store
            .write(tenant, async move |tx: &mut Tx| {
                tx.take_back_guess(&key, now).await
            })
            .await?;
    }
    Ok(())
}
