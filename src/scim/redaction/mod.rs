//! What of a request may be kept: bodies, addresses and texts without secrets.
//!
//! It owns the question which attributes are secret (those that nobody may read, RFC 7643 section 7) and finds them in
//! every form that a client may write them in. It must not decide what is kept or for how long. Where it cannot be
//! sure it gives nothing: a text that names a secret and is not JSON is withheld.

mod address;
mod cut;
mod tree;

use std::borrow::Cow;

use serde_json::Value;

use super::attribute::{Attribute, Mutability, Returned};
use super::schema::ResourceType;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// How a letter is written by its number in JSON.
const ESCAPE: &str = "\\u";

/// Fewest characters behind a token's prefix that make it a token, and not a word of a text about tokens.
const SHORTEST_TOKEN: usize = 20;

/// The names of secret attributes, and how the gateway's own tokens begin.
#[derive(Debug, Clone)]
pub struct Secrets {
    names: Vec<String>,
    token_prefix: &'static str,
    /// Which bytes begin a name, the prefix or an escape, by value.
    begins: [bool; 256],
}

impl Secrets {
    /// The secret attributes of these kinds of resource, sub-attributes and extensions included: those that are
    /// written only, or never returned. `token_prefix` is what tokens begin with that must not be kept either.
    #[must_use]
    pub fn of<'a>(types: impl IntoIterator<Item = &'a ResourceType>, token_prefix: &'static str) -> Self {
        let mut names = Vec::new();
        for kind in types {
            let extensions = kind.extensions.iter().map(|one| &one.schema);
            for schema in std::iter::once(&kind.schema).chain(extensions) {
                for attribute in &schema.attributes {
                    collect(attribute, &mut names);
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        let mut begins = [false; 256];
        for word in names.iter().map(String::as_str).chain([token_prefix, ESCAPE]) {
            for first in word.bytes().take(1) {
                begins[usize::from(first.to_ascii_lowercase())] = true;
                begins[usize::from(first.to_ascii_uppercase())] = true;
            }
        }
        Self {
            names,
            token_prefix,
            begins,
        }
    }

    /// A body of a client without its secrets. With `is_cut` these are the first bytes of a longer one.
    ///
    /// What names no secret is given back as it was sent, JSON or not; what was cut off is closed where its last
    /// whole value ends, so that it is JSON again. `None` when it cannot be cleaned: it is not text, or it may hold a
    /// secret and is not JSON.
    #[must_use]
    pub fn clean_body(&self, body: &[u8], is_cut: bool) -> Option<String> {
        // The value of an operation may stand before its path, and the path behind the cut.
        self.clean(body, is_cut, is_cut)
    }

    /// The same for what the gateway has answered, which holds no operations.
    #[must_use]
    pub fn clean_answer(&self, body: &[u8], is_cut: bool) -> Option<String> {
        self.clean(body, is_cut, false)
    }

    fn clean(&self, body: &[u8], is_cut: bool, is_open: bool) -> Option<String> {
        let closed;
        let text = if is_cut {
            closed = cut::close(body)?;
            closed.as_str()
        } else {
            std::str::from_utf8(body).ok()?
        };
        if text.contains('\0') {
            return None;
        }
        if !is_open && !self.may_hold_secret(text) {
            return Some(text.to_owned());
        }
        let mut value = serde_json::from_str(text).ok()?;
        if matches!(&value, Value::String(text) if self.stands_in(text)) {
            return None;
        }
        tree::clean(self, &mut value, is_open);
        Some(value.to_string())
    }

    /// A path with its query, without secrets in filters and parameters.
    #[must_use]
    pub fn clean_address(&self, path_and_query: &str) -> String {
        address::clean(self, path_and_query)
    }

    /// What a client was told of an error: what it quotes of a request that names a secret is masked with all that stands
    /// between the quotes.
    #[must_use]
    pub fn clean_detail<'t>(&self, detail: &'t str) -> Cow<'t, str> {
        let quoted = detail
            .find('"')
            .zip(detail.rfind('"'))
            .filter(|(open, close)| open < close);
        match quoted {
            Some((open, close)) if self.stands_in(&detail[open..close]) => {
                Cow::Owned(format!("{}\"{MASK}{}", &detail[..open], &detail[close..]))
            }
            _ => self.clean_text(detail),
        }
    }

    /// A text for people with its tokens masked.
    #[must_use]
    pub fn clean_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(first) = find_ignoring_case(text.as_bytes(), self.token_prefix.as_bytes()) else {
            return Cow::Borrowed(text);
        };
        let mut cleaned = String::with_capacity(text.len());
        let (mut rest, mut at) = (text, Some(first));
        while let Some(start) = at {
            let behind = &rest[start + self.token_prefix.len()..];
            let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let length = behind.find(|c| !is_token(c)).unwrap_or(behind.len());
            let end = start + self.token_prefix.len() + length;
            cleaned.push_str(&rest[..start]);
            cleaned.push_str(if length < SHORTEST_TOKEN {
                &rest[start..end]
            } else {
                MASK
            });
            rest = &rest[end..];
            at = find_ignoring_case(rest.as_bytes(), self.token_prefix.as_bytes());
        }
        cleaned.push_str(rest);
        Cow::Owned(cleaned)
    }

    /// Whether the name of a secret attribute stands anywhere in a text, as a part of a word too.
    fn stands_in(&self, text: &str) -> bool {
        let mut names = self.names.iter();
        names.any(|name| find_ignoring_case(text.as_bytes(), name.as_bytes()).is_some())
    }

    /// Whether a path, a filter or a key names a secret attribute, qualified or not, in any case.
    fn is_named_in(&self, text: &str) -> bool {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-')))
            .any(|word| self.names.iter().any(|name| name.eq_ignore_ascii_case(word)))
    }

    /// Whether a secret may stand in the text. Letters can be written as escapes, so these are looked into as well.
    fn may_hold_secret(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let words = || {
            let names = self.names.iter().map(String::as_str);
            names.chain([self.token_prefix, ESCAPE])
        };
        let mut places = (0..bytes.len()).filter(|at| self.begins[usize::from(bytes[*at])]);
        places.any(|at| words().any(|word| stands_at(bytes, at, word.as_bytes())))
    }
}

fn collect(attribute: &Attribute, names: &mut Vec<String>) {
    if attribute.mutability == Mutability::WriteOnly || attribute.returned == Returned::Never {
        names.push(attribute.name.to_ascii_lowercase());
    }
    for sub in &attribute.sub_attributes {
        collect(sub, names);
    }
}

/// Whether a word of ASCII stands at a place, in any case.
fn stands_at(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    bytes
        .get(at..at + word.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(word))
}

/// Where a word of ASCII begins, in any case.
fn find_ignoring_case(bytes: &[u8], word: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|at| stands_at(bytes, *at, word))
}

#[cfg(test)]
mod tests;
