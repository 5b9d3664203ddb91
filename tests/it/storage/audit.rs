//! No fact without its audit row, and no secret in one.

use rollcall::directory::lifecycle::{self, Clashes};
use rollcall::directory::{
    Actor, AdminScope, GroupId, MemberDelta, Origin, Source, UserId, grant, group, registry,
};
use rollcall::provisioning::{ResourceKind, Write};
use rollcall::storage::{AuditRow, Error, Tx};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{Place, describe, new_group, now, origin, person, said};
use super::tokens::issue;
use crate::harness::Engine;

on_both_engines!(
    every_change_leaves_one_row_in_order,
    a_row_tells_who_did_what_from_where,
    an_update_tells_what_differs_and_nothing_else,
    what_is_rolled_back_leaves_no_row,
    a_password_is_neither_kept_nor_told,
);

async fn rows(place: &Place, target: Uuid) -> Vec<AuditRow> {
    let rows = place.read().await.list_audit_of(target).await;
    rows.expect("audit rows are read")
}

async fn actions(place: &Place, target: Uuid) -> Vec<String> {
    let rows = rows(place, target).await;
    rows.into_iter().map(|row| row.action).collect()
}

fn parse(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).expect("JSON"))
}

async fn every_change_leaves_one_row_in_order(engine: Engine) {
    let place = Place::new(engine).await;
    assert_eq!(actions(&place, place.tenant.0).await, ["tenant.created"]);
    assert_eq!(actions(&place, place.directory.0).await, ["directory.created"]);
    let token = issue(&place, None).await;
    let change = registry::revoke_token(&token.record, origin()).unwrap();
    place.apply(change).await.unwrap();
    assert_eq!(
        actions(&place, token.record.id.0).await,
        ["token.issued", "token.revoked"]
    );

    let user = place.user("ada").await;
    let with = |user: &_, active| {
        let mut said = said("ada");
        said.active = Some(active);
        lifecycle::update(user, said, &Clashes::default(), 0, origin())
            .unwrap()
            .unwrap()
    };
    let off = with(&user, false);
    let on = with(&off.user, true);
    let blocked = lifecycle::set_blocked(&on.user, true, 0, origin())
        .unwrap()
        .unwrap();
    let free = lifecycle::set_blocked(&blocked.user, false, 0, origin())
        .unwrap()
        .unwrap();
    let all = Some(AdminScope::All);
    let admin = grant::set_administrator(&free.user, &[], all.as_ref(), 0, origin())
        .unwrap()
        .unwrap();
    let gone = lifecycle::delete(&admin.user, 1, origin()).unwrap();
    for change in [
        off.change,
        on.change,
        blocked.change,
        free.change,
        admin.change,
        gone,
    ] {
        place.apply(change).await.unwrap();
    }
    let deleted = place.find_user(user.id).await;
    let back = lifecycle::restore(&deleted, &Clashes::default(), origin()).unwrap();
    place.apply(back.change).await.unwrap();
    assert_eq!(
        actions(&place, user.id.0).await,
        [
            "user.created",
            "user.deactivated",
            "user.activated",
            "user.blocked",
            "user.unblocked",
            "user.administrator_set",
            "user.deleted",
            "user.restored",
        ]
    );

    let staff = place.group("Staff", &[]).await;
    let delta = MemberDelta {
        add: vec![person(&user)],
        remove: Vec::new(),
    };
    let staff = place.change_members(&staff, delta).await;
    place.apply(group::delete(&staff, origin())).await.unwrap();
    assert_eq!(
        actions(&place, staff.id.0).await,
        ["group.created", "group.updated", "group.deleted"]
    );
}

async fn a_row_tells_who_did_what_from_where(engine: Engine) {
    let place = Place::new(engine).await;
    for (actor, source, actor_text, source_text) in [
        (Actor::Operator, Source::Api, "operator".to_owned(), "api"),
        (Actor::Gateway, Source::Job, "gateway".to_owned(), "job"),
        (
            Actor::Directory(place.directory),
            Source::Scim,
            format!("directory:{}", place.directory),
            "scim",
        ),
    ] {
        let origin = Origin {
            actor,
            source,
            request_id: format!("request of {source_text}"),
            at: now(),
        };
        let (group, _) = new_group(place.directory, source_text, &[]);
        let change = group::create(group.clone(), Vec::new(), origin);
        place.apply(change).await.unwrap();
        let rows = rows(&place, group.id.0).await;
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(row.actor, actor_text);
        assert_eq!(row.source, source_text);
        assert_eq!(row.request_id, format!("request of {source_text}"));
        assert_eq!(row.target_id, group.id.0);
        assert_eq!(row.before_json, None);
        assert_eq!(parse(row.after_json.as_ref())["displayName"], source_text);
    }
}

async fn an_update_tells_what_differs_and_nothing_else(engine: Engine) {
    let place = Place::new(engine).await;
    let mut first = said("ada");
    describe(&mut first, json!({"title": "Countess", "nickName": "A"}));
    let user = place.provision(first).await;
    let mut second = said("ada");
    describe(&mut second, json!({"title": "Programmer", "nickName": "A"}));
    let arrival = lifecycle::update(&user, second, &Clashes::default(), 0, origin());
    place.apply(arrival.unwrap().unwrap().change).await.unwrap();
    let rows = rows(&place, user.id.0).await;
    assert_eq!(parse(rows[1].before_json.as_ref()), json!({"title": "Countess"}));
    assert_eq!(parse(rows[1].after_json.as_ref()), json!({"title": "Programmer"}));
}

async fn what_is_rolled_back_leaves_no_row(engine: Engine) {
    let place = Place::new(engine).await;
    let (group, change) = new_group(place.directory, "Staff", &[]);
    let refused: Result<(), Error> = place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.apply(change).await?;
            Err(rollcall::directory::Refusal::NotDeleted.into())
        })
        .await;
    refused.unwrap_err();
    assert!(rows(&place, group.id.0).await.is_empty());
    let GroupId(id) = group.id;
    assert_eq!(
        place
            .read()
            .await
            .find_group(place.directory, GroupId(id))
            .await
            .unwrap(),
        None
    );
}

async fn a_password_is_neither_kept_nor_told(engine: Engine) {
    const SECRET: &str = "correct horse battery staple";
    let place = Place::new(engine).await;
    let send = |write| place.send(ResourceKind::User, write, origin());
    let body = |title: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada", "title": title, "password": SECRET,
        })
    };
    let id = UserId(Uuid::now_v7());
    send(Write::Create(id.0, body("one"))).await.unwrap();
    let text = id.to_string();
    send(Write::Replace(text.clone(), body("two"))).await.unwrap();
    for operation in [
        json!({"op": "replace", "path": "password", "value": SECRET}),
        json!({"op": "replace", "value": {"password": SECRET, "title": "three"}}),
    ] {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        send(Write::Patch(text.clone(), body)).await.unwrap();
    }
    let user = place.find_user(id).await;
    assert_eq!(user.profile.attributes()["title"], "three");
    let told = rows(&place, id.0).await;
    assert!(told.len() >= 3, "{told:?}");
    let everything = format!("{user:?} {told:?}").to_lowercase();
    assert!(
        !everything.contains("password") && !everything.contains(SECRET),
        "{everything}"
    );
}
