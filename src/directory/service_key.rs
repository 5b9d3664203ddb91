//! Our own keys for a SAML provider. All that are there are published and decrypt, one signs: a new one is published
//! first, signs when the provider knows it, and the old one goes when nothing is encrypted for it any more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Origin;
use super::change::Change;
use super::connection::{Connection, SealedSecret, changed};
use super::refusal::Refusal;

/// How many keys a connection has at most.
pub const MOST_KEYS: usize = 4;

/// A key of ours for one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKey {
    /// Its id.
    pub id: Uuid,
    /// Its self-signed certificate, base64 of DER.
    pub certificate: String,
    /// The private key, PKCS #8 in PEM, sealed under the master key.
    pub private_key: SealedSecret,
    /// Whether it signs what we send.
    pub signs: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ServiceKey {
    /// The key for the audit: everything but the secret.
    #[must_use]
    pub fn view(&self) -> Value {
        json!({"id": self.id, "certificate": self.certificate, "signs": self.signs})
    }
}

/// Whether a connection may have one more key.
///
/// # Errors
/// [`Refusal::TooManyKeys`].
pub fn check_room(on: &Connection) -> Result<(), Refusal> {
    if on.keys.len() >= MOST_KEYS {
        return Err(Refusal::TooManyKeys);
    }
    Ok(())
}

/// Adds a key, which is published and decrypts from now on.
///
/// # Errors
/// [`Refusal::TooManyKeys`].
pub fn add(before: &Connection, key: ServiceKey, origin: Origin) -> Result<Change, Refusal> {
    check_room(before)?;
    let mut after = before.clone();
    after.keys.push(ServiceKey { signs: false, ..key });
    Ok(changed(before, after, "connection.key_added", origin))
}

/// Lets a key sign from now on, and no other. `None` when it does already, or is not there.
#[must_use]
pub fn activate(before: &Connection, id: Uuid, origin: Origin) -> Option<Change> {
    if !before.keys.iter().any(|key| key.id == id && !key.signs) {
        return None;
    }
    let mut after = before.clone();
    for key in &mut after.keys {
        key.signs = key.id == id;
    }
    Some(changed(before, after, "connection.key_activated", origin))
}

/// Takes a key away. `None` when it is not there.
///
/// # Errors
/// [`Refusal::KeySigns`].
pub fn remove(before: &Connection, id: Uuid, origin: Origin) -> Result<Option<Change>, Refusal> {
    let Some(key) = before.keys.iter().find(|key| key.id == id) else {
        return Ok(None);
    };
    if key.signs {
        return Err(Refusal::KeySigns);
    }
    let mut after = before.clone();
    after.keys.retain(|key| key.id != id);
    Ok(Some(changed(before, after, "connection.key_removed", origin)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, at, now, origin};
    use crate::directory::{ConnectionFact, Fact};

    fn key(number: u128) -> ServiceKey {
        ServiceKey {
            id: Uuid::from_u128(number),
            certificate: format!("certificate {number}"),
            private_key: SealedSecret(format!("sealed {number}")),
            signs: number == 1,
            created_at: at(number.try_into().unwrap()),
        }
    }

    fn with_keys(numbers: std::ops::RangeInclusive<u128>) -> Connection {
        Connection {
            keys: numbers.map(key).collect(),
            tested_at: Some(at(5)),
            ..sample::connection(1)
        }
    }

    /// The keys afterwards with whether they sign, and the action; the proof has to stand and the memory to go.
    fn keys_after(change: Change) -> (Vec<(u128, bool)>, &'static str) {
        let (fact, audit) = change.into_parts();
        let Fact::Connection(ConnectionFact::Updated(after)) = fact else {
            panic!("{fact:?}");
        };
        assert_eq!(
            (after.tested_at, after.revision, after.modified_at),
            (Some(at(5)), 2, now())
        );
        assert!(!format!("{audit:?}").contains("sealed"));
        let keys = after.keys.iter().map(|key| (key.id.as_u128(), key.signs));
        (keys.collect(), audit.action)
    }

    #[test]
    fn a_new_key_does_not_sign_and_a_fifth_is_refused() {
        let added = add(
            &with_keys(1..=3),
            ServiceKey {
                signs: true,
                ..key(4)
            },
            origin(),
        )
        .unwrap();
        assert_eq!(
            keys_after(added),
            (
                vec![(1, true), (2, false), (3, false), (4, false)],
                "connection.key_added"
            )
        );
        let refused = add(&with_keys(1..=4), key(5), origin());
        assert_eq!(refused.unwrap_err(), Refusal::TooManyKeys);
    }

    #[test]
    fn exactly_one_key_signs() {
        let activated = activate(&with_keys(1..=3), Uuid::from_u128(3), origin()).unwrap();
        assert_eq!(
            keys_after(activated),
            (
                vec![(1, false), (2, false), (3, true)],
                "connection.key_activated"
            )
        );
        for (id, why) in [(1, "signs already"), (9, "is not there")] {
            let change = activate(&with_keys(1..=3), Uuid::from_u128(id), origin());
            assert!(change.is_none(), "{why}");
        }
    }

    #[test]
    fn the_key_that_signs_stays() {
        let removed = remove(&with_keys(1..=2), Uuid::from_u128(2), origin()).unwrap();
        assert_eq!(
            keys_after(removed.unwrap()),
            (vec![(1, true)], "connection.key_removed")
        );
        let refused = remove(&with_keys(1..=2), Uuid::from_u128(1), origin());
        assert_eq!(refused.unwrap_err(), Refusal::KeySigns);
        let nobodys = remove(&with_keys(1..=2), Uuid::from_u128(9), origin());
        assert!(nobodys.unwrap().is_none());
    }
}
