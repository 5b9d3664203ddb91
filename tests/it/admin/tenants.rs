//! `/api/v1/tenants`.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::problem::{assert_field_named, assert_invalid_fields, assert_problem};
use crate::harness::{Engine, random_name};

on_both_engines!(
    a_tenant_is_made_and_read_back,
    a_slug_is_fit_for_a_url,
    a_slug_is_given_once_also_in_a_race,
    a_body_that_is_not_understood_is_refused,
    a_body_of_a_wrong_form_names_the_field,
    a_body_that_is_no_object_is_refused,
    tenants_are_listed_by_slug_and_page_by_page,
    a_tenant_that_does_not_exist_is_404,
);

async fn a_tenant_is_made_and_read_back(engine: Engine) {
    let gateway = engine.gateway().await;
    let slug = random_name("acme");
    let body = json!({"slug": slug, "name": " Acme Ltd ", "support_email": "help@acme.example"});
    let made = gateway
        .call_with("POST", "/api/v1/tenants", &body)
        .await
        .expect(201);
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!(made.json["slug"], slug);
    assert_eq!(made.json["name"], "Acme Ltd");
    assert_eq!(made.json["support_email"], "help@acme.example");
    assert_eq!(made.json["sign_in"], "local");
    let path = format!("/api/v1/tenants/{slug}");
    assert_eq!(gateway.call("GET", &path).await.expect(200).json, made.json);
    let users = gateway.call("GET", &format!("{path}/users")).await.expect(200);
    assert_eq!(users.json, json!({"items": [], "next_cursor": null}));
    let directories = gateway
        .call("GET", &format!("{path}/directories"))
        .await
        .expect(200);
    assert_eq!(directories.json, json!({"items": []}));
    // An address for support is optional.
    for support in [
        json!({}),
        json!({"support_email": null}),
        json!({"support_email": ""}),
    ] {
        let mut body = json!({"slug": random_name("t"), "name": "T"});
        body.as_object_mut()
            .unwrap()
            .extend(support.as_object().unwrap().clone());
        let made = gateway
            .call_with("POST", "/api/v1/tenants", &body)
            .await
            .expect(201);
        assert_eq!(made.json["support_email"], Value::Null);
    }
}

async fn a_slug_is_fit_for_a_url(engine: Engine) {
    let gateway = engine.gateway().await;
    let long = "x".repeat(64);
    for slug in [
        "",
        " ",
        "Acme",
        "a_b",
        "-a",
        "a-",
        "a/b",
        "a.b",
        "a b",
        "ä",
        "a%2fb",
        "..",
        "a\n",
        " a",
        &long,
        "😀",
        "a\u{200b}",
    ] {
        let body = json!({"slug": slug, "name": "Acme"});
        let answer = gateway.call_with("POST", "/api/v1/tenants", &body).await;
        assert_invalid_fields(&answer, &["slug"]);
    }
    let longest = format!("{}{}", random_name("x"), "y".repeat(63 - random_name("x").len()));
    gateway
        .call_with("POST", "/api/v1/tenants", &json!({"slug": longest, "name": "x"}))
        .await
        .expect(201);
}

async fn a_slug_is_given_once_also_in_a_race(engine: Engine) {
    let gateway = engine.gateway().await;
    let body = json!({"slug": random_name("race"), "name": "Racer"});
    let answers = join_all((0..10).map(|_| gateway.call_with("POST", "/api/v1/tenants", &body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for loser in answers.iter().filter(|answer| answer.status != 201) {
        assert_problem(loser, 409, "slug_in_use", body["slug"].as_str().unwrap());
    }
}

async fn a_body_that_is_not_understood_is_refused(engine: Engine) {
    let gateway = engine.gateway().await;
    let slug = random_name("odd");
    let many = "n".repeat(201);
    for (body, fields) in [
        (
            json!({"slug": "A", "name": "", "support_email": "nobody"}),
            vec!["slug", "name", "support_email"],
        ),
        (json!({"slug": slug, "name": "  "}), vec!["name"]),
        (json!({"slug": slug, "name": "a\nb"}), vec!["name"]),
        (json!({"slug": slug, "name": many}), vec!["name"]),
        (
            json!({"slug": slug, "name": "a", "support_email": "a@b"}),
            vec!["support_email"],
        ),
        (
            json!({"slug": slug, "name": "a", "support_email": "a b@c.example"}),
            vec!["support_email"],
        ),
        (
            json!({"slug": slug, "name": "a", "support_email": "a@b@c.example"}),
            vec!["support_email"],
        ),
    ] {
        let answer = gateway.call_with("POST", "/api/v1/tenants", &body).await;
        assert_invalid_fields(&answer, &fields);
    }
    gateway
        .call("GET", &format!("/api/v1/tenants/{slug}"))
        .await
        .expect(404);
}

async fn a_body_of_a_wrong_form_names_the_field(engine: Engine) {
    let gateway = engine.gateway().await;
    let slug = random_name("odd");
    for (body, field) in [
        (json!({}), "slug"),
        (json!({"slug": slug}), "name"),
        (json!({"slug": slug, "name": "a", "nmae": "b"}), "nmae"),
        (json!({"slug": slug, "name": "a", "id": "mine"}), "id"),
        (json!({"slug": 7, "name": "a"}), "slug"),
        (json!({"slug": slug, "name": ["a"]}), "name"),
        (json!({"slug": null, "name": "a"}), "slug"),
    ] {
        // A list of field errors is what bad input is answered with, whatever is bad about it.
        let answer = gateway.call_with("POST", "/api/v1/tenants", &body).await;
        assert_field_named(&answer, field);
    }
}

/// A list of values in the order of the fields is not the object that was asked for.
async fn a_body_that_is_no_object_is_refused(engine: Engine) {
    let gateway = engine.gateway().await;
    let slug = random_name("odd");
    for body in [
        json!([]),
        json!("text"),
        json!(7),
        json!(null),
        json!([slug, "name", null]),
    ] {
        let answer = gateway.call_with("POST", "/api/v1/tenants", &body).await;
        assert_problem(&answer, 422, "invalid", " ");
    }
    gateway
        .call("GET", &format!("/api/v1/tenants/{slug}"))
        .await
        .expect(404);
}

async fn tenants_are_listed_by_slug_and_page_by_page(engine: Engine) {
    let gateway = engine.gateway().await;
    let stem = random_name("page");
    for number in 0..5 {
        let body = json!({"slug": format!("{stem}-{number}"), "name": "Page"});
        gateway
            .call_with("POST", "/api/v1/tenants", &body)
            .await
            .expect(201);
    }
    let mut seen = Vec::new();
    let mut cursor = stem.clone();
    loop {
        let page = gateway
            .call("GET", &format!("/api/v1/tenants?limit=2&cursor={cursor}"))
            .await
            .expect(200);
        let items = page.json["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        let slugs = items.iter().map(|item| item["slug"].as_str().unwrap().to_owned());
        seen.extend(slugs.take_while(|slug| slug.starts_with(&stem)));
        match page.json["next_cursor"].as_str() {
            Some(next) if next.starts_with(&stem) => next.clone_into(&mut cursor),
            _ => break,
        }
    }
    assert_eq!(
        seen,
        (0..5)
            .map(|number| format!("{stem}-{number}"))
            .collect::<Vec<_>>()
    );
    for limit in ["0", "501", "-1", "x", "1.5", "99999999999"] {
        let answer = gateway
            .call("GET", &format!("/api/v1/tenants?limit={limit}"))
            .await;
        assert_problem(&answer, 422, "invalid", "limit");
    }
}

async fn a_tenant_that_does_not_exist_is_404(engine: Engine) {
    let gateway = engine.gateway().await;
    let exists = gateway.tenant().await;
    let upper = exists.slug.to_uppercase();
    for slug in [
        "no-such-tenant",
        &exists.id,
        &upper,
        "%00",
        "%ff",
        "a%2Fb",
        "%20",
        "x'y",
    ] {
        for rest in ["", "/users", "/directories", "/users/1", "/directories/1/tokens"] {
            let answer = gateway
                .call("GET", &format!("/api/v1/tenants/{slug}{rest}"))
                .await;
            assert_problem(&answer, 404, "not_found", "not found");
        }
    }
}
