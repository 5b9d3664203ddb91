//! userName: unique in the tenant without case, kept as sent, one winner of a race; and what else must survive
//! several writers at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::message::{
    ENTERPRISE, assert_refused, create_group, create_user, create_users, found, member_list, patch,
    patch_one, user, user_with,
};
use crate::harness::Engine;

on_both_engines!(
    a_user_name_is_kept_as_sent_and_compared_without_case,
    a_clash_in_another_directory_is_told_with_its_name,
    another_tenant_may_have_the_same_name,
    renaming_onto_another_changes_nothing,
    a_person_may_change_the_case_of_their_own_name,
    a_name_that_was_given_up_is_free,
    an_external_id_is_one_persons_in_a_directory_and_compared_exactly,
    an_empty_external_id_is_nobodys,
    racing_creates_have_one_winner,
    racing_creates_in_two_directories_have_one_winner,
    racing_creates_of_one_external_id_have_one_winner,
    racing_patches_of_different_attributes_lose_nothing,
    racing_additions_of_members_lose_nothing,
);

async fn a_user_name_is_kept_as_sent_and_compared_without_case(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for (sent, others) in [
        (
            "Ada.LOVELACE@Example.com",
            ["ada.lovelace@example.com", "ADA.LOVELACE@EXAMPLE.COM"],
        ),
        ("Straße", ["STRASSE", "strasse"]),
        ("ÉLODIE", ["élodie", "Élodie"]),
        ("ΣΊΣΥΦΟΣ", ["σίσυφος", "Σίσυφοσ"]),
    ] {
        let id = create_user(&directory, sent).await;
        let read = directory.get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!(read.json["userName"], sent);
        for other in others {
            let clash = directory.post("/Users", &user(other)).await;
            assert_refused(
                &clash,
                409,
                "uniqueness",
                &format!("userName|{other}|this directory"),
            );
            let filter = format!("userName eq \"{other}\"");
            assert_eq!(found(&directory, "/Users", &filter, "userName").await, [sent]);
        }
    }
    assert_eq!(directory.get("/Users").await.json["totalResults"], 4);
}

async fn a_clash_in_another_directory_is_told_with_its_name(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let first = tenant.named_directory("okta", "Okta of the head office").await;
    let second = tenant.named_directory("entra", "Entra").await;
    let id = create_user(&first, "ada").await;
    let clash = second.post("/Users", &user("ADA")).await;
    assert_refused(&clash, 409, "uniqueness", "userName|Okta of the head office");
    assert!(
        !clash.text().contains(&id),
        "the other directory's person is shown"
    );
    assert_eq!(second.get("/Users").await.json["totalResults"], 0);
    let bob = create_user(&second, "bob").await;
    for body in [
        patch_one("replace", "userName", json!("Ada")),
        patch(json!([{"op": "replace", "value": {"userName": "Ada"}}])),
    ] {
        let clash = second.patch(&format!("/Users/{bob}"), &body).await;
        assert_refused(&clash, 409, "uniqueness", "userName|Okta of the head office");
    }
}

async fn another_tenant_may_have_the_same_name(engine: Engine) {
    let gateway = engine.gateway().await;
    for _ in 0..2 {
        let directory = gateway.tenant().await.directory("generic").await;
        let body = user_with("ada", json!({"externalId": "ext-1"}));
        directory.post("/Users", &body).await.expect(201);
    }
}

async fn renaming_onto_another_changes_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_user(&directory, "ada").await;
    let one = format!("/Users/{}", create_user(&directory, "bob").await);
    let before = directory.get(&one).await.expect(200);
    let put = directory
        .put(&one, &user_with("ADA", json!({"displayName": "Bob"})))
        .await;
    assert_refused(&put, 409, "uniqueness", "userName|ADA");
    let operations = json!([
        {"op": "replace", "path": "displayName", "value": "Bob"},
        {"op": "replace", "path": "userName", "value": "Ada"},
    ]);
    let patched = directory.patch(&one, &patch(operations)).await;
    assert_refused(&patched, 409, "uniqueness", "userName|Ada");
    let after = directory.get(&one).await.expect(200);
    assert_eq!(after.text(), before.text());
    assert_eq!(after.header("etag"), before.header("etag"));
}

async fn a_person_may_change_the_case_of_their_own_name(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let one = format!("/Users/{}", create_user(&directory, "ADA").await);
    let renamed = directory
        .patch(&one, &patch_one("replace", "userName", json!("ada")))
        .await
        .expect(200);
    assert_eq!(renamed.json["userName"], "ada");
    assert_eq!(renamed.header("etag"), "W/\"2\"");
    let renamed = directory.put(&one, &user("Ada")).await.expect(200);
    assert_eq!(renamed.json["userName"], "Ada");
}

async fn a_name_that_was_given_up_is_free(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let one = format!("/Users/{}", create_user(&directory, "ada").await);
    directory
        .patch(&one, &patch_one("replace", "userName", json!("countess")))
        .await
        .expect(200);
    create_user(&directory, "Ada").await;
    let clash = directory
        .patch(&one, &patch_one("replace", "userName", json!("ada")))
        .await;
    assert_refused(&clash, 409, "uniqueness", "userName");
}

async fn an_external_id_is_one_persons_in_a_directory_and_compared_exactly(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let with = |name: &str, external: &str| user_with(name, json!({"externalId": external}));
    directory.post("/Users", &with("ada", "Ext")).await.expect(201);
    let clash = directory.post("/Users", &with("bob", "Ext")).await;
    assert_refused(&clash, 409, "uniqueness", "externalId|Ext");
    assert_eq!(
        found(&directory, "/Users", "userName eq \"bob\"", "id").await,
        Vec::<String>::new()
    );
    // caseExact, and per directory.
    directory.post("/Users", &with("bob", "EXT")).await.expect(201);
    tenant
        .directory("generic")
        .await
        .post("/Users", &with("cleo", "Ext"))
        .await
        .expect(201);
    for (external, name) in [("Ext", "ada"), ("EXT", "bob")] {
        let filter = format!("externalId eq \"{external}\"");
        assert_eq!(found(&directory, "/Users", &filter, "userName").await, [name]);
    }
}

/// A provider whose mapping has no source sends an empty text for everybody: that makes nobody the same person.
async fn an_empty_external_id_is_nobodys(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for name in ["ada", "bob"] {
        let body = user_with(name, json!({"externalId": ""}));
        directory.post("/Users", &body).await.expect(201);
    }
    assert_eq!(directory.get("/Users").await.json["totalResults"], 2);
}

/// Sends every body at once; how many were taken. All others must have met a uniqueness error.
async fn race(directories: &[&crate::harness::Directory], bodies: Vec<Value>) -> usize {
    let calls = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| directories[number % directories.len()].post("/Users", body));
    let mut winners = 0;
    for answer in join_all(calls).await {
        if answer.status == 201 {
            winners += 1;
        } else {
            assert_refused(&answer, 409, "uniqueness", "in use");
        }
    }
    winners
}

async fn racing_creates_have_one_winner(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for round in 0..5 {
        let bodies = (0..20).map(|number| {
            let name = format!("racer-{round}@example.com");
            user(&if number % 2 == 0 {
                name.to_uppercase()
            } else {
                name
            })
        });
        assert_eq!(race(&[&directory], bodies.collect()).await, 1);
        assert_eq!(directory.get("/Users").await.json["totalResults"], round + 1);
    }
}

async fn racing_creates_in_two_directories_have_one_winner(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (first, second) = (
        tenant.directory("generic").await,
        tenant.directory("generic").await,
    );
    let bodies = (0..20).map(|_| user("racer")).collect();
    assert_eq!(race(&[&first, &second], bodies).await, 1);
    let totals = [&first, &second].map(|directory| directory.get("/Users"));
    let totals = join_all(totals).await;
    let total: u64 = totals
        .iter()
        .map(|answer| answer.json["totalResults"].as_u64().unwrap())
        .sum();
    assert_eq!(total, 1);
}

async fn racing_creates_of_one_external_id_have_one_winner(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let bodies = (0..20).map(|number| user_with(&format!("racer-{number}"), json!({"externalId": "one"})));
    assert_eq!(race(&[&directory], bodies.collect()).await, 1);
    assert_eq!(directory.get("/Users").await.json["totalResults"], 1);
}

async fn racing_patches_of_different_attributes_lose_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let one = format!("/Users/{}", create_user(&directory, "ada").await);
    let enterprise = |name: &str| format!("{ENTERPRISE}:{name}");
    let paths = [
        "displayName",
        "nickName",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "externalId",
        "name.formatted",
        "name.givenName",
        "name.familyName",
        "name.middleName",
        "name.honorificPrefix",
        "emails[type eq \"work\"].value",
        "phoneNumbers[type eq \"mobile\"].value",
    ];
    let mut paths: Vec<String> = paths.map(str::to_owned).into();
    paths.extend(
        [
            "employeeNumber",
            "costCenter",
            "organization",
            "division",
            "department",
        ]
        .map(enterprise),
    );
    assert_eq!(paths.len(), 20);
    let bodies: Vec<_> = paths
        .iter()
        .map(|path| patch_one("add", path, json!(format!("value of {path}"))))
        .collect();
    for answer in join_all(bodies.iter().map(|body| directory.patch(&one, body))).await {
        answer.expect(200);
    }
    let after = directory.get(&one).await.expect(200);
    for path in &paths {
        let value = format!("value of {path}");
        let encoded = serde_json::to_string(&value).unwrap();
        assert!(
            after.text().contains(&encoded),
            "{path} was lost: {}",
            after.text()
        );
    }
    assert_eq!(after.header("etag"), "W/\"21\"", "each PATCH is one version");
}

async fn racing_additions_of_members_lose_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let people = create_users(&directory, "member", 20).await;
    let group = create_group(&directory, "all", &[]).await;
    let one = format!("/Groups/{group}");
    let bodies: Vec<_> = people
        .iter()
        .map(|id| patch_one("add", "members", member_list(&[id])))
        .collect();
    for answer in join_all(bodies.iter().map(|body| directory.patch(&one, body))).await {
        answer.expect(204);
    }
    let after = directory.get(&one).await.expect(200);
    let members = after.json["members"].as_array().expect("members").iter();
    let members: BTreeSet<_> = members
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(members, people.into_iter().collect());
    assert_eq!(after.header("etag"), "W/\"21\"");
}
