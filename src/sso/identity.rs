//! A person as an identity provider vouches for them.

use serde_json::{Map, Value};

/// A subject longer than this is refused (OpenID Connect Core 1.0 section 2 ends it here).
pub const MAX_SUBJECT: usize = 255;

/// Bytes of the name that a provider gives its session.
pub const MAX_SESSION_ID: usize = 512;

/// Who an identity provider says is signing in, after every check has passed. Only the verifiers of this module
/// make one. The pair of issuer and subject names the person for as long as the provider keeps its word; nothing
/// else in here is an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIdentity {
    issuer: String,
    subject: String,
    /// What the provider says, most trusted document first.
    documents: Vec<Map<String, Value>>,
}

impl VerifiedIdentity {
    pub(super) fn new(issuer: String, subject: String, document: Map<String, Value>) -> Self {
        Self {
            issuer,
            subject,
            documents: vec![document],
        }
    }

    /// The same identity with one more document about it, which speaks only where the earlier ones are silent.
    #[must_use]
    pub(super) fn with_document(mut self, document: Map<String, Value>) -> Self {
        self.documents.push(document);
        self
    }

    /// The provider, exactly as it names itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The provider's name for the person: 1 to [`MAX_SUBJECT`] characters, none of them a control character.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The provider's own session (`sid`), by which a back-channel logout may name it: 1 to [`MAX_SESSION_ID`]
    /// bytes. A longer one is as good as none.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        // Only the signed document counts: whoever answers userinfo does not say which session this is.
        let session_id = self.documents.first()?.get("sid")?.as_str()?;
        is_session_id(session_id).then_some(session_id)
    }

    /// What the provider says of the person, most trusted document first. A later document speaks only where the
    /// earlier ones are silent.
    #[must_use]
    pub fn documents(&self) -> &[Map<String, Value>] {
        &self.documents
    }
}

/// Whether a session of a provider can be kept under this name.
pub(super) fn is_session_id(text: &str) -> bool {
    (1..=MAX_SESSION_ID).contains(&text.len())
}

/// What is wrong with a subject, if anything.
pub(super) fn subject_fault(subject: &str) -> Option<&'static str> {
    if subject.trim().is_empty() {
        Some("is empty")
    } else if subject.chars().count() > MAX_SUBJECT {
        Some("is longer than 255 characters")
    } else if subject.chars().any(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
}
