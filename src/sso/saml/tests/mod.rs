//! Messages as providers send them, and as attackers do.

mod attacks;
mod both_gates;
mod encryption;
mod shapes;
mod signatures;
mod signer;
