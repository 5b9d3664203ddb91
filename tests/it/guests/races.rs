//! What happens at home and in the host at once.

use std::sync::Arc;
use std::time::Duration;

use rollcall::accounts::{tenants, users};
use rollcall::directory::lifecycle::{self, Clashes};
use rollcall::directory::{AdminScope, Authority, Change, Tenant, User, UserId, guest, tenant};
use rollcall::storage::{Error, Tx};
use serde_json::json;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::harness::Engine;
use crate::storage::fixture::{Place, accounts_on, describe, origin, said};

on_both_engines!(
    a_guest_who_is_admitted_while_their_tenant_is_suspended_is_out,
    a_guest_who_is_renamed_while_their_tenant_is_suspended_is_out,
    a_change_of_a_guest_at_home_keeps_no_administrator_of_the_host_waiting,
);

/// Writes a change and commits a while after another one has had the time to begin.
async fn apply_slowly(place: &Place, change: Change, begun: Arc<Notify>) -> Result<(), Error> {
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.apply(change).await?;
            begun.notify_one();
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok(())
        })
        .await
}

async fn suspend(place: &Place) {
    let patch = tenants::TenantPatch {
        suspended: Some(true),
        ..tenants::TenantPatch::default()
    };
    let on = accounts_on(&place.store);
    tenants::update(&on, place.tenant, &Authority::Operator, patch, origin())
        .await
        .expect("a suspended tenant");
}

fn admission(home: &Place, host: &Place, person: &User) -> (UserId, Change) {
    let id = UserId(Uuid::now_v7());
    let admitted = guest::admit(id, host.tenant, (home.tenant, person), None, None, origin());
    (id, admitted.expect("a guest"))
}

fn renamed(person: &User) -> Change {
    let mut again = said(&person.user_name);
    describe(&mut again, json!({"displayName": "Augusta"}));
    let arrival = lifecycle::update(person, again, &Clashes::default(), 0, origin());
    arrival.expect("a change").expect("a difference").change
}

async fn a_guest_who_is_admitted_while_their_tenant_is_suspended_is_out(engine: Engine) {
    let (home, host) = (Place::new(engine).await, Place::new(engine).await);
    let ada = home.user("ada").await;
    let (id, admitted) = admission(&home, &host, &ada);
    let begun = Arc::new(Notify::new());
    let admit = apply_slowly(&host, admitted, Arc::clone(&begun));
    let (made, ()) = tokio::join!(admit, async {
        begun.notified().await;
        suspend(&home).await;
    });
    made.unwrap();
    assert_eq!(host.find_user(id).await.active, Some(false));
}

async fn a_guest_who_is_renamed_while_their_tenant_is_suspended_is_out(engine: Engine) {
    let (home, host) = (Place::new(engine).await, Place::new(engine).await);
    let ada = home.user("ada").await;
    let (id, admitted) = admission(&home, &host, &ada);
    host.apply(admitted).await.unwrap();
    let begun = Arc::new(Notify::new());
    let before = home
        .read()
        .await
        .find_tenant()
        .await
        .unwrap()
        .expect("the tenant");
    let after = Tenant {
        suspended_at: Some(origin().at),
        ..before.clone()
    };
    let change = tenant::update(&before, after, origin()).expect("a change");
    let suspension = apply_slowly(&home, change, Arc::clone(&begun));
    let (suspended, ()) = tokio::join!(suspension, async {
        begun.notified().await;
        home.apply(renamed(&ada)).await.unwrap();
    });
    suspended.unwrap();
    assert_eq!(host.find_user(id).await.active, Some(false));
}

/// Of SQLite there is one writer at a time, whoever is changed.
async fn a_change_of_a_guest_at_home_keeps_no_administrator_of_the_host_waiting(engine: Engine) {
    let (home, host) = (Place::new(engine).await, Place::new(engine).await);
    let on = accounts_on(&host.store);
    let ada = home.user("ada").await;
    let (guest, admitted) = admission(&home, &host, &ada);
    host.apply(admitted).await.unwrap();
    let (one, two) = (host.user("one").await, host.user("two").await);
    let tick =
        |id, scope| users::set_administrator(&on, host.tenant, Authority::Operator, id, scope, origin());
    for id in [guest, one.id, two.id] {
        tick(id, Some(AdminScope::All)).await.expect("an administrator");
    }
    let (begun, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = engine == Engine::Postgres;
    let (change, at_home, ended) = (renamed(&ada), Arc::clone(&begun), Arc::clone(&done));
    let renaming = home.store.write(home.tenant, async move |tx: &mut Tx| {
        tx.apply(change).await?;
        at_home.notify_one();
        if waits {
            let waited = tokio::time::timeout(Duration::from_secs(4), ended.notified()).await;
            return Ok::<_, Error>(waited.is_ok());
        }
        Ok(true)
    });
    let (first, ()) = tokio::join!(renaming, async {
        begun.notified().await;
        tick(two.id, None).await.expect("one is left");
        done.notify_one();
    });
    assert!(first.unwrap(), "the host has waited for the home tenant");
    // The guest is none who would be left.
    tick(one.id, None).await.expect_err("the last administrator");
}
