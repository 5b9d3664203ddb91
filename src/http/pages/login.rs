//! The pages before signing in: which address, which tenant, which connection.

use askama::Template;

use super::mailto::mailto;
use super::{FormsEnd, ICON, Page, STYLE};
use crate::directory::Language;

/// What was wrong with the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginError {
    /// It is no e-mail address.
    EmailInvalid,
    /// No tenant has its domain.
    DomainUnknown,
}

/// `GET /login`: asks for an e-mail address first.
#[derive(Template)]
#[template(path = "pages/login.html")]
pub struct LoginPage<'a> {
    /// The reader's.
    pub language: Language,
    /// What was typed before; empty at first.
    pub email: &'a str,
    /// Where to go afterwards, checked already.
    pub return_to: Option<&'a str>,
    /// Why the page is shown again.
    pub error: Option<LoginError>,
    /// Whether the person has just signed out.
    pub signed_out: bool,
}

impl LoginPage<'_> {
    fn error_text(&self) -> Option<&'static str> {
        let words = self.words();
        self.error.map(|error| match error {
            LoginError::EmailInvalid => words.email_invalid,
            LoginError::DomainUnknown => words.domain_unknown,
        })
    }
}

impl Page for LoginPage<'_> {
    fn language(&self) -> Language {
        self.language
    }

    fn forms_end(&self) -> FormsEnd {
        FormsEnd::Anywhere
    }
}

/// Something to go on with, as a link: a connection or a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its name for people.
    pub name: String,
    /// A path on this origin, with what is to be carried along in the query.
    pub href: String,
}

/// Signing in by address and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordWay<'a> {
    /// The tenant's name in URLs.
    pub slug: &'a str,
    /// Where to go afterwards, checked already.
    pub return_to: Option<&'a str>,
}

/// `GET /login/{tenant}`: the ways into one tenant.
#[derive(Template)]
#[template(path = "pages/tenant_login.html")]
pub struct TenantLoginPage<'a> {
    /// The reader's.
    pub language: Language,
    /// Its name for people.
    pub tenant: &'a str,
    /// Its connections that are switched on; where there is no other way in, none is explained.
    pub ways: &'a [Way],
    /// The way in by password, if there is one.
    pub by_password: Option<PasswordWay<'a>>,
    /// Where its people are sent for help.
    pub support_email: Option<&'a str>,
    /// Whether the person has just signed out.
    pub signed_out: bool,
}

impl TenantLoginPage<'_> {
    fn mail_address(&self) -> String {
        self.support_email.map(mailto).unwrap_or_default()
    }
}

impl Page for TenantLoginPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}

/// The tenants that one e-mail address may mean.
#[derive(Template)]
#[template(path = "pages/tenant_choice.html")]
pub struct TenantChoicePage<'a> {
    /// The reader's.
    pub language: Language,
    /// The address.
    pub email: &'a str,
    /// The tenants.
    pub ways: &'a [Way],
    /// A path to the e-mail page that keeps where to go afterwards.
    pub back: &'a str,
}

impl Page for TenantChoicePage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}
