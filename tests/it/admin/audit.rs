//! `/api/v1/tenants/{tenant}/audit`: reading forwards by number, and the numbers themselves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use rollcall::accounts::{Accounts, audit};
use rollcall::directory::{AuditFilter, Authority};
use rollcall::jobs::audit_numbers;
use rollcall::storage::{AuditRecord, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::{assert_field_named, assert_invalid_fields};
use crate::harness::Engine;
use crate::harness::engine::open;
use crate::scim::message::{create_user, patch_one};
use crate::storage::fixture::Place;

on_both_engines!(
    a_reader_sees_what_was_just_done,
    a_log_is_read_page_by_page_and_goes_on_where_it_ended,
    a_place_in_the_log_that_is_not_understood_is_refused,
    a_reader_who_goes_on_meets_every_row_once_while_others_write,
    a_long_backlog_is_numbered_in_order,
    the_job_numbers_every_tenant,
);

async fn a_reader_sees_what_was_just_done(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let mut next = 0;
    for name in ["ada", "bob", "cy"] {
        let id = create_user(&directory, name).await;
        let off = directory
            .patch(
                &format!("/Users/{id}"),
                &patch_one("replace", "active", json!(false)),
            )
            .await
            .expect(200);
        let page = tenant
            .call("GET", &format!("/audit?after={next}"))
            .await
            .expect(200)
            .json;
        let rows = page["items"].as_array().expect("items");
        let row = rows.last().expect("a row");
        assert_eq!(row["target"], json!({"kind": "user", "id": id}));
        assert_eq!(row["action"], "user.deactivated");
        assert_eq!(row["actor"], format!("directory:{}", directory.id));
        assert_eq!(row["source"], "scim");
        assert_eq!(
            (&row["before"], &row["after"]),
            (&json!({"active": true}), &json!({"active": false}))
        );
        assert_eq!(row["request_id"], off.header("x-request-id"));
        assert!(row["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{row}");
        let made = &rows[rows.len() - 2];
        assert_eq!(
            (&made["action"], &made["before"]),
            (&json!("user.created"), &Value::Null)
        );
        assert_eq!(made["after"]["userName"], name);
        assert_eq!(page["next"], row["seq"]);
        next = page["next"].as_i64().expect("a number");
        // With nothing new, it goes on from the same place.
        let again = tenant
            .call("GET", &format!("/audit?after={next}"))
            .await
            .expect(200)
            .json;
        assert_eq!(again, json!({"items": [], "next": next}));
    }
}

async fn a_log_is_read_page_by_page_and_goes_on_where_it_ended(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    crate::scim::message::create_users(&directory, "p", 7).await;
    let whole = tenant.call("GET", "/audit").await.expect(200).json;
    let whole = whole["items"].as_array().unwrap();
    let numbers: Vec<_> = whole.iter().map(|row| row["seq"].as_i64().unwrap()).collect();
    // The tenant, the directory, its token, and seven people.
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    for limit in [1, 3, 10, 500] {
        let (mut seen, mut next) = (Vec::new(), json!(0));
        loop {
            let path = format!("/audit?after={next}&limit={limit}");
            let page = tenant.call("GET", &path).await.expect(200).json;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            if items.is_empty() {
                break;
            }
            seen.extend(items.iter().cloned());
            next = page["next"].clone();
        }
        assert_eq!(seen, *whole, "limit {limit}");
    }
    let far = tenant.call("GET", &format!("/audit?after={}", i64::MAX)).await;
    assert_eq!(far.expect(200).json, json!({"items": [], "next": i64::MAX}));
}

async fn a_place_in_the_log_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (query, field) in [
        ("after=-1", "after"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
    ] {
        assert_invalid_fields(&tenant.call("GET", &format!("/audit?{query}")).await, &[field]);
    }
    for (query, field) in [
        ("after=x", "after"),
        ("after=", "after"),
        ("after=9223372036854775808", "after"),
        ("before=1", "before"),
    ] {
        assert_field_named(&tenant.call("GET", &format!("/audit?{query}")).await, field);
    }
}

async fn read(on: &Accounts, place: &Place, after: i64, limit: u32) -> Vec<AuditRecord> {
    let read = audit::list(
        on,
        place.tenant,
        &Authority::Operator,
        &AuditFilter::default(),
        after,
        limit,
    )
    .await;
    read.expect("the log is read")
}

async fn a_reader_who_goes_on_meets_every_row_once_while_others_write(engine: Engine) {
    const WRITERS: usize = 6;
    const EACH: usize = 25;
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let accounts = crate::storage::fixture::accounts_on(&place.store);
    let done = Arc::new(AtomicBool::new(false));
    let writers = (0..WRITERS).map(|writer| {
        let place = place.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                place.user(&format!("w{writer}n{number}")).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let readers = (0..3).map(|reader| {
        let (place, accounts, done) = (place.clone(), accounts.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let (mut seen, mut next) = (Vec::new(), 0);
            loop {
                // Asked before the page is read: what is written afterwards is read the next time.
                let last = done.load(Ordering::SeqCst);
                let page = read(&accounts, &place, next, 1 + 7 * reader).await;
                next = page.last().map_or(next, |row| row.seq);
                let ended = page.is_empty();
                seen.extend(page.into_iter().map(|row| (row.seq, row.target_id)));
                if last && ended {
                    return seen;
                }
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let store = place.store.clone();
    let job = tokio::spawn(async move {
        loop {
            audit_numbers::number_all(&store).await.expect("numbers");
            tokio::task::yield_now().await;
        }
    });
    for writer in writers {
        writer.await.expect("a writer");
    }
    done.store(true, Ordering::SeqCst);
    // The tenant, the directory, and the people.
    let rows = 2 + WRITERS * EACH;
    let numbers: Vec<i64> = (1..).take(rows).collect();
    let mut order = None;
    for reader in readers {
        let seen = reader.await.expect("a reader");
        let read: Vec<i64> = seen.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(read, numbers);
        let targets: BTreeSet<Uuid> = seen.iter().map(|(_, target)| *target).collect();
        assert_eq!(targets.len(), rows, "every row once");
        // Whoever reads, whenever: the same rows have the same numbers.
        assert_eq!(*order.get_or_insert_with(|| seen.clone()), seen);
    }
    job.abort();
}

async fn a_long_backlog_is_numbered_in_order(engine: Engine) {
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let accounts = crate::storage::fixture::accounts_on(&place.store);
    let backlog = usize::try_from(Store::NUMBERED_AT_ONCE).unwrap() + 20;
    for chunk in (0..backlog).collect::<Vec<_>>().chunks(40) {
        join_all(chunk.iter().map(|number| {
            let place = place.clone();
            async move { place.user(&format!("p{number}")).await }
        }))
        .await;
    }
    // A reader of a short page leaves the rest to others; one that reads to the end numbers to the end.
    assert_eq!(read(&accounts, &place, 0, 3).await.len(), 3);
    let (mut seen, mut next) = (Vec::new(), 0);
    loop {
        let page = read(&accounts, &place, next, 500).await;
        let Some(last) = page.last() else { break };
        next = last.seq;
        seen.extend(page);
    }
    let numbers: Vec<_> = seen.iter().map(|row| row.seq).collect();
    assert_eq!(numbers, (1..).take(backlog + 2).collect::<Vec<i64>>());
    assert_eq!(seen[0].action, "tenant.created");
    assert_eq!(place.store.number_audit(place.tenant).await.unwrap(), 0);
}

async fn the_job_numbers_every_tenant(engine: Engine) {
    let store = open(&engine.new_database().await).await;
    let places = [
        Place::in_store(store.clone()).await,
        Place::in_store(store.clone()).await,
    ];
    for place in &places {
        place.user("ada").await;
        assert!(
            place
                .read()
                .await
                .list_audit(&AuditFilter::default(), 1..=10, 10)
                .await
                .unwrap()
                .is_empty()
        );
    }
    audit_numbers::number_all(&store).await.unwrap();
    for place in &places {
        let rows = place
            .read()
            .await
            .list_audit(&AuditFilter::default(), 1..=10, 10)
            .await
            .unwrap();
        let numbers: Vec<_> = rows.iter().map(|row| row.seq).collect();
        assert_eq!(numbers, [1, 2, 3], "each tenant counts for itself");
    }
    let left = store
        .system()
        .await
        .unwrap()
        .list_tenants_with_unnumbered_audit()
        .await;
    assert_eq!(left.unwrap(), []);
}
