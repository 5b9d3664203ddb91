//! Support looks for refused sign-ins by whatever it has been told.

use serde_json::{Value, json};

use super::{knock, program, text};
use crate::harness::{Answer, Call, Engine, OPERATOR_TOKEN};
use crate::sso::fixture::Certified;

on_both_engines!(
    each_condition_finds_what_it_says,
    pages_follow_each_other_from_the_newest_to_the_oldest,
    each_says_by_name_where_it_was_tried,
    an_administrator_searches_their_own_tenant_alone,
    what_is_no_condition_is_refused_by_name,
    those_of_no_tenant_are_the_operators_to_see,
);

/// Asks as the operator, across tenants.
async fn everywhere(site: &Certified<'_>, query: &[(&str, &str)]) -> Answer {
    let url = format!("{}/api/v1/access-errors", site.base());
    ask(&url, query).await
}

/// Asks as the operator, of one tenant.
async fn within(site: &Certified<'_>, query: &[(&str, &str)]) -> Answer {
    let url = format!("{}{}", site.base(), site.tenant.path("/access-errors"));
    ask(&url, query).await
}

async fn ask(url: &str, query: &[(&str, &str)]) -> Answer {
    let url = url::Url::parse_with_params(url, query).expect("a URL");
    let call = Call::new("GET", url.as_str()).bearer(OPERATOR_TOKEN);
    call.send().await
}

#[track_caller]
fn references(answer: Answer) -> Vec<String> {
    let answer = answer.expect(200);
    let items = answer.json["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| text(item, "reference").to_owned())
        .collect()
}

/// Two refusals: a stranger's, and then that of Ada, whose address the provider does not vouch for.
async fn two(site: &Certified<'_>) -> [Value; 2] {
    let stranger = knock(site, &program()).await.json;
    let sub = site.person(&json!({"email_verified": false})).await;
    let ada = site.sign_in(&program(), &sub).await.expect(403).answer.json;
    [stranger, ada]
}

async fn each_condition_finds_what_it_says(engine: Engine) {
    let site = Certified::new(engine).await;
    let [stranger, ada] = two(&site).await;
    let (older, newer) = (text(&stranger, "reference"), text(&ada, "reference"));
    let at = text(&ada, "occurred_at");
    let day = &at[..10];
    let typed = newer.to_lowercase().replace('-', " ");
    let (slug, connection) = (site.tenant.slug.as_str(), site.connection.id.as_str());
    for (query, expected) in [
        (&[][..], &[newer, older][..]),
        (&[("reference", typed.as_str())], &[newer]),
        (&[("email", "ADA@Acme.Example")], &[newer]),
        (&[("code", "email_not_verified")], &[newer]),
        (&[("code", text(&stranger, "code"))], &[older]),
        (&[("code", "saml_replay")], &[]),
        (&[("connection", connection)], &[newer, older]),
        (&[("connection", site.tenant.id.as_str())], &[]),
        (&[("from", at)], &[newer]),
        (&[("to", at)], &[older]),
        (&[("from", day), ("to", day)], &[newer, older]),
        (&[("to", "2020-01-01")], &[]),
        (&[("email", "ada@acme.example"), ("code", "jit_disabled")], &[]),
        (&[("limit", "1")], &[newer]),
    ] {
        assert_eq!(references(within(&site, query).await), expected, "{query:?}");
        let mut with_tenant = query.to_vec();
        with_tenant.push(("tenant", slug));
        let found = references(everywhere(&site, &with_tenant).await);
        assert_eq!(found, expected, "{with_tenant:?}");
    }
    // Without a tenant there is more to find, and what is looked for is among it.
    for query in [
        [("reference", newer)],
        [("connection", connection)],
        [("from", at)],
        [("code", "email_not_verified")],
        [("email", "ada@acme.example")],
    ] {
        let mut query = query.to_vec();
        query.push(("limit", "500"));
        let found = references(everywhere(&site, &query).await);
        assert!(found.iter().any(|one| one == newer), "{query:?}");
    }
    let found = within(&site, &[("reference", newer)]).await.json["items"][0].clone();
    let kept = site
        .anonymous("GET", &format!("/api/v1/access-errors/{newer}"))
        .bearer(OPERATOR_TOKEN)
        .send()
        .await
        .expect(200);
    assert_eq!(found, kept.json);
    assert_eq!(found["tenant"]["slug"], slug);
    assert_eq!(found["connection"]["id"], connection);
    assert!(found["trace"].as_array().is_some_and(|trace| !trace.is_empty()));
}

async fn pages_follow_each_other_from_the_newest_to_the_oldest(engine: Engine) {
    let site = Certified::new(engine).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(text(&knock(&site, &program()).await.json, "reference").to_owned());
    }
    let whole = references(within(&site, &[]).await);
    let as_set = |list: &[String]| list.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(as_set(&whole), as_set(&made));
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..4 {
        let mut query = vec![("limit", "2")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = within(&site, &query).await.expect(200);
        cursor = page.json["next_cursor"].as_str().map(str::to_owned);
        found.extend(references(page));
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((found, cursor), (whole, None));
}

async fn each_says_by_name_where_it_was_tried(engine: Engine) {
    let (one, other) = (Certified::new(engine).await, Certified::new(engine).await);
    let (first, second) = (knock(&one, &program()).await, knock(&other, &program()).await);
    let at = first.json["occurred_at"].as_str().expect("a time");
    let everything = everywhere(&one, &[("from", at), ("limit", "500")])
        .await
        .expect(200);
    let items = everything.json["items"].as_array().expect("items");
    for (site, refused) in [(&one, &first), (&other, &second)] {
        let item = items
            .iter()
            .find(|item| item["reference"] == refused.json["reference"]);
        let item = item.expect("the refusal");
        let tenant = site.tenant.call("GET", "").await.expect(200).json;
        for field in ["id", "slug", "name"] {
            assert_eq!(item["tenant"][field], tenant[field], "{field}");
        }
        let path = format!("/connections/{}", site.connection.id);
        let connection = site.tenant.call("GET", &path).await.expect(200).json;
        for field in ["id", "name"] {
            assert_eq!(item["connection"][field], connection[field], "{field}");
        }
    }
}

async fn an_administrator_searches_their_own_tenant_alone(engine: Engine) {
    let (site, other) = (Certified::new(engine).await, Certified::new(engine).await);
    let (own, foreign) = (two(&site).await, two(&other).await);
    let (browser, me) = site
        .signed_in(&site.person(&json!({"email": "grace@acme.example"})).await)
        .await;
    let path = format!("/users/{}/admin", text(&me["user"], "id"));
    let list = site.tenant.path("/access-errors");
    let everybody = json!({"administrator": true, "scope": "all"});
    let nobody = json!({"administrator": true, "scope": {"entities": []}});
    for (scope, status) in [(&nobody, 403), (&everybody, 200)] {
        site.tenant.call_with("PUT", &path, scope).await.expect(200);
        site.by_session(&browser, "GET", &list, None).await.expect(status);
    }
    let found = references(site.by_session(&browser, "GET", &list, None).await);
    assert_eq!(found, [text(&own[1], "reference"), text(&own[0], "reference")]);
    // What is another tenant's is not found, by whatever name.
    for (name, value) in [
        ("reference", text(&foreign[1], "reference")),
        ("connection", &other.connection.id),
    ] {
        let query = format!("{list}?{name}={value}");
        let found = references(site.by_session(&browser, "GET", &query, None).await);
        assert_eq!(found, [""; 0], "{name}");
    }
    let theirs = other.tenant.path("/access-errors");
    site.by_session(&browser, "GET", &theirs, None).await.expect(404);
    site.by_session(&browser, "GET", "/api/v1/access-errors", None)
        .await
        .expect(403);
    site.anonymous("GET", "/api/v1/access-errors")
        .send()
        .await
        .expect(401);
}

async fn what_is_no_condition_is_refused_by_name(engine: Engine) {
    let site = Certified::new(engine).await;
    for (name, value) in [
        ("reference", "1234"),
        ("email", ""),
        ("code", "nothing"),
        ("connection", "okta"),
        ("from", "yesterday"),
        ("from", "2026-13-01"),
        ("to", "2026-11-22T25:00:00Z"),
        ("limit", "0"),
        ("limit", "501"),
        ("cursor", "1"),
        ("cursor", "x.1ABC-0DEF-7GHJ"),
        ("colour", "red"),
    ] {
        for answer in [
            within(&site, &[(name, value)]).await,
            everywhere(&site, &[(name, value)]).await,
        ] {
            let answer = answer.expect(422);
            assert_eq!(answer.json["errors"][0]["field"], name, "{}", answer.text());
        }
    }
    let answer = everywhere(&site, &[("tenant", "no-such-tenant")])
        .await
        .expect(422);
    assert_eq!(answer.json["errors"][0]["field"], "tenant");
    let twice = within(&site, &[("tenant", site.tenant.slug.as_str())])
        .await
        .expect(422);
    assert_eq!(twice.json["errors"][0]["field"], "tenant");
    let swapped = [("from", "2026-11-22"), ("to", "2026-11-20")];
    let answer = within(&site, &swapped).await.expect(422);
    assert_eq!(answer.json["errors"][0]["field"], "to");
}

async fn those_of_no_tenant_are_the_operators_to_see(engine: Engine) {
    let site = Certified::new(engine).await;
    let nowhere = format!("{}/login/no-such-tenant/x/start", site.base());
    let json = program().get(&nowhere).await.expect(403).answer.json;
    let found = everywhere(&site, &[("reference", text(&json, "reference"))])
        .await
        .expect(200);
    assert_eq!(found.json["items"][0]["tenant"], Value::Null);
    assert_eq!(found.json["items"][0]["code"], "sso_connection_not_configured");
    let here = within(&site, &[("reference", text(&json, "reference"))]).await;
    assert_eq!(references(here), [""; 0]);
}
