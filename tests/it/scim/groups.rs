//! Groups: names, members of both kinds, and what a group does and does not do to its members.

use serde_json::json;

use super::message::{
    assert_refused, create_group, create_user, found, group, member_list, patch, patch_one, user,
};
use crate::harness::{Answer, Engine};

on_both_engines!(
    a_name_is_one_groups_in_a_directory_without_case,
    a_group_keeps_what_else_the_provider_says,
    an_unknown_member_is_refused_by_name,
    a_member_that_names_nobody_does_not_empty_a_group,
    a_member_is_named_in_any_case,
    a_group_cannot_be_a_member_of_itself,
    groups_hold_groups,
    a_users_groups_do_not_change_the_user,
    a_renamed_group_is_renamed_where_its_members_show_it,
);

async fn a_name_is_one_groups_in_a_directory_without_case(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let id = create_group(&directory, "Straße 7", &[]).await;
    let clash = directory.post("/Groups", &group("STRASSE 7", &[])).await;
    assert_refused(&clash, 409, "uniqueness", "displayName|STRASSE 7");
    let other = format!("/Groups/{}", create_group(&directory, "other", &[]).await);
    let clash = directory.put(&other, &group("strasse 7", &[])).await;
    assert_refused(&clash, 409, "uniqueness", "displayName");
    let clash = directory
        .patch(&other, &patch_one("replace", "displayName", json!("STRASSE 7")))
        .await;
    assert_refused(&clash, 409, "uniqueness", "displayName");
    // Its own name in another case, another directory, and a User's name are no clash.
    let own = patch_one("replace", "displayName", json!("STRASSE 7"));
    directory.patch(&format!("/Groups/{id}"), &own).await.expect(200);
    tenant
        .directory("generic")
        .await
        .post("/Groups", &group("STRASSE 7", &[]))
        .await
        .expect(201);
    directory.post("/Users", &user("STRASSE 7")).await.expect(201);
    assert_eq!(
        found(&directory, "/Groups", "displayName eq \"straße 7\"", "id").await,
        [id]
    );
}

async fn a_group_keeps_what_else_the_provider_says(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let mut body = group("all", &[]);
    body["externalId"] = json!("G-1");
    let made = directory.post("/Groups", &body).await.expect(201);
    assert_eq!(made.json["externalId"], "G-1");
    assert_eq!(made.json["meta"]["resourceType"], "Group");
    assert_eq!(
        found(&directory, "/Groups", "externalId eq \"G-1\"", "id").await,
        [made.id()]
    );
    assert!(
        found(&directory, "/Groups", "externalId eq \"g-1\"", "id")
            .await
            .is_empty()
    );
    let one = format!("/Groups/{}", made.id());
    let put = directory.put(&one, &group("all", &[])).await.expect(200);
    assert!(
        put.json.get("externalId").is_none(),
        "a PUT clears what it leaves out"
    );
}

async fn an_unknown_member_is_refused_by_name(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let one = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    let before = directory.get(&one).await.expect(200).text();
    for id in [
        "nobody",
        "",
        " ",
        "01900000-0000-7000-8000-000000000000",
        "../Users/1",
        "é",
    ] {
        let members = member_list(&[&ada, id]);
        for answer in [
            directory
                .post("/Groups", &json!({"displayName": "new", "members": members}))
                .await,
            directory
                .put(&one, &json!({"displayName": "new", "members": members}))
                .await,
            directory
                .patch(&one, &patch_one("add", "members", members.clone()))
                .await,
            directory
                .patch(&one, &patch_one("replace", "members", members.clone()))
                .await,
        ] {
            assert_refused(&answer, 400, "invalidValue", "members");
            assert!(answer.text().contains(id), "{id:?}: {}", answer.text());
        }
    }
    assert_eq!(directory.get(&one).await.expect(200).text(), before);
    assert_eq!(directory.get("/Groups").await.json["totalResults"], 1);
}

async fn a_member_that_names_nobody_does_not_empty_a_group(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let one = format!("/Groups/{}", create_group(&directory, "all", &[&ada]).await);
    let before = directory.get(&one).await.expect(200).text();
    for members in [
        json!([{}]),
        json!([null]),
        json!(""),
        json!({}),
        json!([{"value": null}]),
    ] {
        for answer in [
            directory
                .put(&one, &json!({"displayName": "all", "members": members}))
                .await,
            directory
                .patch(&one, &patch_one("replace", "members", members.clone()))
                .await,
        ] {
            assert_refused(&answer, 400, "invalidValue", "members");
        }
    }
    assert_eq!(directory.get(&one).await.expect(200).text(), before);
}

async fn a_member_is_named_in_any_case(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let one = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    let upper = ada.to_uppercase();
    let members = |answer: Answer| answer.json["members"].clone();
    let added = patch_one("add", "members", member_list(&[&upper]));
    for removed in [
        patch_one("remove", "members", member_list(&[&upper])),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": format!("members[value eq \"{upper}\"]")}],
        }),
    ] {
        directory.patch(&one, &added).await.expect(204);
        assert_eq!(members(directory.get(&one).await)[0]["value"], ada);
        directory.patch(&one, &removed).await.expect(204);
        assert!(members(directory.get(&one).await).is_null());
    }
}

async fn a_group_cannot_be_a_member_of_itself(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let id = create_group(&directory, "all", &[]).await;
    let one = format!("/Groups/{id}");
    for answer in [
        directory.put(&one, &group("all", &[&id])).await,
        directory
            .patch(&one, &patch_one("add", "members", member_list(&[&id])))
            .await,
        directory
            .patch(&one, &patch_one("replace", "members", member_list(&[&id])))
            .await,
    ] {
        assert_refused(&answer, 400, "invalidValue", "members");
    }
    assert!(
        directory
            .get(&one)
            .await
            .expect(200)
            .json
            .get("members")
            .is_none()
    );
}

async fn groups_hold_groups(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let inner = create_group(&directory, "inner", &[&ada]).await;
    let outer = directory
        .post("/Groups", &group("outer", &[&inner, &ada]))
        .await
        .expect(201);
    let members = outer.json["members"].as_array().expect("members");
    for (id, kind, path) in [(&ada, "User", "Users"), (&inner, "Group", "Groups")] {
        let member = members
            .iter()
            .find(|member| member["value"] == **id)
            .expect("a member");
        assert_eq!(member["type"], kind);
        assert!(
            member.get("display").is_none(),
            "a name that could be out of date: {member}"
        );
        assert_eq!(member["$ref"], format!("{}/{path}/{id}", directory.base));
    }
    for filter in [
        format!("members.value eq \"{inner}\""),
        "members.type eq \"Group\"".to_owned(),
    ] {
        assert_eq!(
            found(&directory, "/Groups", &filter, "id").await,
            [outer.id()],
            "{filter}"
        );
    }
    // Two groups may hold each other: a reader must not follow them for ever.
    let add = patch_one("add", "members", member_list(&[&outer.id()]));
    directory
        .patch(&format!("/Groups/{inner}"), &add)
        .await
        .expect(204);
    let person = directory.get(&format!("/Users/{ada}")).await.expect(200);
    let groups: Vec<_> = person.json["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|one| &one["value"])
        .collect();
    assert!(
        groups.contains(&&json!(inner)) && groups.contains(&&json!(outer.id())),
        "{}",
        person.text()
    );
    directory.get("/").await.expect(200);
}

async fn a_users_groups_do_not_change_the_user(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let before = directory.post("/Users", &user("ada")).await.expect(201);
    let one = format!("/Users/{}", before.id());
    let all = create_group(&directory, "all", &[&before.id()]).await;
    let inside = directory.get(&one).await.expect(200);
    assert_eq!(inside.json["groups"][0]["value"], all);
    assert_eq!(inside.json["groups"][0]["display"], "all");
    assert_eq!(
        inside.json["groups"][0]["$ref"],
        format!("{}/Groups/{all}", directory.base)
    );
    let same = |answer: &Answer| {
        assert_eq!(answer.header("etag"), before.header("etag"));
        assert_eq!(answer.json["meta"], before.json["meta"]);
    };
    same(&inside);
    let remove = patch(json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", before.id())}]));
    directory
        .patch(&format!("/Groups/{all}"), &remove)
        .await
        .expect(204);
    let outside = directory.get(&one).await.expect(200);
    same(&outside);
    assert_eq!(outside.text(), before.text());
    // `groups` in a User's body is the server's, and says nothing.
    let mut body = user("ada");
    body["groups"] = json!([{"value": all}]);
    let put = directory.put(&one, &body).await.expect(200);
    same(&put);
    assert!(put.json.get("groups").is_none());
}

async fn a_renamed_group_is_renamed_where_its_members_show_it(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let inner = create_group(&directory, "inner", &[&ada]).await;
    let outer = format!("/Groups/{}", create_group(&directory, "outer", &[&inner]).await);
    let before = directory.get(&outer).await.expect(200);
    let rename = patch_one("replace", "displayName", json!("renamed"));
    let renamed = directory
        .patch(&format!("/Groups/{inner}"), &rename)
        .await
        .expect(200);
    assert_eq!(
        renamed.json["members"][0]["value"], ada,
        "a rename leaves the members"
    );
    let person = directory.get(&format!("/Users/{ada}")).await.expect(200);
    assert_eq!(person.json["groups"][0]["display"], "renamed");
    // The group that holds it says nothing of its name, so nothing of it changes.
    assert_eq!(directory.get(&outer).await.expect(200).text(), before.text());
}
