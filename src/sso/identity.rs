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
    session_id: Option<String>,
    is_named_by_address: bool,
    /// What the provider says, most trusted document first.
    documents: Vec<Map<String, Value>>,
}

impl VerifiedIdentity {
    /// `session_id` is what the signed document calls the session, in the place where its protocol says so: an
    /// attribute of that name is none, and nor is what somebody else answers. One that cannot be kept is left out.
    pub(super) fn new(
        issuer: String,
        subject: String,
        session_id: Option<String>,
        document: Map<String, Value>,
    ) -> Self {
        Self {
            issuer,
            subject,
            session_id: session_id.filter(|text| is_session_id(text)),
            is_named_by_address: false,
            documents: vec![document],
        }
    }

    /// The same identity with one more document about it, which speaks only where the earlier ones are silent.
    #[must_use]
    pub(super) fn with_document(mut self, document: Map<String, Value>) -> Self {
        self.documents.push(document);
        self
    }

    /// The same identity under another name.
    #[must_use]
    pub(super) fn named(self, subject: String) -> Self {
        Self { subject, ..self }
    }

    /// The same identity, known by its e-mail address for want of a name that lasts.
    #[must_use]
    pub(super) fn named_by_address(self, address: &str) -> Self {
        Self {
            subject: format!("email {address}"),
            is_named_by_address: true,
            ..self
        }
    }

    /// Whether the subject is nothing but the e-mail address, which then has to be the tenant's at every sign-in.
    #[must_use]
    pub fn is_named_by_address(&self) -> bool {
        self.is_named_by_address
    }

    /// The provider, exactly as it names itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The provider's name for the person, without control characters. `OpenID` Connect: 1 to [`MAX_SUBJECT`]
    /// characters. SAML: format and name, at most 256 characters each, and a blank between them.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The provider's own session (`sid`, `SessionIndex`), by which a sign-out at the provider may name it: 1 to
    /// [`MAX_SESSION_ID`] bytes. A longer one is as good as none.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
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
