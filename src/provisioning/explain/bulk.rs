//! How the operations of a bulk request were read.

use serde_json::Value;
use uuid::Uuid;

use super::{Noted, explain_reading};
use crate::provisioning::bulk::{kind_of, write_of};
use crate::provisioning::service::Service;
use crate::scim::bulk::{BulkRequest, Operation, Target, Verb};

/// Of how many operations of a bulk request the reading is told.
const MOST_OPERATIONS: usize = 100;

/// A bulk request, as it was read.
#[derive(Debug, Default)]
pub struct BulkReading {
    /// The first 100 operations, in the order in which they were sent.
    pub operations: Vec<BulkOperation>,
    /// How many more there were.
    pub more_operations: usize,
}

/// One operation of a bulk request, as it was read.
#[derive(Debug, Default)]
pub struct BulkOperation {
    /// Its method as far as it was given.
    pub method: String,
    /// The client's name for it.
    pub bulk_id: Option<String>,
    /// `/Users`, `/Users/{id}` or `/Users/bulkId:{name}`; `None` where that cannot be told.
    pub path: Option<String>,
    /// Why it is no operation.
    pub error: Option<String>,
    /// How its data was read. References by bulkId stay as they were sent.
    pub noted: Noted,
}

/// How a bulk request is read, without a look at what is there. One that is refused as a whole has no operations.
#[must_use]
pub fn explain_bulk(service: &Service, body: Value) -> BulkReading {
    let Ok(request) = BulkRequest::parse(body) else {
        return BulkReading::default();
    };
    let more_operations = request.operations.len().saturating_sub(MOST_OPERATIONS);
    let first = request.operations.into_iter().take(MOST_OPERATIONS);
    BulkReading {
        operations: first.map(|operation| read(service, operation)).collect(),
        more_operations,
    }
}

fn read(service: &Service, operation: Operation) -> BulkOperation {
    let mut told = BulkOperation {
        method: operation.method,
        bulk_id: operation.bulk_id,
        ..BulkOperation::default()
    };
    let verb = match operation.verb {
        Ok(verb) => verb,
        Err(error) => {
            told.error = Some(error.detail);
            return told;
        }
    };
    told.path = Some(path_of(&verb));
    match kind_of(service, &verb) {
        Ok(kind) => {
            let id = match verb.target {
                Some(Target::Id(id)) => id,
                // Which id it came to does not matter to how the data is read.
                Some(Target::BulkId(_)) | None => Uuid::nil().to_string(),
            };
            let write = write_of(verb.method, id, Uuid::nil(), verb.data);
            told.noted = explain_reading(service, kind, write);
        }
        Err(error) => told.error = Some(error.detail),
    }
    told
}

fn path_of(verb: &Verb) -> String {
    let endpoint = &verb.endpoint;
    match &verb.target {
        None => endpoint.clone(),
        Some(Target::Id(id)) => format!("{endpoint}/{id}"),
        Some(Target::BulkId(name)) => format!("{endpoint}/bulkId:{name}"),
    }
}
