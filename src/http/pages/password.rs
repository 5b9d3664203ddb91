//! The pages on which a password is chosen, and a link to one is asked for.

use askama::Template;

use super::{ICON, Page, STYLE};
use crate::directory::Language;

/// Choose a password: by the link of a mail, or in the place of a temporary one.
#[derive(Template)]
#[template(path = "pages/choose_password.html")]
pub struct ChoosePasswordPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The tenant's name for people.
    pub tenant: &'a str,
    /// The address that goes with the password.
    pub email: &'a str,
    /// A temporary one is replaced in the middle of a sign-in.
    pub temporary: bool,
    /// Where the form goes, a path of ours.
    pub action: &'a str,
    /// The name and the value of what the form proves itself with.
    pub secret: (&'a str, &'a str),
    /// Where to go afterwards, checked already.
    pub return_to: Option<&'a str>,
    /// Why the password that was sent is not accepted, in the reader's language.
    pub fault: Option<&'a str>,
}

impl Page for ChoosePasswordPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}

/// The password is set.
#[derive(Template)]
#[template(path = "pages/password_chosen.html")]
pub struct PasswordChosenPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The address to sign in with.
    pub email: &'a str,
    /// Where, a path of ours.
    pub sign_in: &'a str,
}

impl Page for PasswordChosenPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}

/// Why the page is shown that asks for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkNotice {
    /// The mail is on its way, if there is such an account.
    Sent,
    /// A link came too late.
    Expired,
    /// A link was used.
    Used,
    /// A link is void for good.
    Withdrawn,
    /// There is no such link.
    Unknown,
}

/// Have a link sent, by which a password is chosen.
#[derive(Template)]
#[template(path = "pages/ask_link.html")]
pub struct AskLinkPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The tenant's name in URLs; empty where it has to be asked.
    pub tenant: &'a str,
    /// What has happened before.
    pub notice: Option<&'static str>,
}

impl<'a> AskLinkPage<'a> {
    /// The page in a language, for a tenant if it is known.
    #[must_use]
    pub fn new(language: Language, tenant: &'a str, notice: Option<LinkNotice>) -> Self {
        let words = super::words::of(language);
        let text = |notice| match notice {
            LinkNotice::Sent => words.link_sent,
            LinkNotice::Expired => words.link_expired,
            LinkNotice::Used => words.link_used,
            LinkNotice::Withdrawn => words.link_withdrawn,
            LinkNotice::Unknown => words.link_unknown,
        };
        Self {
            language,
            tenant,
            notice: notice.map(text),
        }
    }
}

impl Page for AskLinkPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}
