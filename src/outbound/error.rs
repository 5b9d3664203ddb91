//! Why an outgoing call brought nothing, in words an operator can act on.

use std::error::Error;
use std::io;

use super::resolver::Blocked;

/// A call that failed. Messages name hosts, never paths or queries, which may carry codes and tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The client could not be made.
    #[error("no HTTPS client: {0} (are root certificates installed?)")]
    Setup(String),
    /// Neither https nor, where allowed, http.
    #[error("`{0}` is not called, only https is")]
    Scheme(String),
    /// User name or password in the URL.
    #[error("a URL with a user name or password is not called")]
    Credentials,
    /// The host is, or resolves to, an address that is not public.
    #[error("{host} is not on the public internet; ROLLCALL_ALLOW_PRIVATE_IDP admits private addresses")]
    Blocked {
        /// Name or address.
        host: String,
    },
    /// Name resolution, routing, or nobody listens.
    #[error("no connection: {0}")]
    Connect(String),
    /// The TLS handshake failed, most often because the certificate is not trusted.
    #[error("no trusted connection: {0}")]
    Tls(String),
    /// Not done within the time limits.
    #[error("no complete answer in time")]
    TimedOut,
    /// The body is longer than allowed.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not HTTP, or the connection broke on the way.
    #[error("the answer could not be read: {0}")]
    Broken(String),
}

impl OutboundError {
    pub(super) fn from_call(error: &reqwest::Error) -> Self {
        if let Some(Blocked { host }) = find(error) {
            return Self::Blocked { host: host.clone() };
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::Tls(tls.to_string());
        }
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::Connect(innermost(error))
        } else {
            Self::Broken(innermost(error))
        }
    }
}

/// The cause under `error`. An `io::Error` counts what it wraps as itself, so `source` alone would step over it.
fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped
        .map(|wrapped| wrapped as &(dyn Error + 'static))
        .or_else(|| error.source())
}

fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |error| cause(*error)).find_map(|error| error.downcast_ref())
}

/// The last message of the chain: the outer ones repeat the URL.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |error| cause(*error)).last();
    last.map_or_else(|| error.to_string(), ToString::to_string)
}
