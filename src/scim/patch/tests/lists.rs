//! Multi-valued attributes.

use crate::scim::attribute::MAX_VALUES;

use super::*;

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
            Provider::Generic,
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
        apply_to(&current, operations, Provider::Generic),
        ScimType::TooMany,
        "too many values",
    );
    let simple = json!(vec![
        json!({"op": "replace", "path": "title", "value": "x"});
        MAX_OPERATIONS
    ]);
    assert_eq!(
        apply_to(&current, simple, Provider::Generic).unwrap()["title"],
        "x"
    );
}

#[test]
fn a_value_beside_a_remove_by_filter_or_of_a_single_attribute_means_nothing() {
    let work = json!([ann()["emails"][0]]);
    assert_eq!(
        one("remove", "emails[type eq \"home\"]", json!([{"value": "w@x"}])).unwrap()["emails"],
        work
    );
    assert_eq!(one("remove", "nickName", json!(5)).unwrap(), ann());
    refused(
        one("remove", "userName", json!("ann")),
        ScimType::Mutability,
        "userName is required",
    );
}
