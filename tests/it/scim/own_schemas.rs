//! Schemas that a directory brings itself: what of them identity providers meet, and what their data allows.
//!
//! What a document may say is tested beside its reader, in `scim::schema::document`.

use futures_util::future::join_all;
use rollcall::provisioning::{self, Command, Precondition, ResourceKind, Service, Write};
use serde_json::{Value, json};

use super::message::{
    ENTERPRISE, GROUP, USER, assert_refused, create_user, found, group, patch, patch_one, user, user_with,
};
use crate::admin::problem::{assert_invalid_fields, assert_problem};
use crate::harness::{Answer, Directory, Engine, Gateway, Tenant};
use crate::storage::fixture::{Place, origin, provisioning_on};

on_both_engines!(
    a_registered_schema_is_listed_served_and_in_the_audit,
    a_document_that_is_not_accepted_is_refused_by_its_place,
    a_urn_that_is_known_or_reads_like_a_path_is_refused,
    there_is_an_end_to_schemas_of_a_directory,
    bodies_are_held_to_an_own_schema,
    a_bulk_request_is_held_to_an_own_schema,
    a_patch_reaches_own_attributes_in_every_form,
    a_patch_leaves_no_data_that_is_not_whole,
    own_attributes_are_searched_and_sorted_by,
    what_is_returned_on_request_is_not_in_the_usual_answer,
    a_group_has_own_attributes_and_keeps_immutable_ones,
    a_required_schema_is_asked_of_everybody,
    a_schema_goes_when_its_data_is_gone,
    data_of_deleted_people_counts,
    a_version_that_the_data_may_not_fit_is_refused,
    another_directory_does_not_know_the_schema,
    a_write_judged_by_other_schemas_is_refused,
    nothing_of_a_removed_schema_is_left_behind_by_racing_writes,
);

const BADGE: &str = "urn:acme:params:badge:1.0:User";

fn badge() -> Value {
    json!({
        "id": BADGE, "name": "Badge", "description": "The badge that opens doors.",
        "attributes": [
            {"name": "number", "type": "integer", "required": true},
            {"name": "colour", "canonicalValues": ["red", "blue"]},
            {"name": "issued", "type": "dateTime"},
            {"name": "serial", "mutability": "immutable", "caseExact": true},
            {"name": "doors", "multiValued": true},
            {"name": "prints", "type": "integer", "mutability": "readOnly"},
            {"name": "title"},
            {"name": "department"},
            {"name": "site", "type": "complex", "subAttributes": [
                {"name": "value"}, {"name": "floor", "type": "integer"}]},
            {"name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "required": true}, {"name": "type"}, {"name": "primary", "type": "boolean"}]},
        ],
    })
}

/// A badge schema with one optional attribute and nothing else.
fn note() -> Value {
    json!({"id": BADGE, "attributes": [{"name": "note"}]})
}

async fn new_directory(engine: Engine) -> (Tenant, Directory) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    (tenant, directory)
}

fn address(directory: &Directory) -> String {
    format!("/directories/{}/schemas", directory.id)
}

fn address_of(directory: &Directory, urn: &str) -> String {
    format!("{}/{}", address(directory), urn.replace(':', "%3A"))
}

async fn register(tenant: &Tenant, directory: &Directory, schema: &Value) -> Answer {
    let body = json!({"schema": schema});
    tenant.call_with("POST", &address(directory), &body).await
}

/// A directory that knows a schema.
async fn with_schema(engine: Engine, schema: &Value) -> (Tenant, Directory) {
    let (tenant, directory) = new_directory(engine).await;
    register(&tenant, &directory, schema).await.expect(201);
    (tenant, directory)
}

/// A person with data of the schema.
fn badged(user_name: &str, data: Value) -> Value {
    let mut body = user_with(user_name, json!({"schemas": [USER, BADGE]}));
    body[BADGE] = data;
    body
}

async fn create_badged(directory: &Directory, user_name: &str, data: Value) -> String {
    directory
        .post("/Users", &badged(user_name, data))
        .await
        .expect(201)
        .id()
}

async fn badge_of(directory: &Directory, id: &str) -> Value {
    directory.get(&format!("/Users/{id}")).await.expect(200).json[BADGE].clone()
}

async fn a_registered_schema_is_listed_served_and_in_the_audit(engine: Engine) {
    let (tenant, directory) = new_directory(engine).await;
    let made = register(&tenant, &directory, &badge()).await.expect(201).json;
    assert_eq!(
        (&made["urn"], &made["resource_type"], &made["required"]),
        (&json!(BADGE), &json!("User"), &json!(false))
    );
    assert_eq!(made["schema"]["id"], BADGE);
    assert_eq!(
        made["schema"]["attributes"][1]["mutability"], "readWrite",
        "what was left out is there"
    );
    for urn in [BADGE.to_owned(), BADGE.to_uppercase()] {
        let read = tenant
            .call("GET", &address_of(&directory, &urn))
            .await
            .expect(200);
        assert_eq!(read.json, made);
    }
    let list = tenant.call("GET", &address(&directory)).await.expect(200);
    assert_eq!(list.json, json!({"items": [made]}));
    // What was shown is a document that is accepted.
    let same = json!({"schema": made["schema"]});
    let again = tenant
        .call_with("PUT", &address_of(&directory, BADGE), &same)
        .await
        .expect(200);
    assert_eq!(again.json, made);

    let schemas = directory.get("/Schemas").await.expect(200).json;
    assert_eq!(schemas["totalResults"], 4);
    let served = directory.get(&format!("/Schemas/{BADGE}")).await.expect(200).json;
    assert_eq!(schemas["Resources"][3], served);
    assert_eq!(
        served["meta"]["location"],
        format!("{}/Schemas/{BADGE}", directory.base)
    );
    assert_eq!(served["attributes"], made["schema"]["attributes"]);
    let user_type = directory.get("/ResourceTypes/User").await.expect(200).json;
    let extensions = json!([{"schema": ENTERPRISE, "required": false}, {"schema": BADGE, "required": false}]);
    assert_eq!(user_type["schemaExtensions"], extensions);
    let group_type = directory.get("/ResourceTypes/Group").await.expect(200).json;
    assert_eq!(group_type["schemaExtensions"], json!([]));

    tenant
        .call("DELETE", &address_of(&directory, BADGE))
        .await
        .expect(204);
    tenant
        .call("GET", &address_of(&directory, BADGE))
        .await
        .expect(404);
    tenant
        .call("DELETE", &address_of(&directory, BADGE))
        .await
        .expect(404);
    assert_refused(
        &directory.get(&format!("/Schemas/{BADGE}")).await,
        404,
        "",
        "not found",
    );
    let audit = tenant.call("GET", "/audit").await.expect(200).json;
    let rows: Vec<&Value> = audit["items"].as_array().expect("items").iter().collect();
    let of = |action: &str| -> Vec<&&Value> { rows.iter().filter(|row| row["action"] == action).collect() };
    let (registered, removed) = (of("directory.schema_registered"), of("directory.schema_removed"));
    assert_eq!(
        (
            registered.len(),
            of("directory.schema_updated").len(),
            removed.len()
        ),
        (1, 0, 1)
    );
    assert_eq!(
        registered[0]["target"],
        json!({"kind": "directory", "id": directory.id})
    );
    assert_eq!(registered[0]["after"]["schema"], made["schema"]);
    assert_eq!(removed[0]["before"], registered[0]["after"]);
}

async fn a_document_that_is_not_accepted_is_refused_by_its_place(engine: Engine) {
    let (tenant, directory) = new_directory(engine).await;
    for (body, fields) in [
        (
            json!({"schema": {"id": "acme", "attributes": []}}),
            vec!["schema.id", "schema.attributes"],
        ),
        (
            json!({"schema": {"id": BADGE, "attributes": [
                {"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "text"}]},
                {"name": "c", "uniqueness": "somewhere"}]}}),
            vec![
                "schema.attributes[0].subAttributes[0].type",
                "schema.attributes[1].uniqueness",
            ],
        ),
        (
            json!({"schema": {"id": BADGE, "attributes": [{"name": "a", "uniqueness": "server"},
                {"name": "b", "mutability": "writeOnly"}]}}),
            vec![
                "schema.attributes[0].uniqueness",
                "schema.attributes[1].mutability",
            ],
        ),
        (
            json!({"schema": []}),
            vec!["schema", "schema.id", "schema.attributes"],
        ),
        (
            json!({"schema": note(), "resource_type": "Device"}),
            vec!["resource_type"],
        ),
    ] {
        let answer = tenant.call_with("POST", &address(&directory), &body).await;
        assert_invalid_fields(&answer, &fields);
    }
    for (text, naming) in [
        (
            format!("{{\"schema\": {{\"id\": \"{BADGE}\", \"id\": \"{BADGE}\"}}}}"),
            "schema",
        ),
        (
            format!(
                "{{\"schema\": {{\"id\": \"{BADGE}\", \"name\": \"{}\"}}}}",
                "x".repeat(65_536)
            ),
            "65536",
        ),
    ] {
        let call = tenant.operator("POST", &address(&directory));
        let answer = call.bytes("application/json", text).send().await;
        assert_problem(&answer, 422, "invalid", naming);
        assert_eq!(answer.json["errors"][0]["field"], "schema");
    }
    let list = tenant.call("GET", &address(&directory)).await.expect(200);
    assert_eq!(list.json["items"], json!([]));
    // Nothing of it has changed what the directory is.
    directory
        .post("/Users", &badged("ada", json!({"number": "x"})))
        .await
        .expect(201);
}

async fn a_urn_that_is_known_or_reads_like_a_path_is_refused(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &badge()).await;
    let named = |id: &str| json!({"id": id, "attributes": [{"name": "a"}]});
    for urn in [
        USER,
        GROUP,
        &ENTERPRISE.to_uppercase(),
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
        &BADGE.to_uppercase(),
    ] {
        assert_problem(
            &register(&tenant, &directory, &named(urn)).await,
            409,
            "schema_urn_in_use",
            urn,
        );
    }
    for urn in [
        format!("{BADGE}:number"),
        format!("{BADGE}:site.floor"),
        format!("{ENTERPRISE}:Manager"),
    ] {
        let answer = register(&tenant, &directory, &named(&urn)).await;
        assert_problem(&answer, 409, "schema_urn_ambiguous", &urn);
    }
    // The other way about: an attribute that reads like a schema that is there.
    register(&tenant, &directory, &named(&format!("{BADGE}:more")))
        .await
        .expect(201);
    let mut more = badge();
    more["attributes"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "More"}));
    let body = json!({"schema": more});
    let answer = tenant
        .call_with("PUT", &address_of(&directory, BADGE), &body)
        .await;
    assert_problem(&answer, 409, "schema_urn_ambiguous", BADGE);
    // A URN that begins with another's is no path into it.
    let id = create_user(&directory, "ada").await;
    let qualified = patch_one("add", &format!("{BADGE}:more:a"), json!("x"));
    let after = directory
        .patch(&format!("/Users/{id}"), &qualified)
        .await
        .expect(200)
        .json;
    assert_eq!(after[format!("{BADGE}:more")], json!({"a": "x"}));
}

async fn there_is_an_end_to_schemas_of_a_directory(engine: Engine) {
    let (tenant, directory) = new_directory(engine).await;
    let nth = |n: usize| json!({"id": format!("urn:acme:s{n}"), "attributes": [{"name": "a"}]});
    for n in 0..20 {
        register(&tenant, &directory, &nth(n)).await.expect(201);
    }
    let answer = register(&tenant, &directory, &nth(20)).await;
    assert_problem(&answer, 409, "too_many_schemas", "20");
    tenant
        .call("DELETE", &address_of(&directory, "urn:acme:s7"))
        .await
        .expect(204);
    register(&tenant, &directory, &nth(20)).await.expect(201);
    // A bare name is the attribute of the schema that was first.
    let id = directory
        .post("/Users", &user_with("ada", json!({"a": "x"})))
        .await
        .expect(201)
        .id();
    let read = directory.get(&format!("/Users/{id}")).await.expect(200).json;
    assert_eq!(read["urn:acme:s0"], json!({"a": "x"}));
    assert_eq!(read["schemas"], json!([USER, "urn:acme:s0"]));
}

async fn bodies_are_held_to_an_own_schema(engine: Engine) {
    let (_, directory) = with_schema(engine, &badge()).await;
    let data = json!({"NUMBER": 7, "colour": "green", "issued": "2030-01-31T08:00:00Z", "serial": "s", "doors": ["a", "a", "b"],
        "prints": 9, "unknown": 1, "title": "Keeper", "site": {"value": "HQ", "floor": 3}, "keys": [{"value": "k", "primary": "True"}]});
    let made = directory.post("/Users", &badged("ada", data)).await.expect(201);
    let kept = json!({"number": 7, "colour": "green", "issued": "2030-01-31T08:00:00Z", "serial": "s", "doors": ["a", "b"],
        "title": "Keeper", "site": {"value": "HQ", "floor": 3}, "keys": [{"value": "k", "primary": true}]});
    assert_eq!(
        made.json[BADGE], kept,
        "as sent, but for what is readOnly or unknown"
    );
    assert_eq!(made.json["schemas"], json!([USER, BADGE]));
    assert!(
        made.json.get("title").is_none(),
        "a name of the core schema is another attribute"
    );
    assert_eq!(badge_of(&directory, &made.id()).await, kept);
    let plain = directory.post("/Users", &user("bob")).await.expect(201);
    assert_eq!(plain.json["schemas"], json!([USER]));

    let one = format!("/Users/{}", made.id());
    for (data, naming) in [
        (json!({"number": "7"}), "number"),
        (json!({"number": 7.5}), "number|whole"),
        (json!({"number": 7, "issued": "yesterday"}), "issued|dateTime"),
        (json!({"number": 7, "site": "HQ", "doors": [{}]}), "doors"),
        (json!({"number": 7, "site": {"floor": "3"}}), "site.floor"),
        (
            json!({"number": 7, "keys": [{"type": "x"}]}),
            "keys[0].value|required",
        ),
        (
            json!({"number": 7, "keys": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
            "keys|primary",
        ),
        (json!({"colour": "red"}), "number|required"),
        (json!("red"), "object"),
    ] {
        let body = badged("cy", data);
        assert_refused(
            &directory.post("/Users", &body).await,
            400,
            "invalidValue",
            &format!("{BADGE}|{naming}"),
        );
        let answer = directory.put(&one, &body).await;
        assert_refused(&answer, 400, "invalidValue", naming);
    }
    // A PUT without the data takes it away, but for what is immutable.
    assert_refused(
        &directory.put(&one, &user("ada")).await,
        400,
        "mutability",
        "serial",
    );
    let other = directory
        .post("/Users", &badged("dan", json!({"number": 1})))
        .await
        .expect(201)
        .id();
    let put = directory
        .put(&format!("/Users/{other}"), &user("dan"))
        .await
        .expect(200);
    assert!(put.json.get(BADGE).is_none());
    assert_eq!(put.json["schemas"], json!([USER]));
}

async fn a_bulk_request_is_held_to_an_own_schema(engine: Engine) {
    let (_, directory) = with_schema(engine, &badge()).await;
    let post = |name: &str, data: Value| {
        let mut operation = json!({"method": "POST", "path": "/Users", "bulkId": name});
        operation["data"] = badged(name, data);
        operation
    };
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]});
    body["Operations"] = Value::Array(vec![
        post("ada", json!({"number": 1})),
        post("bob", json!({"number": "1"})),
    ]);
    let answer = directory.post("/Bulk", &body).await.expect(200).json;
    let results = answer["Operations"].as_array().expect("Operations");
    assert_eq!(
        (&results[0]["status"], &results[1]["status"]),
        (&json!("201"), &json!("400"))
    );
    assert_refused_for(&results[1]["response"], &format!("{BADGE}:number"));
    let numbered = format!("{BADGE}:number eq 1");
    assert_eq!(found(&directory, "/Users", &numbered, "userName").await, ["ada"]);
}

#[track_caller]
fn assert_refused_for(error: &Value, naming: &str) {
    assert_eq!(error["scimType"], "invalidValue", "{error}");
    let detail = error["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(naming), "{error}");
}

async fn a_patch_reaches_own_attributes_in_every_form(engine: Engine) {
    let (_, directory) = with_schema(engine, &badge()).await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    let send = async |operations: Value| directory.patch(&one, &patch(operations)).await;
    // As Entra ID sends them: qualified paths, qualified keys without a path, the object under its URN.
    send(
        json!([{"op": "Add", "path": format!("{BADGE}:number"), "value": 1},
        {"op": "Replace", "path": format!("{BADGE}:site.floor"), "value": 2},
        {"op": "Replace", "value": {format!("{BADGE}:colour"): "red", "displayName": "Ada"}}]),
    )
    .await
    .expect(200);
    assert_eq!(
        badge_of(&directory, &id).await,
        json!({"number": 1, "site": {"floor": 2}, "colour": "red"})
    );
    send(
        json!([{"op": "add", "value": {BADGE: {"doors": ["a"], "keys": [{"value": "k", "type": "x"}]}}},
        {"op": "add", "path": BADGE.to_uppercase(), "value": {"DOORS": ["b"]}},
        {"op": "replace", "path": format!("{BADGE}:keys[value eq \"k\"].type"), "value": "y"},
        {"op": "remove", "path": format!("{BADGE}:colour")}]),
    )
    .await
    .expect(200);
    assert_eq!(
        badge_of(&directory, &id).await,
        json!({"number": 1, "site": {"floor": 2}, "doors": ["a", "b"], "keys": [{"value": "k", "type": "y"}]})
    );
    // A bare name is an own attribute where no earlier schema has it, and theirs where one has.
    send(
        json!([{"op": "replace", "path": "issued", "value": "2030-01-31T08:00:00Z"},
        {"op": "add", "path": "department", "value": "IT"}, {"op": "add", "path": "title", "value": "Dr"}]),
    )
    .await
    .expect(200);
    let read = directory.get(&one).await.expect(200).json;
    assert_eq!(read[BADGE]["issued"], "2030-01-31T08:00:00Z");
    assert_eq!(
        (&read[ENTERPRISE]["department"], &read["title"]),
        (&json!("IT"), &json!("Dr"))
    );
    assert_eq!(read["schemas"], json!([USER, ENTERPRISE, BADGE]));

    for (operation, scim_type, naming) in [
        (
            json!({"op": "add", "path": format!("{BADGE}:number"), "value": "1"}),
            "invalidValue",
            "number",
        ),
        (
            json!({"op": "add", "path": format!("{BADGE}:nothing"), "value": "1"}),
            "invalidPath",
            "nothing",
        ),
        (
            json!({"op": "add", "path": format!("{BADGE}:prints"), "value": 1}),
            "mutability",
            "prints",
        ),
        (
            json!({"op": "remove", "path": format!("{BADGE}:number")}),
            "mutability",
            "number",
        ),
        (
            json!({"op": "add", "value": {BADGE: {"nothing": 1}}}),
            "invalidPath",
            "nothing",
        ),
        (
            json!({"op": "add", "path": "urn:acme:other:a", "value": 1}),
            "invalidPath",
            "urn:acme:other",
        ),
    ] {
        assert_refused(&send(json!([operation])).await, 400, scim_type, naming);
    }
    let kept = directory.get(&one).await.expect(200).json;
    assert_eq!(kept, read, "nothing of a refused PATCH is done");
    send(json!([{"op": "remove", "path": BADGE}])).await.expect(200);
    let read = directory.get(&one).await.expect(200).json;
    assert!(read.get(BADGE).is_none());
    assert_eq!(read["schemas"], json!([USER, ENTERPRISE]));
}

async fn a_patch_leaves_no_data_that_is_not_whole(engine: Engine) {
    let (_, directory) = with_schema(engine, &badge()).await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    let colour = patch_one("add", &format!("{BADGE}:colour"), json!("red"));
    assert_refused(
        &directory.patch(&one, &colour).await,
        400,
        "invalidValue",
        &format!("{BADGE}:number|required"),
    );
    assert_eq!(badge_of(&directory, &id).await, Value::Null);
    let both = patch(
        json!([{"op": "add", "path": format!("{BADGE}:colour"), "value": "red"},
        {"op": "add", "path": format!("{BADGE}:number"), "value": 1}]),
    );
    directory.patch(&one, &both).await.expect(200);
    assert_eq!(
        badge_of(&directory, &id).await,
        json!({"colour": "red", "number": 1})
    );
}

async fn own_attributes_are_searched_and_sorted_by(engine: Engine) {
    let (_, directory) = with_schema(engine, &badge()).await;
    for (name, data) in [
        (
            "ada",
            json!({"number": 3, "colour": "Red", "serial": "S", "doors": ["a", "b"]}),
        ),
        (
            "bob",
            json!({"number": 20, "colour": "blue", "issued": "2030-01-31T08:00:00Z", "site": {"value": "HQ"}}),
        ),
        (
            "cy",
            json!({"number": 1, "keys": [{"value": "k", "type": "x"}, {"value": "l", "type": "y"}]}),
        ),
    ] {
        create_badged(&directory, name, data).await;
    }
    create_user(&directory, "dan").await;
    for (filter, names) in [
        (format!("{BADGE}:number gt 2"), vec!["ada", "bob"]),
        (format!("{BADGE}:colour eq \"RED\""), vec!["ada"]),
        (format!("{BADGE}:serial eq \"s\""), vec![]),
        (format!("{BADGE}:serial eq \"S\""), vec!["ada"]),
        (
            format!("{BADGE}:doors eq \"b\" and userName sw \"a\""),
            vec!["ada"],
        ),
        (
            format!("{BADGE}:issued lt \"2030-01-31T09:00:00+00:00\""),
            vec!["bob"],
        ),
        (format!("{BADGE}:site eq \"hq\""), vec!["bob"]),
        (
            format!("{BADGE}:keys[value eq \"k\" and type eq \"x\"]"),
            vec!["cy"],
        ),
        (format!("{BADGE}:keys[value eq \"k\" and type eq \"y\"]"), vec![]),
        (format!("not ({BADGE}:number pr)"), vec!["dan"]),
        (format!("schemas eq \"{BADGE}\""), vec!["ada", "bob", "cy"]),
        ("number eq 20".to_owned(), vec!["bob"]),
        ("serial pr or userName eq \"dan\"".to_owned(), vec!["ada", "dan"]),
    ] {
        assert_eq!(
            found(&directory, "/Users", &filter, "userName").await,
            names,
            "{filter}"
        );
    }
    for (filter, naming) in [
        (format!("{BADGE}:number co \"2\""), "number"),
        (format!("{BADGE}:number eq \"2\""), "number"),
        (format!("{BADGE}:nothing pr"), "nothing"),
        (format!("{BADGE} pr"), BADGE),
    ] {
        let answer = directory.list("/Users", &[("filter", &filter)]).await;
        assert_refused(&answer, 400, "invalidFilter", naming);
    }
    let sorted = async |order: &str| {
        let by = format!("{BADGE}:number");
        let answer = directory
            .list("/Users", &[("sortBy", &by), ("sortOrder", order)])
            .await
            .expect(200);
        let resources = answer.json["Resources"].as_array().expect("Resources").clone();
        resources
            .iter()
            .map(|one| one["userName"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(sorted("ascending").await, ["cy", "ada", "bob", "dan"]);
    assert_eq!(sorted("descending").await, ["dan", "bob", "ada", "cy"]);
}

async fn what_is_returned_on_request_is_not_in_the_usual_answer(engine: Engine) {
    let schema = json!({"id": BADGE, "attributes": [
        {"name": "shown"},
        {"name": "asked", "returned": "request"},
        {"name": "always", "returned": "always"},
        {"name": "site", "type": "complex", "subAttributes": [
            {"name": "floor"}, {"name": "note", "returned": "request"}]},
    ]});
    let (_, directory) = with_schema(engine, &schema).await;
    let data = json!({"shown": "s", "asked": "a", "always": "w",
        "site": {"floor": "f", "note": "n"}});
    let made = directory.post("/Users", &badged("ada", data)).await.expect(201);
    let usual = json!({"shown": "s", "always": "w", "site": {"floor": "f"}});
    assert_eq!(made.json[BADGE], usual);
    let one = format!("/Users/{}", made.id());
    assert_eq!(directory.get(&one).await.expect(200).json[BADGE], usual);
    let list = directory.get("/Users").await.expect(200);
    assert_eq!(list.json["Resources"][0][BADGE], usual);
    let patched = directory
        .patch(&one, &patch_one("replace", "nickName", json!("A")))
        .await
        .expect(200);
    assert_eq!(
        (&patched.json[BADGE], &patched.json["nickName"]),
        (&usual, &json!("A"))
    );
    let asked =
        async |query: &str| directory.get(&format!("{one}?{query}")).await.expect(200).json[BADGE].clone();
    let names = format!("attributes={BADGE}:asked,{BADGE}:site.note");
    assert_eq!(
        asked(&names).await,
        json!({"asked": "a", "always": "w", "site": {"note": "n"}})
    );
    assert_eq!(asked(&format!("attributes={BADGE}")).await, usual);
    assert_eq!(asked("attributes=userName").await, json!({"always": "w"}));
    assert_eq!(
        asked(&format!("excludedAttributes={BADGE}")).await,
        json!({"always": "w"})
    );
    assert_eq!(
        asked(&format!("excludedAttributes={BADGE}:shown")).await,
        json!({"always": "w", "site": {"floor": "f"}})
    );
    // It is kept all the same.
    assert_eq!(
        found(
            &directory,
            "/Users",
            &format!("{BADGE}:asked eq \"a\""),
            "userName"
        )
        .await,
        ["ada"]
    );
}

async fn a_group_has_own_attributes_and_keeps_immutable_ones(engine: Engine) {
    let (tenant, directory) = new_directory(engine).await;
    let schema = json!({"id": "urn:acme:team", "attributes": [{"name": "code", "mutability": "immutable"},
        {"name": "members"}, {"name": "secret", "returned": "request"}]});
    let body = json!({"resource_type": "Group", "schema": schema});
    let made = tenant
        .call_with("POST", &address(&directory), &body)
        .await
        .expect(201);
    assert_eq!(made.json["resource_type"], "Group");
    let person = create_user(&directory, "ada").await;
    let with_code = |code: &str| {
        let mut body = group("team", &[&person]);
        body["urn:acme:team"] = json!({"code": code, "members": "many", "secret": "s"});
        body
    };
    let made = directory.post("/Groups", &with_code("c")).await.expect(201);
    assert_eq!(
        made.json["urn:acme:team"],
        json!({"code": "c", "members": "many"})
    );
    assert_eq!(made.json["members"][0]["value"], person, "the members are others");
    let one = format!("/Groups/{}", made.id());
    assert_refused(
        &directory.put(&one, &with_code("d")).await,
        400,
        "mutability",
        "code",
    );
    assert_refused(
        &directory.put(&one, &group("team", &[])).await,
        400,
        "mutability",
        "code",
    );
    directory.put(&one, &with_code("c")).await.expect(200);
    let own = patch_one("replace", "urn:acme:team:members", json!("few"));
    directory.patch(&one, &own).await.expect(200);
    let add = patch_one("remove", "members", json!([{"value": person}]));
    directory.patch(&one, &add).await.expect(204);
    let read = directory.get(&one).await.expect(200).json;
    assert_eq!(read["urn:acme:team"], json!({"code": "c", "members": "few"}));
    assert!(read.get("members").is_none());
    assert_eq!(
        found(
            &directory,
            "/Groups",
            "urn:acme:team:members eq \"few\"",
            "displayName"
        )
        .await,
        ["team"]
    );
    let answer = tenant
        .call("DELETE", &address_of(&directory, "urn:acme:team"))
        .await;
    assert_problem(&answer, 409, "schema_in_use", "1 resources");
    directory.delete(&one).await.expect(204);
    tenant
        .call("DELETE", &address_of(&directory, "urn:acme:team"))
        .await
        .expect(204);
}

async fn a_required_schema_is_asked_of_everybody(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &note()).await;
    let id = create_user(&directory, "ada").await;
    let one = format!("/Users/{id}");
    let require = async || {
        let body = json!({"required": true, "schema": note()});
        tenant
            .call_with("PUT", &address_of(&directory, BADGE), &body)
            .await
    };
    assert_problem(
        &require().await,
        409,
        "schema_data_missing",
        "1 resources of type User",
    );
    directory
        .patch(&one, &patch_one("add", BADGE, json!({"note": "n"})))
        .await
        .expect(200);
    assert_eq!(require().await.expect(200).json["required"], true);
    let extensions = directory.get("/ResourceTypes/User").await.expect(200).json["schemaExtensions"].clone();
    assert_eq!(extensions[1], json!({"schema": BADGE, "required": true}));
    assert_refused(
        &directory.post("/Users", &user("bob")).await,
        400,
        "invalidValue",
        &format!("{BADGE}|required"),
    );
    assert_refused(
        &directory.put(&one, &user("ada")).await,
        400,
        "invalidValue",
        &format!("{BADGE}|required"),
    );
    for path in [BADGE.to_owned(), format!("{BADGE}:note")] {
        let remove = patch(json!([{"op": "remove", "path": path}]));
        assert_refused(
            &directory.patch(&one, &remove).await,
            400,
            "mutability",
            &format!("{BADGE}|required"),
        );
    }
    create_badged(&directory, "bob", json!({"note": "b"})).await;
    // Groups are another resource type.
    directory.post("/Groups", &group("all", &[&id])).await.expect(201);
    // A new one can be required only where nobody is.
    let more = json!({"required": true, "schema": {"id": "urn:acme:more", "attributes": [{"name": "a"}]}});
    let answer = tenant.call_with("POST", &address(&directory), &more).await;
    assert_problem(&answer, 409, "schema_data_missing", "2 resources of type User");
    let empty = tenant.directory("generic").await;
    tenant
        .call_with("POST", &address(&empty), &more)
        .await
        .expect(201);
    assert_refused(
        &empty.post("/Users", &user("eve")).await,
        400,
        "invalidValue",
        "urn:acme:more|required",
    );
}

async fn a_schema_goes_when_its_data_is_gone(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &note()).await;
    let id = create_badged(&directory, "ada", json!({"note": "n"})).await;
    // A text that looks like the data is none, nor is data of a URN that begins like this one.
    let text = format!("\"{BADGE}\":{{\"note\":\"n\"}}");
    create_badged(&directory, "bob", json!({"note": text})).await;
    let remove = async || tenant.call("DELETE", &address_of(&directory, BADGE)).await;
    assert_problem(&remove().await, 409, "schema_in_use", "2 resources");
    directory.get(&format!("/Schemas/{BADGE}")).await.expect(200);
    let take = patch(json!([{"op": "remove", "path": BADGE}]));
    directory.patch(&format!("/Users/{id}"), &take).await.expect(200);
    assert_problem(&remove().await, 409, "schema_in_use", "1 resources");
    let bob = found(&directory, "/Users", &format!("{BADGE}:note pr"), "id").await;
    directory
        .put(
            &format!("/Users/{}", bob[0]),
            &user_with("bob", json!({"nickName": text})),
        )
        .await
        .expect(200);
    remove().await.expect(204);
    // From the next request on it is not known.
    let body = badged("cy", json!({"note": "n"}));
    let made = directory.post("/Users", &body).await.expect(201);
    assert_eq!(
        (&made.json["schemas"], made.json.get(BADGE)),
        (&json!([USER]), None)
    );
    let answer = directory
        .list("/Users", &[("filter", &format!("{BADGE}:note pr"))])
        .await;
    assert_refused(&answer, 400, "invalidFilter", BADGE);
    // And it may come back as something else.
    let other = json!({"id": BADGE, "attributes": [{"name": "note", "type": "integer"}]});
    register(&tenant, &directory, &other).await.expect(201);
    assert!(
        found(&directory, "/Users", &format!("{BADGE}:note pr"), "id")
            .await
            .is_empty()
    );
    create_badged(&directory, "dan", json!({"note": 1})).await;
}

async fn data_of_deleted_people_counts(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &note()).await;
    let id = create_badged(&directory, "ada", json!({"note": "n"})).await;
    directory.delete(&format!("/Users/{id}")).await.expect(204);
    let remove = async || tenant.call("DELETE", &address_of(&directory, BADGE)).await;
    assert_problem(&remove().await, 409, "schema_in_use", "restore");
    tenant
        .call("POST", &format!("/users/{id}/restore"))
        .await
        .expect(200);
    assert_eq!(badge_of(&directory, &id).await, json!({"note": "n"}));
    let take = patch(json!([{"op": "remove", "path": BADGE}]));
    directory.patch(&format!("/Users/{id}"), &take).await.expect(200);
    remove().await.expect(204);
}

async fn a_version_that_the_data_may_not_fit_is_refused(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &note()).await;
    let put = async |schema: &Value| {
        let body = json!({"schema": schema});
        tenant
            .call_with("PUT", &address_of(&directory, BADGE), &body)
            .await
    };
    let of = |attributes: Value| json!({"id": BADGE, "attributes": attributes});
    let listed = of(json!([{"name": "note", "multiValued": true}]));
    // Without data it may become anything but another schema.
    put(&listed).await.expect(200);
    put(&note()).await.expect(200);
    let other = json!({"id": BADGE.to_uppercase(), "attributes": [{"name": "note"}]});
    assert_invalid_fields(&put(&other).await, &["schema.id"]);
    let group = json!({"resource_type": "Group", "schema": note()});
    let answer = tenant
        .call_with("PUT", &address_of(&directory, BADGE), &group)
        .await;
    assert_invalid_fields(&answer, &["resource_type"]);

    let id = create_badged(&directory, "ada", json!({"note": "n"})).await;
    for wrong in [
        listed,
        of(json!([{"name": "text"}])),
        of(json!([{"name": "note"}, {"name": "b", "required": true}])),
    ] {
        assert_problem(&put(&wrong).await, 409, "schema_in_use", "1 resources");
    }
    assert_eq!(badge_of(&directory, &id).await, json!({"note": "n"}));
    let more = json!({"id": BADGE, "name": "Badge", "attributes": [
        {"name": "colour"}, {"name": "note", "description": "A note", "canonicalValues": ["n"]}]});
    let after = put(&more).await.expect(200).json;
    assert_eq!(after["schema"]["name"], "Badge");
    let colour = patch_one("add", &format!("{BADGE}:colour"), json!("red"));
    let read = directory
        .patch(&format!("/Users/{id}"), &colour)
        .await
        .expect(200)
        .json;
    assert_eq!(read[BADGE], json!({"note": "n", "colour": "red"}));
    let audit = tenant.call("GET", "/audit").await.expect(200).json;
    let updates = audit["items"].as_array().expect("items").iter();
    let updates: Vec<_> = updates
        .filter(|row| row["action"] == "directory.schema_updated")
        .collect();
    assert_eq!(updates.len(), 3);
    assert_eq!(updates[2]["after"]["schema"], after["schema"]);
}

async fn another_directory_does_not_know_the_schema(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &badge()).await;
    let other = tenant.directory("generic").await;
    assert_refused(
        &other.get(&format!("/Schemas/{BADGE}")).await,
        404,
        "",
        "not found",
    );
    assert_eq!(other.get("/Schemas").await.expect(200).json["totalResults"], 3);
    let made = other
        .post("/Users", &badged("ada", json!({"number": "no number"})))
        .await
        .expect(201);
    assert_eq!(
        (&made.json["schemas"], made.json.get(BADGE)),
        (&json!([USER]), None)
    );
    let answer = other
        .list("/Users", &[("filter", &format!("{BADGE}:number pr"))])
        .await;
    assert_refused(&answer, 400, "invalidFilter", BADGE);
    let add = patch_one("add", &format!("{BADGE}:number"), json!(1));
    assert_refused(
        &other.patch(&format!("/Users/{}", made.id()), &add).await,
        400,
        "invalidPath",
        BADGE,
    );
    for method in ["GET", "DELETE"] {
        let answer = tenant.call(method, &address_of(&other, BADGE)).await;
        assert_problem(&answer, 404, "not_found", "schema not found");
    }
    // Its own of the same URN is another schema, and neither's data holds the other's.
    register(&tenant, &other, &note()).await.expect(201);
    create_badged(&other, "bob", json!({"note": "n"})).await;
    tenant
        .call("DELETE", &address_of(&directory, BADGE))
        .await
        .expect(204);
    assert_problem(
        &tenant.call("DELETE", &address_of(&other, BADGE)).await,
        409,
        "schema_in_use",
        "1 resources",
    );
}

async fn a_write_judged_by_other_schemas_is_refused(engine: Engine) {
    let place = Place::new(engine).await;
    let on = provisioning_on(&place.store);
    // The directory's revision is 0: as if it had been 1 when the request came in.
    let mut service = place.service();
    service.directory.schemas = 1;
    let create = |service: &Service| {
        let write = Write::Create(uuid::Uuid::now_v7(), user("ada"));
        Command::parse(service, ResourceKind::User, write, Precondition::default()).expect("a command")
    };
    let refused = provisioning::perform(&on, &service, create(&service), origin()).await;
    assert!(
        matches!(refused, Err(provisioning::Error::SchemasChanged)),
        "{refused:?}"
    );
    let service = place.service();
    provisioning::perform(&on, &service, create(&service), origin())
        .await
        .expect("a write judged by the directory's schemas");
}

async fn nothing_of_a_removed_schema_is_left_behind_by_racing_writes(engine: Engine) {
    let (tenant, directory) = with_schema(engine, &note()).await;
    for round in 0..6 {
        let writes = (0..8).map(|n| {
            let body = badged(&format!("p{round}-{n}"), json!({"note": "n"}));
            let directory = &directory;
            async move { directory.post("/Users", &body).await }
        });
        let path = address_of(&directory, BADGE);
        let (written, removed) = tokio::join!(join_all(writes), tenant.call("DELETE", &path));
        for answer in &written {
            match answer.status {
                201 => {}
                503 => assert!(!answer.header("retry-after").is_empty()),
                _ => panic!("{}", answer.text()),
            }
        }
        match removed.status {
            204 => {
                register(&tenant, &directory, &note()).await.expect(201);
                let left = found(&directory, "/Users", &format!("{BADGE}:note pr"), "id").await;
                assert!(left.is_empty(), "{left:?}");
            }
            409 => {
                let holders = found(&directory, "/Users", &format!("{BADGE}:note pr"), "id").await;
                assert!(!holders.is_empty());
                for id in holders {
                    let take = patch(json!([{"op": "remove", "path": BADGE}]));
                    directory.patch(&format!("/Users/{id}"), &take).await.expect(200);
                }
            }
            _ => panic!("{}", removed.text()),
        }
    }
}

/// Two nodes on one database: PostgreSQL alone, since a SQLite file has one process.
#[test]
fn a_schema_registered_on_one_node_is_known_on_the_other() {
    crate::harness::run(async {
        let database = Engine::Postgres.new_database().await;
        let (here, there) = (Gateway::start(&database).await, Gateway::start(&database).await);
        let tenant = here.tenant().await;
        let directory = tenant.directory("generic").await;
        let elsewhere = Directory {
            base: directory.base.replace(&here.base(), &there.base()),
            ..directory.clone()
        };
        // Both listeners are up, and both nodes remember the token.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        elsewhere.get("/Schemas").await.expect(200);
        register(&tenant, &directory, &note()).await.expect(201);
        let known = async {
            while elsewhere.get(&format!("/Schemas/{BADGE}")).await.status == 404 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let known = tokio::time::timeout(std::time::Duration::from_secs(5), known).await;
        known.expect("the other node hears of it");
        create_badged(&elsewhere, "ada", json!({"note": "n"})).await;
        let answer = tenant.call("DELETE", &address_of(&directory, BADGE)).await;
        assert_problem(&answer, 409, "schema_in_use", "1 resources");
        here.stop().await;
        there.stop().await;
    });
}
