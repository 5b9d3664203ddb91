//! Proofs of who is calling, as pure functions. Randomness comes in as an argument.

pub mod bearer;
