//! How much is kept: rows, bytes, days, and what a flood leaves.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use rollcall::directory::request_log::BodyState;
use rollcall::directory::{DirectoryId, DirectoryRef, LoggedRequest, RequestFilter, TenantId, TokenId};
use rollcall::journal::{Caller, Error, Journal, Limits, NotedBody, NotedRequest};
use uuid::Uuid;

use crate::harness::engine::open;
use crate::harness::{Database, Engine};
use crate::storage::fixture::{Place, now};

on_both_engines!(
    only_the_newest_rows_are_kept,
    large_bodies_do_not_fill_the_disk,
    what_is_too_old_goes_with_its_counts,
    a_flood_leaves_failures_and_writes_and_the_number_of_the_rest,
    two_nodes_write_and_prune_side_by_side,
    a_stranger_at_an_address_that_does_not_exist_leaves_nothing,
    what_cannot_be_written_for_one_tenant_keeps_nobody_from_reading,
    a_log_that_cannot_be_pruned_keeps_no_other_from_it_and_is_pruned_later,
);

fn request(place: &Place, at: Timestamp, method: &'static str, status: u16) -> NotedRequest {
    NotedRequest {
        id: Uuid::now_v7(),
        at,
        micros: 1_500,
        method,
        path: "/Users".to_owned(),
        status,
        request_id: "request".to_owned(),
        user_agent: None,
        caller: Caller::Known {
            directory: place.reference(),
            token: TokenId(Uuid::nil()),
        },
        error: None,
        request: NotedBody::whole("{\"userName\": \"ada\"}"),
        response: NotedBody::default(),
    }
}

/// Notes requests in order of their ids.
fn note(journal: &Journal, place: &Place, many: usize) {
    for _ in 0..many {
        journal.note(request(place, now(), "GET", 200));
    }
}

async fn kept(journal: &Journal, place: &Place, at: Timestamp) -> Vec<LoggedRequest> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let filter = RequestFilter::default();
        let stretch = journal
            .list(place.tenant, place.directory, &filter, before, 500, at)
            .await;
        let stretch = stretch.expect("the log is read");
        all.extend(stretch.requests);
        before = stretch.next;
        if before.is_none() {
            return all;
        }
    }
}

async fn counted(journal: &Journal, place: &Place) -> (i64, i64) {
    let day = Duration::from_hours(24);
    let health = journal.health(place.tenant, place.directory, day, now()).await;
    let health = health.expect("health is judged").requests;
    (health.requests, health.unlogged)
}

async fn only_the_newest_rows_are_kept(engine: Engine) {
    let place = Place::new(engine).await;
    let limits = Limits {
        entries: 2_000,
        rows: 40,
        prune_rows: 100,
        ..Limits::default()
    };
    let journal = Journal::new(place.store.clone(), limits);
    note(&journal, &place, 99);
    assert_eq!(
        kept(&journal, &place, now()).await.len(),
        99,
        "nothing is pruned for a few"
    );
    note(&journal, &place, 1);
    let before = kept(&journal, &place, now()).await;
    assert_eq!(before.len(), 40);
    // More than one transaction removes.
    note(&journal, &place, 1_200);
    let after = kept(&journal, &place, now()).await;
    assert_eq!(after.len(), 40);
    assert!(after.iter().all(|new| before.iter().all(|old| old.id < new.id)));
    assert_eq!(counted(&journal, &place).await, (1_300, 0));
}

async fn large_bodies_do_not_fill_the_disk(engine: Engine) {
    let place = Place::new(engine).await;
    let limits = Limits {
        bytes: 100_000,
        prune_bytes: 50_000,
        directory_bodies: 300_000,
        ..Limits::default()
    };
    let journal = Journal::new(place.store.clone(), limits);
    for _ in 0..40 {
        let mut large = request(&place, now(), "POST", 201);
        large.request = NotedBody::whole(format!("\"{}\"", "x".repeat(9_998)));
        journal.note(large);
    }
    let rows = kept(&journal, &place, now()).await;
    // The bodies of thirty were kept in memory, and the log takes what fits into its bytes from the newest on.
    let without = rows
        .iter()
        .filter(|row| row.request.state == BodyState::NotKept)
        .count();
    assert_eq!(without, 10);
    let whole = rows
        .iter()
        .filter(|row| row.request.state == BodyState::Whole)
        .count();
    assert!((7..=10).contains(&whole), "{whole}");
    assert!(
        rows[..10]
            .iter()
            .all(|row| row.request.state == BodyState::NotKept),
        "the newest stay"
    );
    assert_eq!(counted(&journal, &place).await, (40, 0));
}

async fn what_is_too_old_goes_with_its_counts(engine: Engine) {
    let place = Place::new(engine).await;
    let journal = Journal::new(place.store.clone(), Limits::default());
    note(&journal, &place, 3);
    assert_eq!(kept(&journal, &place, now()).await.len(), 3);
    let month = Duration::from_hours(30 * 24);
    journal
        .prune_all(now() + month - Duration::from_mins(1))
        .await
        .expect("pruned");
    assert_eq!(kept(&journal, &place, now()).await.len(), 3);
    // Counts are of whole hours.
    let later = now() + month + Duration::from_hours(2);
    journal.prune_all(later).await.expect("pruned");
    assert_eq!(kept(&journal, &place, now()).await, []);
    assert_eq!(counted(&journal, &place).await, (0, 0));
}

async fn a_flood_leaves_failures_and_writes_and_the_number_of_the_rest(engine: Engine) {
    let place = Place::new(engine).await;
    let journal = Journal::new(place.store.clone(), Limits::default());
    note(&journal, &place, 2_000);
    for (method, status, many) in [("PATCH", 200, 30), ("GET", 404, 20)] {
        for _ in 0..many {
            journal.note(request(&place, now(), method, status));
        }
    }
    note(&journal, &place, 1_000);
    let rows = kept(&journal, &place, now()).await;
    assert_eq!(rows.len(), 500);
    assert_eq!(rows.iter().filter(|row| row.method == "PATCH").count(), 30);
    assert_eq!(rows.iter().filter(|row| row.status == 404).count(), 20);
    assert_eq!(counted(&journal, &place).await, (3_050, 2_550));
    let stretch = journal
        .list(
            place.tenant,
            place.directory,
            &RequestFilter::default(),
            None,
            1,
            now(),
        )
        .await;
    assert_eq!(stretch.expect("the log is read").unlogged, 2_550);
    // The next stretch of time has room again.
    note(&journal, &place, 10);
    assert_eq!(counted(&journal, &place).await, (3_060, 2_550));
}

async fn two_nodes_write_and_prune_side_by_side(engine: Engine) {
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let limits = Limits {
        rows: 60,
        prune_rows: 50,
        ..Limits::default()
    };
    let nodes = [0, 1, 2].map(|_| Journal::new(place.store.clone(), limits));
    for _ in 0..6 {
        for node in &nodes {
            note(node, &place, 30);
        }
        let flushed = join_all(nodes.iter().map(|node| node.flush(now()))).await;
        flushed
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .expect("all have written");
    }
    nodes[0].prune_all(now()).await.expect("pruned");
    assert_eq!(kept(&nodes[1], &place, now()).await.len(), 60);
    assert_eq!(counted(&nodes[2], &place).await, (540, 0));
}

async fn a_stranger_at_an_address_that_does_not_exist_leaves_nothing(engine: Engine) {
    let place = Place::new(engine).await;
    let journal = Journal::new(place.store.clone(), Limits::default());
    let nowhere = DirectoryId(Uuid::now_v7());
    let stranger = |slug: &str, directory| NotedRequest {
        caller: Caller::Stranger {
            slug: slug.to_owned(),
            directory,
        },
        ..request(&place, now(), "GET", 401)
    };
    let slug = place.slug.as_str();
    for (slug, directory) in [(slug, nowhere), ("nobody", place.directory), ("", nowhere)] {
        journal.note(stranger(slug, directory));
    }
    journal.note(stranger(slug, place.directory));
    journal.flush(now()).await.expect("flushed");
    assert_eq!(counted(&journal, &place).await, (1, 0));
    assert_eq!(kept(&journal, &place, now()).await, []);
    let counts = place.read().await.list_request_counts(nowhere).await;
    assert_eq!(counts.expect("counts are read"), []);
    let day = Duration::from_hours(24);
    let unknown = journal.health(place.tenant, nowhere, day, now()).await;
    assert!(matches!(unknown, Err(Error::NotFound("directory"))));
}

async fn what_cannot_be_written_for_one_tenant_keeps_nobody_from_reading(engine: Engine) {
    let place = Place::new(engine).await;
    let journal = Journal::new(place.store.clone(), Limits::default());
    let elsewhere = DirectoryRef {
        tenant: TenantId(Uuid::now_v7()),
        ..place.reference()
    };
    // The database takes no id twice.
    let note_refused = || {
        let id = Uuid::now_v7();
        for _ in 0..2 {
            let caller = Caller::Known {
                directory: elsewhere,
                token: TokenId(Uuid::nil()),
            };
            let one = request(&place, now(), "GET", 200);
            journal.note(NotedRequest { id, caller, ..one });
        }
    };
    note_refused();
    assert!(journal.flush(now()).await.is_err());
    note_refused();
    note(&journal, &place, 3);
    assert_eq!(kept(&journal, &place, now()).await.len(), 3);
    note_refused();
    note(&journal, &place, 2);
    assert_eq!(counted(&journal, &place).await, (5, 0));
}

async fn a_log_that_cannot_be_pruned_keeps_no_other_from_it_and_is_pruned_later(engine: Engine) {
    let database = Database::new(engine).await;
    let stuck = Place::in_store(open(&database.url).await).await;
    let mut places = vec![stuck.clone()];
    for _ in 0..5 {
        places.push(Place {
            directory: stuck.another_directory().await,
            ..stuck.clone()
        });
    }
    let id = database.id(&stuck.directory.0.to_string());
    let (hinder, release) = match engine {
        Engine::Sqlite => (
            vec![format!(
                "CREATE TRIGGER stuck BEFORE DELETE ON scim_requests WHEN OLD.directory_id = {id} \
                 BEGIN SELECT RAISE(ABORT, 'stuck'); END"
            )],
            "DROP TRIGGER stuck",
        ),
        Engine::Postgres => (
            vec![
                "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION 'stuck'; END $$"
                    .to_owned(),
                format!(
                    "CREATE TRIGGER stuck BEFORE DELETE ON scim_requests FOR EACH ROW \
                     WHEN (OLD.directory_id = {id}) EXECUTE FUNCTION stuck()"
                ),
            ],
            "DROP TRIGGER stuck ON scim_requests",
        ),
    };
    for statement in hinder {
        database.execute(&statement).await;
    }
    let limits = |rows| Limits {
        rows,
        prune_rows: 5,
        ..Limits::default()
    };
    let journal = Journal::new(stuck.store.clone(), limits(2));
    for place in &places {
        note(&journal, place, 6);
    }
    assert!(journal.flush(now()).await.is_err());
    let rows = async || {
        let mut rows = Vec::new();
        for place in &places {
            rows.push(kept(&journal, place, now()).await.len());
        }
        rows
    };
    assert_eq!(rows().await, [6, 2, 2, 2, 2, 2]);
    let stricter = Journal::new(stuck.store.clone(), limits(1));
    assert!(stricter.prune_all(now()).await.is_err());
    assert_eq!(rows().await, [6, 1, 1, 1, 1, 1]);
    database.execute(release).await;
    journal.flush(now()).await.expect("flushed");
    assert_eq!(rows().await, [2, 1, 1, 1, 1, 1]);
    stuck.store.close().await;
}
