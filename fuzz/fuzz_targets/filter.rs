//! The SCIM filter parser: no text makes it panic, and what it accepts keeps its limits, can be evaluated, and means
//! the same when it is written and read once more.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use rollcall_fuzz::scim::filter::{self, Filter, MAX_FILTER_DEPTH, MAX_FILTER_LEN, MAX_FILTER_TERMS};
use rollcall_fuzz::scim::quirks::Provider;
use rollcall_fuzz::scim::resource::{self, Resource};
use rollcall_fuzz::scim::schema::{ResourceType, group, user};
use serde_json::{Value, json};

fn resource(body: Value, rt: &ResourceType) -> Resource {
    resource::parse(body, rt, Provider::Generic).expect("a resource")
}

static PERSON: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@acme.example",
        "active": true,
        "name": {"givenName": "Ada", "familyName": "Straße"},
        "emails": [
            {"value": "ada@acme.example", "type": "work", "primary": true},
            {"value": "ada@home.example", "type": "home"},
        ],
        "x509Certificates": [{"value": "QUJD"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "7"}},
    });
    let mut person = resource(body, user());
    // What the gateway adds.
    person.insert("id".to_owned(), json!("2f1c"));
    person.insert(
        "meta".to_owned(),
        json!({"lastModified": "2024-05-01T12:00:00.1234567Z"}),
    );
    person
});

static STAFF: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Staff",
        "members": [{"value": "2f1c"}],
    });
    resource(body, group())
});

/// How deep it nests when it is written.
fn depth(filter: &Filter) -> usize {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            let deepest = parts
                .iter()
                .map(|part| depth(part) + usize::from(matches!(part, Filter::And(_) | Filter::Or(_))));
            deepest.max().unwrap_or_default()
        }
        Filter::Not(part) | Filter::ValuePath { filter: part, .. } => 1 + depth(part),
        Filter::Compare { .. } | Filter::Present(_) => 0,
    }
}

fn check(text: &str, rt: &ResourceType, resource: &Resource) {
    let Ok(found) = filter::parse(text, rt) else {
        return;
    };
    assert!(text.len() <= MAX_FILTER_LEN && found.terms() <= MAX_FILTER_TERMS);
    let answer = found.matches(resource);
    assert_eq!(answer, !Filter::Not(Box::new(found.clone())).matches(resource));
    let written = found.to_string();
    match filter::parse(&written, rt) {
        Ok(again) => {
            assert_eq!(again, found, "{written}");
            assert_eq!(again.to_string(), written);
        }
        // It has brackets and full names where the text had none.
        Err(error) => assert!(
            written.len() > MAX_FILTER_LEN || depth(&found) > MAX_FILTER_DEPTH,
            "{written}: {error}"
        ),
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    check(text, user(), &PERSON);
    check(text, group(), &STAFF);
    Corpus::Keep
});
