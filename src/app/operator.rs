//! The operator token and the master key.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{StartError, files};
use crate::auth::bearer::{self, NewToken, TokenKind};
use crate::config::{Config, MasterKey};
use crate::directory::registry::TokenHash;
use crate::http::random_bytes;
use crate::storage::Store;

/// Where the hash of an operator token that was made at the first start is kept.
const SETTING: &str = "operator_token_sha256";

/// The token that the operator API takes, and the token itself when it was made just now.
pub(super) struct OperatorToken {
    pub hash: TokenHash,
    pub made: Option<NewToken>,
}

/// Takes the token of the settings; without one, the one made at the first start, or makes it.
pub(super) async fn operator_token(config: &Config, store: &Store) -> Result<OperatorToken, StartError> {
    if let Some(token) = &config.operator_token {
        return Ok(OperatorToken {
            hash: bearer::hash(token.expose()),
            made: None,
        });
    }
    let fresh = NewToken::from_random(
        TokenKind::Operator,
        random_bytes().map_err(|_| StartError::Randomness)?,
    );
    let kept = store.settle(SETTING, to_hex(&fresh.hash().0)).await?;
    let hash = from_hex(&kept)
        .ok_or_else(|| StartError::Storage(crate::storage::Error::Corrupt(format!("setting {SETTING}"))))?;
    let made = (hash == fresh.hash()).then_some(fresh);
    Ok(OperatorToken { hash, made })
}

/// The file of the master key.
pub(super) fn key_file(config: &Config) -> PathBuf {
    config.data_dir.join("master.key")
}

/// Takes the key of the settings; without one, the key file's, which is made when it is missing.
pub(super) fn master_key(config: &Config) -> Result<MasterKey, StartError> {
    if let Some(key) = &config.master_key {
        return Ok(key.clone());
    }
    let path = key_file(config);
    let text = files::read_or_create(&path, || {
        Ok(to_hex(&random_bytes().map_err(|_| StartError::Randomness)?))
    })?;
    MasterKey::parse(&text).ok_or(StartError::BadKeyFile(path))
}

/// What the database remembers of the master key: enough to notice another key, and nothing of the key.
pub(super) fn key_check(key: &MasterKey) -> String {
    let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.expose());
    let tag = aws_lc_rs::hmac::sign(&hmac_key, b"rollcall master key check 1");
    to_hex(&tag.as_ref()[..16])
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<TokenHash> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, position) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[position..position + 2], 16).ok()?;
    }
    Some(TokenHash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_hexadecimal_form() {
        let hash = bearer::hash("token");
        assert_eq!(from_hex(&to_hex(&hash.0)), Some(hash));
        assert_eq!(from_hex("zz"), None);
        assert_eq!(from_hex(&"é".repeat(32)), None);
    }

    #[test]
    fn another_key_has_another_check() {
        let check = |byte| key_check(&MasterKey::from_bytes([byte; 32]));
        assert_eq!(check(1), check(1));
        assert_ne!(check(1), check(2));
    }
}
