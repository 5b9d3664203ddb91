//! The discovery endpoints: true in what they advertise, each document readable on its own.

use serde_json::json;

use super::message::{ENTERPRISE, GROUP, USER, assert_refused};
use crate::harness::Engine;

on_both_engines!(
    the_service_says_what_it_does_and_does_that,
    every_document_is_readable_on_its_own,
    schemas_have_every_characteristic_and_no_null,
    a_filter_on_discovery_is_forbidden,
    what_is_not_offered_says_so,
    answers_are_in_the_media_type_that_is_asked_for,
);

async fn the_service_says_what_it_does_and_does_that(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let config = directory.get("/ServiceProviderConfig").await.expect(200).json;
    for (feature, supported) in [
        ("patch", true),
        ("filter", true),
        ("sort", true),
        ("etag", true),
        ("bulk", true),
        ("changePassword", false),
    ] {
        assert_eq!(config[feature]["supported"], supported, "{feature}");
    }
    assert_eq!(
        config["meta"]["location"],
        format!("{}/ServiceProviderConfig", directory.base)
    );
    assert_eq!(config["authenticationSchemes"][0]["type"], "oauthbearertoken");
    assert!(
        config["filter"]["maxResults"]
            .as_u64()
            .is_some_and(|most| most > 0)
    );
    assert!(
        config.get("pagination").is_none(),
        "cursor paging is not there, so it is not advertised"
    );
}

async fn every_document_is_readable_on_its_own(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for (path, ids) in [
        ("/ResourceTypes", vec!["User", "Group"]),
        ("/Schemas", vec![USER, GROUP, ENTERPRISE]),
    ] {
        let list = directory.get(path).await.expect(200).json;
        assert_eq!(list["totalResults"], ids.len());
        assert_eq!(
            list["schemas"],
            json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"])
        );
        let documents = list["Resources"].as_array().expect("Resources");
        for id in ids {
            let listed = documents
                .iter()
                .find(|document| document["id"] == id)
                .expect("in the list");
            let single = directory.get(&format!("{path}/{id}")).await.expect(200).json;
            assert_eq!(&single, listed);
            assert_eq!(
                single["meta"]["location"],
                format!("{}{path}/{id}", directory.base)
            );
            let location = single["meta"]["location"].as_str().unwrap().to_owned();
            let followed = crate::harness::Call::new("GET", &location)
                .bearer(&directory.token)
                .send()
                .await;
            assert_eq!(followed.expect(200).json, single);
        }
        for odd in ["Nothing", "urn:example:none", "%20", "User%2F"] {
            assert_refused(
                &directory.get(&format!("{path}/{odd}")).await,
                404,
                "",
                "not found",
            );
        }
    }
    let user = directory.get("/ResourceTypes/User").await.expect(200).json;
    assert_eq!(user["endpoint"], "/Users");
    assert_eq!(
        user["schemaExtensions"],
        json!([{"schema": ENTERPRISE, "required": false}])
    );
}

async fn schemas_have_every_characteristic_and_no_null(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("entra").await;
    let answer = directory.get("/Schemas").await.expect(200);
    assert!(!answer.text().contains("null"), "E-21: no nulls");
    let mut attributes = Vec::new();
    for schema in answer.json["Resources"].as_array().expect("Resources") {
        attributes.extend(schema["attributes"].as_array().expect("attributes").clone());
    }
    while let Some(attribute) = attributes.pop() {
        for name in ["name", "type", "mutability", "returned", "description"] {
            assert!(
                attribute[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {attribute}"
            );
        }
        for name in ["multiValued", "required"] {
            assert!(attribute[name].is_boolean(), "{name}: {attribute}");
        }
        if attribute["type"] == "reference" {
            assert!(attribute["referenceTypes"].is_array(), "{attribute}");
        }
        let subs = attribute["subAttributes"].as_array();
        assert_eq!(subs.is_some(), attribute["type"] == "complex", "{attribute}");
        attributes.extend(subs.into_iter().flatten().cloned());
    }
}

async fn a_filter_on_discovery_is_forbidden(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        let answer = directory
            .get(&format!("{path}?filter=id%20eq%20%22User%22"))
            .await;
        assert_refused(&answer, 403, "", "filter");
        directory
            .get(&format!("{path}?startIndex=1&count=1"))
            .await
            .expect(200);
    }
}

async fn what_is_not_offered_says_so(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert_refused(&directory.request(method, "/Me").send().await, 501, "", "/Me");
    }
    for path in ["/Nothing", "/users", "/Users/1/2", "/Schemas/1/2", "/.Search"] {
        assert_refused(&directory.get(path).await, 404, "", " ");
    }
}

async fn answers_are_in_the_media_type_that_is_asked_for(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let okta = tenant.directory("okta").await;
    let one_login = tenant.directory("onelogin").await;
    for (directory, accept, media) in [
        (&okta, None, "application/scim+json"),
        (&okta, Some("*/*"), "application/scim+json"),
        (&okta, Some("application/json"), "application/json"),
        (
            &okta,
            Some("application/json, application/scim+json"),
            "application/scim+json",
        ),
        (&one_login, None, "application/json"),
        (&one_login, Some("application/scim+json"), "application/scim+json"),
    ] {
        for path in ["/Users", "/ServiceProviderConfig", "/Users/nobody"] {
            let mut call = directory.request("GET", path);
            if let Some(accept) = accept {
                call = call.header("Accept", accept);
            }
            let answer = call.send().await;
            let found = answer.header("content-type");
            // The client in use sends `Accept: */*` of its own accord, which is nothing in particular.
            if accept.is_some() {
                assert_eq!(found.split(';').next(), Some(media), "{accept:?} {path}");
            }
        }
    }
    let raw = |directory: &crate::harness::Directory| {
        format!(
            "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            directory.raw_path("/Users"),
            directory.token
        )
    };
    for (directory, media) in [(&okta, "application/scim+json"), (&one_login, "application/json")] {
        let answer = engine.gateway().await.raw(raw(directory).as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(answer.contains(&format!("content-type: {media}")), "{answer}");
    }
}
