//! Messages as providers send them, and as attackers do.

mod attacks;
mod encryption;
mod shapes;
mod signatures;
mod signer;
