//! The bytes of requests, built once.

use std::net::SocketAddr;

/// The media type of SCIM bodies (RFC 7644 8.1).
pub const SCIM: &str = "application/scim+json";

/// Where requests go, and as whom.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Address of the server.
    pub address: SocketAddr,
    /// Path that every request's path begins with, without a slash at its end.
    pub base: String,
    /// Bearer token; empty: none is sent.
    pub token: String,
}

impl Endpoint {
    /// A request without a body. `path` follows the base.
    pub fn get(&self, path: &str) -> String {
        format!("GET {}{path} HTTP/1.1\r\n{}\r\n", self.base, self.head())
    }

    /// A request with a body of the given media type.
    pub fn send(&self, method: &str, path: &str, media_type: &str, body: &str) -> String {
        format!(
            "{method} {}{path} HTTP/1.1\r\n{}Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
            self.base,
            self.head(),
            body.len(),
        )
    }

    fn head(&self) -> String {
        let authorization = match self.token.as_str() {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        format!(
            "Host: {}\r\nUser-Agent: rollcall-bench\r\n{authorization}",
            self.address
        )
    }
}

/// A request with places of equal width that are filled anew each time.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    slots: Vec<usize>,
    width: usize,
}

impl Template {
    /// Every `marker` in `text` becomes a place of its width.
    pub fn new(text: String, marker: &str) -> Self {
        let slots = text.match_indices(marker).map(|(at, _)| at).collect();
        Self {
            bytes: text.into_bytes(),
            slots,
            width: marker.len(),
        }
    }

    /// The request with `value`, whose length must be the marker's, in every place.
    pub fn fill(&mut self, value: &[u8]) -> &[u8] {
        debug_assert_eq!(
            value.len(),
            self.width,
            "a value of another length would break Content-Length"
        );
        for &slot in &self.slots {
            self.bytes[slot..slot + self.width].copy_from_slice(value);
        }
        &self.bytes
    }
}
