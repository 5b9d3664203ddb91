//! The pages between the right password and the session: a code is asked for, an app is enrolled, recovery codes are shown.

use askama::Template;

use super::{ICON, Page, STYLE};
use crate::directory::{Code, Language};

/// What a form of these pages sends back.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Where the form leads, a path on this origin.
    pub action: &'a str,
    /// The ticket of the sign-in.
    pub ticket: &'a str,
    /// Where to go afterwards, checked already.
    pub return_to: Option<&'a str>,
    /// Why the page is shown again.
    pub error: Option<Code>,
}

impl Step<'_> {
    fn error_text(&self, language: Language) -> Option<&'static str> {
        self.error.map(|code| code.message(language))
    }
}

/// Asks for the code of an app that is enrolled.
#[derive(Template)]
#[template(path = "pages/mfa_code.html")]
pub struct MfaCodePage<'a> {
    /// The reader's.
    pub language: Language,
    /// What the form sends back.
    pub step: Step<'a>,
}

impl Page for MfaCodePage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}

/// Shows a secret to be read by an app, and asks for the first code.
#[derive(Template)]
#[template(path = "pages/mfa_enrol.html")]
pub struct MfaEnrolPage<'a> {
    /// The reader's.
    pub language: Language,
    /// What the form sends back.
    pub step: Step<'a>,
    /// The QR code, an SVG element of our own making.
    pub qr_svg: &'a str,
    /// The secret in groups, to be typed.
    pub secret: &'a str,
}

impl Page for MfaEnrolPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}

/// Shows recovery codes, this once.
#[derive(Template)]
#[template(path = "pages/mfa_recovery.html")]
pub struct RecoveryCodesPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The codes.
    pub codes: &'a [String],
    /// Where to go on, a path on this origin.
    pub next: &'a str,
    /// What a form sends there, where the sign-in goes on: the ticket of the next step, and where to go afterwards.
    pub ongoing: Option<(&'a str, Option<&'a str>)>,
}

impl Page for RecoveryCodesPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}
