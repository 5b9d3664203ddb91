//! PATCH by the RFC; what identity providers send beside it is tested with the repairs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::scim::attribute::{Attribute, AttributeKind, MAX_VALUES, Mutability};
use crate::scim::error::ScimType;
use crate::scim::resource;
use crate::scim::schema::{ENTERPRISE_URN, Extension, Schema, USER_URN, group, user};

fn ann() -> Value {
    json!({
        "userName": "ann", "title": "T", "active": true,
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [
            {"value": "w@x", "type": "work", "primary": true},
            {"value": "h@x", "type": "home"}
        ],
        ENTERPRISE_URN: {"department": "D", "manager": {"value": "m1", "$ref": "../Users/m1"}}
    })
}

fn message(operations: Value) -> Value {
    json!({"schemas": [PATCH_OP_URN], "Operations": operations})
}

fn apply_to(current: &Value, operations: Value, profile: Profile) -> Result<Value, ScimError> {
    let patch = parse(message(operations), user(), profile)?;
    patch.apply(current.as_object().unwrap()).map(Value::Object)
}

fn patched(operations: Value) -> Result<Value, ScimError> {
    apply_to(&ann(), operations, Profile::Generic)
}

fn one(op: &str, path: &str, value: Value) -> Result<Value, ScimError> {
    patched(json!([{"op": op, "path": path, "value": value}]))
}

fn removed(path: &str) -> Result<Value, ScimError> {
    patched(json!([{"op": "remove", "path": path}]))
}

/// Ann with these top-level attributes replaced, or removed where null.
fn ann_with(changes: Value) -> Value {
    let mut ann = ann();
    let object = ann.as_object_mut().unwrap();
    for (name, value) in changes.as_object().cloned().unwrap() {
        if value.is_null() {
            object.shift_remove(&name);
        } else {
            object.insert(name, value);
        }
    }
    ann
}

fn refused(result: Result<Value, ScimError>, scim_type: ScimType, detail: &str) {
    let error = result.expect_err(detail);
    assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{error}");
    assert!(error.detail.contains(detail), "{error} should name {detail}");
}

#[test]
fn the_message_must_be_a_patch() {
    let read = |body: Value| parse(body, user(), Profile::Generic).map(|_| Value::Null);
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
fn values_and_paths_are_judged_before_anything_is_applied() {
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
        apply_to(&current, operations, Profile::Generic),
        ScimType::NoTarget,
        "Operations[1]: emails",
    );
    assert_eq!(current, ann());
}

#[test]
fn single_values_are_set_by_add_and_replace_alike() {
    for op in ["add", "replace"] {
        assert_eq!(
            one(op, "title", json!("New")).unwrap(),
            ann_with(json!({"title": "New"}))
        );
        assert_eq!(
            one(op, "nickName", json!("N")).unwrap(),
            ann_with(json!({"nickName": "N"}))
        );
        assert_eq!(
            one(op, "name.givenName", json!("B")).unwrap()["name"],
            json!({"givenName": "B", "familyName": "Lee"})
        );
        let merged = one(op, "name", json!({"givenName": "B", "middleName": "C"})).unwrap();
        assert_eq!(
            merged["name"],
            json!({"givenName": "B", "familyName": "Lee", "middleName": "C"})
        );
        let urn = format!("{ENTERPRISE_URN}:costCenter");
        assert_eq!(
            one(op, &urn, json!("7")).unwrap()[ENTERPRISE_URN]["costCenter"],
            "7"
        );
        assert_eq!(one(op, "title", json!("T")).unwrap(), ann());
    }
    assert_eq!(
        one("replace", "name", json!({"givenName": null})).unwrap()["name"],
        json!({"familyName": "Lee"})
    );
    for keeps in [json!({}), json!({"givenName": "Ann"})] {
        assert_eq!(one("replace", "name", keeps).unwrap(), ann());
    }
    assert_eq!(
        one("replace", "manager", json!({"displayName": "x"})).unwrap(),
        ann()
    );
}

#[test]
fn null_replaces_by_nothing_and_adds_nothing() {
    assert_eq!(
        one("replace", "title", json!(null)).unwrap(),
        ann_with(json!({"title": null}))
    );
    assert_eq!(
        one("replace", "emails", json!([])).unwrap(),
        ann_with(json!({"emails": null}))
    );
    assert_eq!(
        one("replace", "emails", json!(null)).unwrap(),
        ann_with(json!({"emails": null}))
    );
    assert_eq!(
        one("replace", "name", json!(null)).unwrap(),
        ann_with(json!({"name": null}))
    );
    assert_eq!(
        one("replace", "emails[type eq \"home\"]", json!(null)).unwrap()["emails"],
        json!([ann()["emails"][0]])
    );
    for (path, value) in [
        ("title", json!(null)),
        ("emails", json!([])),
        ("name", json!(null)),
        ("name.givenName", json!(null)),
    ] {
        assert_eq!(one("add", path, value).unwrap(), ann());
    }
    assert_eq!(
        patched(json!([{"op": "add", "value": {"title": null}}])).unwrap(),
        ann()
    );
    assert_eq!(
        patched(json!([{"op": "replace", "value": {"title": null}}])).unwrap(),
        ann_with(json!({"title": null}))
    );
}

#[test]
fn values_are_removed() {
    assert_eq!(removed("title").unwrap(), ann_with(json!({"title": null})));
    assert_eq!(removed("TITLE").unwrap(), ann_with(json!({"title": null})));
    assert_eq!(removed("nickName").unwrap(), ann());
    assert_eq!(
        removed("name.givenName").unwrap()["name"],
        json!({"familyName": "Lee"})
    );
    assert_eq!(removed("name.middleName").unwrap(), ann());
    assert_eq!(removed("emails").unwrap(), ann_with(json!({"emails": null})));
    assert_eq!(
        removed("emails[type eq \"HOME\"]").unwrap()["emails"],
        json!([ann()["emails"][0]])
    );
    assert_eq!(removed("emails[type eq \"other\"]").unwrap(), ann());
    assert_eq!(
        removed("emails[value pr]").unwrap(),
        ann_with(json!({"emails": null}))
    );
    assert_eq!(
        removed(ENTERPRISE_URN).unwrap(),
        ann_with(json!({ENTERPRISE_URN: null}))
    );
    let emails = removed("emails[type eq \"home\"].type").unwrap()["emails"].clone();
    assert_eq!(emails[1], json!({"value": "h@x"}));
}

#[test]
fn what_loses_its_last_part_is_gone() {
    let gone = patched(
        json!([{"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": "name.familyName"}]),
    );
    assert_eq!(gone.unwrap(), ann_with(json!({"name": null})));
    let gone = patched(json!([
        {"op": "remove", "path": "emails[type eq \"home\"].value"},
        {"op": "remove", "path": "emails[type eq \"home\"].type"}
    ]));
    assert_eq!(gone.unwrap()["emails"], json!([ann()["emails"][0]]));
    let gone = patched(json!([
        {"op": "remove", "path": format!("{ENTERPRISE_URN}:manager")},
        {"op": "remove", "path": format!("{ENTERPRISE_URN}:department")}
    ]));
    assert_eq!(gone.unwrap(), ann_with(json!({ENTERPRISE_URN: null})));
    let gone = patched(
        json!([{"op": "remove", "path": "emails.type"}, {"op": "remove", "path": "emails.primary"},
        {"op": "remove", "path": "emails.value"}]),
    );
    assert_eq!(gone.unwrap(), ann_with(json!({"emails": null})));
}

#[test]
fn adding_what_is_there_changes_nothing() {
    assert_eq!(
        one("add", "emails", json!([{"type": "home", "value": "h@x"}])).unwrap(),
        ann()
    );
    assert_eq!(one("add", "emails", ann()["emails"].clone()).unwrap(), ann());
    assert_eq!(one("add", "title", json!("T")).unwrap(), ann());
    let added = one("add", "emails", json!([{"value": "n@x"}, {"value": "n@x"}])).unwrap();
    assert_eq!(added["emails"].as_array().unwrap().len(), 3);
    // The same value and type with more beside it is the same element (RFC 7643 section 2.4).
    let added = one(
        "add",
        "emails",
        json!([{"type": "home", "value": "h@x", "display": "H"}]),
    )
    .unwrap();
    assert_eq!(
        added["emails"][1],
        json!({"type": "home", "value": "h@x", "display": "H"})
    );
    assert_eq!(added["emails"].as_array().unwrap().len(), 2);
}

#[test]
fn a_new_primary_value_takes_it_from_the_others() {
    let expected = json!([
        {"value": "w@x", "type": "work", "primary": false},
        {"value": "h@x", "type": "home", "primary": true}
    ]);
    for operation in [
        json!({"op": "add", "path": "emails", "value": [{"value": "h@x", "type": "home", "primary": true}]}),
        json!({"op": "add", "path": "emails[type eq \"home\"].primary", "value": true}),
        json!({"op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True"}),
        json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"primary": true}}),
        json!({"op": "add", "value": {"emails": {"value": "h@x", "type": "home", "primary": true}}}),
    ] {
        assert_eq!(
            patched(json!([operation])).unwrap()["emails"],
            expected,
            "{operation}"
        );
    }
    let added = one("add", "emails", json!([{"value": "n@x", "primary": true}])).unwrap();
    assert_eq!(added["emails"][0]["primary"], false);
    assert_eq!(added["emails"][2]["primary"], true);
    assert_eq!(
        one("replace", "emails[primary eq true].value", json!("v")).unwrap()["emails"][0]["primary"],
        true
    );
}

#[test]
fn several_primary_values_at_once_are_refused() {
    refused(
        one("replace", "emails.primary", json!(true)),
        ScimType::InvalidValue,
        "primary",
    );
    refused(
        one("add", "emails[value pr].primary", json!(true)),
        ScimType::InvalidValue,
        "primary",
    );
    let two = json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}]);
    refused(
        one("add", "emails", two.clone()),
        ScimType::InvalidValue,
        "primary",
    );
    refused(one("replace", "emails", two), ScimType::InvalidValue, "primary");
}

#[test]
fn a_list_is_replaced_as_a_whole() {
    let new = json!([{"value": "n@x", "type": "other"}]);
    assert_eq!(one("replace", "emails", new.clone()).unwrap()["emails"], new);
    assert_eq!(one("replace", "emails", new[0].clone()).unwrap()["emails"], new);
    assert_eq!(
        one("replace", "emails", json!("n@x")).unwrap()["emails"],
        json!([{"value": "n@x"}])
    );
    assert_eq!(one("replace", "emails", ann()["emails"].clone()).unwrap(), ann());
}

#[test]
fn selected_elements_are_merged_and_the_rest_of_them_stays() {
    let replaced = one(
        "replace",
        "emails[type eq \"work\"]",
        json!({"value": "n@x", "display": "N"}),
    )
    .unwrap();
    let expected = json!({"value": "n@x", "type": "work", "primary": true, "display": "N"});
    assert_eq!(replaced["emails"][0], expected);
    assert_eq!(replaced["emails"][1], ann()["emails"][1]);
    let replaced = one("replace", "emails[type eq \"work\"]", json!("n@x")).unwrap();
    assert_eq!(replaced["emails"][0]["value"], "n@x");
    let replaced = one(
        "replace",
        "emails[type eq \"work\"]",
        json!([{"value": "n@x", "primary": null}]),
    )
    .unwrap();
    assert_eq!(replaced["emails"][0], json!({"value": "n@x", "type": "work"}));
    let two = json!([{"value": "a"}, {"value": "b"}]);
    refused(
        one("replace", "emails[type eq \"work\"]", two),
        ScimType::InvalidValue,
        "emails",
    );
}

#[test]
fn a_sub_attribute_of_a_list_is_set_in_every_element() {
    let replaced = one("replace", "emails.type", json!("other")).unwrap();
    assert_eq!(replaced["emails"][0]["type"], "other");
    assert_eq!(replaced["emails"][1]["type"], "other");
    let same = patched(
        json!([{"op": "remove", "path": "emails.primary"}, {"op": "remove", "path": "emails.type"},
        {"op": "replace", "path": "emails.value", "value": "s@x"}]),
    );
    assert_eq!(same.unwrap()["emails"], json!([{"value": "s@x"}]));
    let fresh = one("add", "phoneNumbers.value", json!("1")).unwrap();
    assert_eq!(fresh["phoneNumbers"], json!([{"value": "1"}]));
}

#[test]
fn an_add_without_match_creates_the_element_that_the_filter_describes() {
    let added = one(
        "add",
        "emails[type eq \"Other\" and display eq \"D\"].value",
        json!("n@x"),
    )
    .unwrap();
    assert_eq!(
        added["emails"][2],
        json!({"type": "Other", "display": "D", "value": "n@x"})
    );
    let added = one(
        "add",
        "emails[primary eq true and type eq \"other\"].value",
        json!("n@x"),
    )
    .unwrap();
    assert_eq!(
        added["emails"][2],
        json!({"primary": true, "type": "other", "value": "n@x"})
    );
    assert_eq!(added["emails"][0]["primary"], false);
    for path in [
        "emails[type eq \"other\" or type eq \"x\"].value",
        "emails[not (type pr)].value",
        "emails[type co \"other\"].value",
        "emails[type eq \"a\" and type eq \"b\"].value",
    ] {
        refused(one("add", path, json!("n@x")), ScimType::NoTarget, "emails");
    }
}

#[test]
fn a_replace_without_match_is_no_target() {
    for path in [
        "emails[type eq \"other\"].value",
        "emails[type eq \"other\"]",
        "phoneNumbers[type eq \"work\"].value",
    ] {
        refused(
            one("replace", path, json!("x")),
            ScimType::NoTarget,
            "selects nothing",
        );
    }
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
fn a_reference_does_not_outlive_the_value_it_belongs_to() {
    let path = format!("{ENTERPRISE_URN}:manager");
    assert_eq!(
        one("replace", &path, json!({"value": "m2"})).unwrap()[ENTERPRISE_URN]["manager"],
        json!({"value": "m2"})
    );
    assert_eq!(one("replace", &path, json!({"value": "m1"})).unwrap(), ann());
    let both = json!({"value": "m2", "$ref": "../Users/m2"});
    assert_eq!(
        one("replace", &path, both.clone()).unwrap()[ENTERPRISE_URN]["manager"],
        both
    );
    let part = one("replace", &format!("{path}.value"), json!("m2")).unwrap();
    assert_eq!(part[ENTERPRISE_URN]["manager"], json!({"value": "m2"}));
    let gone = one("replace", &path, json!({"value": null})).unwrap();
    assert_eq!(gone[ENTERPRISE_URN], json!({"department": "D"}));
}

#[test]
fn a_password_is_checked_and_dropped() {
    for operation in [
        json!({"op": "replace", "path": "password", "value": "secret"}),
        json!({"op": "add", "value": {"password": "secret"}}),
        json!({"op": "remove", "path": "password"}),
    ] {
        let patch = parse(message(json!([operation])), user(), Profile::Okta).unwrap();
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

#[test]
fn listed_values_are_removed_from_a_list_and_nothing_else() {
    let with_value = |value: Value| one("remove", "emails", value).unwrap()["emails"].clone();
    let (work, home) = (ann()["emails"][0].clone(), ann()["emails"][1].clone());
    assert_eq!(with_value(json!([{"value": "H@X"}])), json!([work]));
    assert_eq!(
        with_value(json!({"value": "w@x", "type": "WORK", "display": null})),
        json!([home])
    );
    assert_eq!(with_value(json!("w@x")), json!([home]));
    assert_eq!(
        with_value(json!([{"value": "w@x", "type": "home"}])),
        ann()["emails"]
    );
    assert_eq!(with_value(json!([])), ann()["emails"]);
    assert_eq!(
        with_value(json!([{"type": "home"}, {"value": "none"}])),
        json!([work])
    );
    assert_eq!(
        one("remove", "emails", json!(null)).unwrap(),
        ann_with(json!({"emails": null}))
    );
    assert_eq!(
        one("remove", "title", json!("else")).unwrap(),
        ann_with(json!({"title": null}))
    );
    let parts = one("remove", "emails.type", json!("home")).unwrap()["emails"].clone();
    assert_eq!(parts, json!([work, {"value": "h@x"}]));
    refused(
        one("remove", "emails", json!([{"bogus": 1}])),
        ScimType::InvalidPath,
        "emails",
    );
}

#[test]
fn lists_keep_their_limit() {
    let roles: Vec<Value> = (0..MAX_VALUES)
        .map(|index| json!({"value": index.to_string()}))
        .collect();
    let current = ann_with(json!({"roles": roles}));
    let add = |value: Value| {
        apply_to(
            &current,
            json!([{"op": "add", "path": "roles", "value": value}]),
            Profile::Generic,
        )
    };
    assert_eq!(add(json!([{"value": "7"}])).unwrap(), current);
    refused(add(json!([{"value": "new"}])), ScimType::InvalidValue, "roles");
}

#[test]
fn many_operations_on_long_lists_end_in_too_many_and_soon() {
    let roles: Vec<Value> = (0..MAX_VALUES)
        .map(|index| json!({"value": index.to_string()}))
        .collect();
    let current = ann_with(json!({"roles": roles}));
    let operation =
        json!({"op": "replace", "path": "roles[value eq \"none\" or value eq \"7\"].display", "value": "x"});
    let operations = json!(vec![operation; MAX_OPERATIONS]);
    refused(
        apply_to(&current, operations, Profile::Generic),
        ScimType::TooMany,
        "too many values",
    );
    let simple = json!(vec![
        json!({"op": "replace", "path": "title", "value": "x"});
        MAX_OPERATIONS
    ]);
    assert_eq!(
        apply_to(&current, simple, Profile::Generic).unwrap()["title"],
        "x"
    );
}

fn custom() -> ResourceType {
    let part = |name: &str, kind| Attribute::new(name, kind, "");
    let schema = Schema::new(
        "urn:acme:Thing",
        "Thing",
        "",
        vec![
            part("serial", AttributeKind::String).mutability(Mutability::Immutable),
            part("tags", AttributeKind::String).multi_valued(),
            part("owners", AttributeKind::String).multi_valued().required(),
            Attribute::complex(
                "keys",
                vec![
                    part("value", AttributeKind::String)
                        .required()
                        .mutability(Mutability::Immutable),
                    part("note", AttributeKind::String),
                    part("uses", AttributeKind::String).multi_valued(),
                ],
                "",
            )
            .multi_valued(),
        ],
    );
    let more = Schema::new(
        "urn:acme:More",
        "More",
        "",
        vec![part("code", AttributeKind::String)],
    );
    ResourceType {
        name: "Thing".to_owned(),
        endpoint: "/Things".to_owned(),
        description: String::new(),
        schema: Arc::new(schema),
        extensions: vec![Extension {
            schema: Arc::new(more),
            required: true,
        }],
    }
}

fn thing(op: &str, path: &str, value: Value) -> Result<Value, ScimError> {
    let current = json!({"serial": "1", "tags": ["a", "b"], "owners": ["o"], "keys": [{"value": "k", "note": "n"}],
        "urn:acme:More": {"code": "c"}});
    let patch = parse(
        message(json!([{"op": op, "path": path, "value": value}])),
        &custom(),
        Profile::Generic,
    )?;
    patch.apply(current.as_object().unwrap()).map(Value::Object)
}

#[test]
fn immutable_and_required_hold_for_every_schema() {
    assert!(thing("replace", "serial", json!("1")).is_ok());
    refused(
        thing("replace", "serial", json!("2")),
        ScimType::Mutability,
        "serial",
    );
    refused(
        thing("remove", "serial", json!(null)),
        ScimType::Mutability,
        "serial",
    );
    refused(
        thing("remove", "owners[value eq \"o\"]", json!(null)),
        ScimType::Mutability,
        "owners",
    );
    refused(
        thing("remove", "owners", json!(["o"])),
        ScimType::Mutability,
        "owners",
    );
    refused(
        thing("replace", "keys[note eq \"n\"].value", json!("x")),
        ScimType::Mutability,
        "keys.value",
    );
    refused(
        thing("remove", "keys[note eq \"n\"].value", json!(null)),
        ScimType::Mutability,
        "required",
    );
    refused(
        thing("add", "keys[note eq \"x\"].uses", json!("y")),
        ScimType::InvalidValue,
        "keys.value is required",
    );
    assert!(thing("remove", "keys[note eq \"n\"]", json!(null)).is_ok());
    refused(
        thing("remove", "urn:acme:More", json!(null)),
        ScimType::Mutability,
        "urn:acme:More",
    );
}

#[test]
fn plain_lists_and_lists_inside_elements_are_patched_too() {
    let tags = |op: &str, path: &str, value: Value| thing(op, path, value).unwrap()["tags"].clone();
    assert_eq!(tags("add", "tags", json!(["b", "c"])), json!(["a", "b", "c"]));
    assert_eq!(
        tags("add", "tags", json!([{"value": "c"}])),
        json!(["a", "b", "c"])
    );
    assert_eq!(tags("remove", "tags[value eq \"A\"]", json!(null)), json!(["b"]));
    assert_eq!(tags("remove", "tags", json!(["B"])), json!(["a"]));
    assert_eq!(tags("replace", "tags[value eq \"a\"]", json!("b")), json!(["b"]));
    assert_eq!(
        tags("add", "tags[value eq \"z\"]", json!("z")),
        json!(["a", "b", "z"])
    );
    let keys = thing("add", "keys[value eq \"k\"].uses", json!(["u", "u"])).unwrap()["keys"].clone();
    assert_eq!(keys, json!([{"value": "k", "note": "n", "uses": ["u"]}]));
}

fn split(operations: Value) -> Result<(Vec<MemberChange>, Patch), ScimError> {
    parse(message(operations), group(), Profile::Generic)?.split_members()
}

fn strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn member_changes_come_out_in_order_and_the_rest_stays() {
    let (changes, rest) = split(json!([
        {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b", "display": "B"}, {"value": "a"}]},
        {"op": "replace", "path": "displayName", "value": "N"},
        {"op": "remove", "path": "members[value eq \"C\" or value eq \"d\"]"},
        {"op": "remove", "path": "members", "value": [{"value": "e", "type": "User"}, "f"]},
        {"op": "remove", "path": "members[type eq \"Group\"]"},
        {"op": "remove", "path": "members"},
        {"op": "replace", "value": {"members": [{"value": "g"}], "externalId": "x"}},
        {"op": "replace", "path": "members", "value": []},
        {"op": "add", "path": "members.value", "value": "h"},
        {"op": "add", "path": "members[value eq \"i\"]", "value": {"type": "User"}},
        {"op": "add", "path": "members", "value": {"value": " j "}}
    ]))
    .unwrap();
    let matching = match &changes[3] {
        MemberChange::RemoveMatching(filter) => filter.clone(),
        other => panic!("{other:?}"),
    };
    let expected = vec![
        MemberChange::Add(strings(&["a", "b"])),
        MemberChange::Remove(strings(&["C", "d"])),
        MemberChange::Remove(strings(&["e", "f"])),
        MemberChange::RemoveMatching(matching.clone()),
        MemberChange::Clear,
        MemberChange::Replace(strings(&["g"])),
        MemberChange::Clear,
        MemberChange::Add(strings(&["h"])),
        MemberChange::Add(strings(&["i"])),
        MemberChange::Add(strings(&[" j "])),
    ];
    assert_eq!(changes, expected);
    assert!(matching.matches(json!({"value": "x", "type": "group"}).as_object().unwrap()));
    assert!(!matching.matches(json!({"value": "x", "type": "User"}).as_object().unwrap()));
    let current = json!({"displayName": "O"});
    let after = rest.apply(current.as_object().unwrap()).unwrap();
    assert_eq!(
        Value::Object(after),
        json!({"displayName": "N", "externalId": "x"})
    );
}

#[test]
fn a_patch_of_members_alone_leaves_an_empty_rest() {
    let (changes, rest) = split(json!([{"op": "remove", "path": "members[value eq \"a\"]"}])).unwrap();
    assert_eq!(changes, [MemberChange::Remove(strings(&["a"]))]);
    assert!(rest.is_empty());
    let (changes, rest) = split(json!([{"op": "add", "path": "members", "value": []}])).unwrap();
    assert!(changes.is_empty() && rest.is_empty());
}

#[test]
fn members_change_only_as_a_whole() {
    for (operation, scim_type) in [
        (
            json!({"op": "replace", "path": "members[value eq \"a\"].value", "value": "b"}),
            ScimType::Mutability,
        ),
        (
            json!({"op": "replace", "path": "members[value eq \"a\"].type", "value": "User"}),
            ScimType::Mutability,
        ),
        (
            json!({"op": "replace", "path": "members[value eq \"a\"].display", "value": "x"}),
            ScimType::Mutability,
        ),
        (
            json!({"op": "replace", "path": "members.value", "value": "b"}),
            ScimType::Mutability,
        ),
        (
            json!({"op": "remove", "path": "members.value"}),
            ScimType::Mutability,
        ),
        (
            json!({"op": "add", "path": "members[value eq \"a\"]", "value": {"value": "b"}}),
            ScimType::Mutability,
        ),
        (
            json!({"op": "add", "path": "members[type eq \"User\"]", "value": {"type": "User"}}),
            ScimType::NoTarget,
        ),
        (
            json!({"op": "add", "path": "members", "value": [{"type": "User"}]}),
            ScimType::InvalidValue,
        ),
        (
            json!({"op": "add", "path": "members", "value": [{"value": ""}]}),
            ScimType::InvalidValue,
        ),
        (
            json!({"op": "add", "path": "members", "value": [5]}),
            ScimType::InvalidValue,
        ),
        (
            json!({"op": "remove", "path": "displayName"}),
            ScimType::Mutability,
        ),
    ] {
        let error = split(json!([operation])).unwrap_err();
        assert_eq!(error.scim_type, Some(scim_type), "{operation}: {error}");
        assert!(error.detail.starts_with("Operations[0]: "), "{error}");
    }
}

#[test]
fn member_ids_are_taken_out_of_a_body() {
    let body = json!({"displayName": "g", "members": [{"value": "a", "display": null}, {"value": "b"}, {"value": "a", "type": "User"}]});
    let mut group = resource::parse(body, group(), Profile::Okta).unwrap();
    assert_eq!(member_ids(&mut group), Ok(Some(strings(&["a", "b"]))));
    assert_eq!(member_ids(&mut group), Ok(None));
    assert_eq!(Value::Object(group), json!({"displayName": "g"}));
    let mut nameless = json!({"members": [{"value": "a"}, {"type": "User"}]})
        .as_object()
        .cloned()
        .unwrap();
    let error = member_ids(&mut nameless).unwrap_err();
    assert!(error.detail.contains("members[1].value"));
}

#[test]
fn members_of_a_resource_in_memory_are_patched_like_any_list() {
    let current = json!({"displayName": "g", "members": [{"value": "a"}, {"value": "b"}]});
    let apply = |operations: Value| {
        let patch = parse(message(operations), group(), Profile::Generic).unwrap();
        patch
            .apply(current.as_object().unwrap())
            .map(|after| after.get("members").cloned().unwrap_or_default())
    };
    let added = apply(
        json!([{"op": "add", "path": "members", "value": [{"value": "a", "type": "User"}, {"value": "c"}]}]),
    );
    assert_eq!(
        added.unwrap(),
        json!([{"value": "a", "type": "User"}, {"value": "b"}, {"value": "c"}])
    );
    assert_eq!(
        apply(json!([{"op": "remove", "path": "members", "value": [{"value": "b"}]}])).unwrap(),
        json!([{"value": "a"}])
    );
}

#[test]
fn ten_thousand_member_operations_and_a_hundred_thousand_members_pass_without_delay() {
    let started = std::time::Instant::now();
    let operations: Vec<Value> = (0..MAX_OPERATIONS)
        .map(|index| json!({"op": "remove", "path": format!("members[value eq \"u{index}\"]")}))
        .collect();
    let (changes, _) = split(json!(operations)).unwrap();
    assert_eq!(changes.len(), MAX_OPERATIONS);
    let members: Vec<Value> = (0..100_000)
        .map(|index| json!({"value": format!("u{index}")}))
        .collect();
    let (changes, _) = split(json!([{"op": "add", "path": "members", "value": members}])).unwrap();
    assert!(matches!(&changes[..], [MemberChange::Add(ids)] if ids.len() == 100_000));
    let current = json!({"displayName": "g", "members": members})
        .as_object()
        .cloned()
        .unwrap();
    let twice = json!([{"op": "add", "path": "members", "value": members}, {"op": "remove", "path": "members", "value": members}]);
    let emptied = parse(message(twice), group(), Profile::Generic)
        .unwrap()
        .apply(&current)
        .unwrap();
    assert_eq!(Value::Object(emptied), json!({"displayName": "g"}));
    assert!(
        started.elapsed().as_secs() < 20,
        "pairwise comparison would take minutes"
    );
}

mod any_patch {
    //! Whatever is sent, the result is canonical and the second application changes what the first left.
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop::sample::select(vec![
            json!(null),
            json!(""),
            json!("x"),
            json!("True"),
            json!(true),
            json!(5),
            json!([]),
            json!({}),
            json!(["a", "b"]),
            json!({"value": "a", "type": "work"}),
            json!({"value": "", "$ref": "r"}),
            json!({"givenName": null, "familyName": "F"}),
            json!([{"value": "a", "primary": true}, {"value": "b", "type": "home"}]),
            json!([{"value": "w@x", "type": "work", "primary": "true"}]),
            json!({"title": "N", "name.givenName": "G", "emails": [{"value": "q"}]}),
            json!({"manager": "", "active": "false", "id": "z"}),
            json!({ENTERPRISE_URN: {"department": null, "manager": {"value": "m2"}}}),
        ])
    }

    fn path() -> impl Strategy<Value = Value> {
        let manager = format!("{ENTERPRISE_URN}:manager");
        let paths = [
            "userName",
            "title",
            "active",
            "name",
            "name.givenName",
            "emails",
            "emails.value",
            "emails.primary",
            "emails[type eq \"work\"]",
            "emails[type eq \"work\"].value",
            "emails[primary eq true].type",
            "emails[not (value eq \"a\")]",
            "roles[value eq \"r\"].display",
            "phoneNumbers[type eq \"fax\"].value",
            "profileUrl",
            "manager.value",
            "bogus",
            ENTERPRISE_URN,
            manager.as_str(),
        ];
        let mut all: Vec<Value> = paths.into_iter().map(Value::from).collect();
        all.push(Value::Null);
        prop::sample::select(all)
    }

    fn operations() -> impl Strategy<Value = Value> {
        let op = prop::sample::select(vec!["add", "replace", "remove"]);
        let one = (op, path(), value())
            .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
        prop::collection::vec(one, 1..6).prop_map(Value::from)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn leaves_a_canonical_resource(operations in operations(), entra in any::<bool>()) {
            let profile = if entra { Profile::Entra } else { Profile::Generic };
            if let Ok(after) = apply_to(&ann(), operations, profile) {
                let read = resource::parse(after.clone(), user(), profile).map(Value::Object);
                prop_assert_eq!(read, Ok(after));
            }
        }
    }
}
