//! Removing deleted people for good: when their time is over, or at once on request with everything that names them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::super::{Accounts, Error};
use super::leftovers::erase_leftovers;
use crate::auth::vault::{GoneName, Vault};
use crate::directory::audit_chain::ChainRow;
use crate::directory::erasure::{self, ErasedRow, Identifiers, NameHash};
use crate::directory::key::fold;
use crate::directory::lifecycle::{Act, check_move, purge_at};
use crate::directory::{
    Action, Actor, Authority, EntityTree, Facets, Origin, PersonId, Source, Target, TenantId, User, UserId,
    allow, roster,
};
use crate::storage::{self, ReadTx, Store, Swept, Tx};

/// How many people one transaction removes.
const PART: u32 = 50;
/// How many rows of a log are looked at in one read.
const ROWS: u32 = 200;

/// Removes people whose time is over, of every tenant; how many. Who cannot be removed is logged, left for the next time and
/// keeps nobody else waiting; a tenant that cannot be read counts as one of those.
///
/// # Errors
/// The database failed.
pub async fn purge_due(on: &Accounts, now: Timestamp) -> Result<Swept, Error> {
    // The shortest time that a tenant may set; its own is judged below.
    let shortest = now - jiff::SignedDuration::from_hours(24);
    let tenants = on
        .store
        .system()
        .await?
        .list_tenants_with_deleted(shortest)
        .await?;
    let mut swept = Swept::default();
    for tenant in tenants {
        if let Err(error) = purge_tenant(on, tenant, now, &mut swept).await {
            tracing::warn!(%error, %tenant, "could not remove people whose time is over");
            swept.failed += 1;
        }
    }
    Ok(swept)
}

async fn purge_tenant(
    on: &Accounts,
    tenant: TenantId,
    now: Timestamp,
    swept: &mut Swept,
) -> Result<(), Error> {
    let Some(of) = on.store.read(tenant).await?.find_tenant().await? else {
        return Ok(());
    };
    let days = of.settings.retention_days;
    let until = now - jiff::SignedDuration::from_hours(24 * i64::from(days));
    let mut after = None;
    loop {
        let mut view = on.store.read(tenant).await?;
        let due = view.list_deleted_until(until, after, PART).await?;
        drop(view);
        after = due.last().copied();
        let people: Vec<UserId> = due.into_iter().map(|(_, id)| id).collect();
        if people.is_empty() {
            return Ok(());
        }
        if let Ok(removed) = purge_some(on, tenant, people.clone(), days, now).await {
            swept.done += removed;
            continue;
        }
        for user in people {
            match purge_some(on, tenant, vec![user], days, now).await {
                Ok(removed) => swept.done += removed,
                Err(error @ Error::Storage(storage::Error::Unreachable(_))) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, %tenant, %user, "could not remove somebody whose time is over");
                    swept.failed += 1;
                }
            }
        }
    }
}

/// Removes some people in one transaction; how many.
async fn purge_some(
    on: &Accounts,
    tenant: TenantId,
    people: Vec<UserId>,
    days: u32,
    now: Timestamp,
) -> Result<u64, Error> {
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let mut removed = 0;
            for id in people {
                removed += u64::from(purge(tx, &vault, id, days, now).await?);
            }
            Ok::<_, Error>(removed)
        })
        .await
}

/// Removes one person, unless they came back meanwhile or another node was faster.
async fn purge(tx: &mut Tx, vault: &Vault, id: UserId, days: u32, now: Timestamp) -> Result<bool, Error> {
    let Some(user) = tx.find_user_for_update(id).await? else {
        return Ok(false);
    };
    if user.deleted_at.is_none_or(|at| purge_at(at, days) > now) {
        return Ok(false);
    }
    let names = names_of(tx, vault, &user).await?;
    let origin = Origin {
        actor: Actor::Gateway,
        source: Source::Job,
        request_id: String::new(),
        at: now,
    };
    tx.apply(erasure::purge(&user, names, origin)?).await?;
    Ok(true)
}

/// By what a person would be known again.
async fn names_of(tx: &mut ReadTx, vault: &Vault, user: &User) -> Result<Vec<NameHash>, storage::Error> {
    let (tenant, identities) = (tx.tenant(), tx.list_identities(user.id).await?);
    let emails = Facets::read(&user.profile.attributes()).emails;
    let external = user.directory.zip(user.external_id.as_deref());
    let names = std::iter::once(GoneName::UserName(&user.user_name))
        .chain(emails.iter().map(|email| GoneName::Email(&email.value_key)))
        .chain(external.map(|(directory, id)| GoneName::ExternalId(directory, id)))
        .chain(identities.iter().map(|identity| GoneName::Subject(&identity.key)));
    // The newest key's; those before it only look up.
    Ok(names
        .filter_map(|name| vault.name_hashes(tenant, &name).next())
        .collect())
}

/// Erases somebody who is deleted, or was removed when their time was over: the record goes at once, and whatever names them
/// in the audit log, in the log of requests, in refused sign-ins and in mail. `confirm` has to be their userName, or the
/// id of somebody whose record is gone.
///
/// # Errors
/// [`Error::NotFound`], also of whom was erased already;
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired),
/// [`Refusal::NotDeleted`](crate::directory::Refusal::NotDeleted); [`Error::Invalid`]: `confirm` is something else. What a
/// stop of the gateway has cut off is begun again by whoever asks again.
pub async fn erase(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    id: UserId,
    confirm: &str,
    origin: Origin,
) -> Result<(), Error> {
    allow(by, Action::UsersErase, Target::Anything)?;
    let mut view = on.store.read(tenant).await?;
    let user = find(&mut view, id).await?;
    if let Some(user) = &user {
        allow(
            by,
            Action::UsersErase,
            Target::Person(user, &EntityTree::default()),
        )?;
    }
    let expected = erasure::confirmation(id.0, user.as_ref());
    if fold(confirm.trim()) != fold(&expected) {
        return Err(Error::Invalid {
            field: "confirm",
            message: match &user {
                Some(_) => "the userName of the person, so that nobody else is erased".to_owned(),
                None => "the id of the person, whose record is gone already".to_owned(),
            },
        });
    }
    if let Some(user) = &user {
        check_move(user, Act::Erase, origin.at)?;
    }
    drop(view);
    // It may take longer than the request may, and has to be carried through when the caller goes away.
    let on = on.clone();
    let task = tokio::spawn(async move {
        let done = carry_through(&on, tenant, id, user, origin).await;
        done.inspect_err(|error| tracing::warn!(%error, %tenant, "a person is not erased yet"))
    });
    let aborted = |_| Err(Error::Storage(storage::Error::Aborted));
    task.await.unwrap_or_else(aborted)
}

async fn carry_through(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    user: Option<User>,
    origin: Origin,
) -> Result<(), Error> {
    take_off_roster(on, tenant, id, user.as_ref(), &origin).await?;
    // What is written beside the facts goes first: were the rest to fail, it could be begun again.
    let names = identify(on, tenant, id, user.as_ref()).await?;
    let deleted_at = match user.as_ref().and_then(|user| user.deleted_at) {
        Some(at) => Some(at),
        None => on.store.read(tenant).await?.find_removed(id).await?,
    };
    erase_leftovers(on, tenant, id, &names, deleted_at.unwrap_or(origin.at)).await?;
    while on.store.number_audit(tenant).await? == Store::NUMBERED_AT_ONCE {}
    while on.store.chain_audit(tenant).await? > 0 {}
    let roster = user.and_then(|user| user.person);
    let seen = erase_log(on, tenant, (id, roster), &names, &origin).await?;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.find_user_for_update(id).await?;
            let user = find(tx, id).await?;
            let hashes = match &user {
                Some(user) => names_of(tx, &vault, user).await?,
                None => Vec::new(),
            };
            // Whatever is told of the person by now has a number, and so its place in the chain.
            while tx.number_audit().await? > 0 {}
            let roster = user.as_ref().and_then(|user| user.person).or(roster);
            let (mut rows, mut seen) = (Vec::new(), seen);
            while let Some((last, erased)) = erase_part(tx, (id, roster), &names, seen).await? {
                rows.extend(erased);
                seen = last;
            }
            tx.apply(erasure::erase(id, user.as_ref(), hashes, rows, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await
}

/// The roster names the person as well, unless somebody else has their place by now. In a transaction of its own, since what
/// it tells the audit log has to be there when that is looked through.
async fn take_off_roster(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    user: Option<&User>,
    origin: &Origin,
) -> Result<(), Error> {
    let Some(person) = user.and_then(|user| user.person) else {
        return Ok(());
    };
    let origin = origin.clone();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            // Somebody may have brought them back meanwhile.
            if let Some(user) = tx.find_user_for_update(id).await? {
                check_move(&user, Act::Erase, origin.at)?;
            }
            let found = tx.find_person_for_update(person).await?;
            if let (Some(person), None) = (found, tx.find_holder(person).await?) {
                tx.apply(roster::remove(&person, None, origin)?).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// The record, or none of somebody who was removed and not erased.
async fn find(tx: &mut ReadTx, id: UserId) -> Result<Option<User>, Error> {
    match tx.find_user(id).await? {
        Some(user) => Ok(Some(user)),
        None if tx.find_removed(id).await?.is_some() => Ok(None),
        None => Err(Error::NotFound("user")),
    }
}

/// By which texts the person is told apart: those of the record, and those that the audit log tells of them.
async fn identify(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    user: Option<&User>,
) -> Result<Identifiers, Error> {
    let mut names = Identifiers::default();
    if let Some(user) = user {
        names.add_user(user);
    }
    while on.store.number_audit(tenant).await? == Store::NUMBERED_AT_ONCE {}
    let mut view = on.store.read(tenant).await?;
    let roster = user.and_then(|user| user.person);
    let mut after = 0;
    loop {
        let rows = view.list_audit_of_person(id, roster, after, ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok(names);
        };
        after = last.seq;
        for row in rows.iter().filter(|row| is_about(row, id, roster)) {
            for told in [&row.before, &row.after].into_iter().flatten() {
                names.add_told(&parse(told)?);
            }
        }
    }
}

pub(super) fn parse(told: &str) -> Result<Value, storage::Error> {
    serde_json::from_str(told).map_err(|error| storage::Error::Corrupt(format!("audit row: {error}")))
}

fn is_about(row: &ChainRow, id: UserId, roster: Option<PersonId>) -> bool {
    row.target_id == id.0 || roster.is_some_and(|person| row.target_id == person.0)
}

/// Takes the person out of the log as long as there are many rows, in transactions of a part each; answers the last row
/// that was looked at.
async fn erase_log(
    on: &Accounts,
    tenant: TenantId,
    (id, roster): (UserId, Option<PersonId>),
    names: &Identifiers,
    origin: &Origin,
) -> Result<i64, Error> {
    let mut seen = 0;
    loop {
        let mut view = on.store.read(tenant).await?;
        let rows = view.list_audit_of_person(id, roster, seen, ROWS).await?;
        drop(view);
        let Some(last) = rows.last().filter(|_| rows.len() == ROWS as usize) else {
            return Ok(seen);
        };
        let (last, names, origin) = (last.seq, names.clone(), origin.clone());
        on.store
            .write(tenant, async move |tx: &mut Tx| {
                tx.find_user_for_update(id).await?;
                let user = find(tx, id).await?;
                // Locks the log: another erasure may be about the same rows.
                tx.number_audit().await?;
                if let Some((_, rows)) = erase_part(tx, (id, roster), &names, seen).await?
                    && !rows.is_empty()
                {
                    tx.apply(erasure::erase_rows(id, user.as_ref(), rows, origin)?)
                        .await?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        seen = last;
    }
}

/// The next rows about the person or by them as they stand from now on, those that change, and the last row that was looked
/// at; `None` when there are no more.
async fn erase_part(
    tx: &mut Tx,
    (id, roster): (UserId, Option<PersonId>),
    names: &Identifiers,
    seen: i64,
) -> Result<Option<(i64, Vec<ErasedRow>)>, storage::Error> {
    let rows = tx.list_audit_of_person(id, roster, seen, ROWS).await?;
    let Some(last) = rows.last().map(|row| row.seq) else {
        return Ok(None);
    };
    let mut erased = Vec::new();
    for row in rows {
        let told = [
            row.before.as_deref().map(parse).transpose()?,
            row.after.as_deref().map(parse).transpose()?,
        ];
        erased.extend(ErasedRow::of(row.seq, told, is_about(&row, id, roster), names));
    }
    Ok(Some((last, erased)))
}
