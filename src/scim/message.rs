//! The messages around resources: search requests and list responses (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865).

use serde_json::{Map, Number, Value};

use super::error::ScimError;
use super::json::kind_of;
use super::quirks::{Note, Rule};

/// URN of the list response.
pub const LIST_RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// URN of the search request.
pub const SEARCH_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What a client searches for, from a query string or from the body of `POST /.search`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The filter's text, never empty.
    pub filter: Option<String>,
    /// The attribute to sort by.
    pub sort_by: Option<String>,
    /// The direction to sort in.
    pub sort_order: Option<String>,
    /// Position of the first result, from 1 on.
    pub start_index: u64,
    /// Most results wanted; `None` leaves it to the server.
    pub count: Option<u64>,
    /// The client pages by cursor: empty for the first page, else what a page before has given (RFC 9865 section 2).
    /// `None` pages by index.
    pub cursor: Option<String>,
    /// Attributes to return.
    pub attributes: Option<Vec<String>>,
    /// Attributes to leave out.
    pub excluded_attributes: Option<Vec<String>>,
}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            filter: None,
            sort_by: None,
            sort_order: None,
            start_index: 1,
            count: None,
            cursor: None,
            attributes: None,
            excluded_attributes: None,
        }
    }
}

/// The parameters of a list request.
pub const NAMES: [&str; 8] = [
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
    "attributes",
    "excludedAttributes",
];

impl SearchRequest {
    /// Reads decoded query parameters. Names have any case (E-20 has `startindex`), other parameters are
    /// ignored (Entra ID's `aadOptscim062020`). A `startIndex` below 1 is 1 and a `count` below 0 is 0 (RFC
    /// 7644 section 3.4.2.4); an empty text counts as absent, but for the filter.
    ///
    /// # Errors
    /// 400 `invalidValue` naming a parameter that is there twice or is no whole number, `invalidFilter` for
    /// an empty filter.
    pub fn from_query(pairs: impl Iterator<Item = (String, String)>) -> Result<Self, ScimError> {
        let mut given: [Option<String>; NAMES.len()] = [const { None }; NAMES.len()];
        for (name, value) in pairs {
            let Some(index) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(&name)) else {
                continue;
            };
            if let Some(slot) = given.get_mut(index)
                && slot.replace(value).is_some()
            {
                return Err(ScimError::invalid_value(format!(
                    "{} is given twice",
                    NAMES[index]
                )));
            }
        }
        let [
            filter,
            sort_by,
            sort_order,
            start_index,
            count,
            cursor,
            attributes,
            excluded,
        ] = given;
        let text = |value: Option<String>| value.filter(|value| !value.is_empty());
        check_one_paging(start_index.is_some(), cursor.is_some())?;
        let number = |value: Option<String>, refusal: ScimError| {
            value.map(|value| whole_number(&value).ok_or(refusal)).transpose()
        };
        Ok(Self {
            filter: checked_filter(filter)?,
            sort_by: text(sort_by),
            sort_order: text(sort_order),
            start_index: number(start_index, not_whole("startIndex"))?.unwrap_or(1).max(1),
            count: number(count, bad_count(cursor.is_some()))?,
            cursor,
            attributes: text(attributes).map(|text| names_in(&text)),
            excluded_attributes: text(excluded).map(|text| names_in(&text)),
        })
    }

    /// Reads the body of `POST /.search`. Lists of names come as arrays or as comma-separated text.
    ///
    /// # Errors
    /// 400 `invalidSyntax` when the body is no object, does not name [`SEARCH_REQUEST_URN`] or gives a
    /// member twice in different case; `invalidValue` naming a member of the wrong type; `invalidFilter`
    /// for an empty filter.
    pub fn from_body(body: Value) -> Result<Self, ScimError> {
        let body = match body {
            Value::Object(body) => body,
            other => {
                return Err(ScimError::invalid_syntax(format!(
                    "the body must be a JSON object, not {}",
                    kind_of(&other)
                )));
            }
        };
        let mut given: [Option<Value>; NAMES.len()] = [const { None }; NAMES.len()];
        let named = check_search_urn(&body);
        for (name, value) in body {
            if let Some(index) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(&name))
                && let Some(slot) = given.get_mut(index)
                && slot.replace(value).is_some()
            {
                return Err(ScimError::invalid_syntax(format!(
                    "{} is given twice",
                    NAMES[index]
                )));
            }
        }
        if !named {
            return Err(ScimError::invalid_syntax(format!(
                "schemas of a search must be an array that holds {SEARCH_REQUEST_URN}"
            )));
        }
        let [
            filter,
            sort_by,
            sort_order,
            start_index,
            count,
            cursor,
            attributes,
            excluded,
        ] = given;
        let cursor =
            text_member("cursor", cursor).map_err(|error| ScimError::invalid_cursor(error.detail))?;
        let start_index = number_member(start_index, not_whole("startIndex"))?;
        check_one_paging(start_index.is_some(), cursor.is_some())?;
        Ok(Self {
            filter: checked_filter(text_member("filter", filter)?)?,
            sort_by: text_member("sortBy", sort_by)?.filter(|text| !text.is_empty()),
            sort_order: text_member("sortOrder", sort_order)?.filter(|text| !text.is_empty()),
            start_index: start_index.unwrap_or(1).max(1),
            count: number_member(count, bad_count(cursor.is_some()))?,
            cursor,
            attributes: names_member("attributes", attributes)?,
            excluded_attributes: names_member("excludedAttributes", excluded)?,
        })
    }
}

/// What is odd about the names of query parameters, where these are the ones that mean something.
#[must_use]
pub fn parameter_notes(pairs: &[(String, String)], known: &[&str]) -> Vec<Note> {
    let odd = pairs.iter().filter_map(|(name, _)| {
        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(name));
        let (rule, taken_as) = match meant {
            Some(meant) if meant == name => return None,
            Some(meant) => (Rule::ParameterName, Value::from(*meant)),
            None => (Rule::ParameterIgnored, Value::Null),
        };
        Some(Note {
            rule,
            operation: None,
            at: name.clone(),
            sent: Value::from(name.as_str()),
            taken_as,
        })
    });
    odd.collect()
}

fn check_search_urn(body: &Map<String, Value>) -> bool {
    let schemas = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    schemas.and_then(|(_, list)| list.as_array()).is_some_and(|list| {
        list.iter()
            .filter_map(Value::as_str)
            .any(|urn| urn.eq_ignore_ascii_case(SEARCH_REQUEST_URN))
    })
}

fn checked_filter(filter: Option<String>) -> Result<Option<String>, ScimError> {
    match filter {
        Some(text) if text.trim().is_empty() => Err(ScimError::invalid_filter("the filter is empty")),
        other => Ok(other),
    }
}

fn names_in(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).collect()
}

fn not_whole(name: &str) -> ScimError {
    ScimError::invalid_value(format!("{name} must be a whole number"))
}

/// RFC 9865 section 2.4 has either parameter ask for its own way of paging.
fn check_one_paging(by_index: bool, by_cursor: bool) -> Result<(), ScimError> {
    if by_index && by_cursor {
        return Err(ScimError::invalid_value(
            "startIndex and cursor exclude one another; page by the one or by the other",
        ));
    }
    Ok(())
}

/// What a count that is no number is refused with.
fn bad_count(by_cursor: bool) -> ScimError {
    let refusal = not_whole("count");
    if by_cursor {
        ScimError::invalid_count(refusal.detail)
    } else {
        refusal
    }
}

/// A whole number, 0 for a negative one; what is too large for 64 bits is the largest there is.
fn whole_number(text: &str) -> Option<u64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if negative {
        0
    } else {
        digits.parse().unwrap_or(u64::MAX)
    })
}

fn text_member(name: &str, value: Option<Value>) -> Result<Option<String>, ScimError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(ScimError::invalid_value(format!(
            "{name} must be a string, not {}",
            kind_of(&other)
        ))),
    }
}

fn number_member(value: Option<Value>, refusal: ScimError) -> Result<Option<u64>, ScimError> {
    let whole = |number: &Number| number.as_u64().or_else(|| number.as_i64().map(|_| 0));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => whole(&number).map(Some).ok_or(refusal),
        Some(_) => Err(refusal),
    }
}

fn names_member(name: &str, value: Option<Value>) -> Result<Option<Vec<String>>, ScimError> {
    let wrong = |found: &Value| {
        ScimError::invalid_value(format!(
            "{name} must be an array of strings, not {}",
            kind_of(found)
        ))
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(names_in(&text)).filter(|_| !text.is_empty())),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                other => Err(wrong(&other)),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some),
        Some(other) => Err(wrong(&other)),
    }
}

/// One page of results (RFC 7644 section 3.4.2). `itemsPerPage` is the number of results on this page.
#[must_use]
pub fn list_response(resources: Vec<Value>, total: u64, start_index: u64) -> Value {
    // json! would copy every resource.
    let mut list = Map::with_capacity(5);
    list.insert("schemas".to_owned(), Value::from(vec![LIST_RESPONSE_URN]));
    list.insert("totalResults".to_owned(), Value::from(total));
    list.insert("startIndex".to_owned(), Value::from(start_index));
    list.insert("itemsPerPage".to_owned(), Value::from(resources.len()));
    list.insert("Resources".to_owned(), Value::Array(resources));
    Value::Object(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::error::ScimType;
    use serde_json::json;

    fn query(pairs: &[(&str, &str)]) -> Result<SearchRequest, ScimError> {
        SearchRequest::from_query(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn a_query_is_read_whatever_the_case_of_its_names_e_20_e_21() {
        let read = query(&[
            ("FILTER", "userName eq \"a\""),
            ("startindex", "0"),
            ("Count", "-1"),
            ("aadOptscim062020", ""),
            ("excludedAttributes", "members, groups"),
            ("sortBy", ""),
        ]);
        let expected = SearchRequest {
            filter: Some("userName eq \"a\"".to_owned()),
            count: Some(0),
            excluded_attributes: Some(vec!["members".to_owned(), "groups".to_owned()]),
            ..SearchRequest::default()
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn paging_numbers_keep_to_their_range() {
        let page = |start: &str, count: &str| {
            query(&[("startIndex", start), ("count", count)]).map(|page| (page.start_index, page.count))
        };
        assert_eq!(page("3", "100"), Ok((3, Some(100))));
        assert_eq!(page("-9", "0"), Ok((1, Some(0))));
        assert_eq!(page("99999999999999999999999", "+7"), Ok((u64::MAX, Some(7))));
        assert_eq!(query(&[]).unwrap(), SearchRequest::default());
        for bad in ["", "x", "1.0", "1e3", "--1", "-", " 1"] {
            let error = page(bad, "1").unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
            assert!(error.detail.contains("startIndex"));
            assert!(page("1", bad).unwrap_err().detail.contains("count"));
        }
    }

    #[test]
    fn a_cursor_asks_for_pages_by_cursor_and_an_empty_one_for_the_first() {
        let cursor = |pairs: &[(&str, &str)]| query(pairs).map(|read| read.cursor);
        assert_eq!(cursor(&[("count", "1")]), Ok(None));
        assert_eq!(cursor(&[("cursor", "")]), Ok(Some(String::new())));
        assert_eq!(cursor(&[("Cursor", "abc")]), Ok(Some("abc".to_owned())));
        let scim_type = |pairs: &[(&str, &str)]| query(pairs).unwrap_err().scim_type;
        for bad in ["", "x", "1.5"] {
            let pairs = [("cursor", ""), ("count", bad)];
            assert_eq!(scim_type(&pairs), Some(ScimType::InvalidCount));
        }
        let both = query(&[("cursor", ""), ("startIndex", "1")]).unwrap_err();
        assert_eq!(both.scim_type, Some(ScimType::InvalidValue));
        assert!(both.detail.contains("startIndex") && both.detail.contains("cursor"));
        assert_eq!(
            scim_type(&[("cursor", "a"), ("cursor", "b")]),
            Some(ScimType::InvalidValue)
        );
    }

    #[test]
    fn a_search_body_has_a_cursor_too() {
        let body = |cursor: Value, further: (&str, Value)| {
            let mut body = json!({"schemas": [SEARCH_REQUEST_URN], "cursor": cursor});
            body[further.0] = further.1;
            SearchRequest::from_body(body)
        };
        let nothing = || ("count", Value::Null);
        let cursor = |value| body(value, nothing()).map(|read| read.cursor);
        assert_eq!(cursor(json!("")), Ok(Some(String::new())));
        assert_eq!(cursor(json!("abc")), Ok(Some("abc".to_owned())));
        assert_eq!(cursor(Value::Null), Ok(None));
        let scim_type = |value, further| body(value, further).unwrap_err().scim_type;
        assert_eq!(scim_type(json!(1), nothing()), Some(ScimType::InvalidCursor));
        assert_eq!(
            scim_type(json!(""), ("count", json!("5"))),
            Some(ScimType::InvalidCount)
        );
        assert_eq!(
            scim_type(json!(""), ("startIndex", json!(1))),
            Some(ScimType::InvalidValue)
        );
    }

    #[test]
    fn a_parameter_given_twice_or_an_empty_filter_is_refused() {
        let error = query(&[("count", "1"), ("COUNT", "2")]).unwrap_err();
        assert!(error.detail.contains("count"));
        assert_eq!(
            query(&[("filter", " ")]).unwrap_err().scim_type,
            Some(ScimType::InvalidFilter)
        );
    }

    #[test]
    fn a_search_body_needs_its_schema_and_right_types() {
        let body = |more: Value| {
            let mut body = json!({"schemas": [SEARCH_REQUEST_URN]});
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().cloned().unwrap());
            SearchRequest::from_body(body)
        };
        let read = body(
            json!({"filter": "title pr", "startIndex": -3, "count": 5, "attributes": ["userName"],
            "excludedattributes": "name, id", "sortBy": null, "sortOrder": "descending"}),
        );
        let expected = SearchRequest {
            filter: Some("title pr".to_owned()),
            sort_order: Some("descending".to_owned()),
            count: Some(5),
            attributes: Some(vec!["userName".to_owned()]),
            excluded_attributes: Some(vec!["name".to_owned(), "id".to_owned()]),
            ..SearchRequest::default()
        };
        assert_eq!(read, Ok(expected));
        for (wrong, name) in [
            (json!({"count": "5"}), "count"),
            (json!({"startIndex": 1.5}), "startIndex"),
            (json!({"filter": 1}), "filter"),
            (json!({"attributes": [1]}), "attributes"),
            (json!({"sortBy": {}}), "sortBy"),
        ] {
            let error = body(wrong).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
            assert!(error.detail.contains(name), "{}", error.detail);
        }
        assert_eq!(
            body(json!({"filter": ""})).unwrap_err().scim_type,
            Some(ScimType::InvalidFilter)
        );
        for wrong in [
            json!({}),
            json!([]),
            json!({"schemas": [LIST_RESPONSE_URN]}),
            json!({"schemas": "x"}),
        ] {
            assert_eq!(
                SearchRequest::from_body(wrong).unwrap_err().scim_type,
                Some(ScimType::InvalidSyntax)
            );
        }
        let twice = body(json!({"count": 1, "Count": 2})).unwrap_err();
        assert_eq!(twice.scim_type, Some(ScimType::InvalidSyntax));
    }

    #[test]
    fn a_list_response_counts_with_integers_o_1() {
        let list = list_response(vec![], 0, 1);
        assert_eq!(
            list,
            json!({"schemas": [LIST_RESPONSE_URN], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0,
                   "Resources": []})
        );
        assert_eq!(list_response(vec![json!({})], 9, 4)["itemsPerPage"], 1);
    }
}
