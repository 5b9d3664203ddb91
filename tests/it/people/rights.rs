//! Permission groups and sections, and what they come to for a person.

use serde_json::{Value, json};

use super::{address, assert_names, audited, create, edit, external, view, with};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Tenant};
use crate::scim::message::{create_group, user_with};
use crate::sso::fixture::Certified;

on_both_engines!(
    every_tenant_has_a_user_and_an_administrator,
    permission_groups_are_made_changed_and_deleted,
    sections_are_made_changed_and_deleted,
    what_is_in_use_stays,
    what_is_wrong_with_a_group_or_a_section_is_named,
    mappings_name_permission_groups_that_there_are,
    sections_follow_the_group_and_a_toggle_wins,
    rights_are_in_force_for_the_next_request_of_a_live_session,
    the_tick_goes_with_the_group_of_administrators,
    lists_are_asked_by_permission_group,
);

async fn section(tenant: &Tenant, key: &str) {
    let body = json!({"name_en": key, "name_fr": format!("{key} (fr)")});
    tenant
        .call_with("PUT", &format!("/sections/{key}"), &body)
        .await
        .expect(200);
}

async fn role(tenant: &Tenant, key: &str, sections: &[&str]) {
    let body = json!({"key": key, "name": key, "rights": [format!("{key}.work")], "sections": sections});
    tenant.call_with("POST", "/roles", &body).await.expect(201);
}

async fn every_tenant_has_a_user_and_an_administrator(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let roles = tenant.call("GET", "/roles").await.expect(200).json;
    let items = roles["items"].as_array().expect("items");
    let keys: Vec<_> = items.iter().map(|role| &role["key"]).collect();
    assert_eq!(keys, ["user", "administrator"]);
    let user = json!(["agents.create", "runs.setup", "versions.read", "history.read"]);
    assert_eq!(items[0]["rights"], user);
    let administrator = json!([
        "agents.create",
        "runs.setup",
        "versions.read",
        "history.read",
        "users.manage",
        "proxy_pools.manage",
        "destinations.write",
        "usage.read"
    ]);
    assert_eq!(items[1]["rights"], administrator);
    assert!(
        items
            .iter()
            .all(|role| role["delivered"] == true && role["description"] != "")
    );
    assert_eq!(
        tenant.call("GET", "/sections").await.expect(200).json,
        json!({"items": []})
    );
    for role in ["user", "administrator"] {
        let answer = tenant.call("DELETE", &format!("/roles/{role}")).await;
        assert_problem(&answer, 409, "delivered_role", "delivered");
    }
}

async fn permission_groups_are_made_changed_and_deleted(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    section(&tenant, "billing").await;
    let body = json!({"key": "sales", "name": " Sales ", "rights": ["offers.write", "offers.write"], "sections": ["billing"]});
    let made = tenant.call_with("POST", "/roles", &body).await.expect(201).json;
    let expected = json!({"key": "sales", "name": "Sales", "description": "", "rights": ["offers.write"],
                          "sections": ["billing"], "delivered": false});
    assert_eq!(made, expected);
    let taken = tenant.call_with("POST", "/roles", &body).await;
    assert_problem(&taken, 409, "role_key_in_use", "sales");
    let patch = json!({"description": "Sells", "rights": []});
    let after = tenant
        .call_with("PATCH", "/roles/sales", &patch)
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&after["description"], &after["rights"], &after["sections"]),
        (&json!("Sells"), &json!([]), &json!(["billing"]))
    );
    // A delivered one may open sections too.
    let patch = json!({"sections": ["billing"]});
    let user = tenant
        .call_with("PATCH", "/roles/user", &patch)
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&user["sections"], &user["delivered"]),
        (&json!(["billing"]), &json!(true))
    );
    tenant.call("DELETE", "/roles/sales").await.expect(204);
    tenant.call("DELETE", "/roles/sales").await.expect(404);
    tenant
        .call_with("PATCH", "/roles/sales", &json!({}))
        .await
        .expect(404);
    for (action, count) in [("role.created", 1), ("role.updated", 2), ("role.deleted", 1)] {
        assert_eq!(
            audited(&tenant, &tenant.id, action).await.len(),
            count,
            "{action}"
        );
    }
}

async fn sections_are_made_changed_and_deleted(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (key, position) in [("billing", 2), ("reports", 1)] {
        let body = json!({"name_en": key, "name_fr": "x", "position": position});
        tenant
            .call_with("PUT", &format!("/sections/{key}"), &body)
            .await
            .expect(200);
    }
    let renamed = tenant
        .call_with("PUT", "/sections/billing", &json!({"name_en": "Invoices"}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        renamed,
        json!({"key": "billing", "name_en": "Invoices", "name_fr": "Invoices", "position": 0})
    );
    let list = tenant.call("GET", "/sections").await.expect(200).json;
    let keys: Vec<_> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| one["key"].clone())
        .collect();
    assert_eq!(keys, ["billing", "reports"]);
    tenant.call("DELETE", "/sections/billing").await.expect(204);
    tenant.call("DELETE", "/sections/billing").await.expect(404);
}

async fn what_is_in_use_stays(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    for key in ["opened", "closed", "grouped", "mapped"] {
        section(&tenant, key).await;
    }
    role(&tenant, "sales", &["grouped"]).await;
    role(&tenant, "lab", &[]).await;
    let more = json!({"role": "sales", "sections": {"opened": true, "closed": false}});
    let id = create(&tenant, &with(external(&address()), &more))
        .await
        .expect(201)
        .id();
    let group = create_group(&directory, "staff", &[]).await;
    let rules = json!({"rules": [{"group_id": group, "role": "lab", "sections": ["mapped"]}]});
    let path = format!("/directories/{}/group-mapping", directory.id);
    tenant.call_with("PUT", &path, &rules).await.expect(200);
    for (path, code, naming) in [
        ("/sections/opened", "section_in_use", "1 people"),
        ("/sections/closed", "section_in_use", "1 people"),
        ("/sections/grouped", "section_in_use", "1 permission groups"),
        ("/sections/mapped", "section_in_use", "1 rules"),
        ("/roles/sales", "role_in_use", "1 people"),
        ("/roles/lab", "role_in_use", "1 rules"),
    ] {
        assert_problem(&tenant.call("DELETE", path).await, 409, code, naming);
    }
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    tenant
        .call_with("PUT", &path, &json!({"rules": []}))
        .await
        .expect(200);
    for path in [
        "/roles/sales",
        "/roles/lab",
        "/sections/opened",
        "/sections/closed",
        "/sections/grouped",
        "/sections/mapped",
    ] {
        tenant.call("DELETE", path).await.expect(204);
    }
}

async fn what_is_wrong_with_a_group_or_a_section_is_named(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let good = json!({"key": "sales", "name": "Sales"});
    for (more, field) in [
        (json!({"key": "Big Sales"}), "key"),
        (json!({"key": ""}), "key"),
        (json!({"name": ""}), "name"),
        (json!({"description": "a\nb"}), "description"),
        (json!({"rights": ["ok", "Not ok"]}), "rights[1]"),
        (json!({"sections": ["roof"]}), "sections[0]"),
        (json!({"delivered": true}), "delivered"),
    ] {
        let answer = tenant
            .call_with("POST", "/roles", &with(good.clone(), &more))
            .await;
        assert_names(&answer, field);
    }
    for (key, body, field) in [
        ("Roof", json!({"name_en": "x"}), "key"),
        ("roof", json!({"name_en": " "}), "name_en"),
        ("roof", json!({"name_en": "x", "name_fr": ""}), "name_fr"),
        ("roof", json!({"name_en": "x", "position": -1}), "position"),
        ("roof", json!({}), "name_en"),
    ] {
        let answer = tenant.call_with("PUT", &format!("/sections/{key}"), &body).await;
        assert_names(&answer, field);
    }
}

async fn mappings_name_permission_groups_that_there_are(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let group = create_group(&directory, "staff", &[]).await;
    let path = format!("/directories/{}/group-mapping", directory.id);
    let rules = json!({"rules": [{"group_id": group, "role": "sales"}]});
    let answer = tenant.call_with("PUT", &path, &rules).await;
    assert_problem(&answer, 422, "unknown_role", "user, administrator");
    assert_names(&answer, "rules[0].role");
    let body = json!({"kind": "oidc", "name": "idp", "issuer": "https://idp.example", "client_id": "x",
                      "client_secret": "y"});
    let connection = tenant
        .call_with("POST", "/connections", &body)
        .await
        .expect(201)
        .id();
    let connection = format!("/connections/{connection}");
    let mapping = json!({"group_mapping": [{"group": "staff", "role": "sales"}]});
    let answer = tenant.call_with("PATCH", &connection, &mapping).await;
    assert_problem(&answer, 422, "unknown_role", "user, administrator");
    role(&tenant, "sales", &[]).await;
    tenant.call_with("PUT", &path, &rules).await.expect(200);
    tenant.call_with("PATCH", &connection, &mapping).await.expect(200);
    let kept = tenant.call("DELETE", "/roles/sales").await;
    assert_problem(&kept, 409, "role_in_use", "2 rules");
}

async fn sections_follow_the_group_and_a_toggle_wins(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for key in ["billing", "offers", "reports"] {
        section(&tenant, key).await;
    }
    role(&tenant, "sales", &["billing", "offers"]).await;
    let more = json!({"role": "sales", "sections": {"billing": false, "reports": true}});
    let id = create(&tenant, &with(external(&address()), &more))
        .await
        .expect(201)
        .id();
    let seen = view(&tenant, &id).await;
    assert_eq!(
        seen["sections"],
        json!({"billing": false, "offers": true, "reports": true})
    );
    assert_eq!(
        (&seen["role"], &seen["roles"]),
        (&json!("sales"), &json!(["sales"]))
    );
    assert_eq!(seen["rights"], json!(["sales.work"]));
    let withheld = json!({"withheld": "billing", "source": "manual"});
    assert!(
        seen["grants"].as_array().expect("grants").contains(&withheld),
        "{seen}"
    );
    let after = edit(
        &tenant,
        &id,
        &json!({"sections": {"billing": null, "offers": false}}),
    )
    .await
    .expect(200)
    .json;
    assert_eq!(
        after["sections"],
        json!({"billing": true, "offers": false, "reports": true})
    );
    tenant
        .call_with("PATCH", "/roles/sales", &json!({"sections": []}))
        .await
        .expect(200);
    let after = view(&tenant, &id).await;
    assert_eq!(
        after["sections"],
        json!({"billing": false, "offers": false, "reports": true})
    );
    let rows = audited(&tenant, &id, "user.rights_set").await;
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[1]["after"]["added"],
        json!([{"withheld": "offers", "source": "manual"}])
    );
}

async fn rights_are_in_force_for_the_next_request_of_a_live_session(engine: Engine) {
    let certified = Certified::new(engine).await;
    let tenant = &certified.tenant;
    section(tenant, "billing").await;
    role(tenant, "sales", &["billing"]).await;
    let sub = certified.person(&json!({})).await;
    let (browser, me) = certified.signed_in(&sub).await;
    assert_eq!(
        (&me["roles"], &me["sections"]),
        (&json!(["user"]), &json!({"billing": false}))
    );
    assert!(
        me["rights"]
            .as_array()
            .expect("rights")
            .contains(&json!("agents.create"))
    );
    let id = me["user"]["id"].as_str().expect("an id").to_owned();
    let may = async || -> Value {
        let answer = certified
            .by_session(&browser, "GET", "/api/v1/me/permissions", None)
            .await;
        answer.expect(200).json
    };
    for (said, expected) in [
        (
            json!({"role": "sales"}),
            json!({"roles": ["sales"], "rights": ["sales.work"], "sections": {"billing": true}}),
        ),
        (
            json!({"sections": {"billing": false}}),
            json!({"roles": ["sales"], "rights": ["sales.work"], "sections": {"billing": false}}),
        ),
        (
            json!({"sections": {"billing": true}}),
            json!({"roles": ["sales"], "rights": ["sales.work"], "sections": {"billing": true}}),
        ),
    ] {
        edit(tenant, &id, &said).await.expect(200);
        assert_eq!(may().await, expected, "{said}");
    }
    tenant
        .call_with("PATCH", "/roles/sales", &json!({"rights": ["a.b"]}))
        .await
        .expect(200);
    assert_eq!(
        may().await["rights"],
        json!(["a.b"]),
        "a group is changed for whoever has it"
    );
    let me = certified.me(&browser).await.expect(200).json;
    assert_eq!(
        (&me["roles"], &me["rights"], &me["sections"]),
        (&json!(["sales"]), &json!(["a.b"]), &json!({"billing": true}))
    );
    // Product rights manage nobody here.
    let mine = tenant.path("/roles");
    let refused = certified.by_session(&browser, "GET", &mine, None).await;
    assert_problem(&refused, 403, "administrator_required", "administrators");
    certified
        .anonymous("GET", "/api/v1/me/permissions")
        .send()
        .await
        .expect(401);
}

async fn the_tick_goes_with_the_group_of_administrators(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let user = |name: &str| user_with(name, json!({}));
    let keeper = directory.post("/Users", &user("keeper")).await.expect(201).id();
    edit(&tenant, &keeper, &json!({"role": "administrator"}))
        .await
        .expect(200);
    let ada = directory.post("/Users", &user("ada")).await.expect(201).id();
    let after = edit(&tenant, &ada, &json!({"role": "administrator"}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&after["administrator"], &after["scope"], &after["role"]),
        (&json!(true), &json!("all"), &json!("administrator"))
    );
    let path = format!("/users/{ada}/admin");
    let narrowed = json!({"administrator": true, "scope": {"entities": []}});
    let after = tenant.call_with("PUT", &path, &narrowed).await.expect(200).json;
    assert_eq!(
        (&after["scope"], &after["role"]),
        (&json!({"entities": []}), &json!("administrator"))
    );
    let after = tenant
        .call_with("PUT", &path, &json!({"administrator": false}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&after["administrator"], &after["role"], &after["grants"]),
        (&json!(false), &json!("user"), &json!([]))
    );
    // A tick apart from the group stays when another group is chosen.
    role(&tenant, "sales", &[]).await;
    tenant.call_with("PUT", &path, &narrowed).await.expect(200);
    let after = edit(&tenant, &ada, &json!({"role": "sales"}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&after["administrator"], &after["roles"]),
        (&json!(true), &json!(["sales"]))
    );
}

async fn lists_are_asked_by_permission_group(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    role(&tenant, "sales", &[]).await;
    for (name, role) in [("Ann", "user"), ("Bob", "sales"), ("Cid", "administrator")] {
        let body = with(external(&address()), &json!({"first_name": name, "role": role}));
        create(&tenant, &body).await.expect(201);
    }
    for (role, found) in [("user", "Ann"), ("sales", "Bob"), ("administrator", "Cid")] {
        let list = tenant
            .call("GET", &format!("/users?role={role}"))
            .await
            .expect(200)
            .json;
        let names: Vec<_> = list["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|one| &one["first_name"])
            .collect();
        assert_eq!(names, [found], "{role}");
    }
}
