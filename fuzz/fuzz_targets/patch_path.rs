//! The PATCH path parser: the first byte chooses provider, operation and value, the rest is the path. Whatever is
//! understood is applied to a person, and what comes out of it is canonical.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use rollcall_fuzz::scim::patch::{self, PATCH_OP_URN};
use rollcall_fuzz::scim::quirks::Provider;
use rollcall_fuzz::scim::resource::{self, Resource};
use rollcall_fuzz::scim::schema::user;
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

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&choice, path)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Ok(path) = std::str::from_utf8(path) else {
        return Corpus::Reject;
    };
    let operation = OPERATIONS[usize::from(choice) % OPERATIONS.len()];
    let provider = PROVIDERS[usize::from(choice / 4) % PROVIDERS.len()];
    let body = json!({
        "schemas": [PATCH_OP_URN],
        "Operations": [{"op": operation, "path": path, "value": value(choice / 12)}],
    });
    if let Ok(patch) = patch::parse(body, user(), provider)
        && let Ok(after) = patch.apply(&PERSON)
    {
        // Once more gives the same again, unless it added one more element each time.
        if operation != "add"
            && let Ok(again) = patch.apply(&after)
        {
            assert_eq!(after, again);
        }
    }
    Corpus::Keep
});
