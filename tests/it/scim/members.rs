//! Members: what each way of adding and removing does, what is answered, and how many one request may hold.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::message::{create_group, create_user, create_users, member_list, patch, patch_one};
use crate::harness::{Directory, Engine};

on_both_engines!(
    a_patch_of_members_alone_is_204_and_otherwise_200,
    each_way_of_removing_removes_what_it_names,
    what_is_already_so_changes_nothing,
    operations_are_done_in_their_order,
    two_thousand_members_come_and_go_in_one_request,
    a_long_member_list_is_sent_as_it_is_read_and_a_short_one_with_its_length,
);

async fn members_of(directory: &Directory, group: &str) -> BTreeSet<String> {
    let read = directory.get(&format!("/Groups/{group}")).await.expect(200);
    let members = read.json["members"].as_array().cloned().unwrap_or_default();
    let ids: BTreeSet<_> = members
        .iter()
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), members.len(), "somebody is a member twice");
    ids
}

fn set(ids: &[&String]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).clone()).collect()
}

async fn a_patch_of_members_alone_is_204_and_otherwise_200(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let group = create_group(&directory, "all", &[]).await;
    let one = format!("/Groups/{group}");
    let add = patch_one("add", "members", member_list(&[&ada]));
    let answer = directory.patch(&one, &add).await.expect(204);
    assert!(answer.body.is_empty());
    let read = directory.get(&one).await.expect(200);
    assert_eq!(answer.header("etag"), read.header("etag"));
    // RFC 7644 section 3.5.2: whoever names attributes gets a body.
    for (query, has_members, has_name) in [
        ("attributes=displayName", false, true),
        ("excludedAttributes=members", false, true),
        ("attributes=members", true, false),
    ] {
        let answer = directory.patch(&format!("{one}?{query}"), &add).await.expect(200);
        assert_eq!(answer.json.get("members").is_some(), has_members, "{query}");
        assert_eq!(answer.json.get("displayName").is_some(), has_name, "{query}");
        assert_eq!(answer.json["id"], group);
    }
    let both = json!([
        {"op": "replace", "path": "displayName", "value": "everybody"},
        {"op": "remove", "path": "members"},
    ]);
    let answer = directory.patch(&one, &patch(both)).await.expect(200);
    assert_eq!(answer.json["displayName"], "everybody");
    assert!(answer.json.get("members").is_none());
}

async fn each_way_of_removing_removes_what_it_names(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let people = create_users(&directory, "p", 4).await;
    let [a, b, c, d] = people.as_slice() else {
        panic!("four people")
    };
    let all: Vec<&str> = people.iter().map(String::as_str).collect();
    let nobody = "01900000-0000-7000-8000-000000000000";
    let cases = [
        (json!([{"op": "remove", "path": "members"}]), set(&[])),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{a}\"]")}]),
            set(&[b, c, d]),
        ),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{nobody}\"]")}]),
            set(&[a, b, c, d]),
        ),
        (
            json!([{"op": "remove", "path": format!("members[value eq \"{a}\" or value eq \"{b}\"]")}]),
            set(&[c, d]),
        ),
        (
            json!([{"op": "remove", "path": "members[type eq \"Group\"]"}]),
            set(&[a, b, c, d]),
        ),
        (
            json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": a}]}]),
            set(&[b, c, d]),
        ),
        (
            json!([{"op": "remove", "path": "members", "value": [{"value": a}, {"value": nobody}]}]),
            set(&[b, c, d]),
        ),
        (
            json!([{"op": "replace", "path": "members", "value": []}]),
            set(&[]),
        ),
        (
            json!([{"op": "replace", "path": "members", "value": [{"value": c}]}]),
            set(&[c]),
        ),
        (
            json!([{"op": "replace", "value": {"members": [{"value": d}, {"value": a}]}}]),
            set(&[a, d]),
        ),
    ];
    let group = create_group(&directory, "all", &[]).await;
    let one = format!("/Groups/{group}");
    for (operations, left) in cases {
        let fill = patch_one("replace", "members", member_list(&all));
        directory.patch(&one, &fill).await.expect(204);
        assert_eq!(members_of(&directory, &group).await.len(), 4);
        directory
            .patch(&one, &patch(operations.clone()))
            .await
            .expect(204);
        assert_eq!(members_of(&directory, &group).await, left, "{operations}");
    }
    // A PUT says everything.
    directory
        .put(
            &one,
            &json!({"displayName": "all", "members": member_list(&[a, b])}),
        )
        .await
        .expect(200);
    assert_eq!(members_of(&directory, &group).await, set(&[a, b]));
    directory
        .put(&one, &json!({"displayName": "all"}))
        .await
        .expect(200);
    assert_eq!(members_of(&directory, &group).await, set(&[]));
}

async fn what_is_already_so_changes_nothing(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let (ada, bob) = (
        create_user(&directory, "ada").await,
        create_user(&directory, "bob").await,
    );
    let group = create_group(&directory, "all", &[&ada]).await;
    let one = format!("/Groups/{group}");
    let before = directory.get(&one).await.expect(200);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    for operations in [
        json!([{"op": "add", "path": "members", "value": member_list(&[&ada])}]),
        json!([{"op": "add", "path": "members", "value": member_list(&[&ada, &ada])}]),
        json!([{"op": "remove", "path": format!("members[value eq \"{bob}\"]")}]),
        json!([{"op": "remove", "path": "members", "value": member_list(&[&bob])}]),
        json!([{"op": "replace", "path": "members", "value": member_list(&[&ada])}]),
        json!([
            {"op": "add", "path": "members", "value": member_list(&[&bob])},
            {"op": "remove", "path": "members", "value": member_list(&[&bob])},
        ]),
    ] {
        let answer = directory
            .patch(&one, &patch(operations.clone()))
            .await
            .expect(204);
        assert_eq!(answer.header("etag"), before.header("etag"), "{operations}");
        assert_eq!(
            directory.get(&one).await.expect(200).text(),
            before.text(),
            "{operations}"
        );
    }
}

async fn operations_are_done_in_their_order(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let (ada, bob) = (
        create_user(&directory, "ada").await,
        create_user(&directory, "bob").await,
    );
    let group = create_group(&directory, "all", &[&ada]).await;
    let add = |id: &str| json!({"op": "add", "path": "members", "value": member_list(&[id])});
    let clear = json!({"op": "remove", "path": "members"});
    let take = |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
    let cases: [(Vec<Value>, BTreeSet<String>); 5] = [
        (vec![clear.clone(), add(&bob)], set(&[&bob])),
        (vec![add(&ada), clear.clone()], set(&[])),
        (
            vec![clear.clone(), add(&ada), add(&bob), take(&ada)],
            set(&[&bob]),
        ),
        (vec![take(&bob), add(&bob), add(&ada)], set(&[&ada, &bob])),
        (
            vec![
                json!({"op": "remove", "path": "members[type eq \"User\"]"}),
                add(&ada),
            ],
            set(&[&ada]),
        ),
    ];
    for (operations, left) in cases {
        let shown = json!(operations);
        directory
            .patch(&format!("/Groups/{group}"), &patch(shown.clone()))
            .await
            .expect(204);
        assert_eq!(members_of(&directory, &group).await, left, "{shown}");
    }
}

async fn two_thousand_members_come_and_go_in_one_request(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let people = create_users(&directory, "member", 2_000).await;
    let all: Vec<&str> = people.iter().map(String::as_str).collect();
    let group = create_group(&directory, "all", &[]).await;
    let one = format!("/Groups/{group}");
    let answer = directory
        .patch(&one, &patch_one("add", "members", member_list(&all)))
        .await
        .expect(204);
    assert_eq!(answer.header("etag"), "W/\"2\"", "one request is one version");
    assert_eq!(
        members_of(&directory, &group).await,
        people.iter().cloned().collect()
    );
    // A filter on its own for each, as providers send it.
    let half: Vec<Value> = people[..1_000]
        .iter()
        .map(|id| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}))
        .collect();
    directory.patch(&one, &patch(json!(half))).await.expect(204);
    assert_eq!(
        members_of(&directory, &group).await,
        people[1_000..].iter().cloned().collect()
    );
    directory
        .put(&one, &json!({"displayName": "all", "members": member_list(&all)}))
        .await
        .expect(200);
    assert_eq!(members_of(&directory, &group).await.len(), 2_000);
    directory
        .patch(&one, &patch(json!([{"op": "remove", "path": "members"}])))
        .await
        .expect(204);
    assert!(members_of(&directory, &group).await.is_empty());
}

async fn a_long_member_list_is_sent_as_it_is_read_and_a_short_one_with_its_length(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let people = create_users(&directory, "streamed", 2_500).await;
    let all: Vec<&str> = people.iter().map(String::as_str).collect();
    let body = json!({"displayName": "streamed", "members": member_list(&all)});
    let made = directory.post("/Groups", &body).await.expect(201);
    let few = create_group(&directory, "few", &all[..3]).await;
    let one = format!("/Groups/{}", made.id());
    let long = [
        made.clone(),
        directory.get(&one).await.expect(200),
        directory.put(&one, &body).await.expect(200),
        directory
            .patch(
                &format!("{one}?attributes=members"),
                &patch_one("add", "members", member_list(&all[..1])),
            )
            .await
            .expect(200),
    ];
    for answer in &long {
        assert_eq!(answer.header("content-length"), "");
        assert_eq!(answer.header("etag"), "W/\"1\"");
        assert!(answer.header("content-type").starts_with("application/scim+json"));
        assert_eq!(answer.json["members"].as_array().map(Vec::len), Some(2_500));
    }
    assert_eq!(
        members_of(&directory, &made.id()).await,
        people.iter().cloned().collect()
    );
    let unchanged = directory
        .request("GET", &one)
        .header("If-None-Match", "W/\"1\"")
        .send()
        .await
        .expect(304);
    assert!(unchanged.body.is_empty());
    let listed = directory.get("/Groups").await.expect(200);
    assert_eq!(listed.header("content-length"), "");
    assert_eq!(
        listed.json["Resources"][0]["members"].as_array().map(Vec::len),
        Some(2_500)
    );
    assert_eq!(
        listed.json["Resources"][1]["members"].as_array().map(Vec::len),
        Some(3)
    );

    for path in [
        format!("/Groups/{few}"),
        format!("{one}?excludedAttributes=members"),
        "/Groups?excludedAttributes=members".to_owned(),
    ] {
        let answer = directory.get(&path).await.expect(200);
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string(),
            "{path}"
        );
    }
}
