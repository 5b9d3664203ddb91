//! Refused sign-ins as people and support meet them, and what holds floods off.

mod catalogue;
mod contacts;
mod search;
mod throttle;

use serde_json::Value;

use crate::harness::{Answer, Browser};
use crate::sso::fixture::Certified;

/// A program that asks for JSON.
fn program() -> Browser {
    Browser::new().with_header("Accept", "application/json")
}

/// A callback that nobody has begun: refused before anybody has vouched for anything.
async fn knock(site: &Certified<'_>, browser: &Browser) -> Answer {
    let callback = format!("{}?code=c&state=s", site.connection.redirect_uri);
    browser.get(&callback).await.answer
}

/// A text member of an answer.
#[track_caller]
fn text<'j>(json: &'j Value, name: &str) -> &'j str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name}: {json}"))
}
