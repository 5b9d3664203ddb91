//! Small pages for what is wrong with a request or a sign-out, not with a sign-in.

use askama::Template;

use super::{ICON, Page, STYLE};
use crate::directory::Language;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainError {
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// A form whose token is not the session's any more.
    FormExpired,
    /// A provider says that its own session goes on.
    ProviderStaysSignedIn,
}

/// One sentence and the way back to `/`.
#[derive(Template)]
#[template(path = "pages/plain.html")]
pub struct PlainErrorPage {
    /// The reader's.
    pub language: Language,
    /// What is wrong.
    pub error: PlainError,
}

impl PlainErrorPage {
    /// The heading and what it means.
    fn texts(&self) -> (&'static str, &'static str) {
        let words = self.words();
        match self.error {
            PlainError::NotFound => (words.not_found, words.not_found_lead),
            PlainError::MethodNotAllowed => (words.method_not_allowed, words.method_not_allowed_lead),
            PlainError::FormExpired => (words.form_expired, words.form_expired_lead),
            PlainError::ProviderStaysSignedIn => (words.signed_out_here, words.signed_out_here_lead),
        }
    }
}

impl Page for PlainErrorPage {
    fn language(&self) -> Language {
        self.language
    }
}
