//! A group's members.

use crate::scim::resource;
use crate::scim::schema::group;

use super::*;

fn split(operations: Value) -> Result<(Vec<MemberChange>, Patch), ScimError> {
    parse(message(operations), group(), Provider::Generic)?.split_members()
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
            ScimType::InvalidPath,
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
    let mut group = resource::parse(body, group(), Provider::Okta).unwrap();
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
        let patch = parse(message(operations), group(), Provider::Generic).unwrap();
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
fn ten_thousand_member_operations_and_forty_thousand_members_pass_without_delay() {
    let started = std::time::Instant::now();
    let operations: Vec<Value> = (0..MAX_OPERATIONS)
        .map(|index| json!({"op": "remove", "path": format!("members[value eq \"u{index}\"]")}))
        .collect();
    let (changes, _) = split(json!(operations)).unwrap();
    assert_eq!(changes.len(), MAX_OPERATIONS);
    let members: Vec<Value> = (0..40_000)
        .map(|index| json!({"value": format!("u{index}")}))
        .collect();
    let (changes, _) = split(json!([{"op": "add", "path": "members", "value": members}])).unwrap();
    assert!(matches!(&changes[..], [MemberChange::Add(ids)] if ids.len() == 40_000));
    let current = json!({"displayName": "g", "members": members})
        .as_object()
        .cloned()
        .unwrap();
    let twice = json!([{"op": "add", "path": "members", "value": members}, {"op": "remove", "path": "members", "value": members}]);
    let emptied = parse(message(twice), group(), Provider::Generic)
        .unwrap()
        .apply(&current)
        .unwrap();
    assert_eq!(Value::Object(emptied), json!({"displayName": "g"}));
    assert!(
        started.elapsed().as_secs() < 20,
        "pairwise comparison would take minutes"
    );
}

#[test]
fn a_list_of_members_that_names_nobody_does_not_empty_the_group() {
    for member in [
        json!({"display": "x"}),
        json!({"value": null}),
        json!({"bogus": 1}),
    ] {
        for op in ["add", "replace"] {
            assert!(
                split(json!([{"op": op, "path": "members", "value": [member]}])).is_err(),
                "{op} {member}"
            );
        }
    }
}

#[test]
fn a_removal_that_names_nobody_is_refused() {
    for value in [
        json!([{}]),
        json!([null]),
        json!([{"value": null}]),
        json!([{"value": "a"}, {}]),
    ] {
        let refused = split(json!([{"op": "remove", "path": "members", "value": value}])).unwrap_err();
        assert_eq!(refused.scim_type, Some(ScimType::InvalidValue), "{refused:?}");
    }
}
