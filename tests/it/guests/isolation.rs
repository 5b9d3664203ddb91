//! What no tenant finds of another one's guests and requests.

use rollcall::directory::grant::SaidRights;
use rollcall::directory::guest::{self, Asked};
use rollcall::directory::{GuestRequest, GuestRequestId, Home, UserId};
use rollcall::storage::{Error, Tx};
use uuid::Uuid;

use crate::harness::Engine;
use crate::storage::fixture::{Place, now, origin, said};

on_both_engines!(no_read_of_guests_finds_a_row_of_another_tenant);

async fn no_read_of_guests_finds_a_row_of_another_tenant(engine: Engine) {
    let (home, host, other) = (
        Place::new(engine).await,
        Place::new(engine).await,
        Place::new(engine).await,
    );
    let user = home.provision(said("ada")).await;
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
    host.apply(guest::request(asked.clone(), None, origin()).unwrap())
        .await
        .unwrap();
    home.apply(guest::accept(&asked, &user, origin()).unwrap())
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
        ];
        let written = place.store.write(place.tenant, async move |tx: &mut Tx| {
            let asked = tx.find_asked_guest_for_update(request, now()).await?;
            let accepted = tx.find_accepted_guest_for_update(request).await?;
            Ok::<_, Error>([asked.is_some(), accepted.is_some()])
        });
        (reads, written.await.unwrap())
    };
    assert_eq!(seen(&host).await, ([true, true, false, false], [false, true]));
    assert_eq!(seen(&home).await, ([false, false, true, true], [true, false]));
    assert_eq!(seen(&other).await, ([false; 4], [false; 2]));
    // And nobody takes away what is another tenant's.
    for place in [&home, &other] {
        let guest = host.find_user(id).await;
        place
            .apply(guest::remove(&guest, origin()).unwrap())
            .await
            .unwrap();
        assert_eq!(host.find_user(id).await, guest);
    }
    other.apply(guest::decline(&asked, origin())).await.unwrap();
    assert_eq!(seen(&host).await, ([true, true, false, false], [false, true]));
}
