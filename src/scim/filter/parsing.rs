//! Recursive descent over the filter grammar (RFC 7644 figure 1).

use serde_json::Number;

use crate::scim::attribute::{Attribute, AttributeKind, Returned};
use crate::scim::error::{Quoted, ScimError};
use crate::scim::path::{AttrPath, Found, Resolved, resolve};
use crate::scim::quirks::{Reading, Rule, note_path};
use crate::scim::schema::ResourceType;

use super::typing::fit_literal;
use super::{CompareOp, Filter, Literal, MAX_FILTER_DEPTH, MAX_FILTER_LEN, MAX_FILTER_TERMS};

/// What becomes of text literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Literals {
    /// Folded where the attribute is compared without case.
    Folded,
    /// Kept, because PATCH may make an element out of them.
    AsSent,
}

/// What names in the filter are looked up in.
#[derive(Clone, Copy)]
enum Names<'r> {
    Resource(&'r ResourceType),
    Element(&'r Attribute),
}

pub(super) fn parse_filter(text: &str, rt: &ResourceType, reading: &Reading) -> Result<Filter, ScimError> {
    check_length(text)?;
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        terms: 0,
        literals: Literals::Folded,
        reading,
    };
    let filter = parser.alternatives(Names::Resource(rt))?;
    parser.skip_spaces();
    if parser.at < text.len() {
        return Err(parser.expected("\"and\", \"or\" or the end of the filter"));
    }
    Ok(filter)
}

/// Parses the filter between the brackets of a PATCH path that begins at `open`, the byte behind `[`.
/// Gives the filter and the position behind `]`.
pub(crate) fn parse_element_filter(
    path: &str,
    open: usize,
    attribute: &Attribute,
    reading: &Reading,
) -> Result<(Filter, usize), ScimError> {
    check_length(path)?;
    let mut parser = Parser {
        text: path,
        at: open,
        depth: 1,
        terms: 0,
        literals: Literals::AsSent,
        reading,
    };
    let filter = parser.alternatives(Names::Element(attribute))?;
    parser.close(b']', "\"and\", \"or\" or \"]\"")?;
    Ok((filter, parser.at))
}

fn check_length(text: &str) -> Result<(), ScimError> {
    if text.len() > MAX_FILTER_LEN {
        return Err(ScimError::invalid_filter(format!(
            "the filter is longer than {MAX_FILTER_LEN} bytes"
        )));
    }
    Ok(())
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    terms: usize,
    literals: Literals,
    reading: &'t Reading,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, what: &str) -> ScimError {
        ScimError::invalid_filter(format!("at offset {}: expected {what}", self.at))
    }

    fn skip_spaces(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.at > start
    }

    fn close(&mut self, bracket: u8, what: &str) -> Result<(), ScimError> {
        self.skip_spaces();
        if self.peek() != Some(bracket) {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Letters from here on.
    fn word(&self) -> &'t str {
        let rest = self.rest();
        &rest[..rest.bytes().take_while(u8::is_ascii_alphabetic).count()]
    }

    /// Takes `and` or `or` when it stands here as a word of its own.
    fn take_connective(&mut self, name: &str) -> bool {
        let start = self.at;
        self.skip_spaces();
        let behind = self.at + name.len();
        let ends = matches!(self.text.as_bytes().get(behind), Some(byte) if byte.is_ascii_whitespace() || *byte == b'(');
        if self.word().eq_ignore_ascii_case(name) && ends {
            self.at = behind;
            return true;
        }
        self.at = start;
        false
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, ScimError>) -> Result<T, ScimError> {
        if self.depth == MAX_FILTER_DEPTH {
            return Err(ScimError::invalid_filter(format!(
                "at offset {}: nested deeper than {MAX_FILTER_DEPTH} levels",
                self.at
            )));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn alternatives(&mut self, names: Names<'_>) -> Result<Filter, ScimError> {
        let first = self.conjunction(names)?;
        let mut parts = Vec::new();
        while self.take_connective("or") {
            parts.push(self.conjunction(names)?);
        }
        Ok(joined(first, parts, Filter::Or))
    }

    fn conjunction(&mut self, names: Names<'_>) -> Result<Filter, ScimError> {
        let first = self.term(names)?;
        let mut parts = Vec::new();
        while self.take_connective("and") {
            parts.push(self.term(names)?);
        }
        Ok(joined(first, parts, Filter::And))
    }

    fn term(&mut self, names: Names<'_>) -> Result<Filter, ScimError> {
        self.skip_spaces();
        if self.peek() == Some(b'(') {
            return self.group(names);
        }
        if self.word().eq_ignore_ascii_case("not") {
            let start = self.at;
            self.at += 3;
            self.skip_spaces();
            if self.peek() == Some(b'(') {
                return Ok(Filter::Not(Box::new(self.group(names)?)));
            }
            if self.at == start + 3 {
                // A name that begins with "not".
                self.at = start;
            } else {
                return Err(self.expected("\"(\" after \"not\""));
            }
        }
        self.attribute_expression(names)
    }

    fn group(&mut self, names: Names<'_>) -> Result<Filter, ScimError> {
        self.deeper(|parser| {
            parser.at += 1;
            let inner = parser.alternatives(names)?;
            parser.close(b')', "\"and\", \"or\" or \")\"")?;
            Ok(inner)
        })
    }

    fn attribute_expression(&mut self, names: Names<'_>) -> Result<Filter, ScimError> {
        let start = self.at;
        let name = self.name();
        if name.is_empty() {
            return Err(self.expected("an attribute name, \"not\" or \"(\""));
        }
        self.at += name.len();
        let (path, attribute) = find(names, name, start, self.reading)?;
        if self.peek() == Some(b'[') {
            return self.value_path(path, attribute, start);
        }
        self.comparison(path, attribute)
    }

    fn name(&self) -> &'t str {
        let rest = self.rest();
        let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'(' | b')' | b'[' | b']' | b'"');
        &rest[..rest.bytes().position(ends).unwrap_or(rest.len())]
    }

    /// `attr[filter]`, and `attr[filter].sub op value`, which Entra ID sends (E-2) and which means that one
    /// element satisfies both.
    fn value_path(
        &mut self,
        path: AttrPath,
        attribute: &Attribute,
        start: usize,
    ) -> Result<Filter, ScimError> {
        if path.sub.is_some() || (attribute.kind != AttributeKind::Complex && !attribute.multi_valued) {
            return Err(ScimError::invalid_filter(format!(
                "at offset {start}: {path} has no elements to filter"
            )));
        }
        let inner = self.deeper(|parser| {
            parser.at += 1;
            let inner = parser.alternatives(Names::Element(attribute))?;
            parser.close(b']', "\"and\", \"or\" or \"]\"")?;
            Ok(inner)
        })?;
        let inner = if self.peek() == Some(b'.') {
            self.at += 1;
            let (start, name) = (self.at, self.name());
            self.at += name.len();
            let (sub, part) = find(Names::Element(attribute), name, start, self.reading)?;
            let comparison = self.comparison(sub, part)?;
            self.reading.note(Rule::ElementComparison, &path, || {
                (format!("[…].{name}").into(), format!("[… and {name}]").into())
            });
            match inner {
                Filter::And(mut parts) => {
                    parts.push(comparison);
                    Filter::And(parts)
                }
                other => Filter::And(vec![other, comparison]),
            }
        } else {
            inner
        };
        Ok(Filter::ValuePath {
            path,
            filter: Box::new(inner),
        })
    }

    fn comparison(&mut self, path: AttrPath, attribute: &Attribute) -> Result<Filter, ScimError> {
        const OPERATORS: &str = "a space and one of eq, ne, co, sw, ew, gt, ge, lt, le, pr";
        self.terms += 1;
        if self.terms > MAX_FILTER_TERMS {
            return Err(ScimError::invalid_filter(format!(
                "more than {MAX_FILTER_TERMS} comparisons"
            )));
        }
        let spaced = self.skip_spaces();
        let (start, word) = (self.at, self.word());
        if !spaced || word.is_empty() {
            return Err(self.expected(OPERATORS));
        }
        self.at += word.len();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(op) = CompareOp::from_name(word) else {
            self.at = start;
            return Err(self.expected(OPERATORS));
        };
        if !self.skip_spaces() {
            return Err(self.expected("a space and a value"));
        }
        let behind = self.at;
        let literal = self.literal()?;
        if literal == Literal::Null {
            if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
                return Err(ScimError::invalid_filter(format!(
                    "at offset {behind}: null is compared with eq and ne only"
                )));
            }
            return Ok(Filter::Compare {
                path,
                op,
                value: Literal::Null,
            });
        }
        let path = value_of_complex(path, attribute, self.reading)?;
        if !op.fits(path.kind) {
            return Err(ScimError::invalid_filter(format!(
                "at offset {start}: {path} is of type {} and cannot be compared with {}",
                path.kind.as_str(),
                op.as_str()
            )));
        }
        let value = fit_literal(&path, literal, self.literals, self.reading).map_err(|wanted| {
            ScimError::invalid_filter(format!("at offset {behind}: {path} is compared with {wanted}"))
        })?;
        Ok(Filter::Compare { path, op, value })
    }

    fn literal(&mut self) -> Result<Literal, ScimError> {
        const WANTED: &str = "a string in double quotes, a number, true, false or null";
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => {
                let rest = self.rest();
                let length = rest
                    .bytes()
                    .take_while(|byte| {
                        byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
                    })
                    .count();
                let number = serde_json::from_str::<Number>(&rest[..length]);
                let number = number.map_err(|_| self.expected(WANTED))?;
                self.at += length;
                self.check_end_of_literal()?;
                Ok(Literal::Number(number))
            }
            _ => {
                let word = self.word();
                let literal = if word.eq_ignore_ascii_case("true") {
                    Literal::Bool(true)
                } else if word.eq_ignore_ascii_case("false") {
                    Literal::Bool(false)
                } else if word.eq_ignore_ascii_case("null") {
                    Literal::Null
                } else {
                    return Err(self.expected(WANTED));
                };
                let start = self.at;
                self.at += word.len();
                self.check_end_of_literal().map_err(|_| {
                    self.at = start;
                    self.expected(WANTED)
                })?;
                Ok(literal)
            }
        }
    }

    fn string(&mut self) -> Result<Literal, ScimError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut end = 1;
        let mut escaped = false;
        loop {
            match bytes.get(end) {
                None => {
                    return Err(ScimError::invalid_filter(format!(
                        "at offset {}: the string has no closing double quote",
                        self.at
                    )));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(_) => end += 1,
            }
        }
        // The end may lie inside a character when the escaped one is not ASCII; JSON refuses that escape.
        let quoted = rest.get(..=end);
        let inner = &bytes[1..end];
        let text = if !escaped && inner.iter().all(|byte| *byte >= 0x20) {
            rest.get(1..end).map(str::to_owned)
        } else {
            quoted.and_then(|quoted| serde_json::from_str::<String>(quoted).ok())
        };
        let Some(text) = text.filter(|text| !text.contains('\0')) else {
            return Err(self.expected("a JSON string without control characters"));
        };
        self.at += end + 1;
        self.check_end_of_literal()?;
        Ok(Literal::String(text))
    }

    fn check_end_of_literal(&self) -> Result<(), ScimError> {
        match self.peek() {
            None | Some(b')' | b']') => Ok(()),
            Some(byte) if byte.is_ascii_whitespace() => Ok(()),
            Some(_) => Err(self.expected("a space, a closing bracket or the end of the filter")),
        }
    }
}

fn joined(first: Filter, mut rest: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if rest.is_empty() {
        return first;
    }
    rest.insert(0, first);
    join(rest)
}

/// Looks a name up and refuses what nobody may read.
fn find<'r>(
    names: Names<'r>,
    name: &str,
    start: usize,
    reading: &Reading,
) -> Result<(AttrPath, &'r Attribute), ScimError> {
    let refuse = |detail: String| ScimError::invalid_filter(format!("at offset {start}: {detail}"));
    let (path, attribute) = match names {
        Names::Resource(rt) => match resolve(name, rt) {
            Ok(Resolved::Attribute(found)) => {
                note_path(name, &found, reading);
                (found.path(), Found::target(&found))
            }
            Ok(Resolved::Core | Resolved::Extension(_)) => {
                return Err(refuse(format!(
                    "{} names a schema and no attribute",
                    Quoted(name)
                )));
            }
            Err(unresolved) => return Err(refuse(unresolved.detail(name, rt))),
        },
        Names::Element(attribute) => element_part(attribute, name).ok_or_else(|| {
            refuse(format!(
                "{} is no sub-attribute of {}",
                Quoted(name),
                attribute.name
            ))
        })?,
    };
    if path.returned == Returned::Never {
        return Err(refuse(format!("{path} cannot be searched")));
    }
    Ok((path, attribute))
}

/// A sub-attribute of a complex attribute; for a plain list, its values go by the name `value`.
fn element_part<'r>(attribute: &'r Attribute, name: &str) -> Option<(AttrPath, &'r Attribute)> {
    if attribute.kind == AttributeKind::Complex {
        return attribute
            .sub(name)
            .map(|sub| (AttrPath::of_element(sub, &sub.name), sub));
    }
    name.eq_ignore_ascii_case("value")
        .then(|| (AttrPath::of_element(attribute, "value"), attribute))
}

/// E-12: a complex attribute compared by itself means its `value` (RFC 7643 section 2.4 calls that the
/// significant value).
fn value_of_complex(path: AttrPath, attribute: &Attribute, reading: &Reading) -> Result<AttrPath, ScimError> {
    if path.kind != AttributeKind::Complex {
        return Ok(path);
    }
    let Some(value) = attribute.sub("value") else {
        return Err(ScimError::invalid_filter(format!(
            "{path} is complex and has no value of its own; name a sub-attribute"
        )));
    };
    if value.returned == Returned::Never {
        return Err(ScimError::invalid_filter(format!(
            "{path}.{} cannot be searched",
            value.name
        )));
    }
    reading.note(Rule::ComplexMeansValue, &path, || {
        (path.to_string().into(), format!("{path}.{}", value.name).into())
    });
    Ok(AttrPath {
        sub: Some(value.name.clone()),
        kind: value.kind,
        case_exact: value.case_exact,
        mutability: value.mutability,
        returned: value.returned,
        ..path
    })
}
