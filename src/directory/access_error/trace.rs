//! What was checked during a sign-in, for those who have to find out why it failed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

const MOST_CHECKS: usize = 32;
const LONGEST_VALUE: usize = 512;

/// The checks of one sign-in in the order in which they were made, at most 32.
///
/// It is kept and shown to administrators and support. Whoever adds to it sees to it that no token, code, secret,
/// assertion or cookie gets in: only what was expected and what was received instead (an issuer, a time, a name).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(Vec<Check>);

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at, in snake case: `issuer`, `audience`, `email_domain`.
    pub check: Cow<'static, str>,
    /// What would have passed, at most 512 characters.
    pub expected: Option<String>,
    /// What there was, at most 512 characters; `None` when there was nothing.
    pub received: Option<String>,
    /// Whether it passed.
    pub passed: bool,
}

impl Trace {
    /// The checks in order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.0
    }

    /// Adds a check. Values are cut and cleaned of characters that could falsify a log line or a page. When the
    /// trace is full the newest check takes the place of the one before: the last is the one that refused.
    pub fn push(
        &mut self,
        check: &'static str,
        expected: Option<&str>,
        received: Option<&str>,
        passed: bool,
    ) {
        self.0.truncate(MOST_CHECKS - 1);
        self.0.push(Check {
            check: Cow::Borrowed(check),
            expected: expected.map(clean),
            received: received.map(clean),
            passed,
        });
    }

    /// Adds the checks of another trace.
    pub fn extend(&mut self, other: &Self) {
        for check in &other.0 {
            self.0.truncate(MOST_CHECKS - 1);
            self.0.push(check.clone());
        }
    }

    /// Adds a check that passes when both values are equal, and says whether they are.
    pub fn compare(&mut self, check: &'static str, expected: &str, received: Option<&str>) -> bool {
        let passed = received == Some(expected);
        self.push(check, Some(expected), received, passed);
        passed
    }
}

fn clean(value: &str) -> String {
    value
        .chars()
        .filter(|character| !character.is_control() && !changes_direction(*character))
        .take(LONGEST_VALUE)
        .collect()
}

/// The controls of Unicode's bidirectional algorithm (UAX #9, section 2): they make text look like another text.
fn changes_direction(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_pass_and_others_do_not() {
        let mut trace = Trace::default();
        assert!(trace.compare("issuer", "https://idp.example", Some("https://idp.example")));
        assert!(!trace.compare("issuer", "https://idp.example", Some("https://idp.example/")));
        assert!(!trace.compare("issuer", "", None));
        let passed: Vec<_> = trace.checks().iter().map(|check| check.passed).collect();
        assert_eq!(passed, [true, false, false]);
    }

    #[test]
    fn values_that_differ_only_beyond_the_limit_still_differ() {
        let long = "x".repeat(600);
        let mut trace = Trace::default();
        assert!(!trace.compare("issuer", &long, Some(&format!("{long}y"))));
        assert_eq!(trace.checks()[0].received.as_ref().unwrap().len(), 512);
    }

    #[test]
    fn control_and_direction_characters_are_removed() {
        let mut trace = Trace::default();
        trace.push(
            "name",
            None,
            Some("a\nb\u{0}c\u{1b}[0m\u{202e}d\u{2066}\u{85}é\u{200f}"),
            false,
        );
        assert_eq!(trace.checks()[0].received.as_deref(), Some("abc[0mdé"));
    }

    #[test]
    fn a_full_trace_keeps_its_beginning_and_its_end() {
        let mut trace = Trace::default();
        for number in 0..100 {
            trace.push("count", None, Some(&number.to_string()), number < 99);
        }
        let received: Vec<_> = trace
            .checks()
            .iter()
            .map(|check| check.received.as_deref())
            .collect();
        assert_eq!(received.len(), 32);
        assert_eq!(
            (received[0], received[30], received[31]),
            (Some("0"), Some("30"), Some("99"))
        );
        assert!(!trace.checks()[31].passed);
    }

    #[test]
    fn a_trace_is_a_list_in_json_and_is_read_back() {
        let mut trace = Trace::default();
        trace.push("audience", Some("client-1"), None, false);
        let json = serde_json::to_value(&trace).unwrap();
        assert_eq!(
            json,
            serde_json::json!([{"check": "audience", "expected": "client-1", "received": null, "passed": false}])
        );
        assert_eq!(serde_json::from_value::<Trace>(json).unwrap(), trace);
    }
}
