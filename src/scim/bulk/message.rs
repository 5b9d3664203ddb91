//! The body of a bulk request.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{BULK_REQUEST_URN, MAX_OPERATIONS, PREFIX};
use crate::scim::error::{Quoted, ScimError};
use crate::scim::json::kind_of;

/// A bulk request. What is wrong with one operation is that operation's result; the others are done all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After how many failed operations the rest is left undone; `None` means never.
    pub fail_on_errors: Option<u64>,
    /// The operations, in the order in which they were sent.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its method as far as it was given, for the answer.
    pub method: String,
    /// The client's name for it.
    pub bulk_id: Option<String>,
    /// What is to be done; the reason where that cannot be told.
    pub verb: Result<Verb, ScimError>,
}

/// What an operation is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Verb {
    /// How.
    pub method: Method,
    /// The resource type's path, `/Users`.
    pub endpoint: String,
    /// Which resource; `None` for a POST.
    pub target: Option<Target>,
    /// The entity tag that the resource must have.
    pub version: Option<String>,
    /// The body; null for a DELETE.
    pub data: Value,
}

/// The methods of bulk operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// The resource that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// By its id.
    Id(String),
    /// By the operation that makes it.
    BulkId(String),
}

impl Operation {
    /// The name of what the operation makes, if it makes something.
    #[must_use]
    pub fn made_name(&self) -> Option<&str> {
        let verb = self.verb.as_ref().ok()?;
        self.bulk_id.as_deref().filter(|_| verb.method == Method::Post)
    }
}

impl BulkRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// 400 `invalidSyntax` when the body is no object, does not name [`BULK_REQUEST_URN`], has no array `Operations`, gives a
    /// member twice, or gives two operations one bulkId; 400 `invalidValue` for a `failOnErrors` that is no whole number from
    /// 1 on; 413 for more than [`MAX_OPERATIONS`].
    pub fn parse(body: Value) -> Result<Self, ScimError> {
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax(format!(
                "the body must be a JSON object, not {}",
                kind_of(&body)
            )));
        };
        let [schemas, fail_on_errors, operations] = members(body, ["schemas", "failOnErrors", "Operations"])?;
        check_schemas(schemas.as_ref())?;
        let fail_on_errors =
            match fail_on_errors {
                None | Some(Value::Null) => None,
                Some(value) => Some(value.as_u64().filter(|count| *count > 0).ok_or_else(|| {
                    ScimError::invalid_value("failOnErrors must be a whole number from 1 on")
                })?),
            };
        let Some(Value::Array(operations)) = operations else {
            return Err(ScimError::invalid_syntax("Operations must be an array"));
        };
        if operations.len() > MAX_OPERATIONS {
            return Err(ScimError::too_large(format!(
                "a bulk request holds at most {MAX_OPERATIONS} operations, and this one has {}",
                operations.len()
            )));
        }
        let operations: Vec<Operation> = operations
            .into_iter()
            .enumerate()
            .map(|(index, value)| operation(index, value))
            .collect();
        let mut seen = HashSet::new();
        for bulk_id in operations
            .iter()
            .filter_map(|operation| operation.bulk_id.as_deref())
        {
            if !seen.insert(bulk_id) {
                return Err(ScimError::invalid_syntax(format!(
                    "bulkId {} is given to two operations",
                    Quoted(bulk_id)
                )));
            }
        }
        Ok(Self {
            fail_on_errors,
            operations,
        })
    }
}

fn check_schemas(schemas: Option<&Value>) -> Result<(), ScimError> {
    let named = schemas.and_then(Value::as_array).is_some_and(|list| {
        list.iter()
            .filter_map(Value::as_str)
            .any(|urn| urn.eq_ignore_ascii_case(BULK_REQUEST_URN))
    });
    if named {
        return Ok(());
    }
    Err(ScimError::invalid_syntax(format!(
        "schemas of a bulk request must be an array that holds {BULK_REQUEST_URN}"
    )))
}

fn operation(index: usize, value: Value) -> Operation {
    let place = format!("Operations[{index}]");
    let mut operation = Operation {
        method: String::new(),
        bulk_id: None,
        verb: Err(ScimError::invalid_syntax("an operation must be a JSON object")),
    };
    if let Value::Object(object) = value {
        operation.verb = read(object, &mut operation);
    }
    operation.verb = operation.verb.map_err(|error| error.at(place));
    operation
}

/// Reads one operation. Method and bulkId are kept as soon as they are known, so that also a failure names them.
fn read(object: Map<String, Value>, operation: &mut Operation) -> Result<Verb, ScimError> {
    let [method, bulk_id, version, path, data] =
        members(object, ["method", "bulkId", "version", "path", "data"])?;
    let method = text("method", method)?.unwrap_or_default();
    operation.method = method.to_ascii_uppercase();
    let method = match operation.method.as_str() {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => {
            return Err(ScimError::invalid_syntax(
                "method must be POST, PUT, PATCH or DELETE (RFC 7644 section 3.7)",
            ));
        }
    };
    operation.bulk_id = text("bulkId", bulk_id)?.filter(|bulk_id| !bulk_id.is_empty());
    if method == Method::Post && operation.bulk_id.is_none() {
        return Err(ScimError::invalid_syntax("bulkId is required for a POST"));
    }
    let path = text("path", path)?.ok_or_else(|| ScimError::invalid_syntax("path is required"))?;
    let (endpoint, target) = read_path(&path)?;
    match (method, &target) {
        (Method::Post, Some(_)) => {
            return Err(ScimError::with_status(
                405,
                "a POST goes to a resource type: /Users or /Groups",
            ));
        }
        (Method::Put | Method::Patch | Method::Delete, None) => {
            return Err(ScimError::with_status(
                405,
                "PUT, PATCH and DELETE go to one resource: /Users/{id} or /Groups/{id}",
            ));
        }
        _ => {}
    }
    let data = match (method, data) {
        (Method::Delete, _) => Value::Null,
        (_, Some(data @ Value::Object(_))) => data,
        (_, found) => {
            return Err(ScimError::invalid_syntax(format!(
                "data must be a JSON object, not {}",
                found.as_ref().map_or("missing", kind_of)
            )));
        }
    };
    Ok(Verb {
        method,
        endpoint,
        target,
        version: text("version", version)?.filter(|version| !version.is_empty()),
        data,
    })
}

/// `/Users`, `/Users/{id}` or `/Users/bulkId:{name}`; the slash in front may be missing, a query is passed over, since a
/// bulk answer shows no resources.
fn read_path(path: &str) -> Result<(String, Option<Target>), ScimError> {
    let unknown = || {
        ScimError::not_found(format!(
            "path {} names no resource type; expected /Users, /Groups or one resource below them",
            Quoted(path)
        ))
    };
    let bare = path.split_once('?').map_or(path, |(bare, _)| bare);
    let bare = bare.strip_prefix('/').unwrap_or(bare);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let (endpoint, id) = match bare.split_once('/') {
        Some((endpoint, id)) => (endpoint, Some(id)),
        None => (bare, None),
    };
    if endpoint.is_empty() || id.is_some_and(|id| id.is_empty() || id.contains('/') || id.starts_with('.')) {
        return Err(unknown());
    }
    let target = id.map(|id| match id.strip_prefix(PREFIX) {
        Some(bulk_id) => Target::BulkId(bulk_id.to_owned()),
        None => Target::Id(id.to_owned()),
    });
    Ok((format!("/{endpoint}"), target))
}

fn text(name: &str, value: Option<Value>) -> Result<Option<String>, ScimError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(ScimError::invalid_syntax(format!(
            "{name} must be a string, not {}",
            kind_of(&other)
        ))),
    }
}

/// Takes the members of these names, in any case; others are passed over.
fn members<const N: usize>(
    object: Map<String, Value>,
    names: [&str; N],
) -> Result<[Option<Value>; N], ScimError> {
    let mut given = [const { None }; N];
    for (name, value) in object {
        if let Some(index) = names.iter().position(|known| known.eq_ignore_ascii_case(&name))
            && let Some(slot) = given.get_mut(index)
            && slot.replace(value).is_some()
        {
            return Err(ScimError::invalid_syntax(format!(
                "{} is given twice",
                names[index]
            )));
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(operations: &Value) -> Result<BulkRequest, ScimError> {
        BulkRequest::parse(json!({"schemas": [BULK_REQUEST_URN], "Operations": operations}))
    }

    fn one(operation: &Value) -> Operation {
        parse(&json!([operation])).unwrap().operations.remove(0)
    }

    #[test]
    fn an_operation_is_read_whatever_the_case_of_its_names() {
        let read = one(
            &json!({"Method": "patch", "PATH": "Groups/bulkId:g?attributes=id", "bulkid": "x",
            "version": "W/\"3\"", "data": {"a": 1}}),
        );
        assert_eq!(
            (read.method.as_str(), read.bulk_id.as_deref()),
            ("PATCH", Some("x"))
        );
        let expected = Verb {
            method: Method::Patch,
            endpoint: "/Groups".to_owned(),
            target: Some(Target::BulkId("g".to_owned())),
            version: Some("W/\"3\"".to_owned()),
            data: json!({"a": 1}),
        };
        assert_eq!(read.verb, Ok(expected));
        let delete = one(&json!({"method": "DELETE", "path": "/Users/7", "data": "whatever"}));
        assert_eq!(delete.verb.unwrap().data, Value::Null);
    }

    #[test]
    fn a_wrong_operation_fails_alone_and_says_where_it_stands() {
        for (wrong, status, told) in [
            (json!("x"), 400, "object"),
            (json!({"path": "/Users", "data": {}}), 400, "method"),
            (json!({"method": "GET", "path": "/Users/1"}), 400, "method"),
            (
                json!({"method": "POST", "path": "/Users", "data": {}}),
                400,
                "bulkId",
            ),
            (json!({"method": "POST", "bulkId": "a", "data": {}}), 400, "path"),
            (
                json!({"method": "POST", "bulkId": "a", "path": "/Users"}),
                400,
                "data",
            ),
            (
                json!({"method": "POST", "bulkId": "a", "path": "/Users", "data": []}),
                400,
                "data",
            ),
            (
                json!({"method": "POST", "bulkId": "a", "path": "/Users/1", "data": {}}),
                405,
                "POST",
            ),
            (json!({"method": "PUT", "path": "/Users", "data": {}}), 405, "PUT"),
            (json!({"method": "DELETE", "path": "/Users/1/2"}), 404, "path"),
            (json!({"method": "DELETE", "path": "/"}), 404, "path"),
            (json!({"method": "DELETE", "path": "/Users/.search"}), 404, "path"),
            (
                json!({"method": "DELETE", "path": "/Users/1", "Path": "/Users/2"}),
                400,
                "path",
            ),
        ] {
            let error = one(&wrong).verb.unwrap_err();
            assert_eq!(error.status, status, "{wrong}");
            assert!(error.detail.starts_with("Operations[0]: "), "{}", error.detail);
            assert!(error.detail.contains(told), "{wrong}: {}", error.detail);
        }
    }

    #[test]
    fn a_wrong_message_is_refused_as_a_whole() {
        let twice = json!({"method": "POST", "bulkId": "a", "path": "/Users", "data": {}});
        for (wrong, status) in [
            (json!([]), 400),
            (json!({"Operations": []}), 400),
            (json!({"schemas": [BULK_REQUEST_URN]}), 400),
            (
                json!({"schemas": [BULK_REQUEST_URN], "Operations": [], "operations": []}),
                400,
            ),
            (
                json!({"schemas": [BULK_REQUEST_URN], "Operations": [], "failOnErrors": 0}),
                400,
            ),
            (
                json!({"schemas": [BULK_REQUEST_URN], "Operations": [], "failOnErrors": "1"}),
                400,
            ),
            (
                json!({"schemas": [BULK_REQUEST_URN], "Operations": [twice, twice]}),
                400,
            ),
            (
                json!({"schemas": [BULK_REQUEST_URN], "Operations": vec![1; MAX_OPERATIONS + 1]}),
                413,
            ),
        ] {
            assert_eq!(BulkRequest::parse(wrong).unwrap_err().status, status);
        }
        let most =
            json!({"schemas": [BULK_REQUEST_URN], "Operations": vec![1; MAX_OPERATIONS], "failOnErrors": 3});
        assert_eq!(BulkRequest::parse(most).unwrap().fail_on_errors, Some(3));
    }
}
