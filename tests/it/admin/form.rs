//! The form of bodies and queries: what does not fit is named, with what is accepted, and a null that says nothing is
//! refused.

use serde_json::{Value, json};

use super::problem::assert_field_named;
use super::saml_connections::{path_of, post};
use crate::harness::{Engine, IdpMetadata, new_key};

on_both_engines!(
    a_null_is_taken_by_a_change_where_it_means_something_and_refused_elsewhere,
    what_does_not_fit_is_told_in_the_words_of_the_api,
);

/// The schema of a component, or this one.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document
            .pointer(&reference[1..])
            .expect("what the document refers to"),
        None => schema,
    }
}

fn takes_null(schema: &Value) -> bool {
    let of_types = schema["type"].as_array().into_iter().flatten();
    let of_forms = schema["oneOf"].as_array().into_iter().flatten();
    of_types
        .chain(of_forms.map(|form| &form["type"]))
        .any(|name| name == "null")
}

async fn a_null_is_taken_by_a_change_where_it_means_something_and_refused_elsewhere(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let connection = json!({"idp_metadata_xml": IdpMetadata::of(&new_key("idp")).xml()});
    let connection = post(&tenant, connection).await.expect(201).json;
    let named = json!({"name": "North"});
    let entity = tenant
        .call_with("POST", "/entities", &named)
        .await
        .expect(201)
        .json;
    let invited = json!({"kind": "external", "first_name": "Ada", "last_name": "Lovelace",
        "email": "ada@acme.example", "email_confirmation": "ada@acme.example"});
    let user = tenant
        .call_with("POST", "/users", &invited)
        .await
        .expect(201)
        .json;
    let listed = json!({"first_name": "Grace", "last_name": "Hopper"});
    let person = tenant
        .call_with("POST", "/people", &listed)
        .await
        .expect(201)
        .json;
    let document = gateway.call("GET", "/api/v1/openapi.json").await.expect(200).json;
    let (mut refused, mut taken) = (0, 0);
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let schema = &operations["patch"]["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        // Of oneself: the operator is nobody.
        let Some(place) = path.strip_prefix("/api/v1/tenants/{tenant}") else {
            assert_eq!(path, "/api/v1/me");
            continue;
        };
        let place = match place {
            "" => String::new(),
            "/users/{id}" => format!("/users/{}", user["id"].as_str().expect("an id")),
            // What is not accepted is told before the guest is looked for.
            "/guests/{id}" => format!("/guests/{}", user["id"].as_str().expect("an id")),
            "/people/{id}" => format!("/people/{}", person["id"].as_str().expect("an id")),
            "/roles/{role}" => "/roles/user".to_owned(),
            "/connections/{id}" => path_of(&connection, ""),
            "/entities/{id}" => format!("/entities/{}", entity["id"].as_str().expect("an id")),
            other => panic!("{other} can be changed; say here what"),
        };
        let mut bodies = Vec::new();
        for (field, of) in resolve(&document, schema)["properties"]
            .as_object()
            .expect("fields")
        {
            bodies.push((json!({field: null}), field.clone(), takes_null(of)));
            let inner = resolve(&document, of)["properties"].as_object();
            for (name, of) in inner.into_iter().flatten() {
                let body = json!({field: {name: null}});
                bodies.push((body, format!("{field}.{name}"), takes_null(of)));
            }
        }
        for (body, field, takes_null) in bodies {
            let answer = tenant.call_with("PATCH", &place, &body).await;
            if takes_null {
                answer.expect(200);
                taken += 1;
            } else {
                assert_field_named(&answer, &field);
                assert!(answer.text().contains("not null"), "{}", answer.text());
                refused += 1;
            }
        }
    }
    assert!(refused >= 20 && taken >= 5, "{refused} refused, {taken} taken");
}

async fn what_does_not_fit_is_told_in_the_words_of_the_api(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let connection = json!({"idp_metadata_xml": IdpMetadata::of(&new_key("idp")).xml()});
    let connection = post(&tenant, connection).await.expect(201).json;
    for (body, field, message) in [
        (json!({"name": 5}), "name", "a text"),
        (json!({"enabled": "yes"}), "enabled", "true or false"),
        (json!({"domains": "acme.example"}), "domains", "a list"),
        (
            json!({"attribute_mapping": {"email": 1}}),
            "attribute_mapping.email",
            "a name or a list of names",
        ),
        (json!({"directory_id": "okta"}), "directory_id", "a UUID"),
        (
            json!({"jit": {"on": true}}),
            "jit.on",
            "there is no such field; accepted: enabled, default_entity_id",
        ),
    ] {
        let answer = tenant.call_with("PATCH", &path_of(&connection, ""), &body).await;
        assert_field_named(&answer, field);
        assert_eq!(
            answer.json["errors"],
            json!([{"field": field, "code": "invalid", "message": message}])
        );
    }
    for (query, field, message) in [
        ("limit=ten", "limit", "a whole number"),
        (
            "size=10",
            "size",
            "there is no such field; accepted: actor, person, action, from, to, after, limit",
        ),
    ] {
        let answer = tenant.call("GET", &format!("/audit?{query}")).await;
        assert_eq!(
            answer.json["errors"],
            json!([{"field": field, "code": "invalid", "message": message}])
        );
    }
}
