//! Which local administrator may sign in by password although single sign-on is enforced.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::{Accounts, Error, letters};
use super::reach;
use crate::auth::vault::Vault;
use crate::directory::key::fold;
use crate::directory::{
    Actor, Authority, Language, Letter, Mail, Origin, Tenant, TenantId, User, UserId, break_glass,
};
use crate::storage::Tx;

/// Sets the break-glass flag of a person, or takes it away. Whoever manages the whole tenant is told by mail, and so is its
/// support address; nobody is when it was so already. `nonce` is random, and used for nothing else.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or another rule says
/// no.
pub async fn set_break_glass(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    enabled: bool,
    nonce: [u8; 12],
    origin: Origin,
) -> Result<User, Error> {
    by.check_full()?;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, id, false).await?;
            // The tenant stands for its flag: of two who set it at once the second sees what the first did.
            let tenant = tx
                .find_tenant_for_update()
                .await?
                .ok_or(Error::NotFound("tenant"))?;
            let linked = !tx.list_identities(id).await?.is_empty();
            let holder = tx.find_break_glass().await?;
            let Some(decision) = break_glass::decide(&user, linked, holder.as_ref(), enabled, &origin)?
            else {
                return Ok(user);
            };
            let alert = Alert {
                account: user.user_name,
                enabled,
                by: name_of(tx, &origin).await?,
                at: origin.at,
            };
            let readers = readers(tx, &tenant, origin.at).await?;
            let mails = alert.seal(&vault, &tenant, readers, nonce)?;
            let arrival = decision.telling(mails, origin);
            tx.apply(arrival.change).await?;
            Ok::<_, Error>(arrival.user)
        })
        .await
}

/// What is told.
struct Alert {
    account: String,
    enabled: bool,
    by: Option<String>,
    at: Timestamp,
}

impl Alert {
    fn seal(
        &self,
        vault: &Vault,
        tenant: &Tenant,
        readers: Vec<(String, Language)>,
        nonce: [u8; 12],
    ) -> Result<Vec<Mail>, Error> {
        let sealed = (0_u32..).zip(readers).map(|(number, (recipient, language))| {
            let letter = Letter::BreakGlass {
                language,
                tenant: tenant.name.clone(),
                account: self.account.clone(),
                enabled: self.enabled,
                by: self.by.clone(),
                at: self.at,
            };
            let nonce = nonce_of(nonce, number);
            Ok(letters::seal(vault, tenant.id, &recipient, &letter, nonce)?)
        });
        sealed.collect()
    }
}

/// Another nonce for each letter of one random one: the last four bytes count (NIST SP 800-38D section 8.2.1).
fn nonce_of(mut random: [u8; 12], number: u32) -> [u8; 12] {
    if let Some(last) = random.last_chunk_mut() {
        *last = u32::from_be_bytes(*last).wrapping_add(number).to_be_bytes();
    }
    random
}

/// Whoever manages the whole tenant and has an address, and the support address; each address once.
async fn readers(tx: &mut Tx, tenant: &Tenant, now: Timestamp) -> Result<Vec<(String, Language)>, Error> {
    let administrators = tx.list_full_administrators(now).await?;
    let administrators = administrators.iter().filter_map(|user| {
        Some((
            user.email()?,
            user.own_language().unwrap_or(tenant.settings.locale),
        ))
    });
    let support = tenant
        .support_email
        .clone()
        .map(|address| (address, tenant.settings.locale));
    let mut readers: Vec<(String, Language)> = Vec::new();
    for (address, language) in administrators.chain(support) {
        if !readers.iter().any(|(known, _)| fold(known) == fold(&address)) {
            readers.push((address, language));
        }
    }
    Ok(readers)
}

/// The userName of who acts; none for the operator.
async fn name_of(tx: &mut Tx, origin: &Origin) -> Result<Option<String>, Error> {
    match origin.actor {
        Actor::User(id) => Ok(tx.find_user(id).await?.map(|user| user.user_name)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_an_alert_has_a_nonce_of_its_own() {
        let random = [0xff; 12];
        assert_eq!(nonce_of(random, 0), random);
        assert_eq!(nonce_of(random, 2)[..8], random[..8]);
        assert_eq!(nonce_of(random, 2)[8..], [0, 0, 0, 1]);
        let all: std::collections::BTreeSet<_> = (0..1000).map(|number| nonce_of(random, number)).collect();
        assert_eq!(all.len(), 1000);
    }
}
