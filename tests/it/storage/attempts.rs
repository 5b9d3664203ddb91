//! Sign-ins on their way: taken once, by the browser that began, and not by a transaction that comes to nothing.

use jiff::SignedDuration;
use rollcall::directory::ConnectionId;
use rollcall::directory::registry::TokenHash;
use rollcall::storage::{Error, LoginAttempt, Purpose, Tx};
use uuid::Uuid;

use super::fixture::{Place, now};
use crate::harness::Engine;

on_both_engines!(
    an_attempt_is_taken_once_by_the_browser_that_began_it,
    a_transaction_that_fails_leaves_the_attempt_and_what_is_good_once,
);

const STATE: TokenHash = TokenHash([1; 32]);
const BROWSER: TokenHash = TokenHash([2; 32]);
const OTHER: TokenHash = TokenHash([3; 32]);

async fn begin(place: &Place) -> LoginAttempt {
    let attempt = LoginAttempt {
        state: STATE,
        browser: BROWSER,
        connection: ConnectionId(Uuid::now_v7()),
        purpose: Purpose::Test,
        return_to: "/users".to_owned(),
        expires_at: now() + SignedDuration::from_mins(15),
    };
    place
        .store
        .begin_login(place.tenant, attempt.clone())
        .await
        .unwrap();
    attempt
}

async fn an_attempt_is_taken_once_by_the_browser_that_began_it(engine: Engine) {
    let (place, elsewhere) = (Place::new(engine).await, Place::new(engine).await);
    let attempt = begin(&place).await;
    for (of, state, browser) in [
        (&place, STATE, OTHER),
        (&place, OTHER, BROWSER),
        (&elsewhere, STATE, BROWSER),
    ] {
        assert_eq!(of.read().await.find_login(state, browser).await.unwrap(), None);
        assert_eq!(
            of.store.take_login(of.tenant, state, browser).await.unwrap(),
            None
        );
    }
    // A look leaves it there.
    for _ in 0..2 {
        let found = place.read().await.find_login(STATE, BROWSER).await.unwrap();
        assert_eq!(found.as_ref(), Some(&attempt));
    }
    let taken = place
        .store
        .take_login(place.tenant, STATE, BROWSER)
        .await
        .unwrap();
    assert_eq!(taken, Some(attempt));
    assert_eq!(
        place
            .store
            .take_login(place.tenant, STATE, BROWSER)
            .await
            .unwrap(),
        None
    );
}

async fn a_transaction_that_fails_leaves_the_attempt_and_what_is_good_once(engine: Engine) {
    let place = Place::new(engine).await;
    let attempt = begin(&place).await;
    let until = attempt.expires_at;
    let failed = place.store.write(place.tenant, async move |tx: &mut Tx| {
        assert!(tx.consume_once(OTHER, until).await?);
        assert!(tx.take_login(STATE, BROWSER).await?.is_some());
        Err::<(), _>(Error::Aborted)
    });
    assert!(matches!(failed.await, Err(Error::Aborted)));
    let again = place.store.write(place.tenant, async move |tx: &mut Tx| {
        assert!(tx.consume_once(OTHER, until).await?);
        tx.take_login(STATE, BROWSER).await
    });
    assert_eq!(again.await.unwrap(), Some(attempt));
}
