//! The shape that every error of this API has (RFC 9457).

use crate::harness::Answer;

/// Checks that an answer is the problem of this status and stable code, and that its detail names this.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16, code: &str, naming: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{text}"
    );
    assert_eq!(answer.json["status"], status, "{text}");
    assert_eq!(answer.json["code"], code, "{text}");
    assert!(
        answer.json["title"]
            .as_str()
            .is_some_and(|title| !title.is_empty()),
        "{text}"
    );
    assert_eq!(answer.json["type"], "about:blank", "{text}");
    assert!(
        answer.json["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains(naming)),
        "{naming}: {text}"
    );
}

/// Checks that an answer is 422 and that its list of field errors is about exactly these fields.
#[track_caller]
pub fn assert_invalid_fields(answer: &Answer, fields: &[&str]) {
    assert_problem(answer, 422, "invalid", fields[0]);
    let errors = answer.json["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no list of errors: {}", answer.text()));
    let named: Vec<_> = errors
        .iter()
        .map(|error| error["field"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(named, fields, "{}", answer.text());
    for error in errors {
        assert_eq!(error["code"], "invalid");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{error}"
        );
    }
}

/// Checks that an answer is 422 and that one of its field errors is about this field or what it holds. For bodies that are wrong in
/// form, where another field may be named as well.
#[track_caller]
pub fn assert_field_named(answer: &Answer, field: &str) {
    assert_problem(answer, 422, "invalid", field);
    let errors = answer.json["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no list of errors: {}", answer.text()));
    let names = |error: &serde_json::Value| {
        let named = error["field"].as_str().unwrap_or_default();
        named
            .strip_prefix(field)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    assert!(errors.iter().any(names), "{field}: {}", answer.text());
}
