//! Work that nodes take from one another's reach: in bounded batches, each piece by one node.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use rollcall::accounts::connections::{self, NewConnection, NewOidc, NewProtocol};
use rollcall::directory::{Authority, ConnectionId};
use rollcall::storage::{Error, MetadataCheck, Tx};
use uuid::Uuid;

use super::fixture::{Place, accounts_on, now, origin};
use crate::harness::Engine;
use crate::harness::engine::open;

on_both_engines!(due_metadata_is_taken_in_bounded_batches_and_each_once,);

async fn due_metadata_is_taken_in_bounded_batches_and_each_once(engine: Engine) {
    // A database of its own: the batches are of all tenants.
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let (on, start) = (accounts_on(&place.store), now());
    for number in 0..23 {
        let id = ConnectionId(Uuid::now_v7());
        let oidc = NewOidc {
            issuer: "https://idp.example".to_owned(),
            client_id: "rollcall".to_owned(),
            client_secret: None,
            allowed_hosts: Vec::new(),
        };
        let new = NewConnection {
            id,
            name: format!("connection {number}"),
            domains: Vec::new(),
            protocol: NewProtocol::Oidc(oidc),
        };
        let made = connections::create(&on, place.tenant, &Authority::Operator, new, origin());
        made.await.expect("a connection");
        let check = MetadataCheck {
            checked_at: start,
            error: None,
            due_at: start + Duration::from_secs(number),
        };
        let noted = place.store.write(place.tenant, async move |tx: &mut Tx| {
            tx.note_metadata_check(id, Some(check)).await?;
            Ok::<_, Error>(())
        });
        noted.await.expect("a note");
    }
    let later = start + Duration::from_mins(1);
    let take = || {
        place
            .store
            .take_due_metadata(later, later + Duration::from_mins(5), 4)
    };
    let mut taken = BTreeSet::new();
    let mut count = 0;
    loop {
        let batches = join_all([take(), take(), take()]).await;
        let batches: Vec<_> = batches.into_iter().map(|batch| batch.expect("a batch")).collect();
        assert!(batches.iter().all(|batch| batch.len() <= 4), "{batches:?}");
        if batches.iter().all(Vec::is_empty) {
            break;
        }
        for (_, id) in batches.into_iter().flatten() {
            taken.insert(id);
            count += 1;
        }
    }
    assert_eq!((taken.len(), count), (23, 23));
}
