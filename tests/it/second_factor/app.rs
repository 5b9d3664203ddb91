//! An authenticator app: TOTP as RFC 6238 has it, written for these tests alone.

use aws_lc_rs::hmac;
use jiff::Timestamp;

/// What a telephone knows of an account.
#[derive(Clone)]
pub struct App(Vec<u8>);

impl App {
    /// Reads what a QR code says.
    pub fn scan(otpauth_uri: &str) -> Self {
        let uri = url::Url::parse(otpauth_uri).expect("a URI");
        assert_eq!((uri.scheme(), uri.host_str()), ("otpauth", Some("totp")));
        let value = |name: &str| {
            let found = uri.query_pairs().find(|(key, _)| key == name);
            found.unwrap_or_else(|| panic!("{name} in {uri}")).1.into_owned()
        };
        let form = (value("algorithm"), value("digits"), value("period"));
        assert_eq!(form, ("SHA1".to_owned(), "6".to_owned(), "30".to_owned()));
        Self::type_in(&value("secret"))
    }

    /// Takes the secret as a person types it (RFC 4648 section 6).
    pub fn type_in(secret: &str) -> Self {
        let (mut bits, mut count, mut key) = (0_u32, 0, Vec::new());
        for character in secret.chars().filter(|c| *c != ' ') {
            let digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(character);
            bits = bits << 5 | u32::try_from(digit.expect("base32")).expect("small");
            count += 5;
            if count >= 8 {
                count -= 8;
                key.push(u8::try_from(bits >> count & 0xff).expect("a byte"));
            }
        }
        assert_eq!(key.len(), 20, "{secret}");
        Self(key)
    }

    /// The code that is shown at a moment.
    pub fn code(&self, at: Timestamp) -> String {
        let step = at.as_second() / 30;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let from = usize::from(tag[19] & 0xf);
        let four: [u8; 4] = tag[from..from + 4].try_into().expect("four bytes");
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Some code that is not any of the three that would be taken at a moment.
pub fn wrong_code(app: &App, now: Timestamp) -> String {
    let taken: Vec<String> = [-30, 0, 30]
        .map(|seconds| app.code(now + jiff::SignedDuration::from_secs(seconds)))
        .to_vec();
    let mut candidates = (0..4).map(|number| format!("{number:06}"));
    candidates
        .find(|code| !taken.contains(code))
        .expect("one of four")
}
