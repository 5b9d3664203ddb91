//! How a message travels through the browser (SAML bindings 3.4 and 3.5), undone: parameter to text.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::DeflateDecoder;

use super::SamlRefusal;
use crate::directory::Code;

/// The largest form that carries a message, in bytes.
pub const MAX_FORM: usize = 1024 * 1024;
/// The longest message, in bytes. 3,000 groups were seen to take 320 to 670 KB.
pub const MAX_XML: usize = 768 * 1024;

/// The text of a form's parameter: base64 of UTF-8. Line ends and blanks between the characters are passed over, as
/// browsers and providers wrap lines.
///
/// # Errors
/// [`Code::SamlMalformed`].
pub fn decode_post(parameter: &str) -> Result<String, SamlRefusal> {
    let bytes = decode(parameter)?;
    if bytes.len() > MAX_XML {
        return Err(too_long());
    }
    text(bytes)
}

/// The text of a parameter of an address, after percent-decoding: base64 of deflated UTF-8 (RFC 1951).
///
/// # Errors
/// [`Code::SamlMalformed`].
pub fn decode_redirect(parameter: &str) -> Result<String, SamlRefusal> {
    let bytes = decode(parameter)?;
    let mut decoder = DeflateDecoder::new(bytes.as_slice());
    let mut inflated = Vec::new();
    let limit = u64::try_from(MAX_XML).unwrap_or(u64::MAX) + 1;
    (&mut decoder)
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|_| malformed("deflate", "deflated data"))?;
    if inflated.len() > MAX_XML {
        return Err(too_long());
    }
    if !decoder.into_inner().is_empty() {
        return Err(malformed("deflate", "nothing behind the deflated data"));
    }
    text(inflated)
}

fn decode(parameter: &str) -> Result<Vec<u8>, SamlRefusal> {
    if parameter.len() > MAX_FORM {
        return Err(malformed(
            "size",
            format!("a parameter of at most {MAX_FORM} bytes"),
        ));
    }
    let characters: String = parameter
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n' | ' ' | '\t'))
        .collect();
    if characters.is_empty() {
        return Err(malformed("message", "a message"));
    }
    STANDARD
        .decode(characters)
        .map_err(|_| malformed("base64", "base64 with its padding"))
}

fn text(bytes: Vec<u8>) -> Result<String, SamlRefusal> {
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or_else(|| malformed("encoding", "UTF-8 without NUL"))
}

fn too_long() -> SamlRefusal {
    malformed("size", format!("at most {MAX_XML} bytes of XML"))
}

fn malformed(check: &'static str, expected: impl Into<String>) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, check).expected(expected)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn check<T: std::fmt::Debug>(result: Result<T, SamlRefusal>) -> &'static str {
        let refusal = result.unwrap_err();
        assert_eq!(refusal.code, Code::SamlMalformed);
        refusal.check
    }

    #[test]
    fn a_form_carries_base64_in_lines_of_any_length() {
        assert_eq!(decode_post("PMOkLz4=").unwrap(), "<ä/>");
        assert_eq!(decode_post(" PM\r\nOk\n\tLz 4=\r\n").unwrap(), "<ä/>");
        for spelt in [
            "PMOkLz4",
            "PMOkLz4==",
            "PMOkLz5=",
            "PMOk-z4=",
            "PMOkLz4=PMOk",
            "%50MOkLz4=",
            "PMOk\u{a0}Lz4=",
            "<ä/>",
        ] {
            assert_eq!(check(decode_post(spelt)), "base64", "{spelt}");
        }
        for spelt in ["", " \r\n"] {
            assert_eq!(check(decode_post(spelt)), "message");
        }
    }

    #[test]
    fn a_message_is_utf_8() {
        let utf_16: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf_16_bare: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            utf_16,
            utf_16_bare,
            vec![b'<', 0xe4, b'>'],
            vec![0xc0, 0xbc],
            vec![0xed, 0xa0, 0x80],
            vec![0xff],
        ] {
            assert_eq!(
                check(decode_post(&STANDARD.encode(&bytes))),
                "encoding",
                "{bytes:?}"
            );
            assert_eq!(
                check(decode_redirect(&STANDARD.encode(deflate(&bytes)))),
                "encoding"
            );
        }
    }

    #[test]
    fn an_address_carries_deflated_text_and_nothing_behind_it() {
        let deflated = deflate("<ä/>".as_bytes());
        assert_eq!(decode_redirect(&STANDARD.encode(&deflated)).unwrap(), "<ä/>");
        let more = [deflated.as_slice(), b"x"].concat();
        for bytes in [
            b"<a/>".as_slice(),
            &deflated[..deflated.len() - 2],
            &more,
            &deflated[1..],
        ] {
            assert_eq!(
                check(decode_redirect(&STANDARD.encode(bytes))),
                "deflate",
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn messages_have_a_length_that_a_bomb_does_not_pass() {
        let fits = " ".repeat(MAX_XML);
        assert_eq!(
            decode_redirect(&STANDARD.encode(deflate(fits.as_bytes()))).unwrap(),
            fits
        );
        let bomb = deflate(&vec![b' '; 64 * 1024 * 1024]);
        assert!(bomb.len() < 128 * 1024);
        assert_eq!(check(decode_redirect(&STANDARD.encode(bomb))), "size");
        let long = STANDARD.encode(vec![b' '; MAX_XML + 1]);
        assert_eq!(check(decode_post(&long)), "size");
        assert_eq!(check(decode_post(&"A".repeat(MAX_FORM + 1))), "size");
    }
}
