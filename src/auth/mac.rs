//! Proof that the gateway itself has given something out: HMAC-SHA256 under a key of its own.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};

/// How long a tag is, in bytes: RFC 2104 section 5 allows half of the hash and not less.
pub const TAG_LENGTH: usize = 16;

/// A key for one purpose, derived from the master key. Every node with that master key has it. Never printed.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

impl MacKey {
    /// Derives the key for a purpose. Keys of different purposes say nothing of one another.
    #[must_use]
    pub fn derive(master: &[u8; 32], purpose: &str) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derived = hmac::sign(&master, format!("rollcall key for {purpose}").as_bytes());
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The tag of a message. `belongs_to` says what the message is good for; it has to be said again to verify it.
    #[must_use]
    pub fn tag(&self, belongs_to: &[u8], message: &[u8]) -> [u8; TAG_LENGTH] {
        let mut context = hmac::Context::with_key(&self.0);
        // With its length, so that nothing can be moved from the one text to the other.
        context.update(&(belongs_to.len() as u64).to_be_bytes());
        context.update(belongs_to);
        context.update(message);
        let mut tag = [0; TAG_LENGTH];
        tag.copy_from_slice(&context.sign().as_ref()[..TAG_LENGTH]);
        tag
    }

    /// Whether this is the tag of that message; takes the same time for every wrong one.
    #[must_use]
    pub fn verify(&self, belongs_to: &[u8], message: &[u8], tag: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.tag(belongs_to, message), tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_holds_for_its_message_place_and_key_alone() {
        let key = MacKey::derive(&[1; 32], "tests");
        let tag = key.tag(b"place", b"message");
        assert!(key.verify(b"place", b"message", &tag));
        assert!(!key.verify(b"place", b"massage", &tag));
        assert!(!key.verify(b"plac", b"emessage", &tag));
        assert!(!key.verify(b"place", b"message", &tag[..15]));
        for other in [
            MacKey::derive(&[1; 32], "other"),
            MacKey::derive(&[2; 32], "tests"),
        ] {
            assert!(!other.verify(b"place", b"message", &tag));
        }
        assert_eq!(format!("{key:?}"), "MacKey");
    }
}
