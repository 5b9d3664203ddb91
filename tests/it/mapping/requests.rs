//! The rules over HTTP: what is kept, what is refused and how, what names an entity.

use serde_json::{Value, json};

use super::fixture::Site;
use crate::admin::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::Engine;

on_both_engines!(
    rules_are_kept_in_their_order_with_the_names_of_groups_as_they_are_now,
    the_same_rules_once_more_change_nothing,
    what_is_wrong_with_a_rule_is_named_with_its_position,
    groups_and_entities_of_others_are_none,
    an_entity_that_a_rule_names_is_in_use,
);

async fn rules_are_kept_in_their_order_with_the_names_of_groups_as_they_are_now(engine: Engine) {
    let site = Site::new(engine).await;
    let empty = json!({"rules": [], "pending": false, "skipped": []});
    assert_eq!(site.mapping().await, empty);
    let (staff, it) = (site.group("Staff", &[]).await, site.group("IT", &[]).await);
    let rules = json!([
        {"group_id": it, "role": "administrator"},
        {"group_id": staff, "sections": ["reports", "billing"], "admin_scope": {"entities": []}},
    ]);
    let put = site.put(&rules).await.expect(200).json;
    let seen = json!({"rules": [
        {"group_id": it, "display_name": "IT", "role": "administrator", "sections": [], "admin_scope": null},
        {"group_id": staff, "display_name": "Staff", "role": null, "sections": ["reports", "billing"],
         "admin_scope": {"entities": []}},
    ], "pending": false, "skipped": []});
    assert_eq!(put, seen);
    assert_eq!(site.mapping().await, seen);
    let renamed = crate::scim::message::patch_one("replace", "displayName", json!("Information"));
    site.directory
        .patch(&format!("/Groups/{it}"), &renamed)
        .await
        .expect(200);
    let names: Vec<Value> = site.mapping().await["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| rule["display_name"].clone())
        .collect();
    assert_eq!(names, ["Information", "Staff"]);
    let turned = json!([rules[1], rules[0]]);
    site.put(&turned).await.expect(200);
    assert_eq!(site.mapping().await["rules"][0]["group_id"], staff.as_str());
    let audit = site.audit("directory.group_mapping_set").await;
    assert_eq!(audit.len(), 2);
    let groups = |seen: &Value| json!([seen["rules"][0]["group_id"], seen["rules"][1]["group_id"]]);
    assert_eq!(audit[1]["target"]["id"], site.directory.id.as_str());
    assert_eq!(groups(&audit[1]["before"]), json!([it, staff]));
    assert_eq!(groups(&audit[1]["after"]), json!([staff, it]));
    site.put(&json!([])).await.expect(200);
    assert_eq!(site.mapping().await, empty);
}

async fn the_same_rules_once_more_change_nothing(engine: Engine) {
    let site = Site::new(engine).await;
    let ada = site.user("ada").await;
    let staff = site.group("Staff", &[&ada]).await;
    let rules = json!([{"group_id": staff, "role": "user", "sections": ["reports"]}]);
    site.put(&rules).await.expect(200);
    let grants = site.person(&ada).await["grants"].clone();
    site.put(&rules).await.expect(200);
    assert_eq!(site.person(&ada).await["grants"], grants);
    assert_eq!(site.audit("directory.group_mapping_set").await.len(), 1);
    assert_eq!(site.audit("user.grants_set").await.len(), 1);
}

async fn what_is_wrong_with_a_rule_is_named_with_its_position(engine: Engine) {
    let site = Site::new(engine).await;
    let (staff, it) = (site.group("Staff", &[]).await, site.group("IT", &[]).await);
    let good = json!({"group_id": staff, "role": "user"});
    site.put(&json!([good])).await.expect(200);
    let before = site.mapping().await;
    let many: Vec<String> = (0..101).map(|number| format!("s{number}")).collect();
    for (wrong, field) in [
        (json!({"sections": ["Reports"]}), "rules[1].sections"),
        (json!({"sections": [""]}), "rules[1].sections"),
        (json!({"sections": many}), "rules[1].sections"),
    ] {
        let mut rule = wrong;
        rule["group_id"] = json!(it);
        assert_invalid_fields(&site.put(&json!([good, rule])).await, &[field]);
    }
    for role in ["owner", ""] {
        let rule = json!({"group_id": it, "role": role});
        let answer = site.put(&json!([good, rule])).await.expect(422);
        assert_eq!(answer.json["errors"][0]["field"], "rules[1].role");
        assert_eq!(answer.json["code"], "unknown_role");
    }
    for (wrong, field) in [
        (json!({"group_id": "staff"}), "rules[1].group_id"),
        (json!({"group_id": null}), "rules[1].group_id"),
        (
            json!({"group_id": it, "admin_scope": "everybody"}),
            "rules[1].admin_scope",
        ),
        (
            json!({"group_id": it, "sections": "reports"}),
            "rules[1].sections",
        ),
        (json!({"group_id": it, "group": "IT"}), "rules[1]"),
    ] {
        let answer = site.put(&json!([good, wrong])).await;
        assert_field_named(&answer, field);
    }
    let twice = site.put(&json!([good, {"group_id": it}, good])).await;
    assert_invalid_fields(&twice, &["rules[2].group_id"]);
    let crowd: Vec<Value> = (0..501).map(|_| good.clone()).collect();
    assert_invalid_fields(&site.put(&json!(crowd)).await, &["rules"]);
    let answer = site.tenant.call_with("PUT", &site.path(), &json!({})).await;
    assert_field_named(&answer, "rules");
    assert_eq!(site.mapping().await, before);
}

async fn groups_and_entities_of_others_are_none(engine: Engine) {
    let site = Site::new(engine).await;
    let next_door = Site::of(site.tenant.clone()).await;
    let elsewhere = Site::new(engine).await;
    let own = site.group("Own", &[]).await;
    let (neighbour, foreign) = (
        next_door.group("Own", &[]).await,
        elsewhere.group("Own", &[]).await,
    );
    let ada = site.user("ada").await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    for id in [neighbour.as_str(), &foreign, &ada, nobody] {
        let answer = site.put(&json!([{"group_id": own}, {"group_id": id}])).await;
        assert_problem(&answer, 422, "unknown_group", id);
        assert_eq!(answer.json["errors"][0]["field"], "rules[1].group_id");
    }
    let entity = elsewhere
        .tenant
        .call_with("POST", "/entities", &json!({"name": "North"}))
        .await
        .expect(201)
        .id();
    for id in [entity.as_str(), &own, nobody] {
        let scope = json!({"entities": [id]});
        let answer = site.put(&json!([{"group_id": own, "admin_scope": scope}])).await;
        assert_problem(&answer, 422, "unknown_entity", id);
        assert_eq!(answer.json["errors"][0]["field"], "rules[0].admin_scope");
    }
    assert_eq!(site.mapping().await["rules"], json!([]));
    // Nor is the directory itself anybody else's.
    let path = site.path();
    let answer = elsewhere.tenant.call("GET", &path).await;
    assert_problem(&answer, 404, "not_found", "directory");
    let answer = elsewhere
        .tenant
        .call_with("PUT", &path, &json!({"rules": []}))
        .await;
    assert_problem(&answer, 404, "not_found", "directory");
}

async fn an_entity_that_a_rule_names_is_in_use(engine: Engine) {
    let site = Site::new(engine).await;
    let named = json!({"name": "North"});
    let entity = site
        .tenant
        .call_with("POST", "/entities", &named)
        .await
        .expect(201)
        .id();
    let staff = site.group("Staff", &[]).await;
    let scope = json!({"entities": [entity]});
    site.put(&json!([{"group_id": staff, "admin_scope": scope}]))
        .await
        .expect(200);
    let path = format!("/entities/{entity}");
    let refused = site.tenant.call("DELETE", &path).await;
    assert_problem(&refused, 409, "entity_in_use", "1 administrators");
    // The rule goes with its group.
    site.directory
        .delete(&format!("/Groups/{staff}"))
        .await
        .expect(204);
    site.tenant.call("DELETE", &path).await.expect(204);
}
