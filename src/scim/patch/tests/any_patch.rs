//! Whatever is sent, the result is canonical and the second application changes what the first left.

use proptest::prelude::*;

use crate::scim::resource;

use super::*;

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
    let one =
        (op, path(), value()).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    prop::collection::vec(one, 1..6).prop_map(Value::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn leaves_a_canonical_resource(operations in operations(), entra in any::<bool>()) {
        let provider = if entra { Provider::Entra } else { Provider::Generic };
        if let Ok(after) = apply_to(&ann(), operations, provider) {
            let read = resource::parse(after.clone(), user(), provider).map(Value::Object);
            prop_assert_eq!(read, Ok(after));
        }
    }
}
