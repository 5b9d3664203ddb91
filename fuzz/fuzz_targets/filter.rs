//! The SCIM filter parser: no text makes it panic, and what it accepts keeps its limits and can be evaluated.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use rollcall_fuzz::scim::filter::{self, MAX_FILTER_LEN, MAX_FILTER_TERMS};
use rollcall_fuzz::scim::quirks::Provider;
use rollcall_fuzz::scim::resource::{self, Resource};
use rollcall_fuzz::scim::schema::{group, user};
use serde_json::json;

static PERSON: LazyLock<Resource> = LazyLock::new(|| {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@acme.example",
        "active": true,
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [
            {"value": "ada@acme.example", "type": "work", "primary": true},
            {"value": "ada@home.example", "type": "home"},
        ],
    });
    resource::parse(body, user(), Provider::Generic).expect("a person")
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    if let Ok(found) = filter::parse(text, user()) {
        assert!(text.len() <= MAX_FILTER_LEN && found.terms() <= MAX_FILTER_TERMS);
        let answer = found.matches(&PERSON);
        assert_eq!(answer, found.matches(&PERSON));
    }
    let _ = filter::parse(text, group());
    Corpus::Keep
});
