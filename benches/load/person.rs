//! The user that the load creates: about 1.2 KB of JSON, as an identity provider sends it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Length of a user's number: eight digits, so that every request has the same length.
pub const NUMBER_WIDTH: usize = 8;
/// Stands for the number in texts that become a [`crate::request::Template`].
pub const NUMBER: &str = "########";

/// An id that the gateway gave: a UUID in its text form.
pub type Id = [u8; 36];

/// An id as text.
pub fn text(id: &Id) -> Cow<'_, str> {
    String::from_utf8_lossy(id)
}

/// A user that the gateway has accepted.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The number that its name is made of.
    pub number: u32,
    /// Its id.
    pub id: Id,
}

/// The digits that stand for a number.
pub fn digits(number: u32) -> [u8; NUMBER_WIDTH] {
    let mut digits = [b'0'; NUMBER_WIDTH];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    digits
}

/// The `userName` of the user with this number (or with [`NUMBER`] in its place).
pub fn user_name(number: &str) -> String {
    format!("user{number}@load.bench.example")
}

/// The body of `POST /Users`, with [`NUMBER`] in place of the number (RFC 7643 4.1, 4.2 and 4.3).
pub fn user() -> String {
    let user_name = user_name(NUMBER);
    let mut body = String::new();
    // Writing into a String does not fail.
    let _ = write!(
        body,
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"external-{NUMBER}","userName":"{user_name}","name":{{"formatted":"Dr. Margarethe Anna Lindqvist-{NUMBER}","familyName":"Lindqvist-{NUMBER}","givenName":"Margarethe","middleName":"Anna","honorificPrefix":"Dr."}},"displayName":"Margarethe Lindqvist {NUMBER}","nickName":"Gretel","title":"Principal Reliability Engineer","userType":"Employee","preferredLanguage":"sv-SE","locale":"sv-SE","timezone":"Europe/Stockholm","active":true,"emails":[{{"value":"{user_name}","type":"work","primary":true}},{{"value":"private{NUMBER}@mail.example","type":"home"}}],"phoneNumbers":[{{"value":"+46 8 5550 1234","type":"work"}}],"addresses":[{{"type":"work","streetAddress":"Storgatan 17, 4 tr","locality":"Stockholm","region":"Stockholms lan","postalCode":"114 55","country":"SE","formatted":"Storgatan 17, 4 tr, 114 55 Stockholm, Sweden","primary":true}}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"E-{NUMBER}","costCenter":"4130-OPS","organization":"Example Industries","division":"Infrastructure","department":"Site Reliability"}}}}"#
    );
    body
}
