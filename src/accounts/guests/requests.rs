//! Requests for guests: asked in the tenant that would have the guest, answered in the tenant that they belong to.

use jiff::Timestamp;

use super::{check_may_give, find_at_home, find_by_address, make};
use crate::accounts::invite::check_rights;
use crate::accounts::standing::authority_of;
use crate::accounts::{Accounts, Error};
use crate::directory::grant::SaidRights;
use crate::directory::guest::{self, Asked};
use crate::directory::{
    Action, Actor, Authority, EntityTree, GuestRequest, GuestRequestId, Home, Origin, Target, TenantId,
    TenantName, User, UserId, allow,
};
use crate::storage::Tx;

/// A request with the tenant that asks and the person whom it is about.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The request.
    pub request: GuestRequest,
    /// The tenant that asks.
    pub host: TenantName,
    /// Whom it is about, of the tenant that is asked.
    pub person: User,
}

/// Asks the tenant `home` for a guest. Nothing is looked at there, so nothing of it is told.
///
/// # Errors
/// [`GuestRefusal`](crate::directory::GuestRefusal): the tenant has somebody of that address itself; the role or a section is
/// unknown, or more than `by` may give.
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
            tx.apply(guest::request(request, clash.as_ref(), origin)?).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// What other tenants ask of this one about people that it has, oldest first.
///
/// # Errors
/// The database failed.
pub async fn list(on: &Accounts, tenant: TenantId, now: Timestamp) -> Result<Vec<Incoming>, Error> {
    let mut tx = on.store.read(tenant).await?;
    let mut found = Vec::new();
    for (request, host) in tx.list_asked_guests(now).await? {
        match find_at_home(&mut tx, &request.asked).await {
            Ok(person) => found.push(Incoming {
                request,
                host,
                person,
            }),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Says yes: the person becomes a guest of the tenant that asks, under the id `fresh`. The yes is kept at home first, so when
/// the guest cannot be made, it can be said again.
///
/// # Errors
/// [`Error::NotFound`]; [`GuestRefusal`](crate::directory::GuestRefusal), or what was asked for is not there any more.
pub async fn accept(
    on: &Accounts,
    tenant: TenantId,
    id: GuestRequestId,
    fresh: UserId,
    origin: Origin,
) -> Result<(), Error> {
    let at_home = origin.clone();
    let (host, person) = on
        .store
        .write(tenant, async move |tx: &mut Tx| {
            let request = tx.find_asked_guest_for_update(id, at_home.at).await?;
            let request = request.ok_or(Error::NotFound("guest request"))?;
            let person = find_at_home(tx, &request.asked).await.map_err(unknown)?;
            if !request.accepted {
                tx.apply(guest::accept(&request, &person, at_home)?).await?;
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
/// [`Error::NotFound`].
pub async fn decline(
    on: &Accounts,
    tenant: TenantId,
    id: GuestRequestId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let request = tx.find_asked_guest_for_update(id, origin.at).await?;
            let request = request.ok_or(Error::NotFound("guest request"))?;
            // Of somebody who is not here, nobody was asked.
            find_at_home(tx, &request.asked).await.map_err(unknown)?;
            tx.apply(guest::decline(&request, origin)).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// Nobody is asked about whom the tenant does not have.
fn unknown(error: Error) -> Error {
    match error {
        Error::NotFound(_) => Error::NotFound("guest request"),
        other => other,
    }
}
