//! What the doors of passwords draw for their use cases: salts, tokens, nonces.

use super::clock::{self, NoRandomness};
use crate::directory::SessionId;
use crate::login::local::FreshStep;
use crate::login::local::second_factor::FactorDice;

/// What a step may need that cannot be computed.
pub(super) fn fresh_step() -> Result<FreshStep, NoRandomness> {
    let random = [
        clock::random_bytes()?,
        clock::random_bytes()?,
        clock::random_bytes()?,
    ];
    let session = SessionId(clock::random_id());
    Ok(FreshStep::new(session, random, clock::random_nonce()?))
}

/// Randomness for a salt or a token, and for the cipher.
pub(super) fn random() -> Result<([u8; 32], [u8; 12]), NoRandomness> {
    Ok((clock::random_bytes()?, clock::random_nonce()?))
}

/// What an authenticator app and its recovery codes may be made of.
pub(super) fn factor_dice() -> Result<FactorDice, NoRandomness> {
    Ok(FactorDice {
        secret: clock::random_bytes()?,
        recovery_codes: clock::random_bytes()?,
        nonce: clock::random_nonce()?,
    })
}
