//! The way into another tenant: somebody has proven who they are at home, and enters where they are a guest.
//!
//! The proof is given in a transaction at home, which names the guest and the epoch of the guest's access; the session is
//! opened in another one there, under that epoch or not at all. So whatever has ended access between the two holds.

use std::sync::Arc;

use jiff::Timestamp;

use super::ticket::{FreshStep, Stage, refuse};
use crate::directory::{Code, Origin, Proof, SignIn, Tenant, User, guest};
use crate::login::error::SignInError;
use crate::login::{Login, Refused, complete};
use crate::storage::{self, GuestPlace, Tx};

/// Somebody at the door of another tenant, proven at home.
#[derive(Debug)]
pub struct Crossing {
    /// Where to, and as whom.
    pub place: GuestPlace,
    /// How they have proven who they are.
    pub proof: Proof,
    /// When the session ends in any case, if that is known.
    pub limit: Option<Timestamp>,
    /// The tenant at home.
    pub home: Tenant,
    /// Who they are there.
    pub person: User,
    /// What the browser shows at its next sign-in, where they have proven themselves just now.
    pub browser: Option<String>,
}

/// Where somebody may enter as a guest. The break-glass account is for its own tenant.
pub(in crate::login) async fn places_of(
    tx: &mut storage::ReadTx,
    home: &Tenant,
    person: &User,
) -> Result<Vec<GuestPlace>, storage::Error> {
    if person.break_glass && home.sign_in == SignIn::Sso {
        return Ok(Vec::new());
    }
    tx.list_guest_places(person.id).await
}

/// Goes on where a step has ended before the door of another tenant, and leaves every other stage as it is.
pub(super) async fn arrive(
    on: &Login,
    stage: Stage,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, Refused> {
    match stage {
        Stage::Crossing(crossing) => cross(on, *crossing, fresh, origin).await,
        other => Ok(other),
    }
}

/// Opens a session in the other tenant.
pub(in crate::login) async fn cross(
    on: &Login,
    crossing: Crossing,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, Refused> {
    let Crossing {
        place,
        proof,
        limit,
        home,
        person,
        browser,
    } = crossing;
    let token = fresh.token();
    let session = on
        .store
        .write(place.tenant.id, async move |tx: &mut Tx| {
            let refused = |code| SignInError::from(refuse(code, &home, &person.user_name, true));
            let guest = tx.find_user_for_update(place.guest).await?;
            let epoch = tx.find_access_epoch(place.guest).await?;
            let host = tx.find_tenant().await?;
            let guest = guest.filter(|guest| guest.has_access(origin.at) && epoch == Some(place.epoch));
            match (guest, host) {
                (Some(guest), Some(host)) => {
                    guest::check_door(&host).map_err(refused)?;
                    Ok(complete::open(tx, &guest, proof, limit, fresh.session(), origin).await?)
                }
                _ => Err(refused(Code::AccountInactive)),
            }
        })
        .await?;
    Ok(Stage::SignedIn {
        session: Box::new(session),
        token: Arc::clone(&token),
        browser,
    })
}
