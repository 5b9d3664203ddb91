//! What the doors of passwords draw for their use cases: salts, tokens, nonces.

use super::clock;
use super::problem::Problem;
use crate::directory::SessionId;
use crate::login::local::FreshStep;
use crate::login::local::second_factor::FactorDice;

/// What a step may need that cannot be computed.
pub(super) fn fresh_step() -> Result<FreshStep, Problem> {
    let drawn = || {
        let random = [
            clock::random_bytes()?,
            clock::random_bytes()?,
            clock::random_bytes()?,
        ];
        let session = SessionId(clock::random_id());
        Ok::<_, aws_lc_rs::error::Unspecified>(FreshStep::new(session, random, clock::random_nonce()?))
    };
    drawn().map_err(|_| Problem::no_randomness())
}

/// Randomness for a salt or a token, and for the cipher.
pub(super) fn random() -> Result<([u8; 32], [u8; 12]), Problem> {
    let drawn = clock::random_bytes().and_then(|bytes| Ok((bytes, clock::random_nonce()?)));
    drawn.map_err(|_| Problem::no_randomness())
}

/// What an authenticator app and its recovery codes may be made of.
pub(super) fn factor_dice() -> Result<FactorDice, Problem> {
    let drawn = || {
        Ok::<_, aws_lc_rs::error::Unspecified>(FactorDice {
            secret: clock::random_bytes()?,
            recovery_codes: clock::random_bytes()?,
            nonce: clock::random_nonce()?,
        })
    };
    drawn().map_err(|_| Problem::no_randomness())
}
