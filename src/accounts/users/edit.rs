//! What the form changes of a person, by an administrator's hand or their own.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::invite::{check_free, check_rights};
use super::super::passwords::{self, Given};
use super::super::{Accounts, Error};
use super::second_factor::check_not_lifted_by_oneself;
use super::{count_others, reach, settle, settle_rights};
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::edit::{self, Edit};
use crate::directory::grant::{self, SaidRights};
use crate::directory::key::fold;
use crate::directory::permission::ADMINISTRATOR;
use crate::directory::{
    Action, AdminScope, Authority, EntityTree, Facets, GuestRefusal, Letter, Origin, PersonId, Refusal,
    Target, Tenant, TenantId, User, UserId, UserKind, allow, second_factor,
};
use crate::storage::Tx;

/// What is said of a person; what is not said stays.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// What they are, which cannot change: anything else than they are is refused.
    pub kind: Option<UserKind>,
    /// Who they are on the roster, likewise.
    pub person: Option<PersonId>,
    /// What is to be different of them.
    pub edit: Edit,
    /// What is to be different of their rights.
    pub rights: SaidRights,
    /// Their password from now on.
    pub password: Option<Given>,
    /// Whether they need a second factor to sign in.
    pub mfa_required: Option<bool>,
}

/// Changes a person, all or nothing. Whoever gets another address is told at the old one; `nonce` is random, and used for
/// nothing else. Whether the administrator has shown who they are is the door's to ask, before a password is set.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Password`], [`Error::Busy`]; or a rule says no: [`edit::decide`], [`grant::set_rights`],
/// [`second_factor::require`], [`passwords::set`].
pub async fn update(
    on: &Accounts,
    tenant: &Tenant,
    by: Authority,
    id: UserId,
    mut patch: UserPatch,
    nonce: [u8; 12],
    origin: Origin,
) -> Result<User, Error> {
    let password = match patch.password.take() {
        Some(given) => Some(passwords::make_ready(on, tenant, &by, id, given).await?),
        None => None,
    };
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let (before, tree) = reach::find_to_change(tx, &by, Action::UsersWrite, id, true).await?;
            let catalogue = tx.load_catalogue_for_share().await?;
            check_constant(&before, &patch)?;
            check_rights(&patch.rights, &catalogue)?;
            check_authority(&by, &before, &patch.edit, &tree)?;
            let grants = tx.list_grants(id).await?;
            let becomes_administrator = patch.rights.role.as_deref() == Some(ADMINISTRATOR)
                && grant::role_by_hand(&grants) != ADMINISTRATOR;
            if becomes_administrator {
                by.check_may_grant(&AdminScope::All, &tree)?;
            }
            let moves = |email: &String| fold(email) != fold(&before.user_name);
            // A password can be set by whoever reads the mail that goes there.
            if patch.edit.email.as_ref().is_some_and(moves) {
                allow(&by, Action::UsersPassword, Target::Person(&before, &tree))?;
            }
            let secured = patch.mfa_required.filter(|flag| *flag != before.mfa_required);
            if secured.is_some() || password.is_some() {
                allow(&by, Action::UsersPassword, Target::Person(&before, &tree))?;
            }
            let user = edit_one(tx, &vault, before, patch.edit, nonce, &origin).await?;
            let others = count_others(tx, &user, origin.at).await?;
            let granted = grant::set_rights(&user, &grants, &patch.rights, others, origin.clone())?;
            let user = settle_rights(tx, &by, user, granted).await?;
            if let Some(required) = secured {
                check_not_lifted_by_oneself(&by, &user, required)?;
                let tenant = tx.find_tenant().await?.ok_or(Error::NotFound("tenant"))?;
                if let Some(change) = second_factor::require(&user, &tenant, required, origin.clone())? {
                    tx.apply(change).await?;
                }
            }
            if let Some(ready) = password {
                passwords::write(tx, &vault, &user, ready, origin).await?;
            }
            Ok(user)
        })
        .await
}

/// Changes what somebody may say of themself: name, telephone numbers and language.
///
/// # Errors
/// As [`edit::decide`]; [`GuestRefusal::Account`]: a guest says it at home.
pub async fn update_own(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    said: Edit,
    origin: Origin,
) -> Result<User, Error> {
    let own = Edit {
        name: said.name,
        phone_landline: said.phone_landline,
        phone_mobile: said.phone_mobile,
        locale: said.locale,
        ..Edit::default()
    };
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let user = tx.find_user_for_update(id).await?;
            let user = user.ok_or(Error::NotFound("user"))?;
            if user.home.is_some() {
                return Err(Refusal::from(GuestRefusal::Account).into());
            }
            // No address changes, so nothing is sealed with the nonce.
            edit_one(tx, &vault, user, own, [0; 12], &origin).await
        })
        .await
}

async fn edit_one(
    tx: &mut Tx,
    vault: &Vault,
    before: User,
    said: Edit,
    nonce: [u8; 12],
    origin: &Origin,
) -> Result<User, Error> {
    let tenant = tx.find_tenant().await?.ok_or(Error::NotFound("tenant"))?;
    if let Some(email) = said
        .email
        .as_ref()
        .filter(|email| fold(email) != fold(&before.user_name))
    {
        if tenant.settings.departmental_mailboxes.is_departmental(email) {
            return Err(Refusal::DepartmentalMailbox(email.clone()).into());
        }
        // What cannot be is refused by its own rule, which comes first.
        if !before.pending && !edit::is_managed_elsewhere(&before) {
            check_free(tx, email, Some(before.id)).await?;
        }
    }
    let others = count_others(tx, &before, origin.at).await?;
    let zone = &tenant.settings.time_zone;
    let arrival = edit::decide(&before, said, zone, others, origin.clone())?;
    if let Some(arrival) = &arrival
        && arrival.user.access != before.access
    {
        let lasting = count_others(tx, &before, Timestamp::MAX).await?;
        edit::check_may_end(&before, &arrival.user, lasting)?;
    }
    let user = settle(tx, before.clone(), arrival).await?;
    if fold(&user.user_name) != fold(&before.user_name) {
        let letter = letter(&tenant, &user, origin);
        let mail = letters::seal(vault, tenant.id, &before.user_name, &letter, nonce)?;
        tx.apply(edit::tell_old_address(&before, &user, mail, origin.clone()))
            .await?;
    }
    Ok(user)
}

fn letter(tenant: &Tenant, user: &User, origin: &Origin) -> Letter {
    let name = Facets::read(&user.profile.attributes()).display_name;
    Letter::AddressChanged {
        language: tenant.language_of(user),
        tenant: tenant.name.clone(),
        name: name.unwrap_or_else(|| user.user_name.clone()),
        support: tenant.support_email.clone(),
        at: origin.at,
    }
}

/// What a person is does not change: somebody else is another account.
fn check_constant(user: &User, patch: &UserPatch) -> Result<(), Error> {
    let refuse = |field, message: &str| {
        Err(Error::Invalid {
            field,
            message: message.to_owned(),
        })
    };
    if patch.kind.is_some_and(|kind| kind != user.kind) {
        return refuse("kind", "it cannot change; delete the account and make another");
    }
    if patch.person.is_some() && patch.person != user.person {
        return refuse(
            "person_id",
            "it cannot change; delete the account and make another",
        );
    }
    Ok(())
}

fn check_authority(by: &Authority, user: &User, edit: &Edit, tree: &EntityTree) -> Result<(), Refusal> {
    match edit.entity {
        Some(entity) if entity != user.entity => by.check_may_place(entity, tree),
        _ => Ok(()),
    }
}
