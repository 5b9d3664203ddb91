//! Bulk requests (RFC 7644 section 3.7): the message, the references between its operations, and the order that they
//! ask for.
//!
//! It must not know what an operation does; whoever executes them tells it which id each one came to.

mod message;
mod order;
mod references;

pub use message::{BulkRequest, Method, Operation, Target, Verb};
pub use order::order;
pub use references::{Unresolved, references, resolve, strip};

/// URN of the request.
pub const BULK_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// URN of the response.
pub const BULK_RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// Most operations in one request.
pub const MAX_OPERATIONS: usize = 10_000;

/// How long a request may be, in bytes.
pub const MAX_PAYLOAD: usize = 16 * 1024 * 1024;

/// What a reference to another operation begins with (RFC 7644 section 3.7.2).
const PREFIX: &str = "bulkId:";
