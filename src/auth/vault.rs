//! Secrets at rest: AES-256-GCM under the master key.
//!
//! A sealed text names the key that it was sealed under, so that keys can be changed one by one: the newest seals,
//! all of them open. What it belongs to is authenticated with it, so that no sealed text can be moved to another
//! row.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::mac::MacKey;
use crate::directory::erasure::NameHash;
use crate::directory::key::fold;
use crate::directory::{ConnectionId, DirectoryId, IdentityKey, TenantId, UserId};

const VERSION: &str = "v1";

/// The keys of this gateway. Never printed.
pub struct Vault {
    /// The first one seals.
    keys: Vec<(String, LessSafeKey)>,
    /// What names of people who are gone are hashed with, likewise.
    names: Vec<MacKey>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.keys.iter().map(|(id, _)| id.as_str()).collect();
        f.debug_struct("Vault")
            .field("keys", &ids)
            .finish_non_exhaustive()
    }
}

/// A sealed text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed under a key that is not at hand.
    #[error("a stored secret was sealed under another master key")]
    UnknownKey,
    /// It was changed, or belongs elsewhere, or never was one.
    #[error("a stored secret is damaged")]
    Damaged,
}

impl Vault {
    /// Takes the key that seals and those before it that still open.
    ///
    /// # Errors
    /// The cipher refuses a key; keys of 32 bytes are never refused.
    pub fn new(current: &[u8; 32], previous: &[[u8; 32]]) -> Result<Self, VaultError> {
        let all = || std::iter::once(current).chain(previous);
        let names = all().map(|key| MacKey::derive(key, "names of people who are gone"));
        let keys = all().map(|key| {
            let cipher = UnboundKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Damaged)?;
            Ok((key_id(key), LessSafeKey::new(cipher)))
        });
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            names: names.collect(),
        })
    }

    /// What a name of somebody who is gone is remembered by: it is found again by the same name in whatever case, and gives
    /// nobody the name who has not the key. The newest key's comes first.
    pub fn name_hashes(&self, tenant: TenantId, name: &GoneName<'_>) -> impl Iterator<Item = NameHash> {
        let (kind, text) = match name {
            GoneName::UserName(text) => ("user_name".to_owned(), fold(text)),
            GoneName::Email(text) => ("email".to_owned(), fold(text)),
            GoneName::ExternalId(directory, text) => (format!("external_id {directory}"), (*text).into()),
            GoneName::Subject(identity) => (
                format!("subject {} {}", identity.connection, identity.issuer),
                identity.subject.as_str().into(),
            ),
        };
        let place = format!("{kind} of tenant {tenant}");
        self.names
            .iter()
            .map(move |key| key.tag(place.as_bytes(), text.as_bytes()))
    }

    /// Seals a text. `belongs_to` says what it is and whose; it has to be said again to open it. `nonce` must be
    /// random each time (NIST SP 800-38D section 8.2.2).
    ///
    /// # Errors
    /// The cipher refuses the text; it does not below 64 GiB.
    pub fn seal(&self, text: &str, belongs_to: &str, nonce: [u8; NONCE_LEN]) -> Result<String, VaultError> {
        let (id, key) = self.keys.first().ok_or(VaultError::UnknownKey)?;
        let mut bytes = text.as_bytes().to_vec();
        let sealed = key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(belongs_to.as_bytes()),
            &mut bytes,
        );
        sealed.map_err(|_| VaultError::Damaged)?;
        let (nonce, bytes) = (URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(bytes));
        Ok(format!("{VERSION}.{id}.{nonce}.{bytes}"))
    }

    /// Opens what [`Vault::seal`] gave.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(&self, sealed: &str, belongs_to: &str) -> Result<String, VaultError> {
        let parts: Vec<&str> = sealed.split('.').collect();
        let [VERSION, id, nonce, bytes] = parts[..] else {
            return Err(VaultError::Damaged);
        };
        let known = self.keys.iter().find(|(known, _)| known == id);
        let (_, key) = known.ok_or(VaultError::UnknownKey)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| VaultError::Damaged);
        let nonce = Nonce::try_assume_unique_for_key(&decode(nonce)?).map_err(|_| VaultError::Damaged)?;
        let mut bytes = decode(bytes)?;
        let text = key.open_in_place(nonce, Aad::from(belongs_to.as_bytes()), &mut bytes);
        let text = text.map_err(|_| VaultError::Damaged)?;
        String::from_utf8(text.to_vec()).map_err(|_| VaultError::Damaged)
    }
}

/// A name by which somebody who is gone would be known again.
#[derive(Debug, Clone, Copy)]
pub enum GoneName<'a> {
    /// Their userName.
    UserName(&'a str),
    /// An e-mail address of theirs.
    Email(&'a str),
    /// Their id at the provider of a directory.
    ExternalId(DirectoryId, &'a str),
    /// Who they are at the provider of a connection.
    Subject(&'a IdentityKey),
}

/// What a connection's client secret belongs to.
#[must_use]
pub fn client_secret_place(tenant: TenantId, connection: ConnectionId) -> String {
    format!("client secret of connection {connection} of tenant {tenant}")
}

/// What a private key of ours for a SAML provider belongs to.
#[must_use]
pub fn service_key_place(tenant: TenantId, connection: ConnectionId, key: Uuid) -> String {
    format!("private key {key} of connection {connection} of tenant {tenant}")
}

/// What the ticket for a test of a connection belongs to.
#[must_use]
pub fn test_ticket_place(tenant: TenantId, connection: ConnectionId) -> String {
    format!("test of connection {connection} of tenant {tenant}")
}

/// What the secret of somebody's authenticator app belongs to.
#[must_use]
pub fn totp_secret_place(tenant: TenantId, user: UserId) -> String {
    format!("authenticator app of user {user} of tenant {tenant}")
}

/// Tells keys apart and says nothing of them: the first 8 bytes of a hash.
fn key_id(key: &[u8; 32]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"rollcall master key id");
    context.update(key);
    URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_where_it_belongs_and_nowhere_else() {
        let vault = Vault::new(&[1; 32], &[]).unwrap();
        let sealed = vault.seal("hunter2", "connection 7", [9; 12]).unwrap();
        assert!(!sealed.contains("hunter2"));
        assert_eq!(vault.open(&sealed, "connection 7").as_deref(), Ok("hunter2"));
        assert_eq!(vault.open(&sealed, "connection 8"), Err(VaultError::Damaged));
        let mut other = sealed.clone();
        other.pop();
        for broken in [
            "",
            "v1",
            "v1...",
            &other,
            &sealed.replace("v1", "v2"),
            &format!("{sealed}.x"),
        ] {
            assert!(vault.open(broken, "connection 7").is_err(), "{broken}");
        }
    }

    #[test]
    fn a_name_is_known_again_in_its_tenant_and_for_what_it_is_alone() {
        let (one, two) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let vault = Vault::new(&[1; 32], &[]).unwrap();
        let of =
            |vault: &Vault, tenant, name: GoneName<'_>| vault.name_hashes(tenant, &name).collect::<Vec<_>>();
        let known = of(&vault, one, GoneName::UserName("Ada@Acme.example"));
        assert_eq!(known, of(&vault, one, GoneName::UserName("ada@acme.EXAMPLE")));
        for other in [
            of(&vault, two, GoneName::UserName("ada@acme.example")),
            of(&vault, one, GoneName::Email("ada@acme.example")),
            of(&vault, one, GoneName::UserName("bob@acme.example")),
            of(
                &Vault::new(&[2; 32], &[]).unwrap(),
                one,
                GoneName::UserName("ada@acme.example"),
            ),
        ] {
            assert_ne!(known, other);
        }
        let rotated = Vault::new(&[2; 32], &[[1; 32]]).unwrap();
        assert_eq!(
            of(&rotated, one, GoneName::UserName("ada@acme.example"))[1],
            known[0]
        );
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let old = Vault::new(&[1; 32], &[]).unwrap();
        let sealed = old.seal("secret", "x", [0; 12]).unwrap();
        let rotated = Vault::new(&[2; 32], &[[1; 32]]).unwrap();
        assert_eq!(rotated.open(&sealed, "x").as_deref(), Ok("secret"));
        let anew = rotated.seal("secret", "x", [0; 12]).unwrap();
        assert_eq!(old.open(&anew, "x"), Err(VaultError::UnknownKey));
        assert!(!format!("{rotated:?}").contains("2, 2"));
    }
}
