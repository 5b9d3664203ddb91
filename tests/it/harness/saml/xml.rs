//! A reader of XML and its exclusive canonical form, written apart from the gateway's, which is judged by it.
//!
//! It reads what tests write: well-formed, with comments, CDATA and processing instructions, without a DTD.

use std::collections::BTreeMap;
use std::ops::Range;

/// An element with its place in the text.
#[derive(Debug, Clone)]
pub struct Element {
    /// As it is written, with its prefix.
    pub name: String,
    /// Names as they are written and values without references; declarations of namespaces among them.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Child>,
    /// The whole element.
    pub place: Range<usize>,
    /// What is between its tags; empty, before the end, where one tag is both.
    pub inside: Range<usize>,
}

#[derive(Debug, Clone)]
pub enum Child {
    Element(Element),
    /// Without references; of CDATA as well.
    Text(String),
    /// A processing instruction as it stands. Comments are passed over.
    Instruction(String),
}

/// What a prefix stands for; the empty one is the default.
type Namespaces = BTreeMap<String, String>;

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The first element below that a path leads to: `saml:Subject/saml:NameID`, each step anywhere below the one
    /// before it.
    pub fn find(&self, path: &str) -> Option<&Element> {
        let (name, rest) = path
            .split_once('/')
            .map_or((path, None), |(name, rest)| (name, Some(rest)));
        let found = self.first(&|element| element.name == name)?;
        rest.map_or(Some(found), |rest| found.find(rest))
    }

    /// The element with this `ID`, or itself.
    pub fn by_id(&self, id: &str) -> Option<&Element> {
        if self.attribute("ID") == Some(id) {
            return Some(self);
        }
        self.first(&|element| element.attribute("ID") == Some(id))
    }

    /// The texts directly inside, joined.
    pub fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|child| match child {
            Child::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    fn first(&self, wanted: &dyn Fn(&Element) -> bool) -> Option<&Element> {
        self.elements().find_map(|element| {
            if wanted(element) {
                Some(element)
            } else {
                element.first(wanted)
            }
        })
    }
}

/// Reads a document.
pub fn read(text: &str) -> Element {
    let mut reader = Reader { text, at: 0 };
    loop {
        let start = text[reader.at..].find('<').expect("an element") + reader.at;
        reader.at = start;
        if reader.skip("<?", "?>").is_none() && reader.skip("<!--", "-->").is_none() {
            return reader.element();
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Passes over something by how it begins and ends, and gives it.
    fn skip(&mut self, begin: &str, end: &str) -> Option<&'t str> {
        let rest = self.rest();
        let inside = rest.strip_prefix(begin)?;
        let length = inside.find(end).expect("an end") + begin.len() + end.len();
        self.at += length;
        Some(&rest[..length])
    }

    fn element(&mut self) -> Element {
        let start = self.at;
        self.at += 1;
        let name = self.word();
        let mut attributes = Vec::new();
        loop {
            self.blank();
            if self.rest().starts_with("/>") {
                let inside = self.at..self.at;
                self.at += 2;
                return Element {
                    name,
                    attributes,
                    children: Vec::new(),
                    place: start..self.at,
                    inside,
                };
            }
            if self.rest().starts_with('>') {
                self.at += 1;
                break;
            }
            attributes.push(self.one_attribute());
        }
        let from = self.at;
        let children = self.content();
        let inside = from..self.at;
        let closing = self.skip("</", ">").expect("a closing tag");
        assert_eq!(closing[2..closing.len() - 1].trim_end(), name, "{}", self.text);
        Element {
            name,
            attributes,
            children,
            place: start..self.at,
            inside,
        }
    }

    fn content(&mut self) -> Vec<Child> {
        let mut children = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with("</") {
                return children;
            }
            if let Some(whole) = self.skip("<![CDATA[", "]]>") {
                children.push(Child::Text(line_ends(&whole[9..whole.len() - 3])));
            } else if let Some(whole) = self.skip("<?", "?>") {
                children.push(Child::Instruction(whole.to_owned()));
            } else if self.skip("<!--", "-->").is_none() {
                children.push(if rest.starts_with('<') {
                    Child::Element(self.element())
                } else {
                    let end = rest.find('<').expect("a closing tag");
                    self.at += end;
                    Child::Text(without_references(&line_ends(&rest[..end])))
                });
            }
        }
    }

    fn one_attribute(&mut self) -> (String, String) {
        let name = self.word();
        self.blank();
        assert!(self.rest().starts_with('='), "{}", self.rest());
        self.at += 1;
        self.blank();
        let quote = &self.rest()[..1];
        let whole = self.skip(quote, quote).expect("a value");
        // XML 1.0, 3.3.3.
        let value = line_ends(&whole[1..whole.len() - 1]).replace(['\t', '\n'], " ");
        (name, without_references(&value))
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || "=/>".contains(c))
            .expect("an end");
        self.at += end;
        rest[..end].to_owned()
    }

    fn blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }
}

/// XML 1.0, 2.11.
fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn without_references(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').expect("a reference");
        let code = match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            },
            None => match name {
                "amp" => Ok(u32::from('&')),
                "lt" => Ok(u32::from('<')),
                "gt" => Ok(u32::from('>')),
                "quot" => Ok(u32::from('"')),
                "apos" => Ok(u32::from('\'')),
                _ => panic!("unknown reference {name}"),
            },
        };
        plain.push(char::from_u32(code.expect("a number")).expect("a character"));
        plain.push_str(rest);
    }
    plain
}

/// Escapes a text for the content of an element or an attribute in double quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#xD;")
}

/// The exclusive canonical form without comments (exc-c14n 3) of the element with an `ID`, `inclusive` being the
/// prefixes of its `PrefixList`.
pub fn canonical(document: &Element, id: &str, inclusive: &[&str]) -> String {
    let mut scope = Namespaces::new();
    let element = descend(document, id, &mut scope).unwrap_or_else(|| panic!("nothing has the id {id}"));
    let mut text = String::new();
    write(element, &scope, &Namespaces::new(), inclusive, &mut text);
    text
}

/// The same of a whole document.
pub fn canonical_document(document: &Element) -> String {
    let mut text = String::new();
    write(document, &Namespaces::new(), &Namespaces::new(), &[], &mut text);
    text
}

/// Finds an element and collects what is declared above it.
fn descend<'e>(element: &'e Element, id: &str, scope: &mut Namespaces) -> Option<&'e Element> {
    if element.attribute("ID") == Some(id) {
        return Some(element);
    }
    let outer = scope.clone();
    declare(element, scope);
    let found = element.elements().find_map(|child| descend(child, id, scope));
    if found.is_none() {
        *scope = outer;
    }
    found
}

fn declare(element: &Element, scope: &mut Namespaces) {
    for (name, value) in &element.attributes {
        if let Some(prefix) = declared_prefix(name) {
            scope.insert(prefix.to_owned(), value.clone());
        }
    }
}

fn declared_prefix(attribute: &str) -> Option<&str> {
    if attribute == "xmlns" {
        return Some("");
    }
    attribute.strip_prefix("xmlns:")
}

fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

fn write(element: &Element, scope: &Namespaces, written: &Namespaces, inclusive: &[&str], text: &mut String) {
    let mut scope = scope.clone();
    declare(element, &mut scope);
    let is_plain = |name: &str| declared_prefix(name).is_none();
    let mut attributes: Vec<_> = element
        .attributes
        .iter()
        .filter(|(name, _)| is_plain(name))
        .collect();
    // An attribute without a prefix is in no namespace.
    let used = attributes.iter().map(|(name, _)| prefix_of(name));
    let used = used.filter(|prefix| !prefix.is_empty() && *prefix != "xml");
    let listed = inclusive
        .iter()
        .copied()
        .filter(|prefix| scope.contains_key(*prefix));
    let visible = used.chain(listed).chain([prefix_of(&element.name)]);
    let visible: std::collections::BTreeSet<&str> = visible.collect();
    let mut written = written.clone();
    text.push('<');
    text.push_str(&element.name);
    for prefix in visible {
        let namespace = scope.get(prefix).map_or("", String::as_str);
        if written.get(prefix).map_or("", String::as_str) == namespace {
            continue;
        }
        written.insert(prefix.to_owned(), namespace.to_owned());
        let name = if prefix.is_empty() {
            "xmlns".to_owned()
        } else {
            format!("xmlns:{prefix}")
        };
        push_attribute(text, &name, namespace);
    }
    attributes.sort_by_key(|(name, _)| {
        let prefix = prefix_of(name);
        let namespace = if prefix.is_empty() {
            ""
        } else {
            scope.get(prefix).map_or("", String::as_str)
        };
        let local = name.rsplit(':').next().unwrap_or_default();
        (namespace.to_owned(), local.to_owned())
    });
    for (name, value) in attributes {
        push_attribute(text, name, value);
    }
    text.push('>');
    for child in &element.children {
        match child {
            Child::Element(element) => write(element, &scope, &written, inclusive, text),
            Child::Text(plain) => {
                let escaped = plain
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;");
                text.push_str(&escaped.replace('\r', "&#xD;"));
            }
            Child::Instruction(whole) => text.push_str(whole),
        }
    }
    text.push_str("</");
    text.push_str(&element.name);
    text.push('>');
}

fn push_attribute(text: &mut String, name: &str, value: &str) {
    let value = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let value = value
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;");
    for part in [" ", name, "=\"", &value, "\""] {
        text.push_str(part);
    }
}
