//! The page of somebody who is signed in.

use askama::Template;
use jiff::Timestamp;

use super::{FormsEnd, ICON, Page, STYLE, exact};
use crate::directory::Language;

/// What the person may manage, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administration<'a> {
    /// Nothing: no administrator.
    None,
    /// Everybody in the tenant.
    All,
    /// The people of these entities and below; none of them means nobody.
    Entities(&'a [String]),
}

/// `GET /`: who is signed in, and the way out.
#[derive(Template)]
#[template(path = "pages/landing.html")]
pub struct LandingPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The person's name.
    pub display_name: &'a str,
    /// The person's address, when there is one.
    pub email: Option<&'a str>,
    /// The tenant's name for people.
    pub tenant: &'a str,
    /// What the person may manage.
    pub administration: Administration<'a>,
    /// When the session ends.
    pub session_ends_at: Timestamp,
    /// What the sign-out form sends back.
    pub csrf_token: &'a str,
}

impl LandingPage<'_> {
    fn end_exact(&self) -> String {
        exact(self.session_ends_at)
    }

    fn end_readable(&self) -> String {
        self.session_ends_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    fn administration_text(&self) -> String {
        let words = self.words();
        match self.administration {
            Administration::None => words.no.to_owned(),
            Administration::All => words.yes_everybody.to_owned(),
            Administration::Entities([]) => words.yes_nobody.to_owned(),
            Administration::Entities(names) => format!("{} {}", words.yes_entities, names.join(", ")),
        }
    }
}

impl Page for LandingPage<'_> {
    fn language(&self) -> Language {
        self.language
    }

    fn forms_end(&self) -> FormsEnd {
        FormsEnd::Anywhere
    }
}
