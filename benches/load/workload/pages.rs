//! Workload f: pages of a long list.

use super::{Sampler, parsed, refused, wanted};
use crate::client::Response;
use crate::load::Source;
use crate::request::Endpoint;

/// Users on a page.
pub const PAGE: usize = 100;

/// The path of a page by index (RFC 7644 3.4.2.4).
pub fn index_page(start_index: usize) -> String {
    format!("/Users?startIndex={start_index}&count={PAGE}")
}

/// The path of a page by cursor (RFC 9865); an empty one begins.
pub fn cursor_page(cursor: &str) -> String {
    // A cursor holds unreserved characters alone (RFC 9865 section 2), so nothing is escaped.
    format!("/Users?cursor={cursor}&count={PAGE}")
}

/// The same page again and again.
#[derive(Debug)]
pub struct Page {
    request: Vec<u8>,
    users: usize,
    sampler: Sampler,
}

impl Page {
    /// The page at `path`, in a directory of `users`; it must be full.
    pub fn new(to: &Endpoint, path: &str, users: usize) -> Self {
        Self {
            request: to.get(path).into_bytes(),
            users,
            sampler: Sampler::default(),
        }
    }
}

impl Source for Page {
    fn next(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if response.status != 200 {
            return Err(refused(response));
        }
        if !self.sampler.is_due() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        let shown = answer["Resources"].as_array().map_or(0, Vec::len);
        let right = shown == PAGE && answer["totalResults"] == self.users;
        wanted(
            right,
            &format!("{PAGE} of {} users, {shown} came", self.users),
            &answer["totalResults"],
        )
    }
}
