//! What is said about refused sign-ins to whoever wants to know: the catalogue, as pages.

use askama::Template;

use super::refusal::{Step, steps};
use super::{ICON, Page, STYLE};
use crate::directory::{Code, Language};

/// `GET /help/errors/{code}`: what one reason means and what each of those who can mend it does.
#[derive(Template)]
#[template(path = "pages/help_error.html")]
pub struct HelpPage {
    /// The reader's.
    pub language: Language,
    /// The reason.
    pub code: Code,
}

impl HelpPage {
    fn steps(&self) -> Vec<Step> {
        steps(self.code, self.language, self.words())
    }
}

impl Page for HelpPage {
    fn language(&self) -> Language {
        self.language
    }
}

/// `GET /help/errors`: every reason.
#[derive(Template)]
#[template(path = "pages/help_errors.html")]
pub struct HelpListPage {
    /// The reader's.
    pub language: Language,
}

impl Page for HelpListPage {
    fn language(&self) -> Language {
        self.language
    }
}
