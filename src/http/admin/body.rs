//! Request bodies of the admin API, and the fields in them.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, Query, Request};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::mismatch::{accepted, quoted_field};
use crate::http::extract::judge_again;
use crate::http::idempotency::ReadBody;
use crate::http::middleware::BodyError;
use crate::http::middleware::body::{BodyBudget, read_body};
use crate::http::problem::{FieldError, HAS_NUL, Problem};
use crate::http::state::PublicUrl;
use crate::login::Login;

/// How long a body may be, in bytes.
const LIMIT: usize = 1024 * 1024;
/// How long one of type `text/csv` may be.
const FILE_LIMIT: usize = 5 * 1024 * 1024;

/// A JSON object read into a type. No body at all counts as `{}`: actions need none.
pub(super) struct JsonBody<T>(pub T);

impl<T, S> FromRequest<S> for JsonBody<T>
where
    T: DeserializeOwned,
    BodyBudget: FromRef<S>,
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = match parts.extensions.get::<ReadBody>() {
            Some(ReadBody(bytes)) => bytes.clone(),
            None => read_bytes(&parts.headers, body, &BodyBudget::from_ref(state)).await?,
        };
        judge_again(&parts.extensions, &parts.headers, state).await?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "malformed_json", "the body is not UTF-8"))?;
        let text = if text.trim().is_empty() { "{}" } else { text };
        // What is no JSON at all is told before what is wrong in it.
        let value: Value = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        if has_nul(&value) {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "malformed_json", HAS_NUL));
        }
        if !value.is_object() {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "the body has to be an object",
            ));
        }
        read_fields(text).map(Self)
    }
}

/// Whether a text or a name in it has a NUL. PostgreSQL stores none, so neither engine is given one.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Reads a body as it comes, within the limit.
pub(in crate::http) async fn read_bytes(
    headers: &HeaderMap,
    body: Body,
    budget: &BodyBudget,
) -> Result<Bytes, Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = if is_csv(headers) { FILE_LIMIT } else { LIMIT };
    Ok(read_body(budget, body, length, limit).await?)
}

/// Whether a body is a CSV file, by what is said of it.
pub(super) fn is_csv(headers: &HeaderMap) -> bool {
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = said.and_then(|said| said.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("text/csv")
}

/// Reads the text of a JSON object into a type, and names the field that does not fit.
pub(super) fn read_fields<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(refused)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", error.to_string())
}

/// A field is missing, unknown, given twice or of a wrong type.
fn refused(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    // For a field that is missing, and for some that are unknown or given twice, the path is its parent.
    let field = match (path.as_str(), quoted_field(&message)) {
        (".", name) => name.unwrap_or("body").to_owned(),
        (parent, Some(name)) if message.starts_with("missing") => format!("{parent}.{name}"),
        _ => path,
    };
    misfit(field, &message)
}

fn misfit(field: String, message: &str) -> Problem {
    Problem::invalid(vec![FieldError {
        field: field.into(),
        code: "invalid",
        message: accepted(message),
    }])
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            BodyError::TimedOut => (StatusCode::REQUEST_TIMEOUT, "body_timed_out"),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "body_broken"),
            BodyError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// For a field of which absent and null mean different things: absent leaves it, null clears it.
/// Goes with `#[serde(default)]`.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// For a field that may be absent, which leaves it as it is, and cannot be null: that would say nothing, and be answered
/// as if something was done. Goes with `#[serde(default)]`.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Reads a query string into a type.
pub(super) fn parse_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let parsed = Query::try_from_uri(uri).map(|Query(query)| query);
    parsed.map_err(|error| {
        // "Failed to deserialize query string: limit: invalid digit", or a name in backticks.
        let text = error.body_text();
        let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
        let (field, message) = match (quoted_field(text), text.split_once(": ")) {
            (Some(name), _) => (name, text),
            (None, Some((name, message))) => (name, message),
            (None, None) => ("query", text),
        };
        misfit(field.to_owned(), message)
    })
}

/// Reads a query string into a type; what is said of one parameter again and again is joined by commas.
pub(super) fn parse_query_joining<T: DeserializeOwned>(uri: &Uri, name: &str) -> Result<T, Problem> {
    let parts = uri.query().unwrap_or_default().split('&');
    let value = |part: &str| part.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
    let (said, rest): (Vec<&str>, Vec<&str>) = parts.partition(|part| value(part).is_some());
    if said.len() < 2 {
        return parse_query(uri);
    }
    let values: Vec<String> = said.into_iter().filter_map(value).collect();
    let text = format!("/?{}&{name}={}", rest.join("&"), values.join(","));
    // What was a query a moment ago is one still.
    parse_query(&Uri::try_from(text).unwrap_or_else(|_| uri.clone()))
}

/// A time, or a day in UTC: its beginning, or its end. A `+` that a query has turned into a blank is understood.
fn parse_time(text: &str, end: bool) -> Option<Timestamp> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == "2026-11-22".len()
    {
        let day = if end { day.tomorrow().ok()? } else { day };
        return Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    text.replace(' ', "+").parse().ok()
}

/// Collects what is wrong with the fields of a body, so that all of it is told at once.
#[derive(Default)]
pub(super) struct Fields(Vec<FieldError>);

impl Fields {
    /// Notes that a field is not accepted.
    pub(super) fn refuse(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        self.refuse_as("invalid", field, message);
    }

    /// The same under a stable code of its own.
    pub(super) fn refuse_as(
        &mut self,
        code: &'static str,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) {
        self.0.push(FieldError {
            field: field.into(),
            code,
            message: message.into(),
        });
    }

    /// A name for people: 1 to 200 characters, no control characters, none that turn the text around it, and something to
    /// be seen.
    pub(super) fn name(&mut self, field: &'static str, text: &str) -> String {
        let name = text.trim();
        let turns = |c: char| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is_empty =
            |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
        let is_seen = |c: char| !c.is_whitespace() && !is_empty(c);
        let has_bad = name.chars().any(|c| c.is_control() || turns(c));
        if !name.chars().any(is_seen) || name.chars().count() > 200 || has_bad {
            self.refuse(
                field,
                "1 to 200 characters that can be seen, none of them a control character",
            );
        }
        name.to_owned()
    }

    /// A text of 1 to `most` characters, none of them a control character.
    pub(super) fn text(&mut self, field: &'static str, text: &str, most: usize) {
        if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
            self.refuse(
                field,
                format!("1 to {most} characters, none of them a control character"),
            );
        }
    }

    /// One of a few words.
    pub(super) fn word<T>(&mut self, field: &'static str, known: Option<T>, accepted: &[&str]) -> Option<T> {
        if known.is_none() {
            self.refuse(field, format!("one of {}", accepted.join(", ")));
        }
        known
    }

    /// How many a page of a list holds: 1 to 500, 100 when the caller does not say.
    pub(super) fn page_size(&mut self, limit: Option<u32>) -> u32 {
        let size = limit.unwrap_or(100);
        if !(1..=500).contains(&size) {
            self.refuse("limit", "a number from 1 to 500");
        }
        size
    }

    /// A time, or a day in UTC, which counts as its beginning or, with `end`, as its end.
    pub(super) fn time(&mut self, field: &'static str, text: Option<&str>, end: bool) -> Option<Timestamp> {
        let time = parse_time(text?, end);
        if time.is_none() {
            self.refuse(
                field,
                "a time such as 2026-11-22T09:00:00Z, or a day such as 2026-11-22",
            );
        }
        time
    }

    /// A stretch of time: from one time or the beginning of a day in UTC, up to another time or the end of a day.
    pub(super) fn period(
        &mut self,
        from: Option<&str>,
        to: Option<&str>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = self.time("from", from, false);
        let until = self.time("to", to, true);
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            self.refuse("to", "a time after from");
        }
        (from, until)
    }

    /// Ends the check.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.0))
        }
    }
}
