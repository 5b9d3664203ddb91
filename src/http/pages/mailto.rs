//! Links that open a mail to support.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const TEXT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const ADDRESS: &AsciiSet = &TEXT.remove(b'@');

/// The address of an empty mail (RFC 6068).
pub(super) fn mailto(to: &str) -> String {
    format!("mailto:{}", utf8_percent_encode(to, ADDRESS))
}

/// The address of a mail that is written already. Lines end with CR LF (RFC 6068 section 5).
pub(super) fn mailto_with(to: &str, subject: &str, body: &str) -> String {
    let body = body.replace('\n', "\r\n");
    format!(
        "{}?subject={}&body={}",
        mailto(to),
        utf8_percent_encode(subject, TEXT),
        utf8_percent_encode(&body, TEXT),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_add_fields_to_the_mail() {
        assert_eq!(
            mailto_with("help@acme.example?cc=eve@evil.example", "a & b", "one\ntwo é"),
            "mailto:help@acme.example%3Fcc%3Deve@evil.example?subject=a%20%26%20b&body=one%0D%0Atwo%20%C3%A9"
        );
    }
}
