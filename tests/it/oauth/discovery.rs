//! How a client that knows nothing but the SCIM base URL finds the token endpoint, and that nobody learns more.

use serde_json::json;

use super::fixture::{Client, access_token, post_form};
use crate::harness::{Call, Engine};

on_both_engines!(
    the_token_endpoint_is_found_from_the_scim_base_url,
    the_documents_say_nothing_about_what_exists,
    an_address_of_no_directory_has_no_document,
    the_service_names_both_ways_to_a_token,
);

async fn the_token_endpoint_is_found_from_the_scim_base_url(engine: Engine) {
    let client = Client::new(engine).await;
    let base = engine.gateway().await.base();
    // RFC 9728 section 5.1: the refusal names the document about the resource.
    let refused = client
        .directory
        .anonymous("GET", "/Users")
        .send()
        .await
        .expect(401);
    let challenge = refused.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"scim\", resource_metadata=\""),
        "{challenge}"
    );
    let resource_url = challenge.split('"').nth(3).expect("a URL").to_owned();
    let resource = Call::new("GET", &resource_url).send().await.expect(200);
    assert_eq!(resource.header("content-type"), "application/json");
    let resource = resource.json;
    assert_eq!(resource["resource"], client.directory.base.as_str());
    // RFC 8414 section 3.1: the well-known part goes between host and path.
    let issuer = resource["authorization_servers"][0].as_str().expect("an issuer");
    let path = issuer.strip_prefix(&base).expect("on the gateway");
    let urls = [
        format!("{base}/.well-known/oauth-authorization-server{path}"),
        format!("{issuer}/.well-known/oauth-authorization-server"),
    ];
    for url in urls {
        let server = Call::new("GET", &url).send().await.expect(200).json;
        assert_eq!(server["issuer"], issuer);
        assert_eq!(server["token_endpoint"], client.token_url.as_str());
        assert_eq!(server["response_types_supported"], json!([]));
        let grants = server["grant_types_supported"].as_array().expect("grants");
        assert!(grants.contains(&json!("client_credentials")));
        assert!(grants.contains(&json!("urn:ietf:params:oauth:grant-type:jwt-bearer")));
        let algorithms = server["token_endpoint_auth_signing_alg_values_supported"].to_string();
        assert!(
            algorithms.contains("RS256") && !algorithms.contains("HS256") && !algorithms.contains("none")
        );
        // Whatever is announced works.
        let url = server["token_endpoint"].as_str().expect("a URL");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
            ("resource", &client.directory.base),
        ];
        let token = access_token(&post_form(url, &form).send().await.expect(200));
        assert_eq!(client.status_with(&token).await, 200);
    }
}

async fn the_documents_say_nothing_about_what_exists(engine: Engine) {
    let gateway = engine.gateway().await;
    let client = Client::new(engine).await;
    let nobody = ("no-such-tenant", "01900000-0000-7000-8000-000000000000");
    let own = (client.tenant.slug.as_str(), client.directory.id.as_str());
    let paths = [
        "/.well-known/oauth-authorization-server/oauth/{t}/{d}",
        "/oauth/{t}/{d}/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource/scim/v2/{t}/{d}",
        "/scim/v2/{t}/{d}/Users",
    ];
    for path in paths {
        let mut answers = Vec::new();
        for (tenant, directory) in [own, nobody, (own.0, nobody.1), (nobody.0, own.1)] {
            let address = path.replace("{t}", tenant).replace("{d}", directory);
            let answer = gateway.anonymous("GET", &address).send().await;
            let neutral = |text: &str| text.replace(tenant, "{t}").replace(directory, "{d}");
            let headers: Vec<String> = answer
                .headers
                .iter()
                .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
                .map(|(name, value)| neutral(&format!("{name}: {value:?}")))
                .collect();
            answers.push((answer.status, headers, neutral(&answer.text())));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{path}: {answers:?}");
    }
}

async fn an_address_of_no_directory_has_no_document(engine: Engine) {
    let gateway = engine.gateway().await;
    for (tenant, directory) in [
        ("acme", "odd"),
        ("ACME", "01900000-0000-7000-8000-000000000000"),
        ("a\"b", "01900000-0000-7000-8000-000000000000"),
        ("acme", "01900000000070008000000000000000"),
    ] {
        for path in [
            "/.well-known/oauth-authorization-server/oauth/{t}/{d}",
            "/oauth/{t}/{d}/.well-known/oauth-authorization-server",
            "/.well-known/oauth-protected-resource/scim/v2/{t}/{d}",
        ] {
            let address = path.replace("{t}", tenant).replace("{d}", directory);
            let answer = gateway.anonymous("GET", &address).send().await.expect(404);
            assert_eq!(answer.json["code"], "not_found");
        }
        // Nothing of a stranger's making gets into the challenge.
        let address = format!("/scim/v2/{tenant}/{directory}/Users");
        let answer = gateway.anonymous("GET", &address).send().await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"scim\"");
    }
}

async fn the_service_names_both_ways_to_a_token(engine: Engine) {
    let client = Client::new(engine).await;
    let config = client
        .directory
        .get("/ServiceProviderConfig")
        .await
        .expect(200)
        .json;
    let schemes = config["authenticationSchemes"].as_array().expect("schemes");
    let kinds: Vec<_> = schemes
        .iter()
        .map(|scheme| scheme["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(kinds, ["oauthbearertoken", "oauth2"]);
    let primary = schemes.iter().filter(|scheme| scheme["primary"] == true);
    assert_eq!(primary.count(), 1);
    let description = schemes[1]["description"].as_str().expect("a description");
    assert!(description.contains(&client.token_url), "{description}");
    for scheme in schemes {
        for name in ["name", "description", "specUri"] {
            assert!(
                scheme[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name}"
            );
        }
    }
}
