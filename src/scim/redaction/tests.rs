use serde_json::{Value, json};

use super::*;
use crate::scim::attribute::AttributeKind;
use crate::scim::schema::{self, Extension, Schema};

const SECRET: &str = "Hunter2-4f1c";

fn secrets() -> Secrets {
    Secrets::of([schema::user(), schema::group()], "rollcall_")
}

#[track_caller]
fn cleaned(body: &str) -> String {
    let clean = secrets()
        .clean_body(body.as_bytes(), false)
        .expect("what can be cleaned");
    assert!(!clean.contains(SECRET), "{clean}");
    clean
}

#[test]
fn a_password_is_masked_in_every_form_of_a_body() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    for body in [
        json!({"userName": "ada", "password": SECRET}),
        json!({"userName": "ada", "PassWord": SECRET}),
        json!({"userName": "ada", format!("{core}:password"): SECRET}),
        json!({"userName": "ada", core: {"password": SECRET}}),
        json!({"userName": "ada", "password": {"value": SECRET}}),
        json!({"userName": "ada", "password": [SECRET]}),
        json!({"Operations": [{"op": "replace", "path": "password", "value": SECRET}]}),
        json!({"operations": [{"OP": "Replace", "Path": "PASSWORD", "Value": SECRET}]}),
        json!({"Operations": [{"value": SECRET, "path": format!("{core}:password"), "op": "add"}]}),
        json!({"Operations": [{"op": "add", "path": "password", "value": {"secret": SECRET}}]}),
        json!({"Operations": [{"op": "add", "path": " password ", "value": SECRET}]}),
        json!({"Operations": [{"op": "add", "path": "password.value", "value": SECRET}]}),
        json!({"Operations": [{"op": "add", "path": format!("password[value eq \"{SECRET}\"]"), "value": SECRET}]}),
        json!({"Operations": [{"op": "add", "path": ["password"], "value": SECRET}]}),
        json!({"Operations": [{"op": "replace", "value": {"password": SECRET, "title": "Dr"}}]}),
        json!({"Operations": [{"op": "replace", "value": {format!("{core}:password"): SECRET}}]}),
        json!({"Operations": [{"method": "POST", "path": "/Users", "bulkId": "1", "data": {"password": SECRET}}]}),
        json!({"Operations": [{"method": "PATCH", "path": "/Users/1", "data":
            {"Operations": [{"op": "replace", "path": "password", "value": SECRET}]}}]}),
        json!({"Operations": [{"method": "POST", "data": json!({"password": SECRET}).to_string()}]}),
        json!({"filter": format!("userName eq \"ada\" and password eq \"{SECRET}\"")}),
        json!({"roles": [{"value": json!({"password": SECRET}).to_string()}]}),
    ] {
        let text = cleaned(&body.to_string());
        assert!(text.contains(MASK), "{text}");
    }
}

#[test]
fn a_misspelt_path_takes_its_value_along() {
    for path in [
        "/password",
        "password/",
        "\\\"password\\\"",
        "/Users/password",
        "password%20",
        "password,title",
    ] {
        let body = format!("{{\"op\":\"replace\",\"path\":\"{path}\",\"value\":\"hunter2\"}}");
        assert!(!cleaned(&body).contains("hunter2"), "{path}");
    }
    assert_eq!(secrets().clean_body(b"\"password hunter2\"", false), None);
    let detail = "Operations[0]: \"password eq \\\"hunter2\\\"\" is no attribute of User";
    assert_eq!(
        secrets().clean_detail(detail),
        "Operations[0]: \"***\" is no attribute of User"
    );
}

#[test]
fn a_name_written_in_escapes_is_the_same_name() {
    let text = cleaned(r#"{"userName":"ada","p\u0061ssword":"Hunter2-4f1c"}"#);
    assert_eq!(text, r#"{"userName":"ada","password":"***"}"#);
    cleaned(r#"{"Operations":[{"op":"add","path":"\u0070assword","value":"Hunter2-4f1c"}]}"#);
}

#[test]
fn a_member_that_is_given_twice_loses_both_values() {
    cleaned(r#"{"password":"Hunter2-4f1c","password":"Hunter2-4f1c"}"#);
}

#[test]
fn what_is_no_secret_stays_as_it_was_sent() {
    for body in [
        r#"{ "userName" : "ada",  "active": true, "n": 1.0 }"#,
        "no JSON at all",
        r#"{"userName": "broken"#,
        "",
    ] {
        assert_eq!(cleaned(body), body);
    }
    let patch = json!({"Operations": [{"op": "remove", "path": "password"}, {"op": "add", "path": "title", "value": "Dr"}]});
    assert_eq!(
        serde_json::from_str::<Value>(&cleaned(&patch.to_string())).unwrap(),
        patch
    );
    let team = json!({"displayName": "Password team", "schemas": ["x"], "note": "\u{e9}"});
    assert_eq!(
        serde_json::from_str::<Value>(&cleaned(&team.to_string())).unwrap(),
        team
    );
}

#[test]
fn what_may_hold_a_secret_and_is_no_json_is_withheld() {
    for body in [
        &b"password=Hunter2-4f1c&userName=ada"[..],
        br#"{"password": "Hunter2-4f1c" "#,
        br#"{"a": 1} {"PASSWORD": "Hunter2-4f1c"}"#,
        br"p\u0061ssword Hunter2-4f1c",
        b"\xff\xfe{",
        b"p\0a\0s\0s\0",
    ] {
        assert_eq!(secrets().clean_body(body, false), None, "{body:?}");
    }
}

#[test]
fn tokens_are_masked_wherever_they_stand() {
    let token = "rollcall_scim_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    let secrets = secrets();
    assert_eq!(
        secrets.clean_text(&format!("Agent/1 ({token}; x)")),
        "Agent/1 (***; x)"
    );
    assert_eq!(
        secrets.clean_text("rollcall_scim_ is how they begin"),
        "rollcall_scim_ is how they begin"
    );
    let body = json!({"nickName": token, "list": ["a", format!("é {token}")]}).to_string();
    let clean = secrets.clean_body(body.as_bytes(), false).unwrap();
    assert_eq!(clean, r#"{"nickName":"***","list":["a","é ***"]}"#);
    assert_eq!(
        secrets.clean_address(&format!(
            "/Users/{token}?filter=title%20eq%20%22{token}%22&count=1"
        )),
        "/Users/***?filter=***&count=1"
    );
}

#[test]
fn a_filter_that_names_a_secret_is_masked_in_the_address() {
    let clean = |address: &str| {
        let clean = secrets().clean_address(address);
        assert!(!clean.contains(SECRET), "{clean}");
        clean
    };
    for secret in [
        "filter=password%20eq%20%22Hunter2-4f1c%22",
        "filter=PASSWORD+eq+%22Hunter2-4f1c%22",
        "FILTER=not(password%20co%20%22Hunter2-4f1c%22)",
        "filter=p%61ssword%20eq%20%22Hunter2-4f1c%22",
        "filter=p%2561ssword%20eq%20%22Hunter2-4f1c%22",
        "filter=urn:ietf:params:scim:schemas:core:2.0:User:password%20eq%20%22Hunter2-4f1c%22",
        "attributes=password%3DHunter2-4f1c",
        "password=Hunter2-4f1c",
        "p%61ssword=Hunter2-4f1c",
        "access_token=Hunter2-4f1c",
    ] {
        let masked = clean(&format!("/Users?{secret}&count=1"));
        assert!(masked.ends_with("=***&count=1"), "{masked}");
    }
    for open in [
        "/Users?attributes=password,userName&count=",
        "/Users/Some%20Id",
        "/?",
        "/Users?filter=userName%20eq%20%22ada%22&startIndex=1",
    ] {
        assert_eq!(clean(open), open);
    }
}

#[test]
fn a_body_that_was_cut_off_anywhere_is_json_again_and_shows_no_secret() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let body = json!({
        "schemas": ["a", "b\"\\"],
        "Operations": [
            {"value": SECRET, "op": "replace", "path": "password"},
            {"op": "add", "value": [{"value": SECRET}], "note": "é", "path": format!("{core}:password")},
            {"value": {"password": SECRET, "nested": {"value": SECRET}}, "path": "password"},
            {"op": "add", "path": "title", "value": "Dr", "number": 12.5, "flag": true, "none": null},
            {"value": json!({"password": SECRET}).to_string(), "path": "roles"},
        ],
    })
    .to_string();
    let secrets = secrets();
    for length in 1..body.len() {
        let clean = secrets
            .clean_body(&body.as_bytes()[..length], true)
            .expect("a beginning of JSON");
        assert!(!clean.contains(SECRET), "{length}: {clean}");
        serde_json::from_str::<Value>(&clean).unwrap_or_else(|error| panic!("{clean}: {error}"));
    }
    assert_eq!(
        secrets
            .clean_body(br#"{"a": [1, {"b": "c", "d": "ha"#, true)
            .as_deref(),
        Some(r#"{"a":[1,{"b":"c"}]}"#)
    );
    assert_eq!(
        secrets.clean_body(br#"{"a": 12, "b": 34"#, true).as_deref(),
        Some(r#"{"a":12}"#)
    );
    for no_json in [&b"password=Hunter2"[..], b"", b"]", b"\"half a str"] {
        assert_eq!(secrets.clean_body(no_json, true), None, "{no_json:?}");
    }
}

#[test]
fn an_answer_that_was_cut_off_keeps_the_values_at_its_end() {
    let answer =
        br#"{"Resources": [{"emails": [{"type": "work", "value": "ada@acme.example"}], "title": "Coun"#;
    let clean = secrets().clean_answer(answer, true).unwrap();
    assert_eq!(
        clean,
        r#"{"Resources": [{"emails": [{"type": "work", "value": "ada@acme.example"}]}]}"#
    );
    let named = br#"{"Resources": [{"PassWord": "Hunter2-4f1c", "title": "Coun"#;
    let clean = secrets().clean_answer(named, true).unwrap();
    assert_eq!(clean, r#"{"Resources":[{"PassWord":"***"}]}"#);
}

#[test]
fn secrets_of_other_schemas_are_masked_too() {
    let pin = Attribute::new("pinCode", AttributeKind::String, "A secret.").mutability(Mutability::WriteOnly);
    let inner = Attribute::new("answer", AttributeKind::String, "A secret.").returned(Returned::Never);
    let hint = Attribute::complex("hint", vec![inner], "A question.");
    let extension = Schema::new("urn:example:User", "Example", "Example", vec![pin, hint]);
    let mut user = schema::user().clone();
    user.extensions.push(Extension {
        schema: extension.into(),
        required: false,
    });
    let body =
        json!({"urn:example:User": {"pincode": SECRET, "hint": {"answer": SECRET, "question": "why"}}});
    let clean = Secrets::of([&user], "rollcall_").clean_body(body.to_string().as_bytes(), false);
    assert_eq!(
        clean.as_deref(),
        Some(r#"{"urn:example:User":{"pincode":"***","hint":{"answer":"***","question":"why"}}}"#)
    );
}
