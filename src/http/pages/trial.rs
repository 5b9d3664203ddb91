//! The result of a test sign-in, for the administrator who sets a connection up.

use askama::Template;

use super::refusal::{Step, steps};
use super::{ICON, Page, STYLE};
use crate::directory::Language;
use crate::directory::access_error::{Code, Trace};

/// What a sign-in would have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// A new person, with this address or user name.
    WouldCreate(&'a str),
    /// A person who is there already, by name.
    WouldSignIn(&'a str),
    /// A refusal.
    WouldBeRefused(Code),
}

/// Something that was received about the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedAttribute {
    /// What it means to the gateway: `email`, `given_name`, `groups`.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// What was checked and received in a test sign-in, and what would have happened.
#[derive(Template)]
#[template(path = "pages/trial.html")]
pub struct TrialPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The tenant's name for people.
    pub tenant: &'a str,
    /// The connection's name for people.
    pub connection: &'a str,
    /// What would have happened.
    pub outcome: Outcome<'a>,
    /// What was checked.
    pub trace: &'a Trace,
    /// What was received, after the attribute mapping.
    pub attributes: &'a [ReceivedAttribute],
}

impl TrialPage<'_> {
    fn steps(&self) -> Vec<Step> {
        match self.outcome {
            Outcome::WouldBeRefused(code) => steps(code, self.language, self.words()),
            Outcome::WouldCreate(_) | Outcome::WouldSignIn(_) => Vec::new(),
        }
    }
}

impl Page for TrialPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}
