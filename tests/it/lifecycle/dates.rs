//! Dates of access as they pass.

use std::time::Duration;

use futures_util::future::join_all;
use rollcall::accounts::users::purge_due;
use rollcall::directory::account::NewAccount;
use rollcall::directory::{AccessWindow, User, UserId, UserKind, UserSource, account, lifecycle};
use rollcall::jobs::lifecycle::pass_dates;
use rollcall::storage::Swept;
use serde_json::{Map, json};
use uuid::Uuid;

use super::{eventually, log};

use crate::harness::{Database, Engine, OidcProvider};
use crate::scim::message::create_user;
use crate::sso::fixture::Certified;
use crate::storage::fixture::{Place, accounts_on, now, origin};

on_both_engines!(
    access_ends_at_its_date_for_a_live_session_too_and_is_told_once,
    access_begins_at_its_date_and_is_told_once,
    several_nodes_tell_of_a_date_once,
    a_date_that_was_never_waited_for_is_passed_over_in_silence,
    who_cannot_be_told_of_keeps_nobody_waiting,
    who_cannot_be_removed_keeps_nobody_waiting,
);

const MINUTE: Duration = Duration::from_mins(1);

/// A time from now in the words of storage.
fn micros_from_now(minutes: i64) -> i64 {
    now().as_microsecond() + minutes * 60_000_000
}

async fn access_ends_at_its_date_for_a_live_session_too_and_is_told_once(engine: Engine) {
    let database = Database::new(engine).await;
    let settings = [
        ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
        ("ROLLCALL_RATE_LIMITS", "off"),
    ];
    let gateway = crate::harness::Gateway::start_with(&database.url, &settings).await;
    let site = Certified::at(&gateway, OidcProvider::shared().await, &json!({})).await;
    let sub = site.person(&json!({})).await;
    let (browser, me) = site.signed_in(&sub).await;
    let id = me["user"]["id"].as_str().unwrap().to_owned();
    let set_end = |minutes: i64| {
        let (database, id) = (database.clone(), database.id(&id));
        async move {
            let end = micros_from_now(minutes);
            let sql = format!("UPDATE users SET access_until = {end} WHERE id = {id}");
            assert_eq!(database.execute(&sql).await, 1);
        }
    };
    set_end(30).await;
    gateway.advance(29 * MINUTE);
    site.me(&browser).await.expect(200);
    gateway.advance(2 * MINUTE);
    site.me(&browser).await.expect(401);
    let path = format!("/users/{id}");
    assert_eq!(site.tenant.call("GET", &path).await.json["status"], "expired");
    eventually("user.expired", || async {
        !log(&site.tenant, "action=user.expired").await.is_empty()
    })
    .await;
    // The date is moved on: whatever was opened before stays void, and the person is let in again by signing in.
    set_end(600).await;
    assert_eq!(site.tenant.call("GET", &path).await.json["status"], "active");
    site.me(&browser).await.expect(401);
    gateway.advance(MINUTE);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told = log(&site.tenant, "action=user.expired").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["source"], &told[0]["actor"], &told[0]["target"]["id"]),
        (&json!("job"), &json!("gateway"), &json!(id))
    );
    // Another date is told anew.
    gateway.advance(600 * MINUTE);
    eventually("the second user.expired", || async {
        log(&site.tenant, "action=user.expired").await.len() == 2
    })
    .await;
    gateway.stop().await;
}

async fn access_begins_at_its_date_and_is_told_once(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = database.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let id = create_user(&directory, "ada").await;
    let begin = micros_from_now(60);
    let sql = format!(
        "UPDATE users SET access_from = {begin} WHERE id = {}",
        database.id(&id)
    );
    assert_eq!(database.execute(&sql).await, 1);
    let path = format!("/users/{id}");
    assert_eq!(tenant.call("GET", &path).await.json["status"], "scheduled");
    gateway.advance(59 * MINUTE);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(log(&tenant, "action=user.access_began").await.is_empty());
    gateway.advance(2 * MINUTE);
    assert_eq!(tenant.call("GET", &path).await.json["status"], "active");
    eventually("user.access_began", || async {
        !log(&tenant, "action=user.access_began").await.is_empty()
    })
    .await;
    gateway.advance(MINUTE);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told = log(&tenant, "action=user.access_began").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["target"]["id"], id.as_str());
    gateway.stop().await;
}

/// A local account with dates, in minutes from now.
async fn with_dates(place: &Place, from: Option<i64>, until: Option<i64>) -> User {
    let at = |minutes: i64| now() + jiff::SignedDuration::from_mins(minutes);
    let new = NewAccount {
        person: None,
        access_code: None,
        id: UserId(Uuid::now_v7()),
        directory: None,
        kind: UserKind::External,
        source: UserSource::Manual,
        pending: false,
        user_name: crate::harness::random_name("ada"),
        attributes: Map::new(),
        entity: None,
        access: AccessWindow {
            from: from.map(at),
            until: until.map(at),
        },
        contact_tags: Vec::new(),
    };
    let made = account::create(new, origin());
    place.apply(made.change).await.expect("a person");
    made.user
}

async fn actions(place: &Place, user: &User) -> Vec<String> {
    let rows = place.read().await.list_audit_of(user.id.0).await;
    rows.expect("rows").into_iter().map(|row| row.action).collect()
}

async fn several_nodes_tell_of_a_date_once(engine: Engine) {
    let store = crate::harness::engine::open(&engine.new_database().await).await;
    let place = Place::in_store(store).await;
    let mut people = Vec::new();
    for _ in 0..20 {
        people.push(with_dates(&place, Some(5), Some(10)).await);
    }
    let epochs = |place: Place, people: Vec<User>| async move {
        let mut found = Vec::new();
        for user in people {
            found.push(
                place
                    .read()
                    .await
                    .find_access_epoch(user.id)
                    .await
                    .unwrap()
                    .unwrap(),
            );
        }
        found
    };
    let before = epochs(place.clone(), people.clone()).await;
    let later = |minutes: i64| now() + jiff::SignedDuration::from_mins(minutes);
    let nodes = |at| join_all((0..4).map(|_| pass_dates(&place.store, at)).collect::<Vec<_>>());
    for done in nodes(later(6)).await {
        done.unwrap();
    }
    assert_eq!(
        epochs(place.clone(), people.clone()).await,
        before,
        "who begins keeps what they have"
    );
    for done in nodes(later(11)).await {
        done.unwrap();
    }
    assert_eq!(
        pass_dates(&place.store, later(12)).await.unwrap(),
        Swept::default()
    );
    for user in &people {
        assert_eq!(
            actions(&place, user).await,
            ["user.created", "user.access_began", "user.expired"]
        );
    }
    let after = epochs(place.clone(), people).await;
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| before + 1 == *after)
    );
}

async fn a_date_that_was_never_waited_for_is_passed_over_in_silence(engine: Engine) {
    let store = crate::harness::engine::open(&engine.new_database().await).await;
    let place = Place::in_store(store).await;
    let since_yesterday = with_dates(&place, Some(-1440), None).await;
    let without = with_dates(&place, None, None).await;
    pass_dates(&place.store, now()).await.unwrap();
    for user in [since_yesterday, without] {
        assert_eq!(actions(&place, &user).await, ["user.created"]);
    }
    assert_eq!(pass_dates(&place.store, now()).await.unwrap(), Swept::default());
}

/// Somebody whose record cannot be read back is left out, first of all who are due; the others of their tenant and of other
/// tenants are told, of both dates.
async fn who_cannot_be_told_of_keeps_nobody_waiting(engine: Engine) {
    let database = Database::new(engine).await;
    let store = crate::harness::engine::open(&database.url).await;
    let (place, other) = (
        Place::in_store(store.clone()).await,
        Place::in_store(store.clone()).await,
    );
    let broken = with_dates(&place, None, Some(1)).await;
    let ended = with_dates(&place, None, Some(2)).await;
    let begun = with_dates(&place, Some(2), None).await;
    let elsewhere = with_dates(&other, None, Some(3)).await;
    break_record(&database, &broken).await;
    let later = now() + jiff::SignedDuration::from_mins(5);
    for done in [3, 0] {
        let swept = pass_dates(&store, later).await.unwrap();
        assert_eq!(swept, Swept { done, failed: 1 });
    }
    for (place, user, last) in [
        (&place, &broken, "user.created"),
        (&place, &ended, "user.expired"),
        (&place, &begun, "user.access_began"),
        (&other, &elsewhere, "user.expired"),
    ] {
        assert_eq!(actions(place, user).await.last().unwrap(), last);
    }
    store.close().await;
}

/// The same when people's time is over.
async fn who_cannot_be_removed_keeps_nobody_waiting(engine: Engine) {
    let database = Database::new(engine).await;
    let store = crate::harness::engine::open(&database.url).await;
    let (place, other) = (
        Place::in_store(store.clone()).await,
        Place::in_store(store.clone()).await,
    );
    let mut people = Vec::new();
    for (place, name) in [(&place, "ada"), (&place, "bob"), (&other, "eve")] {
        let user = place.user(name).await;
        place
            .apply(lifecycle::delete(&user, 0, origin()).unwrap())
            .await
            .unwrap();
        people.push(user);
    }
    break_record(&database, &people[0]).await;
    let accounts = accounts_on(&store);
    let later = now() + jiff::SignedDuration::from_hours(31 * 24);
    for done in [2, 0] {
        let swept = purge_due(&accounts, later).await.unwrap();
        assert_eq!(swept, Swept { done, failed: 1 });
    }
    store.close().await;
}

async fn break_record(database: &Database, user: &User) {
    let id = database.id(&user.id.to_string());
    let sql = format!("UPDATE users SET contact_tags = 'no JSON' WHERE id = {id}");
    assert_eq!(database.execute(&sql).await, 1);
}
