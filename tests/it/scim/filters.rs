//! Filters as requests: exact on every attribute, whether the database or the program judges them.

use serde_json::json;

use super::message::{ENTERPRISE, assert_refused, create_group, found, user_with};
use crate::harness::{Directory, Engine};

on_both_engines!(
    every_attribute_is_answered_exactly,
    a_filter_of_groups_is_answered_exactly,
    a_filter_that_means_nothing_is_refused_with_its_place,
    what_looks_like_a_pattern_is_text,
);

async fn people(directory: &Directory) {
    for (name, further) in [
        (
            "Ada@Example.com",
            json!({
                "externalId": "E1", "displayName": "Ada Lovelace", "nickName": "Countess", "title": "Dr",
                "active": true, "locale": "en-GB", "profileUrl": "https://example.com/ada",
                "name": {"givenName": "Ada", "familyName": "Lovelace"},
                "emails": [{"value": "ada@work.example", "type": "work", "primary": true},
                           {"value": "ada@home.example", "type": "home"}],
                "addresses": [{"locality": "London", "type": "home"}, {"locality": "Paris", "type": "work"}],
                "roles": [{"value": "admin", "primary": true}],
                ENTERPRISE: {"employeeNumber": "007", "department": "Engines", "manager": {"value": "m-1"}},
            }),
        ),
        (
            "bob@example.com",
            json!({
                "externalId": "e1", "displayName": "Bob", "active": false,
                "emails": [{"value": "ada@work.example", "type": "home"}, {"value": "bob@work.example", "type": "work"}],
                ENTERPRISE: {"department": "engines"},
            }),
        ),
        ("cleo", json!({"title": "Ärztin", "nickName": ""})),
    ] {
        directory
            .post("/Users", &user_with(name, further))
            .await
            .expect(201);
    }
}

async fn every_attribute_is_answered_exactly(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    people(&directory).await;
    let (ada, bob, cleo) = ("Ada@Example.com", "bob@example.com", "cleo");
    let department = format!("{ENTERPRISE}:department");
    let cases: Vec<(String, Vec<&str>)> = [
        ("userName eq \"ADA@example.COM\"", vec![ada]),
        ("userName ne \"ada@example.com\"", vec![bob, cleo]),
        ("userName co \"EXAMPLE\"", vec![ada, bob]),
        ("userName sw \"B\" or userName ew \"O\"", vec![bob, cleo]),
        ("userName gt \"bob\"", vec![bob, cleo]),
        ("userName le \"bob@example.com\"", vec![ada, bob]),
        ("externalId eq \"E1\"", vec![ada]),
        ("externalId co \"E\"", vec![ada]),
        ("externalId ge \"E1\"", vec![ada, bob]),
        ("not (externalId pr)", vec![cleo]),
        ("displayName eq \"bob\"", vec![bob]),
        ("displayName ne \"bob\"", vec![ada, cleo]),
        ("active eq true", vec![ada, cleo]),
        ("active eq \"False\"", vec![bob]),
        ("active ne true", vec![bob]),
        ("emails.value eq \"ADA@work.example\"", vec![ada, bob]),
        ("emails eq \"ada@home.example\"", vec![ada]),
        (
            "emails[type eq \"work\"].value eq \"ada@work.example\"",
            vec![ada],
        ),
        ("emails[type eq \"work\" and value co \"work\"]", vec![ada, bob]),
        ("emails[type eq \"work\" and not (primary eq true)]", vec![bob]),
        (
            "emails.type eq \"home\" and emails.value eq \"bob@work.example\"",
            vec![bob],
        ),
        ("emails.value ne \"ada@work.example\"", vec![cleo]),
        ("not (emails pr)", vec![cleo]),
        ("emails[primary eq true].value eq \"ada@work.example\"", vec![ada]),
        ("nickName eq \"countess\"", vec![ada]),
        ("nickName pr", vec![ada]),
        ("nickName eq null", vec![bob, cleo]),
        ("title eq \"ÄRZTIN\"", vec![cleo]),
        ("title co \"r\"", vec![ada, cleo]),
        ("name.familyName sw \"love\"", vec![ada]),
        ("name pr", vec![ada]),
        ("addresses[type eq \"work\" and locality eq \"london\"]", vec![]),
        ("addresses[type eq \"work\" and locality eq \"paris\"]", vec![ada]),
        (
            "roles.value eq \"admin\" and roles[primary eq \"True\"]",
            vec![ada],
        ),
        ("profileUrl ew \"/ada\"", vec![ada]),
        ("locale eq \"en-GB\" or title eq \"Ärztin\"", vec![ada, cleo]),
        ("manager eq \"m-1\"", vec![ada]),
        ("title pr and not (title eq \"dr\")", vec![cleo]),
        (
            "active eq true and (title eq \"Dr\" or nickName eq \"x\")",
            vec![ada],
        ),
        (
            "active eq false or active eq true and title eq \"dr\"",
            vec![ada, bob],
        ),
        ("meta.created gt \"2001-01-01T00:00:00Z\"", vec![ada, bob, cleo]),
        ("meta.lastModified lt \"2001-01-01T00:00:00+05:30\"", vec![]),
        ("meta.resourceType eq \"User\"", vec![ada, bob, cleo]),
        ("schemas co \"enterprise\"", vec![ada, bob]),
        ("USERNAME EQ \"CLEO\" AND NOT (ACTIVE EQ FALSE)", vec![cleo]),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"cleo\"",
            vec![cleo],
        ),
        (r#"userName eq "\u0063leo""#, vec![cleo]),
        ("groups pr", vec![]),
    ]
    .into_iter()
    .map(|(filter, names)| (filter.to_owned(), names))
    .chain([
        (format!("{department} eq \"ENGINES\""), vec![ada, bob]),
        (format!("{ENTERPRISE}:employeeNumber eq \"007\""), vec![ada]),
        (format!("{ENTERPRISE}:manager.value eq \"M-1\""), vec![ada]),
        (format!("{ENTERPRISE}:manager pr and {department} pr"), vec![ada]),
    ])
    .collect();
    for (filter, names) in cases {
        let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(
            found(&directory, "/Users", &filter, "userName").await,
            names,
            "{filter}"
        );
        let by_query = directory.list("/Users", &[("filter", &filter)]).await.expect(200);
        assert_eq!(by_query.json["totalResults"], names.len(), "{filter}");
    }
}

async fn a_filter_of_groups_is_answered_exactly(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    people(&directory).await;
    let everybody = directory.get("/Users").await.expect(200);
    let ids: Vec<_> = everybody.json["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    create_group(&directory, "One", &ids[..1]).await;
    let both = create_group(&directory, "Both", &ids[..2]).await;
    create_group(&directory, "None", &[]).await;
    for (filter, names) in [
        (format!("members.value eq \"{}\"", ids[0]), vec!["Both", "One"]),
        (format!("members[value eq \"{}\"]", ids[1]), vec!["Both"]),
        (
            format!("id eq \"{both}\" and members eq \"{}\"", ids[1]),
            vec!["Both"],
        ),
        (format!("id eq \"{both}\" and members eq \"{}\"", ids[2]), vec![]),
        ("displayName eq \"one\"".to_owned(), vec!["One"]),
        ("displayName co \"O\"".to_owned(), vec!["Both", "None", "One"]),
        ("not (members pr)".to_owned(), vec!["None"]),
        ("members.type eq \"User\"".to_owned(), vec!["Both", "One"]),
    ] {
        let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(
            found(&directory, "/Groups", &filter, "displayName").await,
            names,
            "{filter}"
        );
    }
    for (filter, many) in [
        (format!("groups.value eq \"{both}\""), 2),
        ("groups.display eq \"one\"".to_owned(), 1),
        ("groups pr".to_owned(), 2),
        ("not (groups pr)".to_owned(), 1),
    ] {
        assert_eq!(
            found(&directory, "/Users", &filter, "id").await.len(),
            many,
            "{filter}"
        );
    }
}

async fn a_filter_that_means_nothing_is_refused_with_its_place(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    people(&directory).await;
    let deep = format!("{}userName pr{}", "(".repeat(500), ")".repeat(500));
    let nots = format!("{}userName pr{}", "not (".repeat(500), ")".repeat(500));
    let long = format!("userName eq \"{}\"", "a".repeat(20_000));
    let wide = vec!["id pr"; 600].join(" or ");
    for (filter, naming) in [
        ("", "filter"),
        ("   ", "filter"),
        ("userName", "offset"),
        ("userName eq", "offset"),
        ("userName eq ada", "offset"),
        ("userName eq 'ada'", "offset"),
        ("userName eq \"ada", "offset"),
        ("userName is \"ada\"", "offset"),
        ("userName eq \"a\" and", "offset"),
        ("userName eq \"a\" userName eq \"b\"", "offset"),
        ("(userName eq \"a\"", "offset"),
        ("userName eq \"a\")", "offset"),
        ("not userName eq \"a\"", "offset"),
        ("emails[type eq \"work\"", "offset"),
        ("emails[emails.type eq \"work\"]", "emails"),
        ("shoeSize eq 7", "shoeSize"),
        ("name.shoeSize eq \"7\"", "shoeSize"),
        ("urn:example:none:User:userName eq \"x\"", "urn:example"),
        ("password eq \"x\"", "password"),
        ("password pr", "password"),
        ("active gt true", "active"),
        ("active co \"t\"", "active"),
        ("active eq \"maybe\"", "active"),
        ("active eq 1", "active"),
        ("userName eq 7", "userName"),
        ("userName eq true", "userName"),
        ("userName gt null", "null"),
        ("meta.created gt \"yesterday\"", "meta.created"),
        ("meta.created co \"2020\"", "meta.created"),
        ("x509Certificates.value gt \"AA==\"", "x509Certificates"),
        ("name eq \"Ada\"", "name"),
        ("userName eq \"a\u{1}\"", "offset"),
        (r#"userName eq "\ud800""#, "offset"),
        (r#"userName eq "a\u0000""#, "offset"),
        (r#"userName eq "\x""#, "offset"),
        (deep.as_str(), "deep"),
        (&nots, "deep"),
        (&long, "long"),
        (&wide, "500"),
    ] {
        let by_query = directory.list("/Users", &[("filter", filter)]).await;
        assert_refused(&by_query, 400, "invalidFilter", naming);
        let body = super::message::search_for(filter);
        let by_body = directory.post("/Users/.search", &body).await;
        assert_refused(&by_body, 400, "invalidFilter", naming);
        assert!(
            by_body.text().len() < 2_000,
            "the detail repeats the filter: {}",
            by_body.text().len()
        );
    }
}

async fn what_looks_like_a_pattern_is_text(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for name in [
        "a%b", "a_b", "axb", "a*b", "a\\b", "a'b", "a\"b", "a;b--", "a[b]", "a?b",
    ] {
        let further =
            json!({"nickName": name, "emails": [{"value": name}], "displayName": name, "externalId": name});
        directory
            .post("/Users", &user_with(name, further))
            .await
            .expect(201);
    }
    for name in [
        "a%b", "a_b", "axb", "a*b", "a\\b", "a'b", "a\"b", "a;b--", "a[b]", "a?b",
    ] {
        let quoted = serde_json::to_string(name).unwrap();
        for attribute in [
            "userName",
            "nickName",
            "emails.value",
            "displayName",
            "externalId",
        ] {
            for op in ["eq", "co", "sw", "ew"] {
                let filter = format!("{attribute} {op} {quoted}");
                assert_eq!(
                    found(&directory, "/Users", &filter, "userName").await,
                    [name],
                    "{filter}"
                );
            }
        }
    }
    for (filter, many) in [
        ("userName co \"%\"", 1),
        ("userName co \"_\"", 1),
        ("userName sw \"a\"", 10),
        ("externalId sw \"%\"", 0),
    ] {
        assert_eq!(
            found(&directory, "/Users", filter, "id").await.len(),
            many,
            "{filter}"
        );
    }
}
