//! Sorting (RFC 7644 section 3.4.2.3).

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::attribute::{AttributeKind, Returned};
use super::date_time::parse_date_time;
use super::error::{Quoted, ScimError};
use super::filter::{Scope, compare_numbers, folded, values_of};
use super::path::{AttrPath, Resolved, resolve};
use super::resource::{Resource, is_primary};
use super::schema::ResourceType;

/// What a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The attribute. A complex attribute with a `value` stands here with that sub-attribute.
    pub path: AttrPath,
    /// Whether the greatest goes first.
    pub descending: bool,
}

/// A resource's place in the order, taken once per resource. `Ord` is the ascending order.
#[derive(Debug, Clone)]
pub struct SortKey(Option<Key>);

#[derive(Debug, Clone)]
enum Key {
    Text(String),
    Bool(bool),
    Number(Number),
    Instant(Timestamp),
}

impl Sort {
    /// Reads `sortBy` and `sortOrder`.
    ///
    /// # Errors
    /// 400 `invalidValue` when `sortBy` names no attribute that can be sorted by, or `sortOrder` is neither
    /// `ascending` nor `descending` (in any case).
    pub fn parse(sort_by: &str, sort_order: Option<&str>, rt: &ResourceType) -> Result<Self, ScimError> {
        let refuse = |why: &str| ScimError::invalid_value(format!("sortBy {}: {why}", Quoted(sort_by)));
        let found = match resolve(sort_by, rt) {
            Ok(Resolved::Attribute(found)) => found,
            Ok(_) => return Err(refuse("names a schema and no attribute")),
            Err(unresolved) => {
                return Err(ScimError::invalid_value(format!(
                    "sortBy: {}",
                    unresolved.detail(sort_by, rt)
                )));
            }
        };
        let (mut path, target) = (found.path(), found.target());
        if path.returned == Returned::Never {
            return Err(refuse("cannot be sorted by"));
        }
        if path.kind == AttributeKind::Complex {
            let value = target
                .sub("value")
                .ok_or_else(|| refuse("is complex; name a sub-attribute"))?;
            if value.returned == Returned::Never {
                return Err(refuse("cannot be sorted by"));
            }
            path.kind = value.kind;
            path.case_exact = value.case_exact;
            path.sub = Some(value.name.clone());
        }
        let descending = match sort_order {
            None => false,
            Some(order) if order.is_empty() || order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => {
                return Err(ScimError::invalid_value(
                    "sortOrder must be ascending or descending",
                ));
            }
        };
        Ok(Self { path, descending })
    }

    /// Where a resource stands. Of a multi-valued attribute the primary value counts, or else the first.
    #[must_use]
    pub fn key(&self, resource: &Resource) -> SortKey {
        let element = AttrPath {
            sub: None,
            ..self.path.clone()
        };
        let elements = values_of(&element, Scope::Object(resource));
        let chosen = elements
            .iter()
            .find(|element| is_primary(element))
            .or_else(|| elements.first());
        let value = match &self.path.sub {
            Some(sub) => chosen.and_then(|element| element.get(sub)),
            None => chosen.copied(),
        };
        let value = match value {
            Some(Value::Array(items)) => items.first(),
            other => other,
        };
        SortKey(value.and_then(|value| match value {
            Value::String(text) if self.path.kind == AttributeKind::DateTime => {
                parse_date_time(text).map(Key::Instant)
            }
            Value::String(text) if self.path.case_exact => Some(Key::Text(text.clone())),
            Value::String(text) => Some(Key::Text(folded(text).into_owned())),
            Value::Bool(value) => Some(Key::Bool(*value)),
            Value::Number(number) => Some(Key::Number(number.clone())),
            _ => None,
        }))
    }

    /// A key as JSON, for a place in a list that is remembered.
    #[must_use]
    pub fn write_key(&self, key: &SortKey) -> Value {
        match &key.0 {
            None => Value::Null,
            Some(Key::Text(text)) => Value::from(text.as_str()),
            Some(Key::Bool(value)) => Value::Bool(*value),
            Some(Key::Number(number)) => Value::Number(number.clone()),
            Some(Key::Instant(at)) => Value::from(at.to_string()),
        }
    }

    /// Reads what [`Sort::write_key`] of the same sort gave; `None` for anything else.
    #[must_use]
    pub fn read_key(&self, key: &Value) -> Option<SortKey> {
        Some(SortKey(match key {
            Value::Null => None,
            Value::String(text) if self.path.kind == AttributeKind::DateTime => {
                Some(Key::Instant(text.parse().ok()?))
            }
            // Folded already.
            Value::String(text) => Some(Key::Text(text.clone())),
            Value::Bool(value) => Some(Key::Bool(*value)),
            Value::Number(number) => Some(Key::Number(number.clone())),
            Value::Array(_) | Value::Object(_) => return None,
        }))
    }

    /// Compares two keys in this sort's direction.
    #[must_use]
    pub fn compare_keys(&self, a: &SortKey, b: &SortKey) -> Ordering {
        if self.descending { b.cmp(a) } else { a.cmp(b) }
    }

    /// Compares two resources in this sort's direction: without data goes last when ascending and first
    /// when descending. Equal ones are `Equal`, so a stable order needs a second criterion.
    #[must_use]
    pub fn compare(&self, a: &Resource, b: &Resource) -> Ordering {
        self.compare_keys(&self.key(a), &self.key(b))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(b),
        }
    }
}

impl Key {
    const fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            // JSON has no NaN, so numbers always compare.
            (Self::Number(a), Self::Number(b)) => compare_numbers(a, b).unwrap_or(Ordering::Equal),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SortKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::error::ScimType;
    use crate::scim::schema::user;
    use serde_json::json;

    fn order(sort_by: &str, direction: Option<&str>, values: &[Value]) -> Vec<usize> {
        let sort = Sort::parse(sort_by, direction, user()).unwrap();
        let resources: Vec<Resource> = values
            .iter()
            .map(|value| value.as_object().cloned().unwrap())
            .collect();
        let mut order: Vec<usize> = (0..resources.len()).collect();
        order.sort_by(|a, b| sort.compare(&resources[*a], &resources[*b]));
        order
    }

    #[test]
    fn no_data_goes_last_ascending_and_first_descending() {
        let values = [
            json!({}),
            json!({"title": "b"}),
            json!({"title": "A"}),
            json!({"title": "C"}),
        ];
        assert_eq!(order("title", None, &values), [2, 1, 3, 0]);
        assert_eq!(order("TITLE", Some("Descending"), &values), [0, 3, 1, 2]);
    }

    #[test]
    fn case_counts_only_where_the_attribute_says_so() {
        let values = [
            json!({"externalId": "b"}),
            json!({"externalId": "C"}),
            json!({"externalId": "a"}),
        ];
        assert_eq!(order("externalId", Some("ascending"), &values), [1, 2, 0]);
        let values = [json!({"userName": "straßE2"}), json!({"userName": "STRASSE1"})];
        assert_eq!(order("userName", None, &values), [1, 0]);
    }

    #[test]
    fn of_several_values_the_primary_one_counts_or_else_the_first() {
        let values = [
            json!({"emails": [{"value": "a"}, {"value": "z", "primary": true}]}),
            json!({"emails": [{"value": "m"}, {"value": "b"}]}),
            json!({"emails": [{"type": "work"}]}),
        ];
        assert_eq!(order("emails", None, &values), [1, 0, 2]);
        assert_eq!(order("emails.value", None, &values), [1, 0, 2]);
    }

    #[test]
    fn dates_are_sorted_by_instant_and_booleans_false_first() {
        let at = |text: &str| json!({"meta": {"created": text}});
        let values = [
            at("2024-01-01T12:00:00+02:00"),
            at("2024-01-01T09:00:00Z"),
            at("2024-01-01T10:00:00.5Z"),
        ];
        assert_eq!(order("meta.created", None, &values), [1, 0, 2]);
        let values = [json!({"active": true}), json!({"active": false})];
        assert_eq!(order("active", None, &values), [1, 0]);
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        for (by, value) in [
            ("title", json!({"title": "Straße"})),
            ("title", json!({})),
            ("active", json!({"active": false})),
            (
                "meta.created",
                json!({"meta": {"created": "2024-01-01T10:00:00.123456Z"}}),
            ),
        ] {
            let sort = Sort::parse(by, None, user()).unwrap();
            let key = sort.key(value.as_object().unwrap());
            let written = sort.write_key(&key);
            assert_eq!(sort.read_key(&written), Some(key), "{written}");
            assert_eq!(sort.read_key(&json!([1])), None);
        }
    }

    #[test]
    fn what_cannot_be_sorted_by_is_refused_by_name() {
        for (by, direction) in [
            ("bogus", None),
            ("password", None),
            ("name", None),
            ("urn:ietf:params:scim:schemas:core:2.0:User", None),
            ("title", Some("up")),
        ] {
            let error = Sort::parse(by, direction, user()).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{by}");
            assert!(error.detail.contains("sort"), "{}", error.detail);
        }
    }
}
