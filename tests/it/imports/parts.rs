//! How imports are carried out: part by part, each row once, whoever stops or works beside; on the authority of who confirmed.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rollcall::accounts::imports::{self, CHUNK, Employees, Fresh, NewImport, ReadRow};
use rollcall::accounts::invitations::Token;
use rollcall::accounts::{Accounts, users};
use rollcall::directory::grant;
use rollcall::directory::query::PopulationFilter;
use rollcall::directory::{
    Actor, AdminScope, Authority, ImportId, ImportState, InvitationId, Origin, SignIn, UserId, tenant,
};
use uuid::Uuid;

use crate::harness::Engine;
use crate::harness::engine::open;
use crate::mail::by_hand::new_person;
use crate::storage::fixture::{Place, accounts_on, now, origin};

on_both_engines!(
    an_import_that_was_cut_off_goes_on_where_it_stopped,
    two_nodes_make_each_person_once,
    an_import_stops_when_whoever_confirmed_may_do_it_no_more,
    an_import_stops_when_single_sign_on_comes,
    a_cancelled_import_makes_nobody_else,
);

fn draw() -> Result<Fresh, &'static str> {
    let random = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
    Ok(Fresh {
        user: UserId(Uuid::now_v7()),
        invitation: InvitationId(Uuid::now_v7()),
        token: Token {
            random: random.try_into().map_err(|_| "32 bytes")?,
            nonce: [1; 12],
        },
    })
}

async fn own_place(engine: Engine) -> (String, Place) {
    let database = engine.new_database().await;
    let place = Place::in_store(open(&database).await).await;
    (database, place)
}

/// An import of so many people, looked at and not confirmed.
async fn import(place: &Place, count: u32) -> ImportId {
    let rows = (0..count).map(|number| {
        let email = format!("ada{number}@acme.example");
        let mut new = new_person(&email, [0; 32]);
        new.rights.role = None;
        ReadRow {
            line: number + 2,
            email: Some(email),
            read: Ok(new),
        }
    });
    let new = NewImport {
        id: ImportId(Uuid::now_v7()),
        headers: Vec::new(),
    };
    let (id, rows) = (new.id, rows.collect());
    let (on, nobody) = (accounts_on(&place.store), Employees::default());
    let made = imports::create(
        &on,
        place.tenant,
        &Authority::Operator,
        new,
        (rows, &nobody),
        origin(),
    );
    assert_eq!(made.await.expect("an import").tally.good, u64::from(count));
    id
}

async fn confirm(place: &Place, id: ImportId, by: Authority, origin: Origin) {
    let on = accounts_on(&place.store);
    let confirmed = imports::confirm(&on, place.tenant, by, id, false, origin).await;
    assert_eq!(
        confirmed.expect("it is confirmed").import.state,
        ImportState::Running
    );
}

async fn work(on: &Accounts) -> bool {
    imports::run_due(on, now(), draw).await.expect("work")
}

async fn look(place: &Place, id: ImportId) -> imports::Progress {
    let on = accounts_on(&place.store);
    let by = (&Authority::Operator, Actor::Operator);
    imports::find(&on, place.tenant, by, id, now())
        .await
        .expect("the import")
}

/// Everybody of the tenant, and how many invitations and mails went out.
async fn people(place: &Place) -> u32 {
    let mut view = place.read().await;
    let all = view
        .list_population(&PopulationFilter::default(), now(), None, 1_000)
        .await;
    let all = all.expect("people").items;
    let names: BTreeSet<String> = all.iter().map(|user| user.user_name.clone()).collect();
    assert_eq!(names.len(), all.len());
    let open = view
        .list_open_invitations(None, 1_000)
        .await
        .expect("invitations");
    assert_eq!(
        open.items.len(),
        names.iter().filter(|name| name.starts_with("ada")).count()
    );
    u32::try_from(names.len()).expect("few people")
}

async fn an_import_that_was_cut_off_goes_on_where_it_stopped(engine: Engine) {
    let (database, place) = own_place(engine).await;
    let count = 2 * CHUNK + 7;
    let id = import(&place, count).await;
    let on = accounts_on(&place.store);
    assert!(!work(&on).await);
    assert_eq!(people(&place).await, 0, "nobody has confirmed");
    confirm(&place, id, Authority::Operator, origin()).await;
    assert!(work(&on).await);
    // A part is a transaction: so much is made by now and no more.
    assert_eq!(people(&place).await, CHUNK);
    assert_eq!(look(&place, id).await.tally.created, u64::from(CHUNK));
    place.store.close().await;
    let again = Place {
        store: open(&database).await,
        ..place
    };
    let on = accounts_on(&again.store);
    while work(&on).await {}
    assert_eq!(people(&again).await, count);
    let ended = look(&again, id).await;
    assert_eq!(ended.import.state, ImportState::Done);
    assert_eq!((ended.tally.good, ended.tally.created), (0, u64::from(count)));
    assert!(!work(&on).await);
    again.store.close().await;
}

async fn two_nodes_make_each_person_once(engine: Engine) {
    let (database, place) = own_place(engine).await;
    let count = 3 * CHUNK;
    let id = import(&place, count).await;
    confirm(&place, id, Authority::Operator, origin()).await;
    let other = Place {
        store: open(&database).await,
        ..place.clone()
    };
    let nodes = [accounts_on(&place.store), accounts_on(&other.store)];
    // A node that finds the other at work may come away with nothing.
    for _ in 0..100 {
        join_all(nodes.iter().map(work)).await;
        if look(&place, id).await.import.state == ImportState::Done {
            break;
        }
    }
    assert_eq!(people(&place).await, count);
    let ended = look(&place, id).await;
    assert_eq!(
        (ended.import.state, ended.tally.created),
        (ImportState::Done, u64::from(count))
    );
    other.store.close().await;
    place.store.close().await;
}

/// An administrator of the whole tenant.
async fn administrator(place: &Place, name: &str) -> UserId {
    let user = place.user(name).await;
    let tick = grant::set_administrator(&user, &[], Some(&AdminScope::All), 1, origin());
    let ticked = tick.expect("the tick").expect("a change");
    place.apply(ticked.change).await.expect("the tick");
    user.id
}

async fn an_import_stops_when_whoever_confirmed_may_do_it_no_more(engine: Engine) {
    let (_, place) = own_place(engine).await;
    let id = import(&place, CHUNK + 1).await;
    let user = administrator(&place, "grace").await;
    administrator(&place, "another").await;
    let own = Origin {
        actor: Actor::User(user),
        ..origin()
    };
    let by = Authority::Administrator {
        user,
        scope: AdminScope::All,
    };
    confirm(&place, id, by, own).await;
    let on = accounts_on(&place.store);
    assert!(work(&on).await);
    // With access ends what they began.
    let blocked = users::set_blocked(&on, place.tenant, Authority::Operator, user, true, origin());
    blocked.await.expect("the block");
    assert!(!work(&on).await);
    let ended = look(&place, id).await;
    assert_eq!(ended.import.state, ImportState::Stopped);
    assert_eq!(ended.import.stopped.expect("a reason").code, "confirmer_gone");
    assert_eq!((ended.tally.created, ended.tally.good), (u64::from(CHUNK), 1));
    assert!(!work(&on).await);
    place.store.close().await;
}

async fn an_import_stops_when_single_sign_on_comes(engine: Engine) {
    let (_, place) = own_place(engine).await;
    let id = import(&place, CHUNK + 1).await;
    confirm(&place, id, Authority::Operator, origin()).await;
    let on = accounts_on(&place.store);
    assert!(work(&on).await);
    let of = place
        .read()
        .await
        .find_tenant()
        .await
        .expect("a read")
        .expect("a tenant");
    let change = tenant::set_sign_in(&of, SignIn::Sso, &[], &[], true, origin());
    place
        .apply(change.expect("allowed").expect("a change"))
        .await
        .expect("single sign-on");
    assert!(!work(&on).await);
    let ended = look(&place, id).await;
    assert_eq!(ended.import.state, ImportState::Stopped);
    assert_eq!(
        ended.import.stopped.expect("a reason").code,
        "manual_creation_blocked"
    );
    assert_eq!(people(&place).await, CHUNK);
    place.store.close().await;
}

async fn a_cancelled_import_makes_nobody_else(engine: Engine) {
    let (_, place) = own_place(engine).await;
    let id = import(&place, CHUNK + 1).await;
    confirm(&place, id, Authority::Operator, origin()).await;
    let on = accounts_on(&place.store);
    assert!(work(&on).await);
    let cancelled = imports::cancel(&on, place.tenant, Authority::Operator, id, origin()).await;
    cancelled.expect("it is cancelled");
    assert!(!work(&on).await);
    assert_eq!(people(&place).await, CHUNK);
    let by = (&Authority::Operator, Actor::Operator);
    let gone = imports::find(&on, place.tenant, by, id, now()).await;
    assert!(gone.is_err());
    place.store.close().await;
}
