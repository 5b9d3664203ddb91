//! How often a caller of the admin API may ask. Identity providers at their SCIM endpoints are not among them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Extensions;

use super::limit::Limit;
use super::{Limits, TooMany};
use crate::directory::{ApiKeyId, SessionId};

/// Requests of one API key, or of one session: a page that an administrator opens asks a dozen times.
pub(super) const OF_CALLER: (u32, Duration) = (200, Duration::from_millis(20));

/// Requests of the operator: one token for all of their programs.
pub(super) const OF_OPERATOR: (u32, Duration) = (4_000, Duration::from_millis(1));

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::http) enum Spender {
    /// The operator.
    Operator,
    /// An API key.
    Key(ApiKeyId),
    /// Somebody who is signed in.
    Session(SessionId),
}

/// In the extensions of a request that has not been counted yet.
#[derive(Clone)]
pub(in crate::http) struct Allowance(pub(super) Arc<Limits>);

impl Allowance {
    /// Counts a request once, as soon as it is known whose it is.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(in crate::http) fn charge(extensions: &mut Extensions, whose: Spender) -> Result<(), TooMany> {
        let Some(Self(limits)) = extensions.remove() else {
            return Ok(());
        };
        let limit: &Limit = match whose {
            Spender::Operator => &limits.of_operator,
            Spender::Key(_) | Spender::Session(_) => &limits.of_caller,
        };
        limit.charge(whose).map_err(|wait| wait.counted("caller"))
    }
}
