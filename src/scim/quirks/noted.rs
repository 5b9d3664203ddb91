//! Every rule of reading, with a request of which an explanation names it.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{MAX_NOTES, Note, Noted, Notes, Provider, Reading, Rule};
use crate::scim::attribute::{Attribute, AttributeKind};
use crate::scim::json::parse_json;
use crate::scim::schema::{ENTERPRISE_URN, Extension, ResourceType, Schema, group, user};
use crate::scim::{filter, message, patch, resource};

/// A request as a provider sends it.
enum Sent {
    Post(&'static ResourceType, &'static str),
    Patch(&'static ResourceType, &'static str),
    Filter(&'static str),
    Query(&'static str),
}

fn body(text: &str) -> Value {
    parse_json(text.as_bytes()).expect("a test's own JSON")
}

fn noted(provider: Provider, sent: &Sent) -> Noted {
    let notes = Arc::new(Notes::default());
    let reading = Reading::new(provider, Some(Arc::clone(&notes)));
    match sent {
        Sent::Post(kind, text) => {
            resource::parse(body(text), kind, reading).expect("a body that is accepted");
        }
        Sent::Patch(kind, operations) => {
            let message = json!({"schemas": [patch::PATCH_OP_URN], "Operations": body(operations)});
            let patch = patch::parse(message, kind, reading).expect("a PATCH that is accepted");
            let before = json!({"userName": "u", "displayName": "d"});
            let (_, rest) = patch.split_members().expect("members that are accepted");
            rest.apply(before.as_object().expect("an object"))
                .expect("a PATCH that can be applied");
        }
        Sent::Filter(text) => {
            filter::parse_as(text, user(), &reading).expect("a filter that is accepted");
        }
        Sent::Query(name) => {
            let pairs = [((*name).to_owned(), String::new())];
            return Noted {
                notes: message::parameter_notes(&pairs, &message::NAMES),
                ..Noted::default()
            };
        }
    }
    notes.noted()
}

/// Rule, provider, request, where it is noted, the operation.
#[expect(clippy::too_many_lines, reason = "a table with a line or two for each rule")]
fn examples() -> Vec<(Rule, Provider, Sent, &'static str, Option<usize>)> {
    use Provider::{Entra, Generic, Google, JumpCloud, OneLogin};
    use Sent::{Filter, Patch, Post, Query};
    let (user, group) = (user(), group());
    vec![
        (
            Rule::OperationName,
            Entra,
            Patch(
                user,
                r#"[{"op":"replace","path":"title","value":"T"},{"op":"Add","path":"title","value":"T"}]"#,
            ),
            "op",
            Some(1),
        ),
        (
            Rule::BooleanFromText,
            Entra,
            Patch(user, r#"[{"op":"replace","path":"active","value":"False"}]"#),
            "active",
            Some(0),
        ),
        (
            Rule::BooleanFromText,
            Entra,
            Post(
                user,
                r#"{"userName":"u","roles":[{"value":"a","primary":"True"}]}"#,
            ),
            "roles[0].primary",
            None,
        ),
        (
            Rule::BooleanFromText,
            Entra,
            Filter("roles[primary eq \"True\"]"),
            "primary",
            None,
        ),
        (
            Rule::BareValue,
            Entra,
            Post(user, r#"{"userName":"u","emails":["a@b"]}"#),
            "emails[0]",
            None,
        ),
        (
            Rule::BareValue,
            Entra,
            Patch(
                user,
                r#"[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"m"}]"#,
            ),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            Some(0),
        ),
        (
            Rule::OnlyElement,
            Entra,
            Patch(
                user,
                r#"[{"op":"replace","path":"manager","value":[{"value":"m"}]}]"#,
            ),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            Some(0),
        ),
        (
            Rule::ReferenceTakenAway,
            Entra,
            Patch(user, r#"[{"op":"replace","path":"manager","value":""}]"#),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            Some(0),
        ),
        (
            Rule::ReferenceTakenAway,
            Entra,
            Post(user, r#"{"userName":"u","manager":{"value":"","$ref":"x"}}"#),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            None,
        ),
        (
            Rule::BlankIsUnassigned,
            Generic,
            Post(user, r#"{"userName":"u","profileUrl":""}"#),
            "profileUrl",
            None,
        ),
        (
            Rule::LoneValue,
            OneLogin,
            Post(user, r#"{"userName":"u","emails":{"value":"a@b"}}"#),
            "emails",
            None,
        ),
        (
            Rule::NullIsUnassigned,
            JumpCloud,
            Post(user, r#"{"userName":"u","emails":null}"#),
            "emails",
            None,
        ),
        (
            Rule::NullIsUnassigned,
            Entra,
            Patch(
                group,
                r#"[{"op":"add","path":"members","value":[{"$ref":null,"value":"a"}]}]"#,
            ),
            "members[0].$ref",
            Some(0),
        ),
        (
            Rule::MisspeltUrn,
            Entra,
            Post(
                user,
                r#"{"userName":"u","urn:ietf:params:scim:schemas:extension:enterprise:2.0User":{"department":"D"}}"#,
            ),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
            None,
        ),
        (
            Rule::MisspeltUrn,
            Entra,
            Post(
                user,
                r#"{"schemas":["urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],"userName":"u"}"#,
            ),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
            None,
        ),
        (
            Rule::Scim1Urn,
            Google,
            Post(
                user,
                r#"{"schemas":["urn:scim:schemas:core:1.0"],"userName":"u"}"#,
            ),
            "urn:scim:schemas:core:1.0",
            None,
        ),
        (
            Rule::Scim1Urn,
            Generic,
            Patch(
                user,
                r#"[{"op":"add","path":"urn:scim:schemas:extension:enterprise:1.0:department","value":"D"}]"#,
            ),
            "urn:scim:schemas:extension:enterprise:1.0:department",
            Some(0),
        ),
        (
            Rule::UnqualifiedName,
            Entra,
            Post(user, r#"{"userName":"u","department":"D"}"#),
            "department",
            None,
        ),
        (
            Rule::UnqualifiedName,
            Entra,
            Patch(user, r#"[{"op":"add","path":"department","value":"D"}]"#),
            "department",
            Some(0),
        ),
        (
            Rule::UnqualifiedName,
            Entra,
            Filter("manager eq \"m\""),
            "manager",
            None,
        ),
        (
            Rule::ForeignSchema,
            Entra,
            Post(
                group,
                r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"displayName":"g"}"#,
            ),
            "schemas",
            None,
        ),
        (
            Rule::PathInKey,
            Entra,
            Patch(
                user,
                r#"[{"op":"replace","value":{"displayName":"B","name.givenName":"K"}}]"#,
            ),
            "value",
            Some(0),
        ),
        (
            Rule::DescribedElement,
            Entra,
            Patch(
                user,
                r#"[{"op":"add","path":"emails[type eq \"work\"].value","value":"x@y"}]"#,
            ),
            "emails[type eq \"work\"].value",
            Some(0),
        ),
        (
            Rule::MissingElement,
            Entra,
            Patch(
                user,
                r#"[{"op":"replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"}]"#,
            ),
            "phoneNumbers[type eq \"mobile\"].value",
            Some(0),
        ),
        (
            Rule::ListedRemoval,
            Entra,
            Patch(
                group,
                r#"[{"op":"remove","path":"members","value":[{"value":"a"}]}]"#,
            ),
            "members",
            Some(0),
        ),
        (Rule::NoOperations, Entra, Patch(user, "[]"), "Operations", None),
        (
            Rule::ElementComparison,
            Entra,
            Filter("emails[type eq \"work\"].value eq \"x\""),
            "emails",
            None,
        ),
        (
            Rule::ComplexMeansValue,
            Entra,
            Filter("emails eq \"x\""),
            "emails",
            None,
        ),
        (
            Rule::ParameterName,
            Entra,
            Query("startindex"),
            "startindex",
            None,
        ),
        (
            Rule::ParameterIgnored,
            Entra,
            Query("aadOptscim062020"),
            "aadOptscim062020",
            None,
        ),
        (
            Rule::ReadOnlyIgnored,
            Generic,
            Post(user, r#"{"userName":"u","id":"7"}"#),
            "id",
            None,
        ),
        (
            Rule::ReadOnlyIgnored,
            Generic,
            Patch(
                group,
                r#"[{"op":"replace","value":{"id":"7","displayName":"N"}}]"#,
            ),
            "id",
            Some(0),
        ),
        (
            Rule::UnknownIgnored,
            Generic,
            Post(user, r#"{"userName":"u","shoeSize":44}"#),
            "shoeSize",
            None,
        ),
        (
            Rule::UnknownIgnored,
            Generic,
            Post(user, r#"{"userName":"u","name":{"nick":"n"}}"#),
            "name.nick",
            None,
        ),
        (
            Rule::UnknownIgnored,
            Generic,
            Patch(user, r#"[{"op":"add","value":{"title":"T","shoeSize":44}}]"#),
            "shoeSize",
            Some(0),
        ),
        (
            Rule::PasswordNotKept,
            Generic,
            Post(user, r#"{"userName":"u","password":"hunter2"}"#),
            "password",
            None,
        ),
        (
            Rule::PasswordNotKept,
            Generic,
            Patch(user, r#"[{"op":"replace","path":"password","value":"hunter2"}]"#),
            "password",
            Some(0),
        ),
    ]
}

#[test]
fn every_rule_is_noted_where_it_was_used() {
    let mut named = HashSet::from([Rule::ValueOfObject.name()]);
    for (rule, provider, sent, at, operation) in examples() {
        let noted = noted(provider, &sent);
        let found = noted
            .notes
            .iter()
            .any(|note| note.rule == rule && note.at == at && note.operation == operation);
        assert!(found, "{} at {at}: {:?}", rule.name(), noted.notes);
        named.insert(rule.name());
    }
    for rule in Rule::ALL {
        assert!(named.contains(rule.name()), "{} has no example", rule.name());
    }
}

#[test]
fn values_of_a_plain_list_that_come_as_objects_are_noted_e_19() {
    let attribute = Attribute::new("departmentIds", AttributeKind::String, "").multi_valued();
    let schema = Schema::new("urn:acme:hr", "hr", "", vec![attribute]);
    let mut kind = user().clone();
    kind.extensions.push(Extension {
        schema: Arc::new(schema),
        required: false,
    });
    let notes = Arc::new(Notes::default());
    let reading = Reading::new(Provider::Entra, Some(Arc::clone(&notes)));
    let sent = json!({"userName": "u", "urn:acme:hr": {"departmentIds": [{"value": "1"}]}});
    resource::parse(sent, &kind, reading).unwrap();
    let note = &notes.noted().notes[0];
    assert_eq!(
        (note.rule, note.at.as_str(), &note.taken_as),
        (Rule::ValueOfObject, "urn:acme:hr:departmentIds[0]", &json!("1"))
    );
}

#[test]
fn a_note_tells_what_was_sent_and_what_it_was_taken_as() {
    let operations = r#"[{"op":"Replace","path":"active","value":"False"}]"#;
    let noted = noted(Provider::Entra, &Sent::Patch(user(), operations));
    let told: Vec<(&str, &Value, &Value)> = noted
        .notes
        .iter()
        .map(|note| (note.rule.code().unwrap(), &note.sent, &note.taken_as))
        .collect();
    let expected = [
        ("E-5", &json!("Replace"), &json!("replace")),
        ("E-6", &json!("False"), &json!(false)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_request_as_the_rfc_has_it_gives_no_notes() {
    for sent in [
        Sent::Post(
            user(),
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u","active":true,"emails":[{"value":"a@b"}]}"#,
        ),
        Sent::Patch(
            user(),
            r#"[{"op":"add","path":"name.givenName","value":"A"},{"op":"remove","path":"title"}]"#,
        ),
        Sent::Patch(group(), r#"[{"op":"remove","path":"members[value eq \"a\"]"}]"#),
        Sent::Filter("userName eq \"u\" and emails.value co \"b\""),
        Sent::Query("startIndex"),
    ] {
        assert_eq!(noted(Provider::Entra, &sent).notes, Vec::<Note>::new());
    }
}

#[test]
fn operations_are_told_as_they_were_understood() {
    let operations = r#"[{"op":"Replace","value":{"name.givenName":"K","displayname":"D"}},
        {"op":"remove","path":"EMAILS[TYPE EQ \"work\" and primary eq \"true\"]"},
        {"op":"add","path":"department","value":"D"}]"#;
    let noted = noted(Provider::Generic, &Sent::Patch(user(), operations));
    let told: Vec<(usize, &str, &str, &Value)> = noted
        .operations
        .iter()
        .map(|one| (one.number, one.name, one.path.as_str(), &one.value))
        .collect();
    let department = format!("{ENTERPRISE_URN}:department");
    let expected = [
        (0, "replace", "name.givenName", &json!("K")),
        (0, "replace", "displayName", &json!("D")),
        (
            1,
            "remove",
            "emails[type eq \"work\" and primary eq true]",
            &Value::Null,
        ),
        (2, "add", department.as_str(), &json!("D")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_body_is_told_as_it_was_understood_without_its_password() {
    let sent = Sent::Post(user(), r#"{"USERNAME":"u","password":"hunter2","emails":"a@b"}"#);
    let noted = noted(Provider::Generic, &sent);
    assert_eq!(
        noted.resource,
        Some(json!({"userName": "u", "emails": [{"value": "a@b"}]}))
    );
    assert!(!format!("{noted:?}").contains("hunter2"));
}

#[test]
fn notes_are_bounded_and_the_others_counted() {
    let operations: Vec<Value> = (0..MAX_NOTES + 5)
        .map(|number| json!({"op": "Add", "path": "title", "value": number.to_string()}))
        .collect();
    let notes = Arc::new(Notes::default());
    let reading = Reading::new(Provider::Entra, Some(Arc::clone(&notes)));
    let message = json!({"schemas": [patch::PATCH_OP_URN], "Operations": operations});
    patch::parse(message, user(), reading).unwrap();
    let noted = notes.noted();
    assert_eq!((noted.notes.len(), noted.more_notes), (MAX_NOTES, 5));
    assert_eq!((noted.operations.len(), noted.more_operations), (MAX_NOTES, 5));
}
