//! What is asked of the gateway. Each connection has a source of its own: it builds requests and judges answers,
//! and neither waits nor measures.

mod group;
mod members;
mod pages;
mod sync;
mod users;

use serde_json::Value;

pub use group::{AddMember, Form, ReadGroup};
pub use members::MakeMembers;
pub use pages::{PAGE, Page, cursor_page, index_page};
pub use sync::{SyncGroups, SyncUsers};
pub use users::{Create, Find, Get, Toggle};

use crate::client::Response;
use crate::person::Id;

/// Stands for an id in texts that become a [`crate::request::Template`].
const ID: &str = "####################################";
/// One answer in this many is parsed and compared; parsing all of them would cost more than sending.
const SAMPLE: u64 = 64;

/// Decides which answers are looked at closely. The first always is.
#[derive(Debug, Default)]
struct Sampler(u64);

impl Sampler {
    fn is_due(&mut self) -> bool {
        self.0 += 1;
        self.0 % SAMPLE == 1
    }
}

fn parsed(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}"))
}

fn wanted(condition: bool, wanted: &str, value: &Value) -> Result<(), String> {
    if condition {
        Ok(())
    } else {
        Err(format!(
            "expected {wanted}, got {}",
            shortened(&value.to_string())
        ))
    }
}

fn created_id(value: &Value) -> Result<Id, String> {
    let id = value["id"].as_str().and_then(|id| id.as_bytes().try_into().ok());
    id.ok_or_else(|| format!("expected a UUID as id, got {}", value["id"]))
}

fn refused(response: Response<'_>) -> String {
    let body = String::from_utf8_lossy(response.body);
    format!("{} {}", response.status, shortened(&body))
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
