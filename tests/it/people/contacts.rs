//! Whom to ask about what.

use serde_json::{Value, json};

use super::{address, assert_names, audited, create, external, view};
use crate::harness::{Engine, Tenant};
use crate::scim::message::user_with;

on_both_engines!(
    tags_are_set_and_contacts_found_by_them_in_order,
    a_subject_without_anybody_is_told,
    what_is_no_tag_is_refused,
);

async fn tag(tenant: &Tenant, id: &str, tags: &[&str]) {
    let body = json!({"contact_tags": tags});
    let answer = tenant
        .call_with("PUT", &format!("/users/{id}/contact-tags"), &body)
        .await;
    assert_eq!(answer.expect(200).json["contact_tags"], json!(tags));
}

async fn contacts(tenant: &Tenant, query: &str) -> Value {
    tenant
        .call("GET", &format!("/contacts{query}"))
        .await
        .expect(200)
        .json
}

fn names(found: &Value) -> Vec<&str> {
    let items = found["items"].as_array().expect("items").iter();
    items.map(|one| one["name"].as_str().expect("a name")).collect()
}

async fn tags_are_set_and_contacts_found_by_them_in_order(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let mut ids = Vec::new();
    for name in ["Zoe", "Ada", "Bob"] {
        let body = user_with(
            name,
            json!({"displayName": name, "emails": [{"value": format!("{name}@acme.example")}],
            "phoneNumbers": [{"value": "+33612345678", "type": "mobile"}]}),
        );
        ids.push(directory.post("/Users", &body).await.expect(201).id());
    }
    tag(&tenant, &ids[0], &["billing"]).await;
    tag(&tenant, &ids[1], &["sso", "billing"]).await;
    tag(&tenant, &ids[2], &["billing", "sso"]).await;
    let found = contacts(&tenant, "?tag=billing").await;
    assert_eq!(names(&found), ["Bob", "Zoe", "Ada"]);
    let first = &found["items"][0];
    assert_eq!(
        (&first["user_id"], &first["email"], &first["phone_mobile"]),
        (&json!(ids[2]), &json!("Bob@acme.example"), &json!("+33612345678"))
    );
    assert_eq!(names(&contacts(&tenant, "?tag=sso").await), ["Ada", "Bob"]);
    assert_eq!(names(&contacts(&tenant, "").await), ["Ada", "Bob", "Zoe"]);
    // Whoever cannot come in cannot help, and comes back with their tags.
    tenant
        .call("POST", &format!("/users/{}/deactivate", ids[2]))
        .await
        .expect(200);
    assert_eq!(names(&contacts(&tenant, "?tag=billing").await), ["Zoe", "Ada"]);
    assert_eq!(
        view(&tenant, &ids[2]).await["contact_tags"],
        json!(["billing", "sso"])
    );
    tag(&tenant, &ids[0], &[]).await;
    assert_eq!(names(&contacts(&tenant, "?tag=billing").await), ["Ada"]);
    assert_eq!(audited(&tenant, &ids[0], "user.updated").await.len(), 2);
    // Tags that are so already are no change.
    tag(&tenant, &ids[0], &[]).await;
    assert_eq!(audited(&tenant, &ids[0], "user.updated").await.len(), 2);
}

async fn a_subject_without_anybody_is_told(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let all = json!(["access", "sso", "idp", "it"]);
    assert_eq!(
        contacts(&tenant, "").await,
        json!({"items": [], "unstaffed": all})
    );
    let id = directory
        .post("/Users", &user_with("ada", json!({})))
        .await
        .expect(201)
        .id();
    tag(&tenant, &id, &["sso", "it"]).await;
    assert_eq!(contacts(&tenant, "").await["unstaffed"], json!(["access", "idp"]));
    assert_eq!(
        contacts(&tenant, "?tag=billing").await["unstaffed"],
        json!(["access", "idp", "billing"])
    );
    // Somebody who has not accepted their invitation yet is nobody to ask.
    let made = create(&tenant, &external(&address())).await.expect(201).id();
    tag(&tenant, &made, &["access"]).await;
    assert_eq!(contacts(&tenant, "").await["unstaffed"], json!(["access", "idp"]));
}

async fn what_is_no_tag_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let id = create(&tenant, &external(&address())).await.expect(201).id();
    let path = format!("/users/{id}/contact-tags");
    for body in [
        json!({"contact_tags": ["Not A Slug"]}),
        json!({"contact_tags": "billing"}),
        json!({}),
        json!({"contact_tags": null}),
    ] {
        assert_names(&tenant.call_with("PUT", &path, &body).await, "contact_tags");
    }
    assert_names(&tenant.call("GET", "/contacts?tag=Not%20A%20Slug").await, "tag");
    assert_names(&tenant.call("GET", "/contacts?subject=x").await, "subject");
}
