//! The forms of an HTML page, found by a scan over its tags: enough for pages of identity providers and our own,
//! where forms are plain and no script builds them.

/// A form as the page has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The attribute `action` as it stands; empty when it is absent, which means the page itself.
    pub action: String,
    /// `GET` or `POST`.
    pub method: String,
    /// What would be sent, in the order of the page: hidden inputs, values that are filled in already, ticked
    /// boxes. Buttons are not among them.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// All forms of a page, in its order.
    pub fn all_of(html: &str) -> Vec<Self> {
        let mut forms: Vec<Self> = Vec::new();
        let mut open = false;
        let mut rest = html;
        while let Some((tag, after)) = next_tag(rest) {
            rest = after;
            match tag.name.as_str() {
                "form" => {
                    open = true;
                    forms.push(Self {
                        action: tag.value("action").unwrap_or_default(),
                        method: tag.value("method").unwrap_or_default().to_uppercase(),
                        fields: Vec::new(),
                    });
                    let form = forms.last_mut().expect("just pushed");
                    if form.method != "POST" {
                        "GET".clone_into(&mut form.method);
                    }
                }
                "/form" => open = false,
                _ if !open => {}
                "input" => forms.last_mut().expect("one is open").fields.extend(tag.input()),
                "textarea" => {
                    let (text, after) = rest.split_once("</textarea").unwrap_or((rest, ""));
                    let field = tag.value("name").map(|name| (name, decoded(text)));
                    forms.last_mut().expect("one is open").fields.extend(field);
                    rest = after;
                }
                _ => {}
            }
        }
        forms
    }

    /// The fields with some of them filled in; what the page does not have is added.
    pub fn filled(&self, values: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields = self.fields.clone();
        for (name, value) in values {
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some(field) => (*value).clone_into(&mut field.1),
                None => fields.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        fields
    }
}

/// A tag with its name in lower case (`/form` closes) and its attributes, names in lower case, values decoded.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn value(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    /// What an `<input>` sends without anybody touching it.
    fn input(&self) -> Option<(String, String)> {
        let kind = self.value("type").unwrap_or_default().to_lowercase();
        match kind.as_str() {
            "submit" | "button" | "reset" | "image" | "file" => None,
            "checkbox" | "radio" => {
                self.value("checked")?;
                Some((
                    self.value("name")?,
                    self.value("value").unwrap_or("on".to_owned()),
                ))
            }
            _ => Some((self.value("name")?, self.value("value").unwrap_or_default())),
        }
    }
}

/// The next tag and what follows it. Comments, scripts and styles hold no tags.
fn next_tag(html: &str) -> Option<(Tag, &str)> {
    let mut rest = html;
    loop {
        rest = rest.split_once('<')?.1;
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = parse_tag(rest);
        if tag.name == "script" || tag.name == "style" {
            let end = format!("</{}", tag.name);
            rest = after.split_once(&*end).map_or("", |(_, after)| after);
            continue;
        }
        return Some((tag, after));
    }
}

/// Parses what follows a `<`.
fn parse_tag(text: &str) -> (Tag, &str) {
    let end = text.find([' ', '\t', '\n', '\r', '>']).unwrap_or(text.len());
    let name = text[..end].trim_end_matches('/').to_lowercase();
    let mut attributes = Vec::new();
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (Tag { name, attributes }, after);
        }
        if rest.is_empty() {
            return (Tag { name, attributes }, rest);
        }
        // At least one character, so that a stray `=` does not hold us up.
        let end = rest.char_indices().skip(1);
        let mut end = end.filter(|(_, c)| c.is_whitespace() || "=/>".contains(*c));
        let (attribute, after) = rest.split_at(end.next().map_or(rest.len(), |(at, _)| at));
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(value) => parse_value(value.trim_start()),
            None => ("", after),
        };
        attributes.push((attribute.to_lowercase(), decoded(value)));
        rest = after;
    }
}

fn parse_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(value) = text.strip_prefix(quote) {
            return value.split_once(quote).unwrap_or((value, ""));
        }
    }
    text.split_at(
        text.find(|c: char| c.is_whitespace() || c == '>')
            .unwrap_or(text.len()),
    )
}

/// Text with its character references resolved: numbers, and the names that escaping functions write.
fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        let (character, after) = known.unwrap_or(('&', part));
        decoded.push(character);
        decoded.push_str(after);
    }
    decoded
}

fn character(reference: &str) -> Option<char> {
    if let Some(number) = reference.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
