//! Who did what, and from where: the entry that every change carries.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::id::{ApiKeyId, ClientId, ConnectionId, DirectoryId, UserId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The operator of the gateway, by the operator token.
    Operator,
    /// An identity provider, by a token of this directory.
    Directory(DirectoryId),
    /// The gateway itself: the demo tenant, jobs.
    Gateway,
    /// A person who is signed in.
    User(UserId),
    /// An identity provider, by what it has signed.
    Connection(ConnectionId),
    /// An OAuth client of a directory, by what it has proven itself with.
    Client(ClientId),
    /// An API key of the tenant.
    ApiKey(ApiKeyId),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Gateway => f.write_str("gateway"),
            Self::Directory(id) => write!(f, "directory:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Connection(id) => write!(f, "connection:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
        }
    }
}

impl Actor {
    /// Reads what `to_string` gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "operator" => Some(Self::Operator),
            None if text == "gateway" => Some(Self::Gateway),
            Some(("directory", id)) => id.parse().ok().map(Self::Directory),
            Some(("user", id)) => id.parse().ok().map(Self::User),
            Some(("connection", id)) => id.parse().ok().map(Self::Connection),
            Some(("client", id)) => id.parse().ok().map(Self::Client),
            Some(("api_key", id)) => id.parse().ok().map(Self::ApiKey),
            _ => None,
        }
    }
}

/// The way a change came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The admin API.
    Api,
    /// The SCIM endpoint.
    Scim,
    /// A job or the start of the gateway.
    Job,
    /// A sign-in by single sign-on.
    Jit,
    /// A page of the gateway.
    Ui,
    /// The token endpoint of a directory.
    Oauth,
    /// A file that was imported.
    Csv,
}

impl Source {
    /// The word in the audit row.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Scim => "scim",
            Self::Job => "job",
            Self::Jit => "jit",
            Self::Ui => "ui",
            Self::Oauth => "oauth",
            Self::Csv => "csv",
        }
    }
}

/// Where and when a change comes from. Built once at the door; the clock is read there and nowhere else.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who acts.
    pub actor: Actor,
    /// The way in.
    pub source: Source,
    /// The request's id, as the response header carries it; empty for jobs.
    pub request_id: String,
    /// The time of the request, in whole milliseconds.
    pub at: Timestamp,
}

/// One audit row.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Who, when, how.
    pub origin: Origin,
    /// A stable dotted name, `user.created`.
    pub action: &'static str,
    /// The kind of thing changed: `tenant`, `directory`, `token`, `user`, `group`.
    pub target_kind: &'static str,
    /// The id of the thing changed.
    pub target_id: Uuid,
    /// What it was, where that is known and differs.
    pub before: Option<Value>,
    /// What it is now.
    pub after: Option<Value>,
}

/// Which audit rows a list is about; of several conditions all have to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Those of this actor, as rows name it: `operator`, `user:<id>`.
    pub actor: Option<String>,
    /// Those about this person, or done by them.
    pub person: Option<UserId>,
    /// Those of this action.
    pub action: Option<String>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}
