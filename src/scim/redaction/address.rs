//! Secrets in the address of a request: filters, and parameters that carry credentials.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{MASK, Secrets};

/// Parameters that only name attributes (RFC 7644 sections 3.4.2.3 and 3.9).
const LISTS_OF_NAMES: [&str; 3] = ["attributes", "excludedattributes", "sortby"];

/// Parameters that some clients put credentials into.
const CREDENTIALS: [&str; 7] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "client_secret",
    "secret",
    "token",
];

pub(super) fn clean(secrets: &Secrets, path_and_query: &str) -> String {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let mut cleaned = secrets.clean_text(path).into_owned();
    let Some(query) = query else { return cleaned };
    cleaned.push('?');
    for (position, pair) in query.split('&').enumerate() {
        if position > 0 {
            cleaned.push('&');
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if value.is_empty() {
            cleaned.push_str(&secrets.clean_text(pair));
            continue;
        }
        cleaned.push_str(name);
        cleaned.push('=');
        cleaned.push_str(&clean_value(secrets, &decode(name), value));
    }
    cleaned
}

fn clean_value<'v>(secrets: &Secrets, name: &str, value: &'v str) -> Cow<'v, str> {
    let name = name.to_ascii_lowercase();
    let decoded = decode(value);
    let only_names = || {
        let is_name = |c: char| c.is_ascii_alphanumeric() || ",.:_$-".contains(c);
        LISTS_OF_NAMES.contains(&name.as_str()) && decoded.chars().all(is_name)
    };
    let has_token = matches!(secrets.clean_text(&decoded), Cow::Owned(_));
    let is_secret = has_token
        || CREDENTIALS.contains(&name.as_str())
        || secrets.is_named_in(&name)
        || (secrets.is_named_in(&decoded) && !only_names());
    if is_secret {
        Cow::Borrowed(MASK)
    } else {
        Cow::Borrowed(value)
    }
}

/// Undoes percent-encoding, twice: some clients encode what is encoded already.
fn decode(text: &str) -> String {
    let once = percent_decode_str(text).decode_utf8_lossy().replace('+', " ");
    percent_decode_str(&once).decode_utf8_lossy().into_owned()
}
