//! One pass over the text of a document before it is parsed: how deep, how wide, and nothing that is read in two ways.
//!
//! libxml repairs what it cannot read, and roxmltree is generous in places: it takes `p:xmlns` for a declaration, takes a
//! second `xmlns`, and makes U+FFFD of a reference to no character. What is refused here neither of them sees.

use std::collections::HashSet;

use super::{SamlRefusal, malformed};

/// Elements inside one another.
const MAX_DEPTH: usize = 24;
/// Attributes of an element, namespace declarations among them.
const MAX_ATTRIBUTES: usize = 64;
/// Declarations of namespaces that hold at one place; a parser looks through them at each element.
const MAX_IN_SCOPE: usize = 32;
/// Different declarations of namespaces in one document.
const MAX_DECLARATIONS: usize = 256;
/// Length of a name in bytes.
const MAX_NAME: usize = 128;

const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The start tag of an element, or an empty-element tag.
pub(in crate::sso::saml) struct StartTag<'a> {
    /// The name with its prefix.
    pub(in crate::sso::saml) name: &'a str,
    /// Names with prefixes, and values as they are written.
    pub(in crate::sso::saml) attributes: Vec<(&'a str, &'a str)>,
    /// Where the text goes on.
    end: usize,
    is_empty: bool,
}

/// The document behind byte order mark and declaration, each there once at most. Of declarations, that of XML 1.0 in
/// UTF-8 is taken.
pub(super) fn without_declaration(text: &str) -> Result<&str, SamlRefusal> {
    let rest = behind_declaration(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    if rest.starts_with('\u{feff}') || rest.trim_start_matches(WHITE).starts_with("<?") {
        return Err(malformed(
            "a second byte order mark or declaration, or a processing instruction",
        ));
    }
    Ok(rest)
}

fn behind_declaration(text: &str) -> Result<&str, SamlRefusal> {
    let Some(rest) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with(WHITE)) else {
        return Ok(text);
    };
    let (attributes, rest) = read_attributes(rest, &["?>"])?;
    let fits = match attributes.as_slice() {
        [("version", "1.0"), rest @ ..] => match rest {
            [] | [("standalone", _)] => true,
            [("encoding", name)] | [("encoding", name), ("standalone", _)] => {
                name.eq_ignore_ascii_case("utf-8")
            }
            _ => false,
        },
        _ => false,
    };
    if !fits {
        return Err(malformed("an XML declaration of another version or encoding"));
    }
    Ok(rest)
}

/// Passes over a document once.
pub(super) fn check(text: &str, comments: bool) -> Result<(), SamlRefusal> {
    let mut at = 0;
    let mut open: Vec<usize> = Vec::new();
    let mut in_scope = 0;
    let mut declarations = HashSet::new();
    while let Some(distance) = text[at..].find('<') {
        check_references(&text[at..at + distance])?;
        at += distance;
        let rest = &text[at..];
        if rest.starts_with("</") {
            in_scope -= open
                .pop()
                .ok_or_else(|| malformed("an end tag without its start tag"))?;
            at += 2;
        } else if comments && rest.starts_with("<!--") {
            let length = rest[4..]
                .find("-->")
                .ok_or_else(|| malformed("an open comment"))?;
            at += 4 + length + 3;
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            return Err(malformed(kind_of_markup(rest)));
        } else {
            let tag = start_tag(text, at)?;
            let declared = declarations_of(&tag, &mut declarations)?;
            at = tag.end;
            if in_scope + declared > MAX_IN_SCOPE || declarations.len() > MAX_DECLARATIONS {
                return Err(malformed("too many declarations of namespaces"));
            }
            if open.len() == MAX_DEPTH {
                return Err(malformed(format!(
                    "more than {MAX_DEPTH} elements inside one another"
                )));
            }
            if !tag.is_empty {
                in_scope += declared;
                open.push(declared);
            }
        }
    }
    check_references(&text[at..])
}

fn kind_of_markup(rest: &str) -> &'static str {
    if rest.starts_with("<!--") {
        "a comment"
    } else if rest.starts_with("<![") {
        "a CDATA section"
    } else if rest.starts_with("<!") {
        "a document type"
    } else {
        "a processing instruction"
    }
}

/// Reads the tag that begins at `start`.
pub(in crate::sso::saml) fn start_tag(text: &str, start: usize) -> Result<StartTag<'_>, SamlRefusal> {
    let rest = text[start..]
        .strip_prefix('<')
        .ok_or_else(|| malformed("no tag"))?;
    let (name, rest) = read_name(rest)?;
    let (attributes, rest) = read_attributes(rest, &[">", "/>"])?;
    let end = text.len() - rest.len();
    Ok(StartTag {
        name,
        attributes,
        end,
        is_empty: text[..end].ends_with("/>"),
    })
}

/// Names with prefixes, and values as they are written.
type RawAttributes<'a> = Vec<(&'a str, &'a str)>;

/// Reads attributes up to one of `ends`, and gives the text behind it.
fn read_attributes<'a>(
    mut rest: &'a str,
    ends: &[&str],
) -> Result<(RawAttributes<'a>, &'a str), SamlRefusal> {
    let mut attributes: RawAttributes<'a> = Vec::new();
    loop {
        let next = rest.trim_start_matches(WHITE);
        if let Some(behind) = ends.iter().find_map(|end| next.strip_prefix(end)) {
            return Ok((attributes, behind));
        }
        if next.len() == rest.len() {
            return Err(malformed("a broken tag"));
        }
        let (name, next) = read_name(next)?;
        let (value, next) = read_value(next).ok_or_else(|| malformed("a broken attribute"))?;
        check_references(value)?;
        if attributes.iter().any(|(other, _)| *other == name) {
            return Err(malformed("an attribute twice"));
        }
        if attributes.len() == MAX_ATTRIBUTES {
            return Err(malformed(format!(
                "more than {MAX_ATTRIBUTES} attributes of an element"
            )));
        }
        attributes.push((name, value));
        rest = next;
    }
}

fn read_value(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.trim_start_matches(WHITE).strip_prefix('=')?;
    let rest = rest.trim_start_matches(WHITE);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = rest[1..].split_once(quote)?;
    (!value.contains('<')).then_some((value, rest))
}

/// Reads a name with or without a prefix.
fn read_name(text: &str) -> Result<(&str, &str), SamlRefusal> {
    let length = text
        .bytes()
        .position(|byte| !(is_name_byte(byte) || byte == b':'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let is_name = match name.split_once(':') {
        Some((prefix, local)) => is_ncname(prefix) && is_ncname(local),
        None => is_ncname(name),
    };
    if !is_name || name.len() > MAX_NAME {
        return Err(malformed("a name that is not accepted"));
    }
    Ok((name, rest))
}

/// Whether a text is a name without colon, in ASCII.
pub(super) fn is_ncname(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Counts what a tag declares, and refuses what is no declaration everywhere.
fn declarations_of<'a>(
    tag: &StartTag<'a>,
    seen: &mut HashSet<(&'a str, &'a str)>,
) -> Result<usize, SamlRefusal> {
    let mut count = 0;
    for (name, value) in &tag.attributes {
        let is_default = *name == "xmlns";
        if !is_default && !name.starts_with("xmlns:") {
            if name.ends_with(":xmlns") {
                return Err(malformed("an attribute xmlns with a prefix"));
            }
            continue;
        }
        if *name == "xmlns:xmlns" || !(is_absolute(value) || (is_default && value.is_empty())) {
            return Err(malformed("a namespace that is not an absolute URI"));
        }
        count += 1;
        seen.insert((*name, *value));
    }
    Ok(count)
}

/// Whether a URI begins with a scheme (RFC 3986, 3.1), spelt without references.
fn is_absolute(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// Refuses every `&` but the five entities of XML and references to characters that XML has (XML 1.0, 2.2).
fn check_references(text: &str) -> Result<(), SamlRefusal> {
    for part in text.split('&').skip(1) {
        let is_known = part.split_once(';').is_some_and(|(name, _)| {
            matches!(name, "amp" | "lt" | "gt" | "quot" | "apos")
                || name.strip_prefix('#').and_then(character).is_some_and(is_xml)
        });
        if !is_known {
            return Err(malformed(
                "an entity that XML itself does not have, or a reference to no character",
            ));
        }
    }
    Ok(())
}

fn character(digits: &str) -> Option<char> {
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    // `from_str_radix` also takes a sign.
    let number = digits
        .bytes()
        .all(|digit| digit.is_ascii_alphanumeric())
        .then_some(digits)?;
    char::from_u32(u32::from_str_radix(number, radix).ok()?)
}

fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}
