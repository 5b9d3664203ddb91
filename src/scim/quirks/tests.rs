//! Each repair against the request that an identity provider was seen to send.

use serde_json::{Value, json};

use super::Provider;
use crate::scim::error::{ScimError, ScimType};
use crate::scim::json::parse_json;
use crate::scim::patch::{self, MemberChange};
use crate::scim::resource;
use crate::scim::schema::{ENTERPRISE_URN, GROUP_URN, USER_URN, group, user};

const PROVIDERS: [Provider; 6] = [
    Provider::Generic,
    Provider::Okta,
    Provider::Entra,
    Provider::Google,
    Provider::OneLogin,
    Provider::JumpCloud,
];

fn created(body: &str) -> Value {
    let body = parse_json(body.as_bytes()).unwrap();
    Value::Object(resource::parse(body, user(), Provider::Generic).unwrap())
}

fn created_group(body: &str) -> Value {
    let body = parse_json(body.as_bytes()).unwrap();
    Value::Object(resource::parse(body, group(), Provider::Generic).unwrap())
}

fn patched_as(provider: Provider, before: &Value, operations: &str) -> Result<Value, ScimError> {
    let body = format!(
        "{{\"schemas\":[\"{}\"],\"Operations\":{operations}}}",
        patch::PATCH_OP_URN
    );
    let patch = patch::parse(parse_json(body.as_bytes())?, user(), provider)?;
    patch.apply(before.as_object().unwrap()).map(Value::Object)
}

fn patched(before: &Value, operations: &str) -> Value {
    patched_as(Provider::Generic, before, operations).unwrap()
}

fn member_changes(operations: &str) -> (Vec<MemberChange>, bool) {
    let body = format!(
        "{{\"schemas\":[\"{}\"],\"Operations\":{operations}}}",
        patch::PATCH_OP_URN
    );
    let patch = patch::parse(parse_json(body.as_bytes()).unwrap(), group(), Provider::Generic).unwrap();
    let (changes, rest) = patch.split_members().unwrap();
    (changes, rest.is_empty())
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn bjfe() -> Value {
    json!({"userName": "bjfe"})
}

#[test]
fn entra_creates_a_user_with_meta_and_a_schema_without_data_e_3() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId":"0a21f0f2","userName":"u@x","active":true,"emails":[{"primary":true,"type":"work","value":"u@x"}],
        "meta":{"resourceType":"User"},"name":{"formatted":"g f","familyName":"f","givenName":"g"},"roles":[]}"#;
    let expected = json!({"externalId": "0a21f0f2", "userName": "u@x", "active": true,
        "emails": [{"primary": true, "type": "work", "value": "u@x"}],
        "name": {"formatted": "g f", "familyName": "f", "givenName": "g"}});
    assert_eq!(created(body), expected);
}

#[test]
fn entra_sends_nulls_bare_names_and_a_misspelt_schema_e_4() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
        "userName":"u","addresses":null,"title":null,"department":null,"manager":null}"#;
    assert_eq!(created(body), json!({"userName": "u"}));
    let named = r#"{"userName":"u","department":"D","manager":"m"}"#;
    assert_eq!(
        created(named)[ENTERPRISE_URN],
        json!({"department": "D", "manager": {"value": "m"}})
    );
    let misspelt =
        r#"{"userName":"u","urn:ietf:params:scim:schemas:extension:enterprise:2.0User":{"department":"D"}}"#;
    assert_eq!(created(misspelt)[ENTERPRISE_URN], json!({"department": "D"}));
}

#[test]
fn scim_1_1_schemas_are_understood() {
    let body = r#"{"schemas":["urn:scim:schemas:core:1.0","urn:scim:schemas:extension:enterprise:1.0"],"userName":"u",
        "urn:scim:schemas:extension:enterprise:1.0":{"employeeNumber":"7"}}"#;
    assert_eq!(
        created(body),
        json!({"userName": "u", ENTERPRISE_URN: {"employeeNumber": "7"}})
    );
}

#[test]
fn entra_writes_operations_with_capitals_e_5() {
    let after = patched(
        &bjfe(),
        r#"[{"op":"Add","path":"title","value":"T"},{"op":"Replace","path":"nickName","value":"N"},{"op":"Remove","path":"title"}]"#,
    );
    assert_eq!(after, json!({"userName": "bjfe", "nickName": "N"}));
}

#[test]
fn entra_disables_with_text_or_boolean_e_6() {
    for value in ["\"False\"", "\"FALSE\"", "\"false\"", "false"] {
        let operations = format!(r#"[{{"op":"Replace","path":"active","value":{value}}}]"#);
        assert_eq!(
            patched(&json!({"userName": "b", "active": true}), &operations)["active"],
            json!(false)
        );
    }
    let error = patched_as(
        Provider::Entra,
        &bjfe(),
        r#"[{"op":"Replace","path":"active","value":"no"}]"#,
    )
    .unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
}

#[test]
fn entra_replaces_many_attributes_without_a_path_e_7() {
    let operations = r#"[{"op":"replace","value":{"displayName":"Bjfe","name.givenName":"Kkom","name.familyName":"Unua",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"Aklq",
        "emails[type eq \"work\"].primary":true}}]"#;
    let before = json!({"userName": "bjfe", "emails": [{"type": "work", "value": "w"}]});
    let expected = json!({"userName": "bjfe", "displayName": "Bjfe", "name": {"givenName": "Kkom", "familyName": "Unua"},
        "emails": [{"type": "work", "value": "w", "primary": true}], ENTERPRISE_URN: {"employeeNumber": "Aklq"}});
    assert_eq!(patched(&before, operations), expected);
}

#[test]
fn entra_replaces_one_attribute_per_operation_e_8() {
    let operations = r#"[{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber","value":"7"},
        {"op":"Replace","path":"emails[type eq \"work\"].value","value":"n"}]"#;
    let after = patched(
        &json!({"userName": "b", "emails": [{"type": "work", "value": "w"}]}),
        operations,
    );
    assert_eq!(after[ENTERPRISE_URN], json!({"employeeNumber": "7"}));
    assert_eq!(after["emails"], json!([{"type": "work", "value": "n"}]));
}

#[test]
fn entra_adds_into_an_empty_list_by_filter_e_9() {
    let operations = r#"[{"op":"Add","path":"emails[type eq \"work\"].value","value":"x@y"}]"#;
    assert_eq!(
        patched(&bjfe(), operations)["emails"],
        json!([{"type": "work", "value": "x@y"}])
    );
    let before = json!({"userName": "b", "emails": [{"type": "home", "value": "h"}]});
    let expected = json!([{"type": "home", "value": "h"}, {"type": "work", "value": "x@y"}]);
    assert_eq!(patched(&before, operations)["emails"], expected);
    let operations = r#"[{"op":"Add","path":"addresses[type eq \"work\"].streetAddress","value":"S"},
        {"op":"Add","path":"addresses[type eq \"work\"].locality","value":"L"},
        {"op":"Add","path":"addresses[type eq \"work\"].country","value":"FR"}]"#;
    let expected = json!([{"type": "work", "streetAddress": "S", "locality": "L", "country": "FR"}]);
    assert_eq!(patched(&bjfe(), operations)["addresses"], expected);
}

#[test]
fn only_entras_profile_creates_what_a_replace_does_not_find_e_10() {
    let operations = r#"[{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"}]"#;
    for provider in PROVIDERS {
        let after = patched_as(provider, &bjfe(), operations);
        if provider == Provider::Entra {
            assert_eq!(
                after.unwrap()["phoneNumbers"],
                json!([{"type": "mobile", "value": "1"}])
            );
        } else {
            assert_eq!(after.unwrap_err().scim_type, Some(ScimType::NoTarget));
        }
    }
}

#[test]
fn entra_sends_a_manager_as_text_and_takes_it_away_with_empty_text_e_11() {
    let path = format!("{ENTERPRISE_URN}:manager");
    let managed = json!({"userName": "b", ENTERPRISE_URN: {"manager": {"value": "m", "$ref": "r"}}});
    for (path, value) in [
        (path.as_str(), r#""n""#),
        ("manager", r#"[{"$ref":"http://x/Users/n","value":"n"}]"#),
        ("manager", r#"{"value":"n"}"#),
    ] {
        for op in ["Add", "Replace"] {
            let operations = format!(r#"[{{"op":"{op}","path":"{path}","value":{value}}}]"#);
            assert_eq!(
                patched(&managed, &operations)[ENTERPRISE_URN]["manager"]["value"],
                "n"
            );
            assert_eq!(
                patched(&bjfe(), &operations)[ENTERPRISE_URN]["manager"]["value"],
                "n"
            );
        }
    }
    for value in [
        r#""""#,
        "null",
        "[]",
        r#"{"value":""}"#,
        r#"[{"value":"","$ref":null}]"#,
        r#"{"value":null}"#,
    ] {
        let operations = format!(r#"[{{"op":"Replace","path":"{path}","value":{value}}}]"#);
        assert_eq!(
            patched(&managed, &operations),
            json!({"userName": "b"}),
            "{value}"
        );
    }
    let part = format!(r#"[{{"op":"Replace","path":"{path}.value","value":""}}]"#);
    assert_eq!(patched(&managed, &part), json!({"userName": "b"}));
    let body =
        r#"{"userName":"u","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":""}}"#;
    assert_eq!(created(body), json!({"userName": "u"}));
    let body = r#"{"userName":"u","manager":{"value":"","$ref":"../Users/m"}}"#;
    assert_eq!(created(body), json!({"userName": "u"}));
}

#[test]
fn entra_sends_roles_as_text_of_json_and_booleans_as_text_e_13() {
    let operations = r#"[{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"A\"}"}]}]"#;
    let expected = json!([{"value": "{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"A\"}"}]);
    assert_eq!(patched(&bjfe(), operations)["roles"], expected);
    let operations = r#"[{"op":"Add","path":"roles[primary eq \"True\"].value","value":"Admin"}]"#;
    let assigned = patched(&bjfe(), operations);
    assert_eq!(assigned["roles"], json!([{"primary": true, "value": "Admin"}]));
    let operations = r#"[{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"Reader"}]"#;
    assert_eq!(
        patched(&assigned, operations)["roles"],
        json!([{"primary": true, "value": "Reader"}])
    );
    let body = r#"{"userName":"u","roles":[{"primary":"True","type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]}"#;
    assert_eq!(created(body)["roles"][0]["primary"], true);
}

#[test]
fn entra_names_a_schema_of_its_own_for_groups_e_14() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId":"8aa1","displayName":"g","meta":{"resourceType":"Group"}}"#;
    assert_eq!(
        created_group(body),
        json!({"externalId": "8aa1", "displayName": "g"})
    );
}

#[test]
fn entra_adds_and_removes_members_by_lists_e_15_e_16() {
    let add =
        r#"[{"op":"Add","path":"members","value":[{"$ref":null,"value":"a"},{"$ref":null,"value":"b"}]}]"#;
    assert_eq!(
        member_changes(add),
        (vec![MemberChange::Add(ids(&["a", "b"]))], true)
    );
    let remove = r#"[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}]"#;
    assert_eq!(
        member_changes(remove),
        (vec![MemberChange::Remove(ids(&["a"]))], true)
    );
    let by_filter = r#"[{"op":"remove","path":"members[value eq \"a\"]"}]"#;
    assert_eq!(
        member_changes(by_filter),
        (vec![MemberChange::Remove(ids(&["a"]))], true)
    );
    let nobody = r#"[{"op":"Remove","path":"members","value":[]}]"#;
    assert_eq!(member_changes(nobody), (vec![MemberChange::Remove(vec![])], true));
}

#[test]
fn only_entras_profile_takes_no_operations_for_no_change_e_20() {
    for provider in PROVIDERS {
        let after = patched_as(provider, &bjfe(), "[]");
        if provider == Provider::Entra {
            assert_eq!(after.unwrap(), bjfe());
        } else {
            assert_eq!(after.unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
        }
    }
}

#[test]
fn two_values_of_one_type_are_kept_e_20() {
    let body = r#"{"userName":"u","emails":[{"type":"work","value":"a"},{"type":"work","value":"b"}]}"#;
    assert_eq!(created(body)["emails"].as_array().unwrap().len(), 2);
}

#[test]
fn okta_creates_a_user_with_groups_and_password_o_2() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u@x","name":{"givenName":"g","familyName":"f"},
        "emails":[{"primary":true,"value":"u@x","type":"work"}],"displayName":"g f","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7",
        "groups":[],"password":"1mz050nq","active":true}"#;
    let user = created(body);
    assert!(user.get("groups").is_none() && user.get("password").is_none());
    assert_eq!(user["externalId"], "00ujl29u0le5T6Aj10h7");
}

#[test]
fn okta_puts_the_whole_resource_back_o_4_o_9() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"23a3","userName":"u","active":false,
        "groups":[{"value":"g"}],"meta":{"resourceType":"User","version":"W/\"1\""}}"#;
    assert_eq!(created(body), json!({"userName": "u", "active": false}));
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"1","displayName":"g","members":[{"value":"a","display":null}]}"#;
    assert_eq!(created_group(body)["members"], json!([{"value": "a"}]));
}

#[test]
fn okta_patches_without_a_path_o_5_o_7() {
    let after = patched(
        &json!({"userName": "u", "active": true}),
        r#"[{"op":"replace","value":{"active":false}}]"#,
    );
    assert_eq!(after["active"], false);
    assert_eq!(
        patched(&bjfe(), r#"[{"op":"replace","value":{"password":"x"}}]"#),
        bjfe()
    );
    let rename = r#"[{"op":"replace","value":{"id":"abf4","displayName":"New"}}]"#;
    assert_eq!(member_changes(rename), (vec![], false));
}

#[test]
fn okta_pushes_members_o_8() {
    let both = r#"[{"op":"remove","path":"members[value eq \"a\"]"},{"op":"add","path":"members","value":[{"value":"b","display":"b@x"}]}]"#;
    let expected = vec![MemberChange::Remove(ids(&["a"])), MemberChange::Add(ids(&["b"]))];
    assert_eq!(member_changes(both), (expected, true));
    let full = r#"[{"op":"replace","path":"members","value":[{"value":"a"},{"value":"b"}]}]"#;
    assert_eq!(
        member_changes(full),
        (vec![MemberChange::Replace(ids(&["a", "b"]))], true)
    );
    let empty = r#"[{"op":"replace","path":"members","value":[]}]"#;
    assert_eq!(member_changes(empty), (vec![MemberChange::Clear], true));
    let pathless = r#"[{"op":"replace","value":{"members":[],"id":"g","displayName":"N"}}]"#;
    assert_eq!(member_changes(pathless), (vec![MemberChange::Clear], false));
}

#[test]
fn onelogin_sends_emails_as_an_object_and_an_old_schema() {
    let body = r#"{"schemas":["urn:scim:schemas:core:1.0"],"userName":"u","name":{"familyName":"f"},"emails":{"value":"u@x","primary":true}}"#;
    assert_eq!(
        created(body)["emails"],
        json!([{"value": "u@x", "primary": true}])
    );
}

#[test]
fn jumpcloud_sends_null_and_empty_lists_and_the_extension_first() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName":"u","externalId":"66e2","addresses":[],"phoneNumbers":[],"emails":null,"active":true}"#;
    assert_eq!(
        created(body),
        json!({"userName": "u", "externalId": "66e2", "active": true})
    );
    let remove = r#"[{"op":"remove","path":"members","value":[{"value":"a"}]}]"#;
    assert_eq!(
        member_changes(remove),
        (vec![MemberChange::Remove(ids(&["a"]))], true)
    );
}

#[test]
fn google_names_an_old_schema_beside_the_present_one() {
    let body = r#"{"schemas":["urn:scim:schemas:core:1.0","urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u"}"#;
    assert_eq!(created(body), json!({"userName": "u"}));
}

#[test]
fn sailpoint_disables_by_a_pathless_add() {
    let after = patched(
        &json!({"userName": "u", "active": true}),
        r#"[{"op":"add","value":{"active":false}}]"#,
    );
    assert_eq!(after["active"], false);
}

#[test]
fn authentik_repeats_schemas_and_id_in_a_pathless_value() {
    let operations = format!(
        r#"[{{"op":"replace","path":null,"value":{{"schemas":["{GROUP_URN}"],"id":"g","displayName":"N","externalId":"e"}}}}]"#
    );
    assert_eq!(member_changes(&operations), (vec![], false));
    let user = format!(
        r#"[{{"op":"replace","value":{{"schemas":["{USER_URN}"],"id":"u","meta":{{}},"title":"T"}}}}]"#
    );
    assert_eq!(patched(&bjfe(), &user), json!({"userName": "bjfe", "title": "T"}));
    let remove = r#"[{"op":"remove","path":"members","value":[{"value":"a"}]},{"op":"add","path":"members","value":[{"value":"b"}]}]"#;
    let expected = vec![MemberChange::Remove(ids(&["a"])), MemberChange::Add(ids(&["b"]))];
    assert_eq!(member_changes(remove), (expected, true));
}
