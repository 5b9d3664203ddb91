//! Choosing among the tenants that one may enter: at the end of a sign-in that named none, or later.

use super::crossing::{self, Crossing};
use super::error::LocalError;
use super::step::next_step;
use super::ticket::{self, FreshStep, Shown, Stage};
use crate::directory::{Aim, Code, Origin, Proof, Tenant, TenantName, User, session};
use crate::login::{Denied, Login, Refused, Session, complete};
use crate::storage::{self, GuestPlace, Tx};

/// Goes on with a sign-in that named no tenant into the one of this name.
///
/// # Errors
/// [`LocalError`]: `SignIn` where the ticket is not good or is not for this step; `NotFound` where the tenant is none that was
/// offered, and the ticket stays good.
pub async fn choose(
    on: &Login,
    text: &str,
    slug: &str,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, LocalError> {
    let sign_in = |refused: Refused| LocalError::SignIn(Box::new(refused));
    let held = ticket::find(
        on,
        Shown {
            ticket: text,
            at: None,
        },
        origin.at,
    )
    .await
    .map_err(sign_in)?;
    let (login, slug) = (on.clone(), slug.to_owned());
    let (opening, at) = (fresh.clone(), origin.clone());
    let stage = on
        .store
        .write(held.tenant.id, async move |tx: &mut Tx| {
            let taken = ticket::take(tx, &held.hash, at.at).await?;
            if taken.aim != Aim::Choose || next_step(taken.facts(tx).await?).is_some() {
                return Err(sign_in(Code::SignInExpired.into()));
            }
            let aim = if taken.tenant.slug.as_str() == slug {
                Aim::Home
            } else {
                let places = crossing::places_of(tx, &taken.tenant, &taken.user).await?;
                let chosen = places
                    .into_iter()
                    .find(|place| place.tenant.slug.as_str() == slug);
                Aim::Guest(chosen.ok_or(LocalError::NotFound("tenant"))?.tenant.id)
            };
            let taken = ticket::Taken { aim, ..taken };
            Ok(ticket::proceed(tx, &login, taken, opening, at).await?)
        })
        .await?;
    crossing::arrive(on, stage, fresh, origin).await.map_err(sign_in)
}

/// Who somebody is at home, and where else they may enter.
struct Reach {
    home: Tenant,
    person: User,
    epoch: Option<i64>,
    places: Vec<GuestPlace>,
}

async fn reach_of(on: &Login, session: &Session) -> Result<Option<Reach>, storage::Error> {
    let user = session.user();
    let (tenant, id) = match user.home {
        Some(home) => (home.tenant, home.user),
        None => (session.tenant(), user.id),
    };
    let mut tx = on.store.read(tenant).await?;
    let (Some(home), Some(person)) = (tx.find_tenant().await?, tx.find_user(id).await?) else {
        return Ok(None);
    };
    let epoch = tx.find_access_epoch(id).await?;
    let places = crossing::places_of(&mut tx, &home, &person).await?;
    Ok(Some(Reach {
        home,
        person,
        epoch,
        places,
    }))
}

/// The tenants that somebody who is signed in may enter, the one that they belong to first.
///
/// # Errors
/// The database failed.
pub async fn list_tenants(on: &Login, session: &Session) -> Result<Vec<TenantName>, storage::Error> {
    let Some(reach) = reach_of(on, session).await? else {
        return Ok(Vec::new());
    };
    let places = reach.places.into_iter().map(|place| place.tenant);
    Ok(std::iter::once(TenantName::from(&reach.home))
        .chain(places)
        .collect())
}

/// Opens a session in another tenant of somebody who is signed in by a cookie, and ends the one of the cookie. The new
/// session ends when the old one would have: nobody stays longer by changing to and fro.
///
/// # Errors
/// [`LocalError`]: `NotFound` where the tenant is none that they may enter, or is the one where they are; `SignIn` where
/// access has ended meanwhile.
pub async fn switch(
    on: &Login,
    cookie: &str,
    slug: &str,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, LocalError> {
    let expired = || LocalError::SignIn(Box::new(Code::SignInExpired.into()));
    let ended = |denied| match denied {
        Denied::Storage(error) => LocalError::from(error),
        Denied::Missing | Denied::Invalid => expired(),
    };
    let before = on
        .identify_session(Some(cookie), origin.at)
        .await
        .map_err(ended)?;
    let reach = reach_of(on, &before).await?.ok_or_else(expired)?;
    // What was read is of a time at which the session was good: whatever ends it moves the epochs with it.
    let old = on
        .identify_session(Some(cookie), origin.at)
        .await
        .map_err(ended)?;
    if old.of.slug.as_str() == slug {
        return Err(LocalError::NotFound("tenant"));
    }
    let proof = Proof::Carried {
        sso: old.of.session.auth_method == "sso",
        since: old.of.session.created_at,
    };
    let limit = Some(old.of.session.expires_at);
    if reach.home.slug.as_str() == slug {
        leave(on, &old, origin.clone()).await?;
        return go_home(on, reach, (proof, limit), fresh, origin).await;
    }
    let mut places = reach.places.into_iter();
    let place = places.find(|place| place.tenant.slug.as_str() == slug);
    let crossing = Crossing {
        place: place.ok_or(LocalError::NotFound("tenant"))?,
        proof,
        limit,
        home: reach.home,
        person: reach.person,
        browser: None,
    };
    leave(on, &old, origin.clone()).await?;
    let crossed = crossing::cross(on, crossing, fresh, origin).await;
    crossed.map_err(|refused| LocalError::SignIn(Box::new(refused)))
}

/// Ends the session that somebody comes from, before another one is opened: of several requests at once one finds it, and
/// no session becomes two.
async fn leave(on: &Login, session: &Session, origin: Origin) -> Result<(), LocalError> {
    let (id, user) = (session.id(), session.user().id);
    on.store
        .write(session.tenant(), async move |tx: &mut Tx| {
            tx.find_user_for_update(user).await?;
            if !tx.has_session(id, user).await? {
                return Err(LocalError::SignIn(Box::new(Code::SignInExpired.into())));
            }
            tx.apply(session::end(vec![id], user, "user.changed_tenant", origin))
                .await?;
            Ok(())
        })
        .await
}

async fn go_home(
    on: &Login,
    reach: Reach,
    (proof, limit): (Proof, Option<jiff::Timestamp>),
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, LocalError> {
    let Reach {
        home, person, epoch, ..
    } = reach;
    let token = fresh.token();
    let session = on
        .store
        .write(home.id, async move |tx: &mut Tx| {
            let user = tx.find_user_for_update(person.id).await?;
            let now = tx.find_access_epoch(person.id).await?;
            let user = user.filter(|user| user.has_access(origin.at) && now == epoch);
            let gone = || LocalError::SignIn(Box::new(Code::AccountInactive.into()));
            let user = user.ok_or_else(gone)?;
            let named = fresh.session();
            Ok::<_, LocalError>(complete::open(tx, &user, proof, limit, named, origin).await?)
        })
        .await?;
    Ok(Stage::SignedIn {
        session: Box::new(session),
        browser: None,
        token,
    })
}
