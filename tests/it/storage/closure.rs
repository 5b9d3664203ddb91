//! The write closure: whole or not at all, alone, and to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rollcall::directory::lifecycle::{self, Clashes};
use rollcall::directory::{Refusal, UserId};
use rollcall::storage::{Error, Tx};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::fixture::{Place, arrival, describe, origin, said};
use crate::harness::Engine;
use crate::harness::engine::open;

on_both_engines!(
    a_body_that_answers_ok_is_committed,
    what_a_body_answers_comes_back,
    a_body_reads_what_it_wrote,
    a_refusal_is_rolled_back_alone,
    a_panic_is_rolled_back_alone,
    a_database_error_leaves_nothing_of_the_statements_before_it,
    a_write_whose_caller_goes_away_is_done_all_the_same,
    a_caller_that_goes_away_leaves_no_connection_in_a_transaction,
    a_body_that_hangs_is_rolled_back_and_the_others_go_on,
    racing_writers_lose_no_update,
);

async fn a_body_that_answers_ok_is_committed(engine: Engine) {
    let place = Place::new(engine).await;
    let (first, one) = arrival(place.directory, said("first"));
    let (second, two) = arrival(place.directory, said("second"));
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.apply(one).await?;
            tx.apply(two).await
        })
        .await
        .unwrap();
    assert_eq!(place.find_user(first.id).await, first);
    assert_eq!(place.find_user(second.id).await, second);
}

async fn what_a_body_answers_comes_back(engine: Engine) {
    let place = Place::new(engine).await;
    let answer: Result<&str, Error> = place
        .store
        .write(place.tenant, async |_: &mut Tx| Ok("value"))
        .await;
    assert_eq!(answer.unwrap(), "value");
    let refused: Result<(), Error> = place
        .store
        .write(place.tenant, async |_: &mut Tx| Err(Refusal::NotDeleted.into()))
        .await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::NotDeleted))));
}

async fn a_body_reads_what_it_wrote(engine: Engine) {
    let place = Place::new(engine).await;
    let (user, change) = arrival(place.directory, said("ada"));
    let directory = place.directory;
    let seen = place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.apply(change).await?;
            tx.find_clashes(Some(directory), "ADA", None).await
        })
        .await
        .unwrap();
    assert_eq!(seen.user_name, Some((user, None)));
}

/// How the odd ones of many writes at once end, after they have written.
#[derive(Clone, Copy)]
enum End {
    Refusal,
    Panic,
    UniqueViolation,
}

/// Forty writes at once, of which every other one fails after its first statements. SQLite commits them in
/// batches, so the good ones share a transaction with the bad.
async fn the_odd_ones_fail_alone(engine: Engine, end: End) {
    let place = Place::new(engine).await;
    place.user("taken").await;
    let writes = (0..40).map(|number| {
        let place = place.clone();
        let (user, change) = arrival(place.directory, said(&format!("user-{number}")));
        let (_, clash) = arrival(place.directory, said("TAKEN"));
        async move {
            let result = place
                .store
                .write(place.tenant, async move |tx: &mut Tx| {
                    tx.apply(change).await?;
                    match end {
                        _ if number % 2 == 0 => Ok(()),
                        End::Refusal => Err(Refusal::NotDeleted.into()),
                        End::Panic => panic!("the body of a test panics"),
                        End::UniqueViolation => tx.apply(clash).await,
                    }
                })
                .await;
            (user.id, result)
        }
    });
    for (number, (id, result)) in join_all(writes).await.into_iter().enumerate() {
        let kept = place.has(&format!("user-{number}")).await;
        let told = place.read().await.list_audit_of(id.0).await.unwrap();
        assert_eq!(told.len(), usize::from(kept), "{number}: {told:?}");
        match (end, result) {
            (_, Ok(())) => assert!(number % 2 == 0 && kept, "{number}"),
            (_, Err(_)) if number % 2 == 0 => panic!("{number} failed with another's error"),
            (End::Refusal, Err(error)) => assert!(matches!(error, Error::Refused(_)) && !kept, "{error}"),
            (End::Panic, Err(error)) => assert!(matches!(error, Error::Aborted) && !kept, "{error}"),
            (End::UniqueViolation, Err(error)) => assert!(error.is_retryable() && !kept, "{error}"),
        }
    }
}

async fn a_refusal_is_rolled_back_alone(engine: Engine) {
    the_odd_ones_fail_alone(engine, End::Refusal).await;
}

async fn a_panic_is_rolled_back_alone(engine: Engine) {
    the_odd_ones_fail_alone(engine, End::Panic).await;
}

async fn a_database_error_leaves_nothing_of_the_statements_before_it(engine: Engine) {
    the_odd_ones_fail_alone(engine, End::UniqueViolation).await;
}

async fn a_write_whose_caller_goes_away_is_done_all_the_same(engine: Engine) {
    let place = Place::new(engine).await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (user, change) = arrival(place.directory, said("ada"));
    let caller = tokio::spawn({
        let (place, begun, go) = (place.clone(), Arc::clone(&begun), Arc::clone(&go));
        async move {
            place
                .store
                .write(place.tenant, async move |tx: &mut Tx| {
                    begun.notify_one();
                    go.notified().await;
                    tx.apply(change).await
                })
                .await
        }
    });
    begun.notified().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go.notify_one();
    for _ in 0..200 {
        if place.has(&user.user_name).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the write was lost with its caller");
}

async fn a_caller_that_goes_away_leaves_no_connection_in_a_transaction(engine: Engine) {
    let place = Place::new(engine).await;
    for number in 0..60 {
        let (_, change) = arrival(place.directory, said(&format!("user-{number}")));
        let write = place
            .store
            .write(place.tenant, async move |tx: &mut Tx| tx.apply(change).await);
        // Cut off at the first statement or a little later.
        let _ = tokio::time::timeout(Duration::from_micros(40 * number), write).await;
    }
    // As many writes and views as there are connections, each of which must begin afresh and see the newest.
    let (user, change) = arrival(place.directory, said("last"));
    place.apply(change).await.unwrap();
    let seen = join_all((0..48).map(|_| place.find_user(user.id))).await;
    assert!(seen.into_iter().all(|found| found == user));
}

async fn a_body_that_hangs_is_rolled_back_and_the_others_go_on(engine: Engine) {
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let (user, change) = arrival(place.directory, said("stuck"));
    let hung = Arc::new(AtomicBool::new(false));
    let stuck = tokio::spawn({
        let (place, hung) = (place.clone(), Arc::clone(&hung));
        async move {
            place
                .store
                .write(place.tenant, async move |tx: &mut Tx| {
                    tx.apply(change).await?;
                    hung.store(true, Ordering::SeqCst);
                    std::future::pending::<Result<(), Error>>().await
                })
                .await
        }
    });
    while !hung.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    place.user("after").await;
    let error = stuck.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TimedOut | Error::Aborted), "{error}");
    assert!(!place.has(&user.user_name).await);
    place.store.close().await;
}

async fn racing_writers_lose_no_update(engine: Engine) {
    const WRITERS: u32 = 16;
    const TURNS: u32 = 5;
    let place = Place::new(engine).await;
    let user = place.user("counter").await;
    let writers = (0..WRITERS).map(|_| {
        let place = place.clone();
        tokio::spawn(async move {
            for _ in 0..TURNS {
                count_up(&place, user.id).await;
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let after = place.find_user(user.id).await;
    assert_eq!(after.profile.attributes()["title"], (WRITERS * TURNS).to_string());
    assert_eq!(after.version, 1 + i64::from(WRITERS * TURNS));
}

/// Reads a number from a person, adds one, and writes it back.
async fn count_up(place: &Place, id: UserId) {
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            let user = tx.find_user_for_update(id).await?.expect("the person is there");
            let attributes = user.profile.attributes();
            let count: u32 = match attributes.get("title").and_then(Value::as_str) {
                Some(title) => title.parse().expect("a number"),
                None => 0,
            };
            let mut said = said(&user.user_name);
            describe(&mut said, json!({"title": (count + 1).to_string()}));
            let arrival = lifecycle::update(&user, said, &Clashes::default(), 0, origin())?;
            tx.apply(arrival.expect("a change").change).await
        })
        .await
        .unwrap();
}
