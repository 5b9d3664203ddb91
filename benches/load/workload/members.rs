//! Users with a `userName` and nothing else, by the million: who is in the groups of workload e.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use serde_json::{Value, json};

use super::{created_id, parsed, refused, wanted};
use crate::client::Response;
use crate::load::Source;
use crate::person::Id;
use crate::request::{Endpoint, SCIM};

/// Creates such users, many in one `POST /Bulk` (RFC 7644 3.7) or one in each `POST /Users`.
#[derive(Debug)]
pub struct MakeMembers {
    to: Endpoint,
    /// Users in one request; 1 means no bulk.
    at_once: u32,
    /// The next number; all connections take from it.
    numbers: Rc<Cell<u32>>,
    end: u32,
    request: String,
    asked: usize,
    made: Vec<Id>,
}

impl MakeMembers {
    /// Creates users up to number `end` (exclusive), `at_once` of them with one request.
    pub fn new(to: &Endpoint, at_once: u32, numbers: &Rc<Cell<u32>>, end: u32) -> Self {
        Self {
            to: to.clone(),
            at_once,
            numbers: Rc::clone(numbers),
            end,
            request: String::new(),
            asked: 0,
            made: Vec::new(),
        }
    }

    /// The users that were made.
    pub fn into_made(self) -> Vec<Id> {
        self.made
    }

    fn bulk(&self, numbers: Range<u32>) -> String {
        let create = |number: u32| json!({"method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": user(number)});
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": numbers.map(create).collect::<Vec<_>>(),
        });
        self.to.send("POST", "/Bulk", SCIM, &body.to_string())
    }
}

fn user(number: u32) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("member{number:08}@load.bench.example"),
    })
}

/// The id at the end of a result's location, when it says that the user was created.
fn id_of(result: &Value) -> Option<Id> {
    let location = result["location"]
        .as_str()
        .filter(|_| result["status"] == "201")?;
    location.rsplit('/').next()?.as_bytes().try_into().ok()
}

impl Source for MakeMembers {
    fn next(&mut self) -> Option<&[u8]> {
        let first = self.numbers.get();
        let last = first.saturating_add(self.at_once).min(self.end);
        if first >= last {
            return None;
        }
        self.numbers.set(last);
        self.asked = (last - first) as usize;
        self.request = if self.at_once == 1 {
            self.to.send("POST", "/Users", SCIM, &user(first).to_string())
        } else {
            self.bulk(first..last)
        };
        Some(self.request.as_bytes())
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        let status = if self.at_once == 1 { 201 } else { 200 };
        if response.status != status {
            return Err(refused(response));
        }
        let answer = parsed(response.body)?;
        if self.at_once == 1 {
            self.made.push(created_id(&answer)?);
            return Ok(());
        }
        let results = answer["Operations"].as_array().map_or(&[][..], Vec::as_slice);
        let before = self.made.len();
        self.made.extend(results.iter().filter_map(id_of));
        let failed = results.iter().find(|result| id_of(result).is_none());
        wanted(
            self.made.len() - before == self.asked,
            "every user of the bulk request as created",
            failed.unwrap_or(&answer),
        )
    }
}
