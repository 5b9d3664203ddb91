//! Bodies of POST and PUT.
#![expect(
    clippy::needless_pass_by_value,
    reason = "json! makes values, and tests hand them on"
)]

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::scim::attribute::{Attribute, AttributeKind, MAX_KEY, MAX_STRING, MAX_VALUES, Mutability};
use crate::scim::error::{ScimError, ScimType};
use crate::scim::quirks::Provider;
use crate::scim::schema::{
    ENTERPRISE_URN, Extension, GROUP_URN, ResourceType, Schema, USER_URN, group, user,
};

fn read(body: Value) -> Result<Value, ScimError> {
    parse(body, user(), Provider::Generic).map(Value::Object)
}

/// A user with this beside its userName.
fn with(more: Value) -> Result<Value, ScimError> {
    let mut body = json!({"schemas": [USER_URN], "userName": "a"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap());
    let mut read = read(body)?;
    read.as_object_mut().unwrap().shift_remove("userName");
    Ok(read)
}

fn refused(result: Result<Value, ScimError>, scim_type: ScimType, detail: &str) {
    let error = result.expect_err(detail);
    assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{error}");
    assert!(error.detail.contains(detail), "{error} should name {detail}");
}

#[test]
fn names_take_the_schemas_case_and_what_the_client_cannot_set_is_dropped() {
    let body = json!({
        "SCHEMAS": [USER_URN.to_uppercase()], "ID": "x", "meta": {"resourceType": "User"}, "groups": [{"value": "g"}],
        "USERNAME": "Ann", "password": "secret", "Name": {"GIVENNAME": "A", "bogus": 1}, "bogus": {"x": [1]},
        "externalid": "E", "Urn:Other:Thing": {"a": 1}
    });
    assert_eq!(
        read(body).unwrap(),
        json!({"userName": "Ann", "name": {"givenName": "A"}, "externalId": "E"})
    );
}

#[test]
fn null_and_empty_are_unassigned() {
    let body = json!({"title": null, "emails": [], "name": {}, "addresses": [{}, null, {"type": null}],
        "phoneNumbers": null, "roles": [], ENTERPRISE_URN: {"department": null}, "profileUrl": ""});
    assert_eq!(with(body).unwrap(), json!({}));
    assert_eq!(
        with(json!({ENTERPRISE_URN: null, "title": ""})).unwrap(),
        json!({"title": ""})
    );
}

#[test]
fn qualified_names_are_accepted_at_the_top() {
    let body = json!({
        format!("{USER_URN}:title"): "T", USER_URN.to_lowercase(): {"nickName": "N", "bogus": 1},
        format!("{ENTERPRISE_URN}:department"): "D", ENTERPRISE_URN.to_uppercase(): {"DIVISION": "V"},
        format!("{USER_URN}:bogus"): 1
    });
    let expected =
        json!({"title": "T", "nickName": "N", ENTERPRISE_URN: {"department": "D", "division": "V"}});
    assert_eq!(with(body).unwrap(), expected);
    refused(
        with(json!({ENTERPRISE_URN: "x"})),
        ScimType::InvalidValue,
        ENTERPRISE_URN,
    );
}

#[test]
fn an_attribute_given_twice_is_refused() {
    let urn = format!("{ENTERPRISE_URN}:department");
    for body in [
        json!({"title": "a", "Title": "b"}),
        json!({"name": {"givenName": "a", "givenname": "b"}}),
        json!({"title": "a", format!("{USER_URN}:title"): "a"}),
        json!({ENTERPRISE_URN: {"department": "a"}, &urn: "b"}),
        json!({"schemas": [USER_URN], "Schemas": [USER_URN]}),
    ] {
        refused(with(body), ScimType::InvalidSyntax, "twice");
    }
    // Microsoft's example has the bare name with null beside the extension (E-4).
    let body = json!({"department": null, ENTERPRISE_URN: {"department": "a"}});
    assert_eq!(with(body).unwrap(), json!({ENTERPRISE_URN: {"department": "a"}}));
}

#[test]
fn schemas_may_be_missing_but_not_wrong() {
    for schemas in [
        json!(null),
        json!([]),
        json!([USER_URN, "urn:unknown"]),
        json!([ENTERPRISE_URN]),
    ] {
        assert!(with(json!({"schemas": schemas})).is_ok());
    }
    assert!(read(json!({"userName": "a"})).is_ok());
    for schemas in [
        json!("x"),
        json!({}),
        json!(5),
        json!([USER_URN, 5]),
        json!([GROUP_URN]),
        json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]),
        json!([""]),
    ] {
        refused(
            with(json!({"schemas": schemas})),
            ScimType::InvalidSyntax,
            "schemas",
        );
    }
}

#[test]
fn a_body_of_unknown_shape_is_refused() {
    for body in [
        json!([]),
        json!("x"),
        json!(null),
        json!({}),
        json!({"bogus": 1, "schemas": []}),
    ] {
        assert_eq!(read(body).unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
    }
}

#[test]
fn required_attributes_are_there_and_not_blank() {
    refused(
        read(json!({"schemas": [USER_URN]})),
        ScimType::InvalidValue,
        "userName is required",
    );
    refused(
        read(json!({"userName": null, "title": "x"})),
        ScimType::InvalidValue,
        "userName is required",
    );
    for blank in ["", "  ", "\t\u{a0}"] {
        refused(
            read(json!({"userName": blank})),
            ScimType::InvalidValue,
            "userName must not be blank",
        );
    }
    let unnamed = parse(
        json!({"schemas": [GROUP_URN], "members": []}),
        group(),
        Provider::Okta,
    );
    refused(
        unnamed.map(Value::Object),
        ScimType::InvalidValue,
        "displayName is required",
    );
}

#[test]
fn wrong_types_are_refused_with_their_full_path() {
    for (body, path) in [
        (json!({"title": 5}), "title must be a string, not a number"),
        (json!({"title": ["x"]}), "title must be a string, not an array"),
        (json!({"active": 1}), "active must be true or false"),
        (json!({"active": "yes"}), "active"),
        (json!({"name": "x"}), "name must be an object, not a string"),
        (
            json!({"name": [{"givenName": "a"}, {"givenName": "b"}]}),
            "name must be an object",
        ),
        (json!({"name": {"givenName": {}}}), "name.givenName"),
        (
            json!({"emails": [{"value": "a"}, {"value": 5}]}),
            "emails[1].value",
        ),
        (json!({"emails": [5]}), "emails[0]"),
        (
            json!({"emails": [[{"value": "a"}]]}),
            "emails[0] must be an object, not an array",
        ),
        (json!({"addresses": ["x"]}), "addresses[0]"),
        (json!({"profileUrl": "not a uri"}), "profileUrl"),
        (json!({"photos": [{"value": true}]}), "photos[0].value"),
        (
            json!({"x509Certificates": [{"value": "***"}]}),
            "x509Certificates[0].value must be base64",
        ),
        (json!({"password": 5}), "password"),
        (
            json!({ENTERPRISE_URN: {"manager": {"value": 5}}}),
            &format!("{ENTERPRISE_URN}:manager.value"),
        ),
        (
            json!({ENTERPRISE_URN: {"department": []}}),
            &format!("{ENTERPRISE_URN}:department"),
        ),
    ] {
        refused(with(body), ScimType::InvalidValue, path);
    }
}

#[test]
fn details_never_repeat_a_value() {
    let error = with(json!({"password": {"x": "hunter2"}, "title": "hunter2"})).unwrap_err();
    assert!(!error.detail.contains("hunter2"));
    let error = with(json!({"x509Certificates": [{"value": "hunter2!"}]})).unwrap_err();
    assert!(!error.detail.contains("hunter2"));
}

#[test]
fn lone_values_are_wrapped_where_a_list_belongs() {
    assert_eq!(
        with(json!({"emails": {"value": "a"}})).unwrap(),
        json!({"emails": [{"value": "a"}]})
    );
    assert_eq!(
        with(json!({"emails": ["a", ""]})).unwrap(),
        json!({"emails": [{"value": "a"}]})
    );
    assert_eq!(
        with(json!({"roles": "r"})).unwrap(),
        json!({"roles": [{"value": "r"}]})
    );
}

#[test]
fn exact_duplicates_are_folded_and_order_is_kept() {
    let body = json!({"emails": [{"value": "b", "type": "x"}, {"value": "a"}, {"type": "x", "value": "b"}]});
    assert_eq!(
        with(body).unwrap(),
        json!({"emails": [{"value": "b", "type": "x"}, {"value": "a"}]})
    );
    let many: Vec<Value> = (0..60)
        .map(|index| json!({"value": format!("{}", index % 20)}))
        .collect();
    let folded: Vec<Value> = many[..20].to_vec();
    assert_eq!(with(json!({"roles": many})).unwrap(), json!({"roles": folded}));
}

#[test]
fn at_most_one_value_is_primary() {
    let body = json!({"emails": [{"value": "a", "primary": true}, {"value": "b", "primary": "True"}]});
    refused(
        with(body),
        ScimType::InvalidValue,
        "emails has more than one primary",
    );
    let body = json!({"emails": [{"value": "a", "primary": true}, {"value": "b", "primary": false}]});
    assert!(with(body).is_ok());
}

#[test]
fn strings_and_lists_have_limits() {
    assert!(with(json!({"title": "x".repeat(MAX_STRING)})).is_ok());
    refused(
        with(json!({"title": "x".repeat(MAX_STRING + 1)})),
        ScimType::InvalidValue,
        "title is longer",
    );
    assert!(with(json!({"externalId": "x".repeat(MAX_KEY)})).is_ok());
    refused(
        with(json!({"externalId": "x".repeat(MAX_KEY + 1)})),
        ScimType::InvalidValue,
        "externalId",
    );
    // One character of two bytes that folds to three of two bytes each.
    let growing = "\u{390}".repeat(MAX_KEY / 6);
    assert!(with(json!({"displayName": growing})).is_ok());
    refused(
        with(json!({"displayName": format!("{growing}\u{390}")})),
        ScimType::InvalidValue,
        "displayName",
    );
    let roles = |count: usize| json!({"roles": (0..count).map(|one| one.to_string()).collect::<Vec<_>>()});
    assert!(with(roles(MAX_VALUES)).is_ok());
    refused(with(roles(MAX_VALUES + 1)), ScimType::InvalidValue, "roles");
}

#[test]
fn phone_numbers_are_kept_as_sent() {
    let body = json!({"phoneNumbers": [{"value": "tel:+1-201-555-0123"}, {"value": "+33 1 23"}]});
    assert_eq!(with(body.clone()).unwrap(), body);
}

#[test]
fn base64_is_read_in_both_alphabets_with_or_without_padding() {
    for text in ["QQ==", "QQ", "+/+/", "-_-_", ""] {
        assert!(
            with(json!({"x509Certificates": [{"value": text}]})).is_ok(),
            "{text}"
        );
    }
    for text in ["Q", "+_+_", "QQ=a", " QQ==", "Q\nQ="] {
        assert!(
            with(json!({"x509Certificates": [{"value": text}]})).is_err(),
            "{text}"
        );
    }
}

/// A resource type with what the standard schemas do not have.
fn custom() -> ResourceType {
    let part = |name: &str, kind| Attribute::new(name, kind, "");
    let schema = Schema::new(
        "urn:acme:Thing",
        "Thing",
        "",
        vec![
            part("serial", AttributeKind::String).mutability(Mutability::Immutable),
            part("level", AttributeKind::Integer),
            part("score", AttributeKind::Decimal),
            part("since", AttributeKind::DateTime),
            part("tags", AttributeKind::String).multi_valued(),
            Attribute::complex(
                "place",
                vec![
                    part("code", AttributeKind::String).required(),
                    part("room", AttributeKind::String).mutability(Mutability::Immutable),
                ],
                "",
            ),
        ],
    );
    let more = Schema::new(
        "urn:acme:More",
        "More",
        "",
        vec![part("key", AttributeKind::String).required()],
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

fn thing(more: Value) -> Result<Value, ScimError> {
    let mut body = json!({"urn:acme:More": {"key": "k"}});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap());
    parse(body, &custom(), Provider::Generic).map(Value::Object)
}

#[test]
fn numbers_and_dates_are_checked() {
    let good =
        json!({"level": -5, "score": 1.5, "since": "2021-09-23T19:35:41.8420572Z", "place": {"code": "x"}});
    assert_eq!(thing(good.clone()).unwrap()["since"], good["since"]);
    assert_eq!(thing(json!({"score": 3})).unwrap()["score"], 3);
    for (body, path) in [
        (json!({"level": "5"}), "level must be a number"),
        (json!({"level": 1.5}), "level must be a whole number"),
        (json!({"score": "1"}), "score"),
        (json!({"since": "soon"}), "since"),
        (json!({"since": 5}), "since"),
    ] {
        refused(thing(body), ScimType::InvalidValue, path);
    }
}

#[test]
fn plain_lists_take_objects_with_a_value_e_19() {
    assert_eq!(
        thing(json!({"tags": [{"value": "1"}, "2"]})).unwrap()["tags"],
        json!(["1", "2"])
    );
    refused(
        thing(json!({"tags": [{"x": "1"}]})),
        ScimType::InvalidValue,
        "tags[0]",
    );
}

#[test]
fn required_parts_and_required_extensions_are_demanded() {
    refused(
        thing(json!({"place": {"room": "1"}})),
        ScimType::InvalidValue,
        "place.code is required",
    );
    refused(
        thing(json!({"urn:acme:More": null, "level": 1})),
        ScimType::InvalidValue,
        "urn:acme:More:key",
    );
}

#[test]
fn an_immutable_value_cannot_be_replaced_or_left_out() {
    let before = json!({"serial": "1", "level": 1, "place": {"code": "a", "room": "1"}});
    let check = |after: Value| {
        check_immutable(before.as_object().unwrap(), after.as_object().unwrap(), &custom())
            .map_err(|error| (error.scim_type, error.detail))
    };
    assert_eq!(check(before.clone()), Ok(()));
    assert_eq!(
        check(json!({"serial": "1", "place": {"code": "b", "room": "1"}})),
        Ok(())
    );
    let refused = |name: &str| Err((Some(ScimType::Mutability), format!("{name} is immutable")));
    assert_eq!(
        check(json!({"serial": "2", "place": before["place"]})),
        refused("serial")
    );
    assert_eq!(check(json!({"place": before["place"]})), refused("serial"));
    assert_eq!(
        check(json!({"serial": "1", "place": {"code": "a", "room": "2"}})),
        refused("place.room")
    );
    let fresh = json!({"level": 1});
    assert!(check_immutable(fresh.as_object().unwrap(), before.as_object().unwrap(), &custom()).is_ok());
}

#[test]
fn a_group_of_a_hundred_thousand_is_read_without_delay() {
    let members: Vec<Value> = (0..200_000)
        .map(|index| json!({"value": format!("u{}", index % 100_000)}))
        .collect();
    let started = std::time::Instant::now();
    let read = parse(
        json!({"displayName": "g", "members": members}),
        group(),
        Provider::Okta,
    )
    .unwrap();
    assert_eq!(read["members"].as_array().unwrap().len(), 100_000);
    assert!(
        started.elapsed().as_secs() < 20,
        "pairwise comparison would take minutes"
    );
}

#[test]
fn a_member_that_names_nobody_is_refused_and_not_passed_over() {
    for member in [
        json!({"display": "x"}),
        json!({"value": null}),
        json!({"$ref": null, "value": null}),
        json!({"x": 1}),
    ] {
        let body = json!({"displayName": "g", "members": [{"value": "a"}, member]});
        let read = parse(body, group(), Provider::Okta).map(Value::Object);
        refused(read, ScimType::InvalidValue, "members[1].value is required");
    }
}
