//! Leaving and coming back: what DELETE takes away, who may have the name next, and which record returns.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::message::{
    assert_refused, create_group, create_user, found, group, member_list, patch, patch_one, user, user_with,
};
use crate::harness::{Directory, Engine};

on_both_engines!(
    a_deleted_person_is_nowhere_for_the_provider,
    deleting_twice_at_once_is_done_once,
    a_deleted_person_leaves_their_groups_and_the_groups_move,
    a_post_after_a_delete_makes_a_new_person_without_the_old_ones_grants,
    the_operator_restores_a_deleted_person_without_memberships,
    a_restore_is_refused_where_the_place_is_taken,
    an_inactive_person_comes_back_under_their_id,
    who_is_not_the_same_inactive_person_does_not_come_back,
    a_put_that_does_not_mention_active_keeps_the_flag,
    a_flag_that_is_taken_away_takes_the_access,
    a_leaver_stays_visible_with_the_flag,
    a_deleted_group_is_gone_and_its_name_free,
);

async fn a_deleted_person_is_nowhere_for_the_provider(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let body = user_with(
        "ada",
        json!({"externalId": "x1", "emails": [{"value": "ada@example.com"}]}),
    );
    let id = directory.post("/Users", &body).await.expect(201).id();
    let one = format!("/Users/{id}");
    let gone = directory.delete(&one).await.expect(204);
    assert!(gone.body.is_empty());
    assert_refused(&directory.get(&one).await, 404, "", &id);
    assert_refused(&directory.put(&one, &body).await, 404, "", &id);
    assert_refused(
        &directory
            .patch(&one, &patch_one("replace", "active", json!(true)))
            .await,
        404,
        "",
        &id,
    );
    assert_refused(&directory.delete(&one).await, 404, "", &id);
    for filter in [
        format!("id eq \"{id}\""),
        "userName eq \"ada\"".to_owned(),
        "externalId eq \"x1\"".to_owned(),
        "emails.value eq \"ada@example.com\"".to_owned(),
        "active eq true".to_owned(),
        "id pr".to_owned(),
        "not (userName eq \"nobody\")".to_owned(),
        "nickName ne \"x\"".to_owned(),
    ] {
        assert_eq!(
            found(&directory, "/Users", &filter, "id").await,
            Vec::<String>::new(),
            "{filter}"
        );
    }
    for path in ["/", "/Users", "/Users?sortBy=userName", "/Users?count=0"] {
        assert_eq!(
            directory.get(path).await.expect(200).json["totalResults"],
            0,
            "{path}"
        );
    }
    let as_member = directory.post("/Groups", &group("all", &[&id])).await;
    assert_refused(&as_member, 400, "invalidValue", &format!("members|{id}"));
}

async fn deleting_twice_at_once_is_done_once(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let all = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    for one in [&person, &all] {
        let answers = join_all((0..8).map(|_| directory.delete(one))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 404).count(), 7);
    }
}

async fn a_deleted_person_leaves_their_groups_and_the_groups_move(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let bob = create_user(&directory, "bob").await;
    let both = directory
        .post("/Groups", &group("both", &[&ada, &bob]))
        .await
        .expect(201);
    let other = directory
        .post("/Groups", &group("other", &[&bob]))
        .await
        .expect(201);
    directory.delete(&format!("/Users/{ada}")).await.expect(204);
    let both_after = directory.get(&format!("/Groups/{}", both.id())).await.expect(200);
    assert_eq!(both_after.json["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(both_after.json["members"][0]["value"], bob);
    assert_ne!(
        both_after.header("etag"),
        both.header("etag"),
        "the group's version moves"
    );
    assert_ne!(
        both_after.json["meta"]["lastModified"],
        both.json["meta"]["lastModified"]
    );
    let other_after = directory
        .get(&format!("/Groups/{}", other.id()))
        .await
        .expect(200);
    assert_eq!(other_after.header("etag"), other.header("etag"));
    let filter = format!("members.value eq \"{ada}\"");
    assert_eq!(
        found(&directory, "/Groups", &filter, "id").await,
        Vec::<String>::new()
    );
}

async fn a_post_after_a_delete_makes_a_new_person_without_the_old_ones_grants(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let body = user_with("ada", json!({"externalId": "x1", "title": "Countess"}));
    let old = directory.post("/Users", &body).await.expect(201).id();
    let keeper = create_user(&directory, "keeper").await;
    for id in [&old, &keeper] {
        let all = json!({"administrator": true, "scope": "all"});
        tenant
            .call_with("PUT", &format!("/users/{id}/admin"), &all)
            .await
            .expect(200);
    }
    tenant
        .call("POST", &format!("/users/{old}/deactivate"))
        .await
        .expect(200);
    let all = create_group(&directory, "all", &[&old]).await;
    directory.delete(&format!("/Users/{old}")).await.expect(204);

    let again = user_with("ADA", json!({"externalId": "x1"}));
    let new = directory.post("/Users", &again).await.expect(201);
    assert_ne!(new.id(), old);
    assert_eq!(new.header("etag"), "W/\"1\"");
    assert!(new.json.get("title").is_none() && new.json.get("groups").is_none());
    assert!(
        directory
            .get(&format!("/Groups/{all}"))
            .await
            .json
            .get("members")
            .is_none()
    );
    let view = tenant
        .call("GET", &format!("/users/{}", new.id()))
        .await
        .expect(200);
    assert_eq!(view.json["administrator"], false);
    assert_eq!(view.json["blocked"], false);
    assert_eq!(view.json["status"], "active");
    directory.get(&format!("/Users/{old}")).await.expect(404);
    let view = tenant.call("GET", &format!("/users/{old}")).await.expect(200);
    assert_eq!(
        view.json["status"], "deleted",
        "the record stays for administrators"
    );
}

async fn the_operator_restores_a_deleted_person_without_memberships(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let body = user_with("ada", json!({"externalId": "x1", "title": "Countess"}));
    let before = directory.post("/Users", &body).await.expect(201);
    let id = before.id();
    let all = create_group(&directory, "all", &[&id]).await;
    let restore = format!("/users/{id}/restore");
    let early = tenant.call("POST", &restore).await.expect(409);
    assert_eq!(early.json["code"], "not_deleted");
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let restored = tenant.call("POST", &restore).await.expect(200);
    assert_eq!(restored.json["status"], "active");
    assert_eq!(restored.json["deleted_at"], Value::Null);
    let after = directory.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(after.json["title"], "Countess");
    assert_eq!(after.json["meta"]["created"], before.json["meta"]["created"]);
    assert_ne!(after.header("etag"), before.header("etag"));
    assert!(after.json.get("groups").is_none(), "{}", after.text());
    assert!(
        directory
            .get(&format!("/Groups/{all}"))
            .await
            .json
            .get("members")
            .is_none()
    );
    assert_eq!(
        found(&directory, "/Users", "userName eq \"ADA\"", "id").await,
        [id.as_str()]
    );
    assert_eq!(
        found(&directory, "/Users", "externalId eq \"x1\"", "id").await,
        [id]
    );
    assert_refused(
        &directory.post("/Users", &user("ada")).await,
        409,
        "uniqueness",
        "userName",
    );
}

async fn a_restore_is_refused_where_the_place_is_taken(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.named_directory("generic", "First").await;
    let second = tenant.named_directory("generic", "Second").await;
    let with = |name: &str, external: &str| user_with(name, json!({"externalId": external}));
    let cases = [
        ("ada", "x1", &directory, with("ADA", "x9"), "user_name_in_use"),
        ("bob", "x2", &second, with("Bob", "x2"), "user_name_in_use"),
        (
            "cleo",
            "x3",
            &directory,
            with("cleopatra", "x3"),
            "external_id_in_use",
        ),
    ];
    for (name, external, taker, body, code) in cases {
        let id = directory
            .post("/Users", &with(name, external))
            .await
            .expect(201)
            .id();
        directory.delete(&format!("/Users/{id}")).await.expect(204);
        taker.post("/Users", &body).await.expect(201);
        let refused = tenant
            .call("POST", &format!("/users/{id}/restore"))
            .await
            .expect(409);
        assert_eq!(refused.json["code"], code);
        if std::ptr::eq(taker, &raw const second) {
            assert!(refused.text().contains("Second"), "{}", refused.text());
        }
        directory.get(&format!("/Users/{id}")).await.expect(404);
    }
}

async fn inactive(directory: &Directory, name: &str, external: &str) -> String {
    let further = json!({"externalId": external, "title": "Countess", "nickName": "old"});
    let id = directory
        .post("/Users", &user_with(name, further))
        .await
        .expect(201)
        .id();
    let off = patch_one("replace", "active", json!(false));
    directory.patch(&format!("/Users/{id}"), &off).await.expect(200);
    id
}

async fn an_inactive_person_comes_back_under_their_id(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let id = inactive(&directory, "ada", "x1").await;
    let all = create_group(&directory, "all", &[&id]).await;
    let body = user_with("ADA", json!({"externalId": "x1", "nickName": "new"}));
    let back = directory.post("/Users", &body).await.expect(201);
    assert_eq!(back.id(), id);
    assert_eq!(back.json["active"], true);
    assert_eq!(back.json["userName"], "ADA");
    assert_eq!(back.json["nickName"], "new");
    assert!(
        back.json.get("title").is_none(),
        "a POST says everything: {}",
        back.text()
    );
    assert_eq!(back.json["groups"][0]["value"], all);
    assert_eq!(back.header("location"), format!("{}/Users/{id}", directory.base));
    assert_eq!(
        directory.get(&format!("/Users/{id}")).await.expect(200).text(),
        back.text()
    );
    assert_eq!(directory.get("/Users").await.json["totalResults"], 1);
    // Once active they are somebody like any other.
    assert_refused(
        &directory.post("/Users", &body).await,
        409,
        "uniqueness",
        "userName",
    );
}

async fn who_is_not_the_same_inactive_person_does_not_come_back(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.named_directory("generic", "First").await;
    let other = tenant.named_directory("generic", "Second").await;
    let ada = inactive(&directory, "ada", "x1").await;
    inactive(&directory, "bob", "x2").await;
    let with = |name: &str, external: &str| user_with(name, json!({"externalId": external}));
    for (by, body, named) in [
        (&directory, user("ada"), "userName"),
        (&directory, with("ada", "x9"), "userName"),
        (&directory, with("ada", "x2"), "userName"),
        (&directory, with("adam", "x1"), "externalId"),
        (&directory, with("ada", "X1"), "userName"),
        (&other, with("ada", "x1"), "First"),
    ] {
        assert_refused(&by.post("/Users", &body).await, 409, "uniqueness", named);
    }
    let after = directory.get(&format!("/Users/{ada}")).await.expect(200);
    assert_eq!(after.json["active"], false);
    assert_eq!(after.json["nickName"], "old");
}

async fn a_put_that_does_not_mention_active_keeps_the_flag(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let id = inactive(&directory, "ada", "x1").await;
    let one = format!("/Users/{id}");
    let put = directory
        .put(&one, &user_with("ada", json!({"title": "Dr"})))
        .await
        .expect(200);
    assert_eq!(put.json["active"], false, "a sync brought a leaver back");
    assert!(
        put.json.get("nickName").is_none() && put.json.get("externalId").is_none(),
        "{}",
        put.text()
    );
    let put = directory
        .put(&one, &user_with("ada", json!({"active": true})))
        .await
        .expect(200);
    assert_eq!(put.json["active"], true);
}

async fn a_flag_that_is_taken_away_takes_the_access(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    let status = async || {
        let view = tenant.call("GET", &format!("/users/{id}")).await.expect(200);
        view.json["status"].as_str().expect("a status").to_owned()
    };
    let remove = patch(json!([{"op": "remove", "path": "active"}]));
    for taken in [remove, patch_one("replace", "active", Value::Null)] {
        let answer = directory.patch(&one, &taken).await.expect(200);
        assert!(answer.json.get("active").is_none(), "{}", answer.text());
        assert_eq!(status().await, "inactive");
        for filter in ["active eq true", "active eq false", "active pr"] {
            assert!(
                found(&directory, "/Users", filter, "id").await.is_empty(),
                "{filter}"
            );
        }
        // A PUT that does not say it does not give it back.
        directory.put(&one, &user("ada")).await.expect(200);
        assert_eq!(status().await, "inactive");
        directory
            .patch(&one, &patch_one("add", "active", json!(true)))
            .await
            .expect(200);
        assert_eq!(status().await, "active");
    }
}

async fn a_leaver_stays_visible_with_the_flag(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("entra").await;
    let id = inactive(&directory, "ada", "x1").await;
    assert_eq!(
        directory.get(&format!("/Users/{id}")).await.expect(200).json["active"],
        false
    );
    for filter in ["userName eq \"ada\"", "active eq false", "externalId eq \"x1\""] {
        assert_eq!(
            found(&directory, "/Users", filter, "id").await,
            [id.as_str()],
            "{filter}"
        );
    }
    assert!(
        found(&directory, "/Users", "active eq true", "id")
            .await
            .is_empty()
    );
    let group = create_group(&directory, "all", &[]).await;
    let add = patch_one("add", "members", member_list(&[&id]));
    directory
        .patch(&format!("/Groups/{group}"), &add)
        .await
        .expect(204);
}

async fn a_deleted_group_is_gone_and_its_name_free(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    let inner = create_group(&directory, "inner", &[&ada]).await;
    let outer = create_group(&directory, "outer", &[&inner]).await;
    let tag = directory
        .get(&format!("/Users/{ada}"))
        .await
        .header("etag")
        .to_owned();
    let one = format!("/Groups/{inner}");
    directory.delete(&one).await.expect(204);
    assert_refused(&directory.get(&one).await, 404, "", &inner);
    assert_refused(&directory.put(&one, &group("inner", &[])).await, 404, "", &inner);
    assert_refused(
        &directory
            .patch(&one, &patch_one("replace", "displayName", json!("x")))
            .await,
        404,
        "",
        &inner,
    );
    assert_refused(&directory.delete(&one).await, 404, "", &inner);
    let after = directory.get(&format!("/Users/{ada}")).await.expect(200);
    assert!(after.json.get("groups").is_none(), "{}", after.text());
    assert_eq!(after.header("etag"), tag);
    let outer = directory.get(&format!("/Groups/{outer}")).await.expect(200);
    assert!(outer.json.get("members").is_none(), "{}", outer.text());
    assert_ne!(create_group(&directory, "INNER", &[]).await, inner);
}
