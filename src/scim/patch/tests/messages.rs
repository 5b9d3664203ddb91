//! The message, its paths and values.

use super::*;

#[test]
fn the_message_must_be_a_patch() {
    let read = |body: Value| parse(body, user(), Provider::Generic).map(|_| Value::Null);
    let fine = json!([{"op": "remove", "path": "title"}]);
    assert!(read(json!({"schemas": [PATCH_OP_URN.to_uppercase()], "operations": fine})).is_ok());
    assert!(read(json!({"Operations": fine})).is_ok());
    for (body, detail) in [
        (json!([]), "the body"),
        (json!({}), "Operations is missing"),
        (json!({"schemas": [PATCH_OP_URN]}), "Operations is missing"),
        (json!({"Operations": {}}), "Operations must be an array"),
        (json!({"Operations": []}), "Operations is empty"),
        (json!({"Operations": fine, "schemas": []}), "schemas"),
        (json!({"Operations": fine, "schemas": PATCH_OP_URN}), "schemas"),
        (json!({"Operations": fine, "schemas": [USER_URN]}), "schemas"),
        (json!({"Operations": fine, "operations": fine}), "twice"),
        (message(json!([5])), "Operations[0]: must be an object"),
        (message(json!([{"path": "title"}])), "op is missing"),
        (message(json!([{"op": "move", "path": "title"}])), "op \"move\""),
        (message(json!([{"op": 1}])), "op must be a string"),
        (message(json!([{"op": "add", "OP": "add"}])), "twice"),
    ] {
        refused(read(body), ScimType::InvalidSyntax, detail);
    }
    let many = vec![json!({"op": "remove", "path": "title"}); MAX_OPERATIONS + 1];
    assert_eq!(read(message(json!(many))).unwrap_err().status, 413);
}

#[test]
fn values_are_judged_before_anything_is_applied() {
    for (operation, scim_type, detail) in [
        (
            json!({"op": "add", "path": "title"}),
            ScimType::InvalidValue,
            "Operations[1]: value is missing",
        ),
        (
            json!({"op": "replace"}),
            ScimType::InvalidValue,
            "value is missing",
        ),
        (
            json!({"op": "replace", "value": "x"}),
            ScimType::InvalidValue,
            "value must be an object",
        ),
        (
            json!({"op": "replace", "value": {}}),
            ScimType::InvalidValue,
            "no attribute",
        ),
        (
            json!({"op": "replace", "path": "active", "value": 1}),
            ScimType::InvalidValue,
            "active",
        ),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": 5}]}),
            ScimType::InvalidValue,
            "emails[0].value",
        ),
        (
            json!({"op": "add", "path": "emails.value", "value": 5}),
            ScimType::InvalidValue,
            "emails.value",
        ),
        (
            json!({"op": "replace", "path": "userName", "value": " "}),
            ScimType::InvalidValue,
            "userName",
        ),
    ] {
        let first = json!({"op": "replace", "path": "title", "value": "changed"});
        refused(patched(json!([first, operation])), scim_type, detail);
    }
}

#[test]
fn paths_are_judged_before_anything_is_applied() {
    for (operation, scim_type, detail) in [
        (
            json!({"op": "replace", "path": 5, "value": 1}),
            ScimType::InvalidPath,
            "path",
        ),
        (
            json!({"op": "replace", "path": "bogus", "value": 1}),
            ScimType::InvalidPath,
            "bogus",
        ),
        (
            json!({"op": "replace", "path": "", "value": 1}),
            ScimType::InvalidPath,
            "\"\"",
        ),
        (
            json!({"op": "replace", "path": "name.bogus", "value": 1}),
            ScimType::InvalidPath,
            "name.bogus",
        ),
        (
            json!({"op": "replace", "path": "urn:x:y", "value": 1}),
            ScimType::InvalidPath,
            "urn:x:y",
        ),
        (
            json!({"op": "replace", "path": "title[value eq \"x\"]", "value": 1}),
            ScimType::InvalidPath,
            "title",
        ),
        (
            json!({"op": "replace", "path": "name[givenName pr]", "value": 1}),
            ScimType::InvalidPath,
            "name",
        ),
        (
            json!({"op": "replace", "path": "emails[type pr]x", "value": 1}),
            ScimType::InvalidPath,
            "expected",
        ),
        (
            json!({"op": "replace", "path": "emails[type pr].x", "value": 1}),
            ScimType::InvalidPath,
            "emails",
        ),
        (
            json!({"op": "remove", "path": "emails[bogus pr]"}),
            ScimType::InvalidFilter,
            "bogus",
        ),
        (
            json!({"op": "remove", "path": "emails[type eq"}),
            ScimType::InvalidFilter,
            "offset",
        ),
        (
            json!({"op": "remove", "path": "emails["}),
            ScimType::InvalidFilter,
            "offset",
        ),
        (
            json!({"op": "replace", "path": "name", "value": {"bogus": 1}}),
            ScimType::InvalidPath,
            "name",
        ),
        (
            json!({"op": "add", "path": "emails", "value": [{"bogus": 1}]}),
            ScimType::InvalidPath,
            "emails",
        ),
        (
            json!({"op": "add", "path": ENTERPRISE_URN, "value": {"bogus": 1}}),
            ScimType::InvalidPath,
            "bogus",
        ),
        (
            json!({"op": "add", "path": ENTERPRISE_URN, "value": "x"}),
            ScimType::InvalidValue,
            ENTERPRISE_URN,
        ),
    ] {
        let first = json!({"op": "replace", "path": "title", "value": "changed"});
        refused(patched(json!([first, operation])), scim_type, detail);
    }
}

#[test]
fn what_may_not_be_set_or_taken_away_is_refused() {
    for (operation, scim_type, detail) in [
        (json!({"op": "remove"}), ScimType::NoTarget, "path"),
        (
            json!({"op": "remove", "value": {"title": 1}}),
            ScimType::NoTarget,
            "path",
        ),
        (
            json!({"op": "remove", "path": "userName"}),
            ScimType::Mutability,
            "userName is required",
        ),
        (
            json!({"op": "replace", "path": "userName", "value": null}),
            ScimType::Mutability,
            "userName",
        ),
        (
            json!({"op": "replace", "value": {"userName": null}}),
            ScimType::Mutability,
            "userName",
        ),
        (
            json!({"op": "remove", "path": USER_URN}),
            ScimType::Mutability,
            "core schema",
        ),
        (
            json!({"op": "replace", "path": "id", "value": "x"}),
            ScimType::Mutability,
            "id is readOnly",
        ),
        (
            json!({"op": "remove", "path": "meta.created"}),
            ScimType::Mutability,
            "meta.created",
        ),
        (
            json!({"op": "add", "path": "groups", "value": [{"value": "g"}]}),
            ScimType::Mutability,
            "groups",
        ),
        (
            json!({"op": "add", "path": "manager.displayName", "value": "x"}),
            ScimType::Mutability,
            "displayName",
        ),
        (
            json!({"op": "remove", "path": "schemas"}),
            ScimType::Mutability,
            "schemas",
        ),
        (
            json!({"op": "add", "path": "schemas", "value": ["urn:x"]}),
            ScimType::InvalidSyntax,
            "schemas",
        ),
    ] {
        let first = json!({"op": "replace", "path": "title", "value": "changed"});
        refused(patched(json!([first, operation])), scim_type, detail);
    }
}

#[test]
fn an_operation_that_fails_leaves_nothing_of_the_ones_before_it() {
    let current = ann();
    let operations = json!([
        {"op": "replace", "path": "title", "value": "changed"},
        {"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"}
    ]);
    refused(
        apply_to(&current, operations, Provider::Generic),
        ScimType::NoTarget,
        "Operations[1]: emails",
    );
    assert_eq!(current, ann());
}

#[test]
fn pathless_values_ignore_what_no_schema_knows_as_long_as_one_member_is_known() {
    let mixed = json!([{"op": "replace", "value": {"bogus": 1, "urn:x:y": 2, "title": "N"}}]);
    assert_eq!(patched(mixed).unwrap(), ann_with(json!({"title": "N"})));
    refused(
        patched(json!([{"op": "add", "value": {"bogus": 1}}])),
        ScimType::InvalidPath,
        "bogus",
    );
    for key in ["name.bogus", &format!("{ENTERPRISE_URN}:bogus"), "emails["] {
        let operations = json!([{"op": "add", "value": {"title": "N", key: "x"}}]);
        assert!(patched(operations).is_err(), "{key}");
    }
    let nested = json!([{"op": "add", "value": {"title": "N", ENTERPRISE_URN: {"bogus": 1}}}]);
    refused(patched(nested), ScimType::InvalidPath, "bogus");
    let twice = json!([{"op": "add", "value": {"title": "N", "Title": "M"}}]);
    refused(patched(twice), ScimType::InvalidSyntax, "twice");
}

#[test]
fn a_schema_as_a_whole_is_a_path() {
    let merged = one(
        "replace",
        ENTERPRISE_URN,
        json!({"Department": "E", "division": "V"}),
    )
    .unwrap();
    let expected = json!({"department": "E", "manager": ann()[ENTERPRISE_URN]["manager"], "division": "V"});
    assert_eq!(merged[ENTERPRISE_URN], expected);
    let merged =
        patched(json!([{"op": "add", "value": {ENTERPRISE_URN: {"department": null, "division": "V"}}}]));
    assert_eq!(merged.unwrap()[ENTERPRISE_URN]["department"], "D");
    assert_eq!(
        one("replace", ENTERPRISE_URN, json!(null)).unwrap(),
        ann_with(json!({ENTERPRISE_URN: null}))
    );
    assert_eq!(
        one("add", USER_URN, json!({"title": "N", "id": "x"})).unwrap(),
        ann_with(json!({"title": "N"}))
    );
}

#[test]
fn a_password_is_checked_and_dropped() {
    for operation in [
        json!({"op": "replace", "path": "password", "value": "secret"}),
        json!({"op": "add", "value": {"password": "secret"}}),
        json!({"op": "remove", "path": "password"}),
    ] {
        let patch = parse(message(json!([operation])), user(), Provider::Okta).unwrap();
        assert!(patch.is_empty());
    }
    refused(
        one("replace", "password", json!(5)),
        ScimType::InvalidValue,
        "password",
    );
}

#[test]
fn naming_a_known_schema_changes_nothing() {
    assert_eq!(one("add", "schemas", json!([ENTERPRISE_URN])).unwrap(), ann());
    assert_eq!(one("add", "schemas", json!(ENTERPRISE_URN)).unwrap(), ann());
}
