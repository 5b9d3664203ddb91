//! Letters are sealed before they wait in the outbox: they may hold a token.

use super::vault::{Vault, VaultError};
use crate::directory::{Letter, Mail, TenantId};

/// Seals a letter to somebody. `nonce` is used once.
///
/// # Errors
/// The cipher failed.
pub fn seal(
    vault: &Vault,
    tenant: TenantId,
    recipient: &str,
    letter: &Letter,
    nonce: [u8; 12],
) -> Result<Mail, VaultError> {
    // Only maps with odd keys and failing writers fail.
    let text = serde_json::to_string(letter).map_err(|_| VaultError::Damaged)?;
    Ok(Mail {
        recipient: recipient.to_owned(),
        template: letter.template(),
        sealed: vault.seal(&text, &Letter::place(tenant, recipient), nonce)?,
    })
}

/// Another nonce for each letter of one random one: the last four bytes count (NIST SP 800-38D section 8.2.1).
#[must_use]
pub fn nonce_of(mut random: [u8; 12], number: u32) -> [u8; 12] {
    if let Some(last) = random.last_chunk_mut() {
        *last = u32::from_be_bytes(*last).wrapping_add(number).to_be_bytes();
    }
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_an_alert_has_a_nonce_of_its_own() {
        let random = [0xff; 12];
        assert_eq!(nonce_of(random, 0), random);
        assert_eq!(nonce_of(random, 2)[..8], random[..8]);
        assert_eq!(nonce_of(random, 2)[8..], [0, 0, 0, 1]);
        let all: std::collections::BTreeSet<_> = (0..1000).map(|number| nonce_of(random, number)).collect();
        assert_eq!(all.len(), 1000);
    }
}
