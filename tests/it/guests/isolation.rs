//! What no tenant finds of another one's guests and requests.

use rollcall::directory::grant::SaidRights;
use rollcall::directory::guest::{self, Asked};
use rollcall::directory::{GuestRequest, GuestRequestId, Home, UserId};
use rollcall::storage::{Error, Tx};
use serde_json::json;
use uuid::Uuid;

use crate::harness::Engine;
use crate::storage::fixture::{Place, describe, now, origin, said};

on_both_engines!(no_read_of_guests_finds_a_row_of_another_tenant);

async fn no_read_of_guests_finds_a_row_of_another_tenant(engine: Engine) {
    let (home, host, other) = (
        Place::new(engine).await,
        Place::new(engine).await,
        Place::new(engine).await,
    );
    let mut named = said("ada");
    describe(&mut named, json!({"emails": [{"value": "ada@acme.example"}]}));
    let user = home.provision(named).await;
    let id = UserId(Uuid::now_v7());
    let admitted = guest::admit(id, host.tenant, (home.tenant, &user), None, None, origin());
    host.apply(admitted.unwrap()).await.unwrap();
    let request = GuestRequestId(Uuid::now_v7());
    let asked = GuestRequest {
        id: request,
        host: host.tenant,
        home: home.tenant,
        asked: Asked::User(user.id),
        rights: SaidRights::default(),
        requested_by: "operator".to_owned(),
        created_at: now(),
        accepted: false,
    };
    host.apply(guest::request(asked.clone(), None, 0, origin()).unwrap())
        .await
        .unwrap();
    home.apply(guest::accept(&asked, Vec::new(), &user, origin()).unwrap())
        .await
        .unwrap();
    let at_home = Home {
        tenant: home.tenant,
        user: user.id,
    };
    let seen = async |place: &Place| {
        let mut tx = place.read().await;
        let reads = [
            tx.find_guest(at_home).await.unwrap().is_some(),
            !tx.list_home_tenants().await.unwrap().is_empty(),
            !tx.list_asked_guests(now()).await.unwrap().is_empty(),
            !tx.list_guest_places(user.id).await.unwrap().is_empty(),
            !tx.list_hosts(user.id).await.unwrap().is_empty(),
            !tx.list_sent_guest_requests(now()).await.unwrap().is_empty(),
            tx.count_guest_requests(at_home.tenant, now()).await.unwrap() > 0,
            !tx.list_by_address("ada@acme.example").await.unwrap().is_empty(),
        ];
        let written = place.store.write(place.tenant, async move |tx: &mut Tx| {
            let asked = tx.find_asked_guest_for_update(request, now()).await?;
            let accepted = tx.find_accepted_guest_for_update(request).await?;
            let sent = tx.find_sent_guest_request_for_update(request).await?;
            Ok::<_, Error>([asked.is_some(), accepted.is_some(), sent.is_some()])
        });
        (reads, written.await.unwrap())
    };
    let of_host = (
        [true, true, false, false, false, true, true, true],
        [false, true, true],
    );
    assert_eq!(seen(&host).await, of_host);
    let of_home = (
        [false, false, true, true, true, false, false, true],
        [true, false, false],
    );
    assert_eq!(seen(&home).await, of_home);
    assert_eq!(seen(&other).await, ([false; 8], [false; 3]));
    // And nobody takes away what is another tenant's.
    for place in [&home, &other] {
        let guest = host.find_user(id).await;
        place
            .apply(guest::remove(&guest, origin()).unwrap())
            .await
            .unwrap();
        assert_eq!(host.find_user(id).await, guest);
    }
    other
        .apply(guest::decline(&asked, Vec::new(), origin()))
        .await
        .unwrap();
    for place in [&home, &other] {
        place.apply(guest::withdraw(&asked, origin())).await.unwrap();
    }
    assert_eq!(seen(&host).await, of_host);
}
