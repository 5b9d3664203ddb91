//! Exclusive canonical form (Exclusive XML Canonicalization 1.0, without comments) of an element that passed the gate.
//!
//! It is what a digest and a signature are made over. The gate leaves it little to do: there are no document types,
//! comments, processing instructions and CDATA, so that texts are texts and every attribute is written.

use std::fmt::Write as _;

use roxmltree::Node;

use super::xml::start_tag;

/// The namespace of the prefix `xml`, which is never declared.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The form of an element as the root of what is canonicalised, leaving out one child element. `inclusive` are the
/// prefixes that are declared where they are in scope, used or not (`PrefixList`; `#default` is the one without a name).
/// `None` where a prefix has no namespace or a name cannot be read.
pub(super) fn exclusive(
    element: Node<'_, '_>,
    without: Option<Node<'_, '_>>,
    inclusive: &[&str],
) -> Option<String> {
    let mut writer = Writer {
        out: String::with_capacity(element.range().len()),
        without,
        inclusive,
    };
    writer.element(element, &[])?;
    Some(writer.out)
}

/// What ancestors in the output have declared, the nearest last.
type Rendered = Vec<(String, String)>;

struct Writer<'a, 'i, 'p> {
    out: String,
    without: Option<Node<'a, 'i>>,
    inclusive: &'p [&'p str],
}

impl Writer<'_, '_, '_> {
    fn element(&mut self, element: Node<'_, '_>, outer: &[(String, String)]) -> Option<()> {
        let tag = start_tag(element.document().input_text(), element.range().start).ok()?;
        let mut attributes = Vec::new();
        let mut used = vec![prefix_of(tag.name).unwrap_or_default()];
        for (name, _) in &tag.attributes {
            if *name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let prefix = prefix_of(name);
            let namespace = match prefix {
                None => "",
                Some("xml") => XML,
                Some(prefix) => element.lookup_namespace_uri(Some(prefix))?,
            };
            used.extend(prefix.filter(|prefix| *prefix != "xml"));
            let local = name.split_once(':').map_or(*name, |(_, local)| local);
            let value = if namespace.is_empty() {
                element.attribute(local)?
            } else {
                element.attribute((namespace, local))?
            };
            attributes.push((namespace, local, *name, value));
        }
        attributes.sort_unstable();
        let rendered = self.open(element, tag.name, used, outer)?;
        for (_, _, name, value) in attributes {
            write!(self.out, " {name}=\"").ok()?;
            self.escape(value, in_attribute);
            self.out.push('"');
        }
        self.out.push('>');
        for child in element.children() {
            if child.is_element() {
                if self.without != Some(child) {
                    self.element(child, &rendered)?;
                }
            } else if child.is_text() {
                self.escape(child.text().unwrap_or_default(), in_text);
            }
        }
        write!(self.out, "</{}>", tag.name).ok()
    }

    /// The name and the declarations that are not there already, in the order of their prefixes.
    fn open(
        &mut self,
        element: Node<'_, '_>,
        name: &str,
        used: Vec<&str>,
        outer: &[(String, String)],
    ) -> Option<Rendered> {
        self.out.push('<');
        self.out.push_str(name);
        let mut prefixes: Vec<String> = used.into_iter().map(str::to_owned).collect();
        for prefix in self.inclusive {
            let prefix = if *prefix == "#default" { "" } else { *prefix };
            if element.lookup_namespace_uri(named(prefix)).is_some() {
                prefixes.push(prefix.to_owned());
            }
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        let mut rendered = outer.to_vec();
        for prefix in prefixes {
            let namespace = match element.lookup_namespace_uri(named(&prefix)) {
                Some(namespace) => namespace,
                None if prefix.is_empty() => "",
                None => return None,
            };
            let known = rendered.iter().rev().find(|(known, _)| *known == prefix);
            if known.map_or("", |(_, namespace)| namespace) == namespace {
                continue;
            }
            self.out
                .push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(&prefix);
            self.out.push_str("=\"");
            self.escape(namespace, in_attribute);
            self.out.push('"');
            rendered.push((prefix, namespace.to_owned()));
        }
        Some(rendered)
    }

    fn escape(&mut self, text: &str, spelling: fn(char) -> &'static str) {
        let mut rest = text;
        while let Some(at) = rest.find(|c| !spelling(c).is_empty()) {
            let (plain, special) = rest.split_at(at);
            self.out.push_str(plain);
            // One byte long, as all of them are.
            self.out.push_str(spelling(char::from(special.as_bytes()[0])));
            rest = &special[1..];
        }
        self.out.push_str(rest);
    }
}

/// How a character of an attribute is spelt; as it is where there is nothing (Canonical XML 1.0, 2.3).
fn in_attribute(character: char) -> &'static str {
    match character {
        '&' => "&amp;",
        '<' => "&lt;",
        '"' => "&quot;",
        '\t' => "&#x9;",
        '\n' => "&#xA;",
        '\r' => "&#xD;",
        _ => "",
    }
}

/// The same of a text.
fn in_text(character: char) -> &'static str {
    match character {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '\r' => "&#xD;",
        _ => "",
    }
}

fn prefix_of(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

fn named(prefix: &str) -> Option<&str> {
    (!prefix.is_empty()).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn canonical(text: &str, inclusive: &[&str]) -> String {
        let document = xml::read(text).unwrap();
        exclusive(document.root_element(), None, inclusive).unwrap()
    }

    #[test]
    fn attributes_and_declarations_are_sorted_and_only_used_ones_are_written() {
        assert_eq!(
            canonical(
                "<a:r xmlns:z='urn:z' xmlns:a='urn:a' xmlns:n='urn:n' z:y='2' b='&#x9;\"' a='1'  ><z:c xmlns:z='urn:z'/><d/></a:r>",
                &[]
            ),
            "<a:r xmlns:a=\"urn:a\" xmlns:z=\"urn:z\" a=\"1\" b=\"&#x9;&quot;\" z:y=\"2\"><z:c></z:c><d></d></a:r>"
        );
    }

    #[test]
    fn listed_prefixes_are_declared_where_they_are_in_scope() {
        let text = "<a:r xmlns:a='urn:a' xmlns:n='urn:n' xmlns='urn:d'><a:c/></a:r>";
        assert_eq!(
            canonical(text, &["n", "#default", "absent"]),
            "<a:r xmlns=\"urn:d\" xmlns:a=\"urn:a\" xmlns:n=\"urn:n\"><a:c></a:c></a:r>"
        );
    }

    #[test]
    fn a_default_namespace_is_taken_back_and_a_prefix_may_change_its_meaning() {
        assert_eq!(
            canonical(
                "<r xmlns='urn:d'><c xmlns=''/><p:x xmlns:p='urn:1'><p:x xmlns:p='urn:2'>&gt;&amp;\u{e9}</p:x></p:x></r>",
                &[]
            ),
            "<r xmlns=\"urn:d\"><c xmlns=\"\"></c><p:x xmlns:p=\"urn:1\"><p:x xmlns:p=\"urn:2\">&gt;&amp;\u{e9}</p:x></p:x></r>"
        );
    }
}
