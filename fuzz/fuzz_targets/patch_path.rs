//! The PATCH path parser: the first byte chooses provider, operation and value, the rest is the path. Whatever is
//! understood is understood in the same way when it is written out and read once more. It is applied to a person or a
//! group, and what comes of it is canonical.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::{Corpus, fuzz_target};
use rollcall_fuzz::scim::error::ScimError;
use rollcall_fuzz::scim::filter::MAX_FILTER_LEN;
use rollcall_fuzz::scim::patch::{self, PATCH_OP_URN, Patch};
use rollcall_fuzz::scim::quirks::{Notes, Provider, Reading, UnderstoodOperation};
use rollcall_fuzz::scim::resource::{self, Resource};
use rollcall_fuzz::scim::schema::{ResourceType, group, user};
use serde_json::{Value, json};

static PERSON: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@acme.example",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [
            {"value": "ada@acme.example", "type": "work", "primary": true},
            {"value": "ada@home.example", "type": "home"},
        ],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "7"}},
    });
    resource::parse(body, user(), Provider::Generic).expect("a person")
});

static STAFF: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Staff",
    });
    resource::parse(body, group(), Provider::Generic).expect("a group")
});

const PROVIDERS: [Provider; 3] = [Provider::Generic, Provider::Entra, Provider::Okta];
const OPERATIONS: [&str; 4] = ["add", "replace", "remove", "Replace"];

fn value(choice: u8) -> Value {
    match choice % 5 {
        0 => json!("text"),
        1 => json!(true),
        2 => json!({"value": "a@acme.example", "type": "work"}),
        3 => json!([{"value": "a@acme.example", "primary": true}]),
        _ => Value::Null,
    }
}

fn read(
    operation: &str,
    path: &str,
    value: &Value,
    rt: &ResourceType,
    provider: Provider,
) -> Result<(Patch, Vec<UnderstoodOperation>), ScimError> {
    let body = json!({
        "schemas": [PATCH_OP_URN],
        "Operations": [{"op": operation, "path": path, "value": value}],
    });
    let notes = Arc::new(Notes::default());
    let patch = patch::parse(body, rt, Reading::new(provider, Some(notes.clone())))?;
    Ok((patch, notes.noted().operations))
}

fn check(path: &str, choice: u8, rt: &ResourceType, current: &Resource) {
    let operation = OPERATIONS[usize::from(choice) % OPERATIONS.len()];
    let provider = PROVIDERS[usize::from(choice / 4) % PROVIDERS.len()];
    let value = value(choice / 12);
    let Ok((patch, understood)) = read(operation, path, &value, rt, provider) else {
        return;
    };
    // The path of a schema is taken apart, and its parts are of one operation.
    if let [only] = understood.as_slice()
        && only.name == operation
    {
        // What is longer has names where the path had a URN of its own spelling.
        if only.path.len() <= MAX_FILTER_LEN {
            let (_, again) = read(only.name, &only.path, &only.value, rt, provider)
                .unwrap_or_else(|error| panic!("{}: {error}", only.path));
            assert_eq!(again.as_slice(), [only.clone()]);
        }
    }
    let Ok((_, patch)) = patch.split_members() else {
        return;
    };
    let Ok(after) = patch.apply(current) else { return };
    let canonical = resource::parse(Value::Object(after.clone()), rt, provider);
    assert_eq!(canonical.as_ref(), Ok(&after));
    // Elements that a filter selects may be others afterwards, and what is added may be added again.
    if !path.contains('[') && operation != "add" {
        assert_eq!(patch.apply(&after), Ok(after));
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&choice, path)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Ok(path) = std::str::from_utf8(path) else {
        return Corpus::Reject;
    };
    check(path, choice, user(), &PERSON);
    check(path, choice, group(), &STAFF);
    Corpus::Keep
});
