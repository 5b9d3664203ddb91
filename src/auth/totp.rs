//! Codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which is what every app
//! can do.

use std::fmt;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// How long a code is shown, in seconds (RFC 6238 section 5.2).
pub const STEP_SECONDS: i64 = 30;
/// How many digits a code has.
pub const DIGITS: usize = 6;
/// How many steps a telephone's clock may be ahead or behind (RFC 6238 section 5.2 recommends one at most).
const WINDOW: i64 = 1;
/// Apps show some twenty characters of an issuer, and a QR code has to stay one that a camera can read.
const LONGEST_ISSUER: usize = 40;

/// What RFC 3986 section 2.3 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What an authenticator app and the gateway share: 160 bits, as RFC 4226 section 4 recommends. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

impl TotpSecret {
    /// Makes a secret of random bytes; those beyond 160 bits are not used.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&random[..20]);
        Self(bytes)
    }

    /// The secret in base32 (RFC 4648 section 6) without padding: to be shown once, or sealed.
    #[must_use]
    pub fn expose(&self) -> String {
        Secret::new_stack(self.0).to_base32()
    }

    /// The same in groups of four, to be typed.
    #[must_use]
    pub fn expose_in_groups(&self) -> String {
        let text = self.expose();
        let groups: Vec<&str> = (0..text.len())
            .step_by(4)
            .map(|from| &text[from..text.len().min(from + 4)])
            .collect();
        groups.join(" ")
    }

    /// Reads what [`TotpSecret::expose`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(text).ok()?;
        secret.as_bytes().try_into().ok().map(Self)
    }

    /// The step that a code is of, unless it is wrong, too old, or of a step not above `last_step`, the last one that a
    /// code was taken of: each code is good once (RFC 6238 section 5.2). Blanks are overlooked, since apps show some.
    /// Every wrong code of six digits takes the same time.
    #[must_use]
    pub fn verify(&self, code: &str, now: Timestamp, last_step: Option<i64>) -> Option<i64> {
        let code = digits(code)?;
        let present = now.as_second().div_euclid(STEP_SECONDS);
        let totp = self.totp();
        let mut found = None;
        for step in present - WINDOW..=present + WINDOW {
            let Ok(second) = u64::try_from(step * STEP_SECONDS) else {
                continue;
            };
            let expected = totp.generate(second).to_string();
            let matches =
                aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes());
            if matches.is_ok() && last_step.is_none_or(|last| step > last) {
                found = found.or(Some(step));
            }
        }
        found
    }

    /// What an app reads from the QR code. `issuer` is the tenant's name and `account` the e-mail address. A colon parts the
    /// two, so the issuer's own ones become blanks.
    #[must_use]
    pub fn otpauth_uri(&self, issuer: &str, account: &str) -> String {
        let words: Vec<&str> = issuer
            .split(|c: char| c == ':' || c.is_whitespace())
            .filter(|word| !word.is_empty())
            .collect();
        let issuer: String = words.join(" ").chars().take(LONGEST_ISSUER).collect();
        let issuer = utf8_percent_encode(issuer.trim_end(), UNRESERVED).to_string();
        let account = utf8_percent_encode(account, UNRESERVED);
        let secret = self.expose();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}\
             &period={STEP_SECONDS}"
        )
    }

    /// What else only the holder of this secret can compute.
    pub(super) fn key(&self) -> &[u8] {
        &self.0
    }

    fn totp(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_secret(Secret::new_stack(self.0))
            .build_noncompliant()
    }
}

/// Six digits, whatever blanks stand around and between them.
fn digits(code: &str) -> Option<String> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    (code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The key of RFC 6238 appendix B.
    fn rfc() -> TotpSecret {
        TotpSecret(*b"12345678901234567890")
    }

    #[test]
    fn the_codes_of_rfc_6238_appendix_b_are_accepted_with_their_last_six_digits() {
        for (second, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let code = &eight[2..];
            assert_eq!(
                rfc().verify(code, at(second), None),
                Some(second / 30),
                "{second}"
            );
        }
    }

    #[test]
    fn a_code_holds_one_step_before_and_after_and_no_longer() {
        let (code, step) = ("081804", 1_111_111_109 / 30);
        let middle = step * 30 + 15;
        for (seconds, expected) in [
            (-60, None),
            (-45, Some(step)),
            (-30, Some(step)),
            (0, Some(step)),
            (30, Some(step)),
            (44, Some(step)),
            (45, None),
        ] {
            assert_eq!(
                rfc().verify(code, at(middle + seconds), None),
                expected,
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_step_at_or_below_the_last_one_is_refused() {
        let (code, step) = ("081804", 1_111_111_109 / 30);
        let now = at(1_111_111_109);
        assert_eq!(rfc().verify(code, now, Some(step - 1)), Some(step));
        assert_eq!(rfc().verify(code, now, Some(step)), None);
        assert_eq!(rfc().verify(code, now, Some(step + 1)), None);
    }

    #[test]
    fn what_is_no_code_is_refused_and_blanks_are_overlooked() {
        let now = at(1_111_111_109);
        for code in ["081804", " 081 804 ", "081\u{a0}804"] {
            assert!(rfc().verify(code, now, None).is_some(), "{code:?}");
        }
        for code in [
            "",
            "81804",
            "0081804",
            "+81804",
            "08180a",
            "081805",
            "07081804",
            "０８１８０４",
        ] {
            assert_eq!(rfc().verify(code, now, None), None, "{code:?}");
        }
        // Before 1970 there are no steps.
        assert_eq!(rfc().verify("081804", at(-90), None), None);
    }

    #[test]
    fn a_secret_is_shown_in_groups_of_four_and_reads_back() {
        let secret = TotpSecret::from_random([0xa5; 32]);
        let text = secret.expose();
        assert_eq!(text.len(), 32);
        let groups = secret.expose_in_groups();
        assert!(groups.split(' ').all(|group| group.len() == 4) && groups.replace(' ', "") == text);
        assert_eq!(TotpSecret::parse(&text), Some(secret.clone()));
        for wrong in ["", "AAAA", "not base32!", &format!("{text}AA")] {
            assert_eq!(TotpSecret::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "TotpSecret");
    }

    #[test]
    fn the_uri_names_issuer_and_account_with_everything_odd_encoded() {
        let uri = rfc().otpauth_uri("Müller: Söhne & Co", "ada+x@acme.example");
        assert_eq!(
            uri,
            "otpauth://totp/M%C3%BCller%20S%C3%B6hne%20%26%20Co:ada%2Bx%40acme.example\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=M%C3%BCller%20S%C3%B6hne%20%26%20Co&algorithm=SHA1\
             &digits=6&period=30"
        );
        // An independent reader finds the same in it.
        let read = Totp::from_url(&uri).unwrap();
        assert_eq!(
            (read.issuer(), read.account_name()),
            (Some("Müller Söhne & Co"), "ada+x@acme.example")
        );
        assert_eq!(read.secret().as_bytes(), rfc().key());
        assert_eq!((read.digits(), read.step()), (6, 30));
    }

    #[test]
    fn a_long_name_is_cut_so_that_the_qr_code_stays_readable() {
        let uri = rfc().otpauth_uri(&"名".repeat(200), "ada@acme.example");
        let read = Totp::from_url(&uri).unwrap();
        assert_eq!(read.issuer().map(|issuer| issuer.chars().count()), Some(40));
    }
}
