//! Which local administrator may sign in by password although single sign-on is enforced.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::{Accounts, Error};
use super::reach;
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::{
    Action, Actor, Authority, Language, Letter, Mail, Origin, Target, Tenant, TenantId, User, UserId, allow,
    break_glass,
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
    allow(&by, Action::UsersBreakGlass, Target::Anything)?;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::UsersBreakGlass, id, false).await?;
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
            let administrators = tx.list_full_administrators(origin.at).await?;
            let readers = break_glass::readers(&administrators, &tenant);
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
            let nonce = letters::nonce_of(nonce, number);
            Ok(letters::seal(vault, tenant.id, &recipient, &letter, nonce)?)
        });
        sealed.collect()
    }
}

/// The userName of who acts; none for the operator.
async fn name_of(tx: &mut Tx, origin: &Origin) -> Result<Option<String>, Error> {
    match origin.actor {
        Actor::User(id) => Ok(tx.find_user(id).await?.map(|user| user.user_name)),
        _ => Ok(None),
    }
}
