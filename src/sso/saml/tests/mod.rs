//! Messages as providers send them, and as attackers do.

mod altered;
mod both_gates;
mod encryption;
mod shapes;
mod signatures;
mod signer;
mod texts;
mod wrapping;
