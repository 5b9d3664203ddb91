//! Requests for guests as use cases and storage have them: which of them are seen, and by whom.

use rollcall::accounts;
use rollcall::accounts::guests::{self, requests};
use rollcall::directory::grant::SaidRights;
use rollcall::directory::guest::{self, Asked};
use rollcall::directory::{
    Action, AdminScope, ApiKeyId, Authority, EntityId, GuestRequest, GuestRequestId, Refusal, UserId,
};
use serde_json::json;
use uuid::Uuid;

use crate::harness::Engine;
use crate::storage::fixture::{Place, accounts_on, describe, now, origin, said};

on_both_engines!(
    requests_for_nobody_hide_none_for_somebody,
    whoever_may_not_is_refused_by_the_use_case_itself,
);

fn request(host: &Place, home: &Place, asked: Asked) -> GuestRequest {
    GuestRequest {
        id: GuestRequestId(Uuid::now_v7()),
        host: host.tenant,
        home: home.tenant,
        asked,
        rights: SaidRights::default(),
        requested_by: "operator".to_owned(),
        created_at: now(),
        accepted: false,
    }
}

async fn requests_for_nobody_hide_none_for_somebody(engine: Engine) {
    let (home, host) = (Place::new(engine).await, Place::new(engine).await);
    let send = async |asked: Asked| {
        let made = guest::request(request(&host, &home, asked), None, 0, origin());
        host.apply(made.unwrap()).await.unwrap();
    };
    for number in 0..501 {
        send(Asked::Email(format!("nobody-{number}@acme.example"))).await;
    }
    let mut named = said("Ada@acme.example");
    describe(
        &mut named,
        json!({"emails": [{"value": "ada.2@acme.example"}, {"value": "shared@acme.example"}]}),
    );
    let ada = home.provision(named).await;
    let mut named = said("bob");
    describe(
        &mut named,
        json!({"emails": [{"value": "shared@acme.example"}, {"value": "ada@acme.example"}]}),
    );
    let bob = home.provision(named).await;
    let view = home.read().await.list_asked_guests(now()).await.unwrap();
    assert_eq!(view.len(), 0);
    // By the userName, by an address that is theirs alone, by id; and of an address that two have nobody is meant.
    send(Asked::Email("ada@acme.example".to_owned())).await;
    send(Asked::Email("ADA.2@acme.example".to_owned())).await;
    send(Asked::Email("shared@acme.example".to_owned())).await;
    send(Asked::User(bob.id)).await;
    let seen = home.read().await.list_asked_guests(now()).await.unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (one.person, one.user_name.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (ada.id, "Ada@acme.example"),
            (ada.id, "Ada@acme.example"),
            (bob.id, "bob")
        ]
    );
}

fn code<T>(answer: Result<T, accounts::Error>) -> &'static str {
    match answer {
        Ok(_) => "done",
        Err(accounts::Error::Refused(refusal)) => refusal.code(),
        Err(accounts::Error::NotFound(_)) => "not_found",
        Err(error) => panic!("{error}"),
    }
}

async fn whoever_may_not_is_refused_by_the_use_case_itself(engine: Engine) {
    let (home, host) = (Place::new(engine).await, Place::new(engine).await);
    let on = accounts_on(&home.store);
    let ada = home.user("ada").await;
    let narrow = Authority::Administrator {
        user: UserId(Uuid::now_v7()),
        scope: AdminScope::Entities(vec![EntityId(Uuid::now_v7())]),
    };
    let key = Authority::Key {
        key: ApiKeyId(Uuid::now_v7()),
        permissions: [Action::UsersRead].into(),
        scope: AdminScope::All,
    };
    let reader = Authority::Key {
        key: ApiKeyId(Uuid::now_v7()),
        permissions: [Action::GuestsRead].into(),
        scope: AdminScope::All,
    };
    let asked = request(&host, &home, Asked::User(ada.id));
    let made = guest::request(asked.clone(), None, 0, origin());
    host.apply(made.unwrap()).await.unwrap();
    let full = Refusal::FullScopeRequired.code();
    for (by, reads, writes) in [
        (narrow, full, full),
        (key, "permission_required", "permission_required"),
        (reader, "done", "permission_required"),
    ] {
        let fresh = UserId(Uuid::now_v7());
        let rights = SaidRights::default;
        let (whom, id) = (Asked::User(ada.id), asked.id);
        let admitted = guests::admit(
            &on,
            &by,
            host.tenant,
            (home.tenant, whom.clone()),
            fresh,
            rights(),
            origin(),
        );
        assert_eq!(code(admitted.await), "operator_required");
        let new = (GuestRequestId(Uuid::now_v7()), rights());
        let sent = requests::ask(&on, by.clone(), (host.tenant, home.tenant), whom, new, origin());
        assert_eq!(code(sent.await), writes);
        assert_eq!(code(requests::list(&on, &by, home.tenant, now()).await), reads);
        assert_eq!(
            code(requests::list_sent(&on, &by, host.tenant, now()).await),
            reads
        );
        let accepted = requests::accept(&on, by.clone(), home.tenant, id, fresh, origin());
        assert_eq!(code(accepted.await), writes);
        let declined = requests::decline(&on, by.clone(), home.tenant, id, origin());
        assert_eq!(code(declined.await), writes);
        let withdrawn = requests::withdraw(&on, by, host.tenant, id, origin());
        assert_eq!(code(withdrawn.await), writes);
    }
    let waiting = requests::list(&on, &Authority::Operator, home.tenant, now())
        .await
        .unwrap();
    assert_eq!(waiting.len(), 1);
}
