//! Requests for guests: asked in the tenant that would have the guest, answered in the tenant that they belong to.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{check_may_give, find_at_home, find_by_address, make};
use crate::accounts::invite::check_rights;
use crate::accounts::standing::authority_of;
use crate::accounts::{Accounts, Error};
use crate::directory::grant::SaidRights;
use crate::directory::guest::{self, Asked};
use crate::directory::{
    Action, Actor, Authority, EntityTree, GuestRequest, GuestRequestId, Home, Origin, Target, TenantId, User,
    UserId, allow,
};
use crate::storage::{AskedGuest, Tx};

/// Asks the tenant `home` for a guest. Nothing is looked at there, so nothing of it is told.
///
/// # Errors
/// [`GuestRefusal`](crate::directory::GuestRefusal): the tenant has somebody of that address itself; the role or a section is
/// unknown, or more than `by` may give; the home tenant has too many requests of this one.
pub async fn ask(
    on: &Accounts,
    by: Authority,
    (host, home): (TenantId, TenantId),
    asked: Asked,
    (id, rights): (GuestRequestId, SaidRights),
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(host, async move |tx: &mut Tx| {
            allow(&by, Action::GuestsWrite, Target::Anything)?;
            // One after the other, so that all of them are counted.
            tx.find_tenant_for_update().await?;
            check_rights(&rights, &tx.load_catalogue_for_share().await?)?;
            check_may_give(&by, &rights, &EntityTree::default())?;
            let clash = match &asked {
                Asked::Email(email) => find_by_address(tx, email).await?,
                Asked::User(user) => {
                    let home = Home {
                        tenant: home,
                        user: *user,
                    };
                    tx.find_guest(home).await?
                }
            };
            let request = GuestRequest {
                id,
                host,
                home,
                asked,
                rights,
                requested_by: origin.actor.to_string(),
                created_at: origin.at,
                accepted: false,
            };
            let open = tx.count_guest_requests(home, origin.at).await?;
            tx.apply(guest::request(request, clash.as_ref(), open, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await
}

/// What other tenants ask of this one about people that it has, oldest first. Of what one tenant asks about one person, the
/// last word counts.
///
/// # Errors
/// `by` may not see guests.
pub async fn list(
    on: &Accounts,
    by: &Authority,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Vec<AskedGuest>, Error> {
    allow(by, Action::GuestsRead, Target::Anything)?;
    let mut asked = on.store.read(tenant).await?.list_asked_guests(now).await?;
    let mut met = HashSet::new();
    asked.reverse();
    asked.retain(|one| met.insert((one.host.id, one.person)));
    asked.reverse();
    Ok(asked)
}

/// What this tenant asks of others, oldest first, each with the slug of the tenant that is asked. What was declined is among
/// them until its time is over.
///
/// # Errors
/// `by` may not see guests.
pub async fn list_sent(
    on: &Accounts,
    by: &Authority,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Vec<(GuestRequest, String)>, Error> {
    allow(by, Action::GuestsRead, Target::Anything)?;
    Ok(on.store.read(tenant).await?.list_sent_guest_requests(now).await?)
}

/// Takes back a request of this tenant.
///
/// # Errors
/// [`Error::NotFound`], or `by` may not change guests.
pub async fn withdraw(
    on: &Accounts,
    by: Authority,
    tenant: TenantId,
    id: GuestRequestId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            allow(&by, Action::GuestsWrite, Target::Anything)?;
            let request = tx.find_sent_guest_request_for_update(id).await?;
            let request = request.ok_or(Error::NotFound("guest request"))?;
            tx.apply(guest::withdraw(&request, origin)).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// A request for somebody whom the tenant has, locked until the commit, and the others of the same tenant for them.
async fn find_asked(
    tx: &mut Tx,
    id: GuestRequestId,
    now: Timestamp,
) -> Result<(GuestRequest, User, Vec<GuestRequestId>), Error> {
    let request = tx.find_asked_guest_for_update(id, now).await?;
    let request = request.ok_or(Error::NotFound("guest request"))?;
    // Of somebody who is not here, nobody was asked.
    let person = find_at_home(tx, &request.asked)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => Error::NotFound("guest request"),
            other => other,
        })?;
    let asked = tx.list_asked_guests(now).await?;
    let is_same =
        |one: &AskedGuest| one.host.id == request.host && one.person == person.id && one.request.id != id;
    let same = asked.into_iter().filter(is_same).map(|one| one.request.id);
    let same = same.collect();
    Ok((request, person, same))
}

/// Says yes: the person becomes a guest of the tenant that asks, under the id `fresh`. The yes is kept at home first, so when
/// the guest cannot be made, it can be said again.
///
/// # Errors
/// [`Error::NotFound`]; [`GuestRefusal`](crate::directory::GuestRefusal), or what was asked for is not there any more; `by`
/// may not change guests.
pub async fn accept(
    on: &Accounts,
    by: Authority,
    tenant: TenantId,
    id: GuestRequestId,
    fresh: UserId,
    origin: Origin,
) -> Result<(), Error> {
    let at_home = origin.clone();
    let (host, person) = on
        .store
        .write(tenant, async move |tx: &mut Tx| {
            allow(&by, Action::GuestsWrite, Target::Anything)?;
            let (request, person, same) = find_asked(tx, id, at_home.at).await?;
            if !request.accepted {
                tx.apply(guest::accept(&request, same, &person, at_home)?).await?;
            }
            Ok::<_, Error>((request.host, person))
        })
        .await?;
    on.store
        .write(host, async move |tx: &mut Tx| {
            let request = tx.find_accepted_guest_for_update(id).await?;
            let request = request.ok_or(Error::NotFound("guest request"))?;
            // Whoever asked may have lost what they had to give.
            let by = match Actor::parse(&request.requested_by) {
                Some(actor) => authority_of(tx, actor, origin.at).await?,
                None => None,
            };
            let by = by.ok_or(Error::NotFound("guest request"))?;
            allow(&by, Action::GuestsWrite, Target::Anything)?;
            check_may_give(&by, &request.rights, &EntityTree::default())?;
            let guest = (fresh, tenant, person, request.rights);
            make(tx, guest, Some(id), origin).await
        })
        .await
}

/// Says no.
///
/// # Errors
/// [`Error::NotFound`], or `by` may not change guests.
pub async fn decline(
    on: &Accounts,
    by: Authority,
    tenant: TenantId,
    id: GuestRequestId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            allow(&by, Action::GuestsWrite, Target::Anything)?;
            let (request, _, same) = find_asked(tx, id, origin.at).await?;
            tx.apply(guest::decline(&request, same, origin)).await?;
            Ok::<_, Error>(())
        })
        .await
}
