//! Attributes with one value.

use super::*;

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
