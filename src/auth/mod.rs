//! Proofs of who is calling, and what keeps secrets, as pure functions. Randomness comes in as an argument.

pub mod bearer;
pub mod letters;
pub mod mac;
pub mod password;
pub mod qr;
pub mod recovery;
pub mod totp;
pub mod vault;
