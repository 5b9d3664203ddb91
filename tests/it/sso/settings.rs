//! What the settings of a connection do to a sign-in: mappings, directory, entity, accounts at the first login.

use serde_json::{Value, json};

use super::fixture::{Certified, assert_refused};
use crate::harness::{Answer, Browser, Engine, Tenant};
use crate::scim::message::user_with;

on_both_engines!(
    attributes_come_from_the_claims_that_the_mapping_names,
    groups_give_rights_and_take_them_back_at_the_next_sign_in,
    groups_never_take_what_was_given_by_hand,
    the_last_administrator_stays_one_whatever_the_groups_say,
    without_jit_only_who_is_known_comes_in,
    a_connection_meets_the_people_of_its_directory,
    people_who_are_made_belong_to_the_default_entity,
    trust_in_the_provider_reaches_as_far_as_the_domains,
);

impl Certified<'_> {
    async fn set(&self, body: &Value) {
        self.connection.patch(&self.tenant, body).await.expect(200);
    }

    async fn set_administrator(&self, id: &Value, body: &Value) -> Answer {
        let path = format!("/users/{}/admin", id.as_str().expect("an id"));
        self.tenant.call_with("PUT", &path, body).await
    }

    async fn entity_of(&self, me: &Value) -> Value {
        let path = format!("/users/{}", me["user"]["id"].as_str().expect("an id"));
        self.tenant.call("GET", &path).await.expect(200).json["entity_id"].take()
    }

    async fn refusal(&self, sub: &str, code: &str) {
        assert_refused(&self.sign_in(&Browser::new(), sub).await, code);
    }
}

/// A new entity of a tenant.
async fn add_entity(tenant: &Tenant) -> String {
    let made = tenant
        .call_with("POST", "/entities", &json!({"name": "Paris"}))
        .await;
    made.expect(201).id()
}

async fn attributes_come_from_the_claims_that_the_mapping_names(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    let mapping = json!({"attribute_mapping": {
        "user_name": "preferred_username", "display_name": ["nothing", "given_name"], "last_name": [],
    }});
    site.set(&mapping).await;
    let sub = site.person(&json!({"preferred_username": "ADA.L"})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["user"]["display_name"], "Ada");
    assert_eq!(me["user"]["email"], "ada@acme.example");
    let path = format!("/Users/{}", me["user"]["id"].as_str().expect("an id"));
    let seen = okta.get(&path).await.expect(200).json;
    assert_eq!(
        (&seen["userName"], &seen["displayName"]),
        (&json!("ADA.L"), &json!("Ada"))
    );
    assert_eq!(seen["name"], json!({"givenName": "Ada"}));
    // What the mapping names finds whom SCIM has made, by another claim than sub as well.
    site.set(&json!({"attribute_mapping": {"external_id": "preferred_username"}}))
        .await;
    let made = okta
        .post("/Users", &user_with("bob", json!({"externalId": "employee-7"})))
        .await
        .expect(201);
    let bob = json!({"email": "bob@acme.example", "preferred_username": "employee-7"});
    let (_, me) = site.signed_in(&site.person(&bob).await).await;
    assert_eq!(me["user"]["id"], made.id());
    for unusable in [
        json!({"salary": "x"}),
        json!({"email": [""]}),
        json!({"email": 5}),
    ] {
        let patched = site
            .connection
            .patch(&site.tenant, &json!({"attribute_mapping": unusable}))
            .await;
        patched.expect(422);
    }
}

async fn groups_give_rights_and_take_them_back_at_the_next_sign_in(engine: Engine) {
    let site = Certified::new(engine).await;
    let rules = json!({"group_mapping": [
        {"group": "staff", "role": "user", "sections": ["reports", "billing"]},
        {"group": "it", "admin_scope": "all"},
        {"group": "desk", "sections": ["billing"], "admin_scope": {"entities": []}},
    ]});
    site.set(&rules).await;
    let sub = site.person(&json!({"groups": ["staff", "it", "else"]})).await;
    let (browser, me) = site.signed_in(&sub).await;
    assert_eq!(me["sections"], json!({"reports": true, "billing": true}));
    assert_eq!(me["roles"], json!(["user"]));
    assert_eq!(
        (&me["administrator"], &me["scope"]),
        (&json!(true), &json!("all"))
    );
    // So that she is not the last one.
    let keeper = site
        .person(&json!({"email": "keeper@acme.example", "groups": ["it"]}))
        .await;
    site.signed_in(&keeper).await;
    site.change_person(&sub, &json!({"groups": ["desk"]})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["sections"], json!({"billing": true}));
    assert_eq!(
        (&me["administrator"], &me["scope"]),
        (&json!(true), &json!({"entities": []}))
    );
    // The session of before obeys as well, at its very next request.
    assert_eq!(
        site.me(&browser).await.expect(200).json["sections"],
        json!({"billing": true})
    );
    let listed = browser
        .get(&format!("{}{}", site.base(), site.tenant.path("/connections")))
        .await;
    assert_eq!(
        listed.answer.json["code"],
        "full_scope_required",
        "{}",
        listed.answer.text()
    );
    site.change_person(&sub, &json!({"groups": []})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!((&me["sections"], &me["roles"]), (&json!({}), &json!(["user"])));
    assert_eq!(
        (&me["administrator"], &me["scope"]),
        (&json!(false), &Value::Null)
    );
    // A claim that is not there says nothing about groups, so it takes nothing.
    site.change_person(&sub, &json!({"groups": ["staff"]})).await;
    site.signed_in(&sub).await;
    site.change_person(&sub, &json!({})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["roles"], json!(["user"]));
}

async fn groups_never_take_what_was_given_by_hand(engine: Engine) {
    let site = Certified::new(engine).await;
    site.set(&json!({"group_mapping": [{"group": "it", "sections": ["reports"], "admin_scope": "all"}]}))
        .await;
    let keeper = site
        .person(&json!({"email": "keeper@acme.example", "groups": ["it"]}))
        .await;
    site.signed_in(&keeper).await;
    let sub = site.person(&json!({"groups": ["it"]})).await;
    let (_, me) = site.signed_in(&sub).await;
    let full = json!({"administrator": true, "scope": "all"});
    site.set_administrator(&me["user"]["id"], &full).await.expect(200);
    // By hand it cannot be taken while the group gives it.
    let taken = site
        .set_administrator(&me["user"]["id"], &json!({"administrator": false}))
        .await;
    assert_eq!(taken.expect(409).json["code"], "granted_by_group");
    site.change_person(&sub, &json!({"groups": []})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["sections"], json!({}));
    assert_eq!(
        (&me["administrator"], &me["scope"]),
        (&json!(true), &json!("all"))
    );
    let taken = site
        .set_administrator(&me["user"]["id"], &json!({"administrator": false}))
        .await;
    assert_eq!(taken.expect(200).json["administrator"], false);
}

async fn the_last_administrator_stays_one_whatever_the_groups_say(engine: Engine) {
    let site = Certified::new(engine).await;
    site.set(&json!({"group_mapping": [{"group": "it", "admin_scope": "all"}]}))
        .await;
    let sub = site.person(&json!({"groups": ["it"]})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["administrator"], true);
    site.change_person(&sub, &json!({"groups": ["staff"]})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(
        (&me["administrator"], &me["scope"]),
        (&json!(true), &json!("all"))
    );
    // Once there is another, the next sign-in takes it.
    let other = site
        .person(&json!({"email": "other@acme.example", "groups": ["it"]}))
        .await;
    site.signed_in(&other).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["administrator"], false);
}

async fn without_jit_only_who_is_known_comes_in(engine: Engine) {
    let site = Certified::new(engine).await;
    let okta = site.tenant.directory("okta").await;
    site.set(&json!({"jit": {"enabled": false}})).await;
    let sub = site.person(&json!({})).await;
    site.refusal(&sub, "jit_disabled").await;
    let users = site.tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(users["items"], json!([]));
    let made = okta
        .post("/Users", &user_with("ada@acme.example", json!({})))
        .await
        .expect(201);
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["user"]["id"], made.id());
}

async fn a_connection_meets_the_people_of_its_directory(engine: Engine) {
    let site = Certified::new(engine).await;
    let (okta, entra) = (
        site.tenant.directory("okta").await,
        site.tenant.directory("entra").await,
    );
    let sub = site.person(&json!({})).await;
    let one = user_with("ada@acme.example", json!({"externalId": sub}));
    let made = okta.post("/Users", &one).await.expect(201);
    // Two directories, and nobody has said which: a name of either is no proof.
    site.refusal(&sub, "identity_conflict").await;
    site.set(&json!({"directory_id": entra.id})).await;
    site.refusal(&sub, "identity_conflict").await;
    let bob = site.person(&json!({"email": "bob@acme.example"})).await;
    let (_, me) = site.signed_in(&bob).await;
    let made_here = site
        .tenant
        .call(
            "GET",
            &format!("/users/{}", me["user"]["id"].as_str().expect("an id")),
        )
        .await;
    assert_eq!(made_here.expect(200).json["directory_id"], entra.id);
    site.set(&json!({"directory_id": okta.id})).await;
    let (_, me) = site.signed_in(&sub).await;
    assert_eq!(me["user"]["id"], made.id());
    let unknown = json!({"directory_id": "01900000-0000-7000-8000-000000000000"});
    let refused = site.connection.patch(&site.tenant, &unknown).await.expect(422);
    assert_eq!(refused.json["code"], "unknown_directory");
    // Another tenant's is as unknown.
    let foreign = engine.gateway().await.tenant().await.directory("okta").await;
    let foreign = site
        .connection
        .patch(&site.tenant, &json!({"directory_id": foreign.id}))
        .await;
    assert_eq!(foreign.expect(422).json["code"], "unknown_directory");
}

async fn people_who_are_made_belong_to_the_default_entity(engine: Engine) {
    let site = Certified::new(engine).await;
    let entity = add_entity(&site.tenant).await;
    site.set(&json!({"jit": {"default_entity_id": entity}})).await;
    let shown = site.connection.patch(&site.tenant, &json!({})).await.expect(200);
    assert_eq!(
        shown.json["jit"],
        json!({"enabled": true, "default_entity_id": entity})
    );
    let (_, me) = site.signed_in(&site.person(&json!({})).await).await;
    assert_eq!(site.entity_of(&me).await, entity.as_str());
    site.set(&json!({"jit": {"default_entity_id": null}})).await;
    let bob = site.person(&json!({"email": "bob@acme.example"})).await;
    let (_, me) = site.signed_in(&bob).await;
    assert_eq!(site.entity_of(&me).await, Value::Null);
    let foreign = add_entity(&engine.gateway().await.tenant().await).await;
    let foreign = json!({"jit": {"default_entity_id": foreign}});
    let refused = site.connection.patch(&site.tenant, &foreign).await.expect(422);
    assert_eq!(refused.json["code"], "unknown_entity");
}

async fn trust_in_the_provider_reaches_as_far_as_the_domains(engine: Engine) {
    let site = Certified::new(engine).await;
    let silent = json!({"email_verified": null});
    let sub = site.person(&silent).await;
    site.refusal(&sub, "email_not_verified").await;
    let spoken = site
        .person(&json!({"email_verified": "true", "email": "bob@acme.example"}))
        .await;
    site.refusal(&spoken, "email_not_verified").await;
    site.set(&json!({"trust_email": true})).await;
    site.signed_in(&sub).await;
    let outside = site
        .person(&json!({"email": "ada@elsewhere.example", "email_verified": null}))
        .await;
    site.refusal(&outside, "email_not_verified").await;
    let outside = site.person(&json!({"email": "ada@elsewhere.example"})).await;
    site.refusal(&outside, "email_outside_domains").await;
    let nobody = site.person(&json!({"email": null})).await;
    site.refusal(&nobody, "email_missing").await;
    let shared = site.person(&json!({"email": "support@acme.example"})).await;
    site.refusal(&shared, "departmental_mailbox").await;
}
