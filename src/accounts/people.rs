//! The roster. It is changed by those who reach the whole tenant; administrators of a part see that part of it.

use super::{Accounts, Error};
use crate::directory::query::RosterFilter;
use crate::directory::{
    Action, AdminScope, Authority, EntityId, Origin, Person, PersonId, Refusal, Target, TenantId, UserId,
    allow, edit, roster,
};
use crate::storage::{Chunk, Position, Tx};

/// What is to be different of somebody; `None` leaves it as it is, of two the inner `None` clears it.
#[derive(Debug, Clone, Default)]
pub struct PersonPatch {
    /// Their first name.
    pub first_name: Option<String>,
    /// Their last name.
    pub last_name: Option<String>,
    /// Their number at the company.
    pub employee_number: Option<Option<String>>,
    /// Their address at the company.
    pub email: Option<Option<String>>,
    /// Their entity.
    pub entity: Option<Option<EntityId>>,
}

/// The people of the roster whom `by` reaches and a filter is true of, by id, each with the account that they have.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    mut of: RosterFilter,
    after: Position,
    size: u64,
) -> Result<Chunk<(Person, Option<UserId>)>, Error> {
    if let Some(AdminScope::Entities(own)) = by.narrow_scope() {
        of.within = Some(own.clone());
    }
    Ok(on.store.read(tenant).await?.list_people(&of, after, size).await?)
}

/// Somebody of the roster whom `by` reaches, with the account that they have.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    id: PersonId,
) -> Result<(Person, Option<UserId>), Error> {
    let mut tx = on.store.read(tenant).await?;
    let found = tx.find_person(id).await?.ok_or(Error::NotFound("person"))?;
    if let Some(scope) = by.narrow_scope()
        && !tx.load_entity_tree().await?.reaches(scope, found.0.entity)
    {
        return Err(Error::NotFound("person"));
    }
    Ok(found)
}

/// Enters somebody.
///
/// # Errors
/// [`Refusal::FullScopeRequired`], [`Refusal::UnknownEntity`], [`Refusal::EmployeeNumberTaken`].
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    new: Person,
    origin: Origin,
) -> Result<Person, Error> {
    allow(by, Action::PeopleWrite, Target::Anything)?;
    let by = by.clone();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let tree = tx.load_entity_tree_for_share().await?;
            by.check_may_place(new.entity, &tree)?;
            tx.apply(roster::create(new.clone(), origin)).await?;
            Ok::<_, Error>(new)
        })
        .await
}

/// Changes somebody. The account of an employee takes their name over.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`], [`Refusal::UnknownEntity`], [`Refusal::EmployeeNumberTaken`].
pub async fn update(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    id: PersonId,
    patch: PersonPatch,
    origin: Origin,
) -> Result<(), Error> {
    allow(by, Action::PeopleWrite, Target::Anything)?;
    let by = by.clone();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let tree = tx.load_entity_tree_for_share().await?;
            let before = tx.find_person_for_update(id).await?;
            let before = before.ok_or(Error::NotFound("person"))?;
            let after = Person {
                first_name: patch.first_name.unwrap_or_else(|| before.first_name.clone()),
                last_name: patch.last_name.unwrap_or_else(|| before.last_name.clone()),
                employee_number: patch
                    .employee_number
                    .unwrap_or_else(|| before.employee_number.clone()),
                email: patch.email.unwrap_or_else(|| before.email.clone()),
                entity: patch.entity.unwrap_or(before.entity),
                ..before.clone()
            };
            by.check_may_place(after.entity, &tree)?;
            let Some(change) = roster::update(&before, after.clone(), origin.clone()) else {
                return Ok(());
            };
            tx.apply(change).await?;
            let holder = match tx.find_holder(id).await? {
                Some(user) => tx.find_user_for_update(user.id).await?,
                None => None,
            };
            let renamed = holder
                .and_then(|user| edit::follow_roster(&user, &after.first_name, &after.last_name, origin));
            if let Some(renamed) = renamed {
                tx.apply(renamed.change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// Takes somebody without access off the roster.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::FullScopeRequired`], [`Refusal::PersonHasAccess`].
pub async fn remove(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    id: PersonId,
    origin: Origin,
) -> Result<(), Error> {
    allow(by, Action::PeopleWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let person = tx.find_person_for_update(id).await?;
            let person = person.ok_or(Error::NotFound("person"))?;
            let holder = tx.find_holder(id).await?;
            tx.apply(roster::remove(&person, holder.as_ref(), origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await
}

/// Whether the account of a deleted person may come back as the one that somebody of the roster has. Whoever is not on
/// the roster any more comes back without it.
pub(super) async fn settle_restored(
    tx: &mut Tx,
    person: Option<PersonId>,
) -> Result<Option<PersonId>, Error> {
    let Some(id) = person else { return Ok(None) };
    if tx.find_person_for_update(id).await?.is_none() {
        return Ok(None);
    }
    let holder = tx.find_holder(id).await?;
    roster::check_free(holder.as_ref()).map_err(|refusal: Refusal| Error::from(refusal))?;
    Ok(Some(id))
}
