//! Letters are sealed before they wait in the outbox: they may hold a token.

use crate::auth::vault::{Vault, VaultError};
use crate::directory::{Letter, Mail, TenantId};

/// Seals a letter to somebody. `nonce` is used once.
pub(super) fn seal(
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
