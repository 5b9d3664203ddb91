//! The pages that browsers are shown: typed values in, finished HTML out.
//!
//! A page is a struct whose fields are what it shows; [`page`] turns it into an answer. Every page works without
//! JavaScript, loads nothing from elsewhere and names what it may load in its Content-Security-Policy. The words stand
//! in `words`, the markup in `templates/pages`. Nothing here looks anything up or decides who may see a page.

mod assets;
mod help;
mod landing;
mod language;
mod login;
mod mailto;
mod onward;
mod password;
mod plain;
mod refusal;
mod second_factor;
#[cfg(test)]
mod tests;
mod trial;
mod words;

use axum::http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

pub use assets::routes;
pub use help::{HelpListPage, HelpPage};
pub use landing::{Administration, LandingPage};
pub use language::preferred_language;
pub use login::{LoginError, LoginPage, PasswordWay, TenantChoicePage, TenantLoginPage, Way};
pub use onward::OnwardPage;
pub use password::{AskLinkPage, ChoosePasswordPage, LinkNotice, PasswordChosenPage};
pub use plain::{PlainError, PlainErrorPage};
pub use refusal::RefusalPage;
pub use second_factor::{MfaCodePage, MfaEnrolPage, RecoveryCodesPage, Step};
pub use trial::{Outcome, ReceivedAttribute, TrialPage};
pub use words::Words;

use crate::directory::Language;
use assets::{ICON, ONWARD, SCRIPT, STYLE};

/// Where the forms of a page may lead.
#[derive(Debug, Clone, Copy)]
pub enum FormsEnd {
    /// Nowhere else.
    Here,
    /// To any identity provider.
    ///
    /// Chromium applies `form-action` to every redirect that follows a form, so with `'self'` it would stop the way
    /// from `POST /login` over our own start address to the provider, and from `POST /logout` to the provider's
    /// own sign-out. Such a page does without `form-action`: the providers of all tenants cannot be listed.
    Anywhere,
}

/// What every page has.
pub trait Page: askama::Template {
    /// Where the forms of the page may lead.
    fn forms_end(&self) -> FormsEnd {
        FormsEnd::Here
    }

    /// The language of the reader.
    fn language(&self) -> Language;

    /// The words of that language.
    fn words(&self) -> &'static Words {
        words::of(self.language())
    }
}

/// What a page may load.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    base-uri 'none'; frame-ancestors 'none'";
/// The same where no form leads elsewhere.
const POLICY_HERE: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// What a page may load and where its forms may lead.
fn policy(forms_end: FormsEnd) -> HeaderValue {
    HeaderValue::from_static(match forms_end {
        FormsEnd::Anywhere => POLICY,
        FormsEnd::Here => POLICY_HERE,
    })
}

/// The answer that shows a page. It is not to be cached: the middleware says so where nothing else does.
pub fn page<P: Page>(status: StatusCode, page: &P) -> Response {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let policy = policy(page.forms_end());
    let headers: [(HeaderName, HeaderValue); 4] = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy),
        (CONTENT_LANGUAGE, HeaderValue::from_static(page.language().tag())),
        (VARY, HeaderValue::from_static("accept, accept-language")),
    ];
    (status, headers, html).into_response()
}

/// A time as programs read it (RFC 3339), in whole seconds.
fn exact(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
