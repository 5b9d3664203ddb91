//! Requests of identity providers as they are remembered: a log of the newest, and counts of all.

use jiff::Timestamp;
use uuid::Uuid;

use super::id::{DirectoryId, TokenId};

/// The status of a request whose caller went away, or whose time limit was reached, before an answer. HTTP has none for it;
/// proxies have made this number customary.
pub const NO_ANSWER: u16 = 499;

/// A request of an identity provider, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Its id in the log; ids grow with the time of the answer.
    pub id: Uuid,
    /// The directory whose token it carried.
    pub directory: DirectoryId,
    /// When it came.
    pub at: Timestamp,
    /// The HTTP method, or `other` for one that HTTP does not define.
    pub method: String,
    /// Path and query below the directory's base URL.
    pub path: String,
    /// The HTTP status, or [`NO_ANSWER`].
    pub status: u16,
    /// Microseconds until the answer was ready.
    pub micros: i64,
    /// The id in the answer's `X-Request-Id`, which is also in the audit rows. A caller may choose it.
    pub request_id: String,
    /// The token.
    pub token: TokenId,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The error's `scimType`.
    pub scim_type: Option<String>,
    /// The error's text.
    pub detail: Option<String>,
    /// What was sent.
    pub request: LoggedBody,
    /// What was answered.
    pub response: LoggedBody,
}

/// A body as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedBody {
    /// The text, if any of it was kept.
    pub text: Option<String>,
    /// How long the body was, in bytes.
    pub size: i64,
    /// How much of it was kept.
    pub state: BodyState,
}

/// How much of a body was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyState {
    /// There was none, or it was not read.
    Empty,
    /// All of it, with secrets masked.
    Whole,
    /// Its beginning, with secrets masked.
    Cut,
    /// Nothing: a secret could not be kept apart from the rest.
    Withheld,
    /// Nothing: too much came at once.
    NotKept,
    /// Nothing: it named somebody who was erased.
    Erased,
}

impl BodyState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Empty,
        Self::Whole,
        Self::Cut,
        Self::Withheld,
        Self::NotKept,
        Self::Erased,
    ];

    /// The word in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Whole => "whole",
            Self::Cut => "cut",
            Self::Withheld => "withheld",
            Self::NotKept => "not_kept",
            Self::Erased => "erased",
        }
    }

    /// Reads the word that [`BodyState::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Which requests a list is about. Of several conditions all have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// The first and the last status.
    pub statuses: Option<(u16, u16)>,
    /// The method.
    pub method: Option<String>,
    /// How the path begins.
    pub path: Option<String>,
}

/// What a request was, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// A known caller asked for something.
    Read,
    /// A known caller wanted something changed.
    Write,
    /// The caller was not let in.
    Stranger,
}

impl RequestKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Stranger];

    /// The word in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Stranger => "stranger",
        }
    }

    /// Reads the word that [`RequestKind::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Requests that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountKey {
    /// The directory.
    pub directory: DirectoryId,
    /// Hours since 1970.
    pub hour: i64,
    /// What they were.
    pub kind: RequestKind,
    /// How they ended.
    pub status: u16,
    /// The error's `scimType`; empty without one.
    pub scim_type: String,
}

/// How many they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub requests: i64,
    /// How many of them are not in the log.
    pub unlogged: i64,
    /// How long they took together, in microseconds.
    pub micros: i64,
    /// When the last one came.
    pub last_at: Timestamp,
}

impl Count {
    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.unlogged += other.unlogged;
        self.micros += other.micros;
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// The hour of a time, since 1970.
#[must_use]
pub fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

/// A request that was refused several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAgain {
    /// The HTTP method.
    pub method: String,
    /// Path and query below the directory's base URL.
    pub path: String,
    /// The last status.
    pub status: u16,
    /// The error's text.
    pub detail: String,
    /// How often.
    pub times: i64,
    /// When it was refused first, as far as the log goes back.
    pub since: Timestamp,
}

/// How far the log goes back: what is past any of these is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// Requests of one directory.
    pub rows: i64,
    /// Bytes of one directory's requests.
    pub bytes: i64,
    /// The oldest time.
    pub since: Timestamp,
}
