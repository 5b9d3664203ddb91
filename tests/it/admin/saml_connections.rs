//! SAML connections as data: what they are made of, what is shown of them and what can be changed.

use serde_json::{Value, json};

use super::problem::{assert_invalid_fields, assert_problem};
use crate::harness::{
    Answer, Call, Engine, Gateway, IdpMetadata, MetadataServer, Tenant, new_key, random_name,
};

on_both_engines!(
    a_connection_is_made_of_metadata_and_says_what_the_provider_has_to_know,
    an_address_is_asked_at_once_for_metadata,
    metadata_that_cannot_be_used_is_refused_with_the_reason,
    without_the_permission_for_it_no_private_address_is_asked,
    settings_change_one_by_one_and_those_of_the_other_kind_are_refused,
    new_metadata_is_taken_from_a_text_or_an_address,
    a_refresh_takes_what_is_there_and_says_why_not,
    our_own_metadata_is_open_to_anybody_and_of_saml_connections_alone,
);

pub async fn post(tenant: &Tenant, source: Value) -> Answer {
    let mut body = json!({"kind": "saml", "name": random_name("idp")});
    for (name, value) in source.as_object().expect("an object") {
        body[name] = value.clone();
    }
    tenant.call_with("POST", "/connections", &body).await
}

pub fn path_of(connection: &Value, rest: &str) -> String {
    format!("/connections/{}{rest}", connection["id"].as_str().expect("an id"))
}

pub async fn read(tenant: &Tenant, connection: &Value) -> Value {
    let found = tenant.call("GET", &path_of(connection, "")).await;
    found.expect(200).json
}

async fn patch(tenant: &Tenant, connection: &Value, body: Value) -> Answer {
    tenant.call_with("PATCH", &path_of(connection, ""), &body).await
}

/// The actions that the audit has of a connection, oldest first.
pub async fn audited(tenant: &Tenant, connection: &Value) -> Vec<Value> {
    let page = tenant.call("GET", "/audit?limit=500").await.expect(200).json;
    let rows = page["items"].as_array().expect("items").iter();
    rows.filter(|row| row["target"]["id"] == connection["id"])
        .cloned()
        .collect()
}

fn actions(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["action"].as_str().expect("an action"))
        .collect()
}

async fn oidc(tenant: &Tenant) -> Value {
    let body =
        json!({"kind": "oidc", "name": "oidc", "issuer": "https://idp.example", "client_id": "rollcall"});
    tenant
        .call_with("POST", "/connections", &body)
        .await
        .expect(201)
        .json
}

async fn a_connection_is_made_of_metadata_and_says_what_the_provider_has_to_know(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = new_key("idp.example");
    let xml = IdpMetadata::of(&key).xml();
    let made = post(
        &tenant,
        json!({"idp_metadata_xml": xml, "domains": ["acme.example"]}),
    )
    .await;
    let made = made.expect(201).json;
    let below = format!(
        "{}/login/{}/{}",
        gateway.base(),
        tenant.slug,
        made["id"].as_str().expect("an id")
    );
    for (name, end) in [
        ("start_url", "start"),
        ("acs_url", "acs"),
        ("entity_id", "metadata"),
        ("metadata_url", "metadata"),
        ("slo_url", "slo"),
    ] {
        assert_eq!(made[name], format!("{below}/{end}"), "{name}");
    }
    assert_eq!((&made["kind"], &made["enabled"]), (&json!("saml"), &json!(false)));
    assert_eq!(made["domains"], json!(["acme.example"]));
    assert_eq!(made["jit"]["enabled"], true);
    for off in [
        "allow_idp_initiated",
        "require_gcm",
        "sign_requests",
        "trust_email",
    ] {
        assert_eq!(made[off], false, "{off}");
    }
    let idp = &made["idp"];
    assert_eq!(idp["entity_id"], "https://idp.example/metadata");
    assert_eq!(
        idp["single_sign_on"],
        json!([{"binding": "redirect", "url": "https://idp.example/sso", "response_url": null}])
    );
    assert_eq!(idp["certificates"][0]["subject"], "idp.example");
    assert_eq!(
        idp["certificates"][0]["fingerprint"].as_str().map(str::len),
        Some(32 * 3 - 1)
    );
    assert_eq!(
        made["idp_metadata"],
        json!({"url": null, "checked_at": null, "error": null, "offer": null})
    );
    // One key of ours, which signs and is never shown; nothing of the other kind.
    let [own] = made["keys"].as_array().expect("keys").as_slice() else {
        panic!("{made}");
    };
    assert_eq!(own["signs"], true);
    assert!(!made.to_string().contains("PRIVATE KEY") && own.get("private_key").is_none());
    for other in ["issuer", "client_id", "redirect_uri", "algorithms"] {
        assert!(made.get(other).is_none(), "{other}");
    }
    assert_eq!(read(&tenant, &made).await, made);
    let rows = audited(&tenant, &made).await;
    assert_eq!(actions(&rows), ["connection.created"]);
    assert!(!rows[0].to_string().contains("private_key"), "{}", rows[0]);
    let on = patch(&tenant, &made, json!({"enabled": true})).await;
    assert_eq!(on.expect(200).json["enabled"], true);
}

async fn an_address_is_asked_at_once_for_metadata(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let server = MetadataServer::start(&IdpMetadata::of(&new_key("idp")).xml()).await;
    let made = post(&tenant, json!({"idp_metadata_url": server.url}))
        .await
        .expect(201)
        .json;
    assert_eq!(server.seen(), ["application/samlmetadata+xml"]);
    assert_eq!(made["idp"]["entity_id"], "https://idp.example/metadata");
    let known = &made["idp_metadata"];
    assert_eq!(known["url"], server.url);
    assert_eq!(known["checked_at"], made["created_at"]);
    assert_eq!((&known["error"], &known["offer"]), (&Value::Null, &Value::Null));
}

async fn metadata_that_cannot_be_used_is_refused_with_the_reason(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let key = new_key("idp");
    let good = IdpMetadata::of(&key);
    let xml = good.xml();
    let server = MetadataServer::start(&xml).await;
    for (source, field) in [
        (json!({}), "idp_metadata_xml"),
        (
            json!({"idp_metadata_xml": xml, "idp_metadata_url": server.url}),
            "idp_metadata_url",
        ),
        (
            json!({"idp_metadata_xml": xml, "issuer": "https://idp.example"}),
            "issuer",
        ),
        (
            json!({"idp_metadata_xml": xml, "client_secret": "x"}),
            "client_secret",
        ),
        (json!({"idp_metadata_url": "metadata"}), "idp_metadata_url"),
        (
            json!({"idp_metadata_xml": xml, "domains": ["nowhere"]}),
            "domains",
        ),
    ] {
        assert_invalid_fields(&post(&tenant, source).await, &[field]);
    }
    let unknown_kind = post(&tenant, json!({"kind": "wsfed"})).await;
    assert_invalid_fields(&unknown_kind, &["kind"]);
    let incomplete = post(&tenant, json!({"kind": "oidc", "idp_metadata_xml": xml})).await;
    assert_invalid_fields(&incomplete, &["idp_metadata_xml", "issuer", "client_id"]);
    assert!(server.seen().is_empty(), "asked although the request was refused");

    let none = IdpMetadata {
        certificates: Vec::new(),
        ..good.clone()
    };
    let odd = IdpMetadata {
        certificates: vec!["bm8gY2VydGlmaWNhdGU=".to_owned()],
        ..good.clone()
    };
    let nowhere = IdpMetadata {
        sign_on: Vec::new(),
        ..good.clone()
    };
    for (xml, code, naming) in [
        (none.xml(), "no_signing_certificate", "certificate"),
        (odd.xml(), "no_signing_certificate", "certificate"),
        (nowhere.xml(), "metadata_unusable", "SingleSignOnService"),
        ("no xml".to_owned(), "metadata_unusable", "idp_metadata_xml"),
        ("<x/>".to_owned(), "metadata_unusable", "EntityDescriptor"),
        (
            xml.replace("IDPSSO", "SPSSO"),
            "metadata_unusable",
            "IDPSSODescriptor",
        ),
    ] {
        let refused = post(&tenant, json!({"idp_metadata_xml": xml})).await;
        assert_problem(&refused, 422, code, naming);
        assert_eq!(refused.json["errors"][0]["field"], "idp_metadata_xml");
    }
    let another = post(
        &tenant,
        json!({"idp_metadata_xml": xml, "idp_entity_id": "https://other.example"}),
    )
    .await;
    assert_problem(&another, 422, "metadata_unusable", "https://idp.example/metadata");

    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone_url = format!("http://{}/metadata", gone.local_addr().expect("an address"));
    drop(gone);
    let refused = post(&tenant, json!({"idp_metadata_url": gone_url})).await;
    assert_problem(&refused, 422, "metadata_unreachable", "no connection");
    for (status, body, code, naming) in [
        (404, Vec::new(), "metadata_unreachable", "404"),
        (302, Vec::new(), "metadata_unreachable", "302"),
        (
            200,
            vec![b' '; 2 * 1024 * 1024 + 1],
            "metadata_unreachable",
            "2097152",
        ),
        (200, vec![0xff], "metadata_unusable", "UTF-8"),
        (
            200,
            none.xml().into_bytes(),
            "no_signing_certificate",
            "certificate",
        ),
    ] {
        server.answer(status, body);
        let refused = post(&tenant, json!({"idp_metadata_url": server.url})).await;
        assert_problem(&refused, 422, code, naming);
        assert_eq!(refused.json["errors"][0]["field"], "idp_metadata_url");
    }
    assert_eq!(server.seen().len(), 5, "a redirect is not followed");
    let there = tenant.call("GET", "/connections").await.expect(200).json;
    assert_eq!(there["items"], json!([]));
}

async fn without_the_permission_for_it_no_private_address_is_asked(engine: Engine) {
    let gateway = Gateway::start_with(&engine.new_database().await, &[]).await;
    let tenant = gateway.tenant().await;
    let server = MetadataServer::start(&IdpMetadata::of(&new_key("idp")).xml()).await;
    let by_https = server.url.replace("http:", "https:");
    let by_name = by_https.replace("127.0.0.1", "localhost");
    for (url, naming) in [
        (server.url.as_str(), "only https"),
        (&by_https, "127.0.0.1 is not on the public internet"),
        (&by_name, "localhost is not on the public internet"),
        (
            "https://169.254.169.254/latest/meta-data",
            "not on the public internet",
        ),
    ] {
        let refused = post(&tenant, json!({"idp_metadata_url": url})).await;
        assert_problem(&refused, 422, "metadata_unreachable", naming);
    }
    assert!(server.seen().is_empty());
    gateway.stop().await;
}

async fn settings_change_one_by_one_and_those_of_the_other_kind_are_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let xml = IdpMetadata::of(&new_key("idp")).xml();
    let made = post(&tenant, json!({"idp_metadata_xml": xml}))
        .await
        .expect(201)
        .json;
    for (name, value) in [
        ("allow_idp_initiated", json!(true)),
        ("require_gcm", json!(true)),
        ("sign_requests", json!(true)),
        ("request_binding", json!("redirect")),
        ("request_binding", Value::Null),
        ("trust_email", json!(true)),
        ("enabled", json!(true)),
    ] {
        let mut body = json!({});
        body[name] = value.clone();
        let changed = patch(&tenant, &made, body).await.expect(200).json;
        assert_eq!(changed[name], value, "{name}");
        assert_eq!(read(&tenant, &made).await[name], value, "{name}");
    }
    let not_offered = patch(&tenant, &made, json!({"request_binding": "post"})).await;
    assert_problem(&not_offered, 422, "binding_not_offered", "post");
    assert_eq!(not_offered.json["errors"][0]["field"], "request_binding");
    assert_invalid_fields(
        &patch(&tenant, &made, json!({"request_binding": "artifact"})).await,
        &["request_binding"],
    );
    assert_invalid_fields(
        &patch(
            &tenant,
            &made,
            json!({"idp_entity_id": "https://idp.example/metadata"}),
        )
        .await,
        &["idp_entity_id"],
    );
    let of_oidc = json!({
        "name": "another", "issuer": "https://idp.example", "client_id": "x", "client_secret": "x", "allowed_hosts": [],
        "algorithms": ["RS256"],
    });
    assert_invalid_fields(
        &patch(&tenant, &made, of_oidc).await,
        &[
            "issuer",
            "client_id",
            "client_secret",
            "allowed_hosts",
            "algorithms",
        ],
    );
    assert_eq!(read(&tenant, &made).await["name"], made["name"]);
    let of_saml = json!({
        "name": "another", "idp_metadata_xml": xml, "idp_entity_id": "x", "allow_idp_initiated": false,
        "require_gcm": false, "sign_requests": false, "request_binding": null,
    });
    let other = oidc(&tenant).await;
    assert_invalid_fields(
        &patch(&tenant, &other, of_saml).await,
        &[
            "idp_metadata_xml",
            "idp_entity_id",
            "allow_idp_initiated",
            "require_gcm",
            "sign_requests",
            "request_binding",
        ],
    );
    assert_eq!(read(&tenant, &other).await["name"], "oidc");
}

async fn new_metadata_is_taken_from_a_text_or_an_address(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (one, two, three) = (new_key("one"), new_key("two"), new_key("three"));
    let server = MetadataServer::start(&IdpMetadata::of(&two).xml()).await;
    let xml = IdpMetadata::of(&one).xml();
    let made = post(&tenant, json!({"idp_metadata_xml": xml}))
        .await
        .expect(201)
        .json;
    let changed = patch(&tenant, &made, json!({"idp_metadata_url": server.url}))
        .await
        .expect(200)
        .json;
    assert_eq!(changed["idp"]["certificates"][0]["subject"], "two");
    assert_eq!(changed["idp_metadata"]["url"], server.url);
    assert!(changed["idp_metadata"]["checked_at"].is_string());
    // What cannot be taken changes nothing.
    server.answer(500, "");
    let refused = patch(
        &tenant,
        &made,
        json!({"name": "x", "idp_metadata_url": server.url}),
    )
    .await;
    assert_problem(&refused, 422, "metadata_unreachable", "500");
    assert_eq!(read(&tenant, &made).await, changed);
    // Nothing is fetched any more, and the provider stays.
    let alone = patch(&tenant, &made, json!({"idp_metadata_url": null}))
        .await
        .expect(200)
        .json;
    assert_eq!(alone["idp"], changed["idp"]);
    assert_eq!(
        alone["idp_metadata"],
        json!({"url": null, "checked_at": null, "error": null, "offer": null})
    );
    // A text ends the fetching too.
    server.answer(200, IdpMetadata::of(&two).xml());
    patch(&tenant, &made, json!({"idp_metadata_url": server.url}))
        .await
        .expect(200);
    let xml = IdpMetadata::of(&three).xml();
    let pasted = patch(&tenant, &made, json!({"idp_metadata_xml": xml}))
        .await
        .expect(200)
        .json;
    assert_eq!(pasted["idp"]["certificates"][0]["subject"], "three");
    assert_eq!(pasted["idp_metadata"]["url"], Value::Null);
    let both = patch(
        &tenant,
        &made,
        json!({"idp_metadata_xml": xml, "idp_metadata_url": server.url}),
    )
    .await;
    assert_invalid_fields(&both, &["idp_metadata_url"]);
}

async fn a_refresh_takes_what_is_there_and_says_why_not(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (one, two) = (new_key("one"), new_key("two"));
    let server = MetadataServer::start(&IdpMetadata::of(&one).xml()).await;
    let made = post(&tenant, json!({"idp_metadata_url": server.url}))
        .await
        .expect(201)
        .json;
    let refresh = async || tenant.call("POST", &path_of(&made, "/refresh")).await;
    server.answer(200, IdpMetadata::of(&two).xml());
    refresh().await.expect(204);
    let now = read(&tenant, &made).await;
    assert_eq!(now["idp"]["certificates"][0]["subject"], "two");
    assert_eq!(
        actions(&audited(&tenant, &made).await),
        ["connection.created", "connection.refreshed"]
    );
    let elsewhere = IdpMetadata {
        entity_id: "https://other.example".to_owned(),
        ..IdpMetadata::of(&two)
    };
    for (status, body, code, naming) in [
        (503, String::new(), "metadata_unreachable", "503"),
        (200, "x".to_owned(), "metadata_unusable", "metadata"),
        (200, elsewhere.xml(), "metadata_unusable", "https://other.example"),
    ] {
        server.answer(status, body);
        assert_problem(&refresh().await, 502, code, naming);
        let mut after = read(&tenant, &made).await;
        let noted = after["idp_metadata"]["error"].take();
        assert!(
            noted.as_str().is_some_and(|text| text.contains(naming)),
            "{noted}"
        );
        assert!(after["idp_metadata"]["checked_at"].as_str() > now["idp_metadata"]["checked_at"].as_str());
        after["idp_metadata"]["checked_at"] = now["idp_metadata"]["checked_at"].clone();
        assert_eq!(after, now, "nothing else has changed");
    }
    server.answer(200, IdpMetadata::of(&two).xml());
    refresh().await.expect(204);
    assert_eq!(read(&tenant, &made).await["idp_metadata"]["error"], Value::Null);
    let pasted = post(&tenant, json!({"idp_metadata_xml": IdpMetadata::of(&one).xml()})).await;
    let pasted = pasted.expect(201).json;
    let refused = tenant.call("POST", &path_of(&pasted, "/refresh")).await;
    assert_problem(&refused, 409, "no_metadata_url", "idp_metadata_url");
    let other = oidc(&tenant).await;
    tenant
        .call("POST", &path_of(&other, "/refresh"))
        .await
        .expect(204);
}

async fn our_own_metadata_is_open_to_anybody_and_of_saml_connections_alone(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let another = engine.gateway().await.tenant().await;
    let xml = IdpMetadata::of(&new_key("idp")).xml();
    let made = post(&tenant, json!({"idp_metadata_xml": xml}))
        .await
        .expect(201)
        .json;
    let url = made["metadata_url"].as_str().expect("an address").to_owned();
    let answer = Call::new("GET", &url).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/samlmetadata+xml");
    let text = answer.text();
    let document = roxmltree::Document::parse(&text).expect("XML");
    let root = document.root_element();
    assert_eq!(root.attribute("entityID"), made["entity_id"].as_str());
    let locations = |name: &str| -> Vec<_> {
        let all = root.descendants().filter(|node| node.tag_name().name() == name);
        all.filter_map(|node| node.attribute("Location").map(str::to_owned))
            .collect()
    };
    assert_eq!(
        locations("AssertionConsumerService"),
        [made["acs_url"].as_str().expect("an address")]
    );
    assert!(
        locations("SingleLogoutService")
            .iter()
            .all(|url| *url == made["slo_url"])
    );
    let certificate = made["keys"][0]["certificate"].as_str().expect("a certificate");
    assert_eq!(
        text.matches(certificate).count(),
        2,
        "to verify with, and to encrypt for"
    );
    assert!(text.contains("AuthnRequestsSigned=\"false\""), "{text}");
    patch(&tenant, &made, json!({"sign_requests": true}))
        .await
        .expect(200);
    let text = Call::new("GET", &url).send().await.expect(200).text();
    assert!(text.contains("AuthnRequestsSigned=\"true\""), "{text}");
    let other = oidc(&tenant).await;
    let id = |connection: &Value| connection["id"].as_str().expect("an id").to_owned();
    for nobody in [
        url.replace(&id(&made), &id(&other)),
        url.replace(&id(&made), "x"),
        url.replace(&tenant.slug, &another.slug),
        url.replace(&tenant.slug, "x_x"),
    ] {
        let answer = Call::new("GET", &nobody).send().await;
        assert_problem(&answer, 404, "not_found", "SAML connection");
    }
}
