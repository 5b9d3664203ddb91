//! The page that takes a message to an identity provider.

use askama::Template;
use url::Url;

use super::{FormsEnd, ICON, ONWARD, Page, STYLE};
use crate::directory::Language;

/// A form that sends itself, or by its button where scripts do not run.
#[derive(Template)]
#[template(path = "pages/onward.html")]
pub struct OnwardPage<'a> {
    /// The reader's.
    pub language: Language,
    /// Where the form goes.
    pub action: &'a Url,
    /// Its fields, by name.
    pub fields: &'a [(&'static str, String)],
}

impl OnwardPage<'_> {
    fn host(&self) -> &str {
        self.action.host_str().unwrap_or_default()
    }
}

impl Page for OnwardPage<'_> {
    fn language(&self) -> Language {
        self.language
    }

    // The provider may send the form on to another host, and answers a request to sign out with a redirect to us.
    fn forms_end(&self) -> FormsEnd {
        FormsEnd::Anywhere
    }
}
