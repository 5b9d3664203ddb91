//! Why a SAML message is not believed.

use crate::directory::Code;
use crate::directory::access_error::Trace;

/// Why a SAML message is not believed. Expected and received are for the trace: they never hold an assertion, a
/// signature or a key, and whoever makes a refusal sees to that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: expected {expected:?}, received {received:?}")]
pub struct SamlRefusal {
    /// What the person is told.
    pub code: Code,
    /// What was looked at, in snake case: `audience`, `destination`.
    pub check: &'static str,
    /// What would have passed, where that can be said.
    pub expected: Option<String>,
    /// What there was, where that may be said.
    pub received: Option<String>,
}

impl SamlRefusal {
    /// A refusal by this check.
    #[must_use]
    pub fn new(code: Code, check: &'static str) -> Self {
        Self {
            code,
            check,
            expected: None,
            received: None,
        }
    }

    /// The same with what would have passed.
    #[must_use]
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    /// The same with what there was.
    #[must_use]
    pub fn received(mut self, text: impl Into<String>) -> Self {
        self.received = Some(text.into());
        self
    }

    /// Adds the check that failed to a trace and gives the code.
    pub fn note(&self, trace: &mut Trace) -> Code {
        trace.push(
            self.check,
            self.expected.as_deref(),
            self.received.as_deref(),
            false,
        );
        self.code
    }
}
