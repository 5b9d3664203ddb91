//! A message as text, and surgery on it. Every cut panics where there is nothing to cut, so that no test changes
//! nothing.

use jiff::{SignedDuration, Timestamp};

use super::encrypt::Encryption;
use super::sign::Signing;
use super::xml::{self, Element, escape};

pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
pub const EMAIL_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// Who a response is for, what it answers, and what it says.
#[derive(Debug, Clone)]
pub struct Facts {
    pub issuer: String,
    pub acs_url: String,
    /// The entity id of the service provider.
    pub audience: String,
    /// The id of the request; `None` for a response that nobody asked for.
    pub in_response_to: Option<String>,
    pub name_id: String,
    pub name_id_format: &'static str,
    pub attributes: Vec<(&'static str, Vec<String>)>,
    /// The clock of the provider.
    pub now: Timestamp,
}

/// A message of a sign-out, from the provider.
#[derive(Debug, Clone)]
pub struct Logout {
    pub issuer: String,
    pub destination: String,
    pub name_id: String,
    pub session_indexes: Vec<String>,
    pub now: Timestamp,
}

/// A `Response` around one `Assertion`, or what is left of it. Its prefixes are `samlp`, `saml`, and `ds` in what is
/// signed; ids are those of [`Draft::response_id`] and [`Draft::assertion_id`].
#[derive(Debug, Clone)]
pub struct Draft {
    pub xml: String,
    pub response_id: String,
    pub assertion_id: String,
}

impl Draft {
    /// What a provider says that does everything right, before it signs.
    pub fn response(facts: &Facts) -> Self {
        let response_id = super::new_id();
        let assertion_id = super::new_id();
        let Facts {
            issuer,
            acs_url,
            audience,
            ..
        } = facts;
        let at = |seconds: i64| instant(facts.now + SignedDuration::from_secs(seconds));
        let answered = facts.in_response_to.as_ref();
        let answered = answered.map_or(String::new(), |id| format!(" InResponseTo=\"{id}\""));
        let attributes: String = facts
            .attributes
            .iter()
            .map(|(name, values)| attribute(name, values))
            .collect();
        let statement = if attributes.is_empty() {
            String::new()
        } else {
            format!("<saml:AttributeStatement>{attributes}</saml:AttributeStatement>")
        };
        let xml = format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{response_id}\" Version=\"2.0\" \
             IssueInstant=\"{now}\" Destination=\"{acs_url}\"{answered}><saml:Issuer>{issuer}</saml:Issuer>\
             <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
             <saml:Assertion xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"{assertion_id}\" Version=\"2.0\" \
             IssueInstant=\"{now}\"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject>\
             <saml:NameID Format=\"{format}\">{name}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData NotOnOrAfter=\"{soon}\" Recipient=\"{acs_url}\"{answered}/>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{before}\" \
             NotOnOrAfter=\"{soon}\"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>\
             </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"{now}\" \
             SessionIndex=\"{session}\" SessionNotOnOrAfter=\"{later}\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
             </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>{statement}</saml:Assertion>\
             </samlp:Response>",
            now = at(0),
            before = at(-30),
            soon = at(300),
            later = at(28_800),
            format = facts.name_id_format,
            name = escape(&facts.name_id),
            session = super::new_id(),
        );
        Self {
            xml,
            response_id,
            assertion_id,
        }
    }

    /// A `LogoutRequest`, which is signed as a response is.
    pub fn logout_request(of: &Logout) -> Self {
        let indexes = of.session_indexes.iter();
        let indexes: Vec<String> = indexes
            .map(|index| format!("<samlp:SessionIndex>{index}</samlp:SessionIndex>"))
            .collect();
        let indexes = indexes.concat();
        let name = escape(&of.name_id);
        let content = format!("<saml:NameID Format=\"{PERSISTENT}\">{name}</saml:NameID>{indexes}");
        Self::of_logout(of, "LogoutRequest", "", &content)
    }

    /// A `LogoutResponse` to a request, with a status: `Success`.
    pub fn logout_response(of: &Logout, in_response_to: &str, status: &str) -> Self {
        let answered = format!(" InResponseTo=\"{in_response_to}\"");
        let status = format!("<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{status}\"/>");
        Self::of_logout(
            of,
            "LogoutResponse",
            &answered,
            &format!("<samlp:Status>{status}</samlp:Status>"),
        )
    }

    fn of_logout(of: &Logout, name: &str, attributes: &str, content: &str) -> Self {
        let id = super::new_id();
        let Logout {
            issuer,
            destination,
            now,
            ..
        } = of;
        let now = instant(*now);
        let xml = format!(
            "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{now}\" Destination=\"{destination}\"{attributes}>\
             <saml:Issuer>{issuer}</saml:Issuer>{content}</samlp:{name}>"
        );
        Self {
            xml,
            response_id: id,
            assertion_id: String::new(),
        }
    }

    fn read(&self) -> Element {
        xml::read(&self.xml)
    }

    fn with(mut self, xml: String) -> Self {
        assert_ne!(xml, self.xml, "nothing changes");
        self.xml = xml;
        self
    }

    fn place(&self, path: &str) -> Element {
        let document = self.read();
        let name = path.split('/').next().expect("a step");
        let found = if document.name == name {
            path.split_once('/')
                .map_or(Some(&document), |(_, rest)| document.find(rest))
        } else {
            document.find(path)
        };
        found
            .unwrap_or_else(|| panic!("no {path} in {}", self.xml))
            .clone()
    }

    /// The text of the first element that a path leads to, tags and all.
    pub fn part(&self, path: &str) -> String {
        self.xml[self.place(path).place].to_owned()
    }

    /// Puts something in place of a text that stands there once.
    pub fn replace(self, from: &str, to: &str) -> Self {
        assert_eq!(self.xml.matches(from).count(), 1, "{from} in {}", self.xml);
        let xml = self.xml.replacen(from, to, 1);
        self.with(xml)
    }

    /// The same for every place where it stands.
    pub fn replace_all(self, from: &str, to: &str) -> Self {
        let xml = self.xml.replace(from, to);
        self.with(xml)
    }

    /// Puts something in place of an element.
    pub fn put(self, path: &str, xml: &str) -> Self {
        let place = self.place(path).place;
        let xml = format!("{}{xml}{}", &self.xml[..place.start], &self.xml[place.end..]);
        self.with(xml)
    }

    /// Takes an element away.
    pub fn remove(self, path: &str) -> Self {
        self.put(path, "")
    }

    /// Puts XML in place of what an element holds.
    pub fn inside(self, path: &str, content: &str) -> Self {
        let found = self.place(path);
        let opening = &self.xml[found.place.start..found.inside.start];
        let opening = opening.trim_end_matches('>').trim_end_matches('/');
        let name = &found.name;
        let whole = format!("{opening}>{content}</{name}>");
        self.put(path, &whole)
    }

    pub fn before(self, path: &str, xml: &str) -> Self {
        let at = self.place(path).place.start;
        self.at(at, xml)
    }

    pub fn after(self, path: &str, xml: &str) -> Self {
        let at = self.place(path).place.end;
        self.at(at, xml)
    }

    /// Puts XML in front of what an element with two tags holds.
    pub fn first_in(self, path: &str, xml: &str) -> Self {
        let at = self.place(path).inside.start;
        self.at(at, xml)
    }

    /// Puts XML behind what an element with two tags holds.
    pub fn last_in(self, path: &str, xml: &str) -> Self {
        let at = self.place(path).inside.end;
        self.at(at, xml)
    }

    fn at(self, at: usize, xml: &str) -> Self {
        let xml = format!("{}{xml}{}", &self.xml[..at], &self.xml[at..]);
        self.with(xml)
    }

    /// Gives an attribute another value, escaped here, or adds it.
    pub fn set(self, path: &str, name: &str, value: &str) -> Self {
        let value = escape(value);
        self.change_attribute(path, name, Some(&value))
    }

    /// Takes an attribute away.
    pub fn unset(self, path: &str, name: &str) -> Self {
        self.change_attribute(path, name, None)
    }

    fn change_attribute(self, path: &str, name: &str, value: Option<&str>) -> Self {
        let found = self.place(path);
        let tag = &self.xml[found.place.clone()];
        let tag = &tag[..=tag.find('>').expect("an end")];
        let written = value.map_or(String::new(), |value| format!(" {name}=\"{value}\""));
        let begin = format!(" {name}=\"");
        let (at, end) = if let Some(at) = tag.find(&begin) {
            let value = at + begin.len();
            (at, value + tag[value..].find('"').expect("a quote") + 1)
        } else {
            let behind_the_name = 1 + found.name.len();
            (behind_the_name, behind_the_name)
        };
        let changed = format!("{}{written}{}", &tag[..at], &tag[end..]);
        let (start, end) = (found.place.start, found.place.start + tag.len());
        let xml = format!("{}{changed}{}", &self.xml[..start], &self.xml[end..]);
        self.with(xml)
    }

    /// Signs the assertion as most providers do.
    pub fn signed(self) -> Self {
        self.sign_assertion(&Signing::default())
    }

    pub fn sign_assertion(self, signing: &Signing) -> Self {
        let id = self.assertion_id.clone();
        let xml = signing.sign(&self.xml, &id);
        self.with(xml)
    }

    pub fn sign_response(self, signing: &Signing) -> Self {
        let id = self.response_id.clone();
        let xml = signing.sign(&self.xml, &id);
        self.with(xml)
    }

    /// Puts an `EncryptedAssertion` in the assertion's place.
    pub fn encrypt(self, encryption: &Encryption) -> Self {
        let assertion = self.standing_alone("saml:Assertion");
        let encrypted = encryption.encrypt(assertion.as_bytes());
        self.put("saml:Assertion", &encrypted)
    }

    /// An element with the declarations that it needs outside of its document.
    pub fn standing_alone(&self, path: &str) -> String {
        let text = self.part(path);
        let tag = &text[..text.find('>').expect("an end")];
        let mut declarations = String::new();
        for (prefix, namespace) in [
            ("saml", "urn:oasis:names:tc:SAML:2.0:assertion"),
            ("samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
        ] {
            let declared = format!("xmlns:{prefix}=");
            if text.contains(&format!("<{prefix}:")) && !tag.contains(&declared) {
                declarations = format!("{declarations} {declared}\"{namespace}\"");
            }
        }
        let name = tag.find(' ').unwrap_or(tag.len());
        format!("{}{declarations}{}", &text[..name], &text[name..])
    }
}

/// One attribute with values of type string.
pub fn attribute(name: &str, values: &[String]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| {
            format!(
                "<saml:AttributeValue xsi:type=\"xs:string\">{}</saml:AttributeValue>",
                escape(value)
            )
        })
        .collect();
    format!(
        "<saml:Attribute Name=\"{}\">{}</saml:Attribute>",
        escape(name),
        values.concat()
    )
}

/// A time as SAML writes it, to the second.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
