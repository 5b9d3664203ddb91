//! Work that no request waits for.

pub mod token_uses;
