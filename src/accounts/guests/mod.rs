//! People of other tenants: who makes somebody a guest, what a guest may do here, and how it ends.
//!
//! The operator makes guests at once. An administrator asks the home tenant ([`requests`]), and learns nothing from asking.

pub mod requests;

use jiff::Timestamp;

use super::invite::check_rights;
use super::users::{self, count_others, reach, settle_rights};
use super::{Accounts, Error};
use crate::directory::grant::{self, SaidRights};
use crate::directory::guest::{self, Asked};
use crate::directory::permission::ADMINISTRATOR;
use crate::directory::query::PopulationFilter;
use crate::directory::{
    Action, AdminScope, Authority, EntityTree, GuestRequestId, Home, Origin, TenantId, TenantName, User,
    UserId, UserSource,
};
use crate::storage::{Chunk, Position, ReadTx, Tx};

/// The guests of the tenant whom `by` reaches, by id.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    now: Timestamp,
    (after, size): (Position, u64),
) -> Result<Chunk<User>, Error> {
    let of = PopulationFilter {
        source: Some(UserSource::Guest),
        ..PopulationFilter::default()
    };
    let found = users::list(on, tenant, by, of, now, after, size).await?;
    Ok(Chunk {
        items: found.items.into_iter().map(|(user, _)| user).collect(),
        next: found.next,
    })
}

/// The tenants that guests among these people belong to.
///
/// # Errors
/// The database failed.
pub async fn list_homes(
    on: &Accounts,
    tenant: TenantId,
    people: impl Iterator<Item = &User>,
) -> Result<Vec<TenantName>, Error> {
    let mut people = people;
    if people.all(|user| user.home.is_none()) {
        return Ok(Vec::new());
    }
    Ok(on.store.read(tenant).await?.list_home_tenants().await?)
}

/// Makes a person of the tenant `home` a guest of `host` at once, which is the operator's to do.
///
/// # Errors
/// [`Refusal::OperatorRequired`](crate::directory::Refusal::OperatorRequired); [`Error::NotFound`]: the home tenant has no such person, or several have the address;
/// [`GuestRefusal`](crate::directory::GuestRefusal), or the role or a section is unknown.
pub async fn admit(
    on: &Accounts,
    by: &Authority,
    host: TenantId,
    (home, asked): (TenantId, Asked),
    id: UserId,
    rights: SaidRights,
    origin: Origin,
) -> Result<(), Error> {
    by.check_operator()?;
    let person = find_at_home(&mut on.store.read(home).await?, &asked).await?;
    on.store
        .write(host, async move |tx: &mut Tx| {
            let guest = (id, home, person, rights);
            make(tx, guest, None, origin).await
        })
        .await
}

/// Changes what a guest may do here. At home nothing changes.
///
/// # Errors
/// [`Error::NotFound`], or a rule says no: [`grant::set_rights`].
pub async fn set_rights(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    rights: SaidRights,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, tree) = reach::find_to_change(tx, &by, Action::GuestsWrite, id, true).await?;
            check_rights(&rights, &tx.load_catalogue_for_share().await?)?;
            check_may_give(&by, &rights, &tree)?;
            let grants = tx.list_grants(id).await?;
            let others = count_others(tx, &user, origin.at).await?;
            let granted = grant::set_rights(&user, &grants, &rights, others, origin)?;
            settle_rights(tx, &by, user, granted).await?;
            Ok(())
        })
        .await
}

/// Ends the access of a guest here, from the next request on.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn remove(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::GuestsWrite, id, false).await?;
            tx.apply(guest::remove(&user, origin)?).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// The person of the tenant who is asked for: by id, by userName, or by an e-mail address that nobody else there has.
async fn find_at_home(tx: &mut ReadTx, asked: &Asked) -> Result<User, Error> {
    let found = match asked {
        Asked::User(id) => tx.find_user(*id).await?,
        Asked::Email(email) => {
            let by_name = tx.find_clashes(None, email, None).await?.user_name;
            if let Some((user, _)) = by_name {
                Some(user)
            } else {
                let mut met = tx.list_met_by_email(email).await?;
                met.pop().filter(|_| met.is_empty()).map(|met| met.user)
            }
        }
    };
    let is_there = |user: &User| user.home.is_none() && user.deleted_at.is_none();
    found.filter(is_there).ok_or(Error::NotFound("user"))
}

/// Makes the guest, with their first rights. Person and tenants are locked, so that nobody takes the address meanwhile.
async fn make(
    tx: &mut Tx,
    (id, home, person, rights): (UserId, TenantId, User, SaidRights),
    request: Option<GuestRequestId>,
    origin: Origin,
) -> Result<(), Error> {
    let known = Home {
        tenant: home,
        user: person.id,
    };
    tx.lock_home(known).await?;
    check_rights(&rights, &tx.load_catalogue().await?)?;
    let clash = match tx.find_guest(known).await? {
        Some(guest) => Some(guest),
        None => find_clash(tx, &person).await?,
    };
    let made = guest::admit(
        id,
        tx.tenant(),
        (home, &person),
        clash.as_ref(),
        request,
        origin.clone(),
    )?;
    tx.apply(made).await?;
    // Whoever has gone since they were looked at is no guest.
    let user = tx.find_user_for_update(id).await?;
    let user = user.ok_or(Error::NotFound("user"))?;
    if let Some(granted) = grant::first_rights(&user, &rights, origin) {
        tx.apply(granted.change).await?;
    }
    Ok(())
}

/// Who has an address of the person in this tenant.
async fn find_clash(tx: &mut ReadTx, person: &User) -> Result<Option<User>, Error> {
    let mut addresses: Vec<String> = person.email().into_iter().collect();
    if person.user_name.contains('@') {
        addresses.push(person.user_name.clone());
    }
    for address in addresses {
        if let Some(clash) = find_by_address(tx, &address).await? {
            return Ok(Some(clash));
        }
    }
    Ok(None)
}

async fn find_by_address(tx: &mut ReadTx, address: &str) -> Result<Option<User>, Error> {
    if let Some((user, _)) = tx.find_clashes(None, address, None).await?.user_name {
        return Ok(Some(user));
    }
    Ok(tx.list_by_address(address).await?.pop())
}

/// Choosing the permission group Administrator ticks with scope "all".
fn check_may_give(by: &Authority, rights: &SaidRights, tree: &EntityTree) -> Result<(), Error> {
    if rights.role.as_deref() == Some(ADMINISTRATOR) {
        by.check_may_grant(&AdminScope::All, tree)?;
    }
    Ok(())
}
