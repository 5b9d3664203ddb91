//! A request as the door notes it: raw, secrets and all, and never written so.

use jiff::Timestamp;
use uuid::Uuid;

use crate::directory::request_log::{CountKey, hour_of};
use crate::directory::{DirectoryId, DirectoryRef, RequestKind, TokenId};

/// Bytes of a body, shared with whoever has read or sent them.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// Who has called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// An identity provider, by a token of its directory.
    Known {
        /// The directory.
        directory: DirectoryRef,
        /// The token.
        token: TokenId,
    },
    /// Somebody who was not let in, at the address of a directory that may not exist. Their request is counted and
    /// not kept.
    Stranger {
        /// The tenant's name in the address.
        slug: String,
        /// The directory in the address.
        directory: DirectoryId,
    },
}

/// An error as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedError {
    /// Its `scimType`.
    pub scim_type: Option<&'static str>,
    /// Its text.
    pub detail: String,
}

/// A request that was answered.
pub struct NotedRequest {
    /// A new id that grows with time.
    pub id: Uuid,
    /// When it came.
    pub at: Timestamp,
    /// Microseconds until the answer was ready.
    pub micros: i64,
    /// The HTTP method.
    pub method: &'static str,
    /// Path and query below the directory's base URL.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// Its name in answers and in the audit.
    pub request_id: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Who has called.
    pub caller: Caller,
    /// The error, if it was one.
    pub error: Option<NotedError>,
    /// The body that was read.
    pub request: NotedBody,
    /// The body that was answered.
    pub response: NotedBody,
}

/// A body as it was noted.
#[derive(Default)]
pub struct NotedBody {
    /// Its bytes, or the first of them; `None` when they are not kept.
    pub bytes: Option<Bytes>,
    /// How long it was.
    pub size: usize,
}

impl NotedBody {
    /// All of a body.
    #[must_use]
    pub fn whole(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self {
            size: bytes.as_ref().len(),
            bytes: Some(Box::new(bytes)),
        }
    }

    /// The same with the first bytes only, as a copy: a large body gives its memory back at once.
    #[must_use]
    pub fn cut(self, longest: usize) -> Self {
        let bytes = self.bytes.map(|bytes| -> Bytes {
            match (*bytes).as_ref().get(..longest) {
                Some(first) if self.size > longest => Box::new(first.to_vec()),
                _ => bytes,
            }
        });
        Self { bytes, ..self }
    }

    /// How many bytes are held.
    pub(super) fn held(&self) -> usize {
        self.bytes.as_ref().map_or(0, |bytes| (**bytes).as_ref().len())
    }
}

/// What is kept first when not everything can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Failure,
    Write,
    Read,
}

impl NotedRequest {
    pub(super) fn cut(self, longest: usize) -> Self {
        Self {
            request: self.request.cut(longest),
            response: self.response.cut(longest),
            ..self
        }
    }

    /// Whether it wanted something changed. `POST .search` is a question (RFC 7644 section 3.4.3).
    fn is_write(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        match self.method {
            "GET" | "HEAD" | "OPTIONS" => false,
            "POST" => !path.trim_end_matches('/').ends_with("/.search"),
            _ => true,
        }
    }

    pub(super) fn rank(&self) -> Rank {
        if self.status >= 400 {
            Rank::Failure
        } else if self.is_write() {
            Rank::Write
        } else {
            Rank::Read
        }
    }

    pub(super) fn count_key(&self) -> CountKey {
        let (directory, kind) = match &self.caller {
            Caller::Stranger { directory, .. } => (*directory, RequestKind::Stranger),
            Caller::Known { directory, .. } if self.is_write() => (directory.id, RequestKind::Write),
            Caller::Known { directory, .. } => (directory.id, RequestKind::Read),
        };
        let scim_type = self.error.as_ref().and_then(|error| error.scim_type);
        CountKey {
            directory,
            hour: hour_of(self.at),
            kind,
            status: self.status,
            scim_type: scim_type.unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn held(&self) -> usize {
        self.request.held() + self.response.held()
    }

    /// The same without its bodies.
    pub(super) fn bare(self) -> Self {
        let bare = |body: NotedBody| NotedBody { bytes: None, ..body };
        Self {
            request: bare(self.request),
            response: bare(self.response),
            ..self
        }
    }
}
