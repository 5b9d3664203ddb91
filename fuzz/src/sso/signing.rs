//! The signer of the gate's own tests.

#[path = "../../../src/sso/saml/tests/signer.rs"]
pub mod signer;
