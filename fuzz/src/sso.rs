//! Of `src/sso/mod.rs` what SAML needs: OpenID Connect is not fuzzed, and would bring its clients with it.

#[path = "../../src/sso/attributes/mod.rs"]
pub mod attributes;
#[path = "../../src/sso/identity.rs"]
pub mod identity;
#[path = "../../src/sso/json.rs"]
mod json;
#[path = "../../src/sso/saml/mod.rs"]
pub mod saml;
#[path = "../../src/sso/shown.rs"]
mod shown;
pub mod signing;

pub use attributes::{AttributeMapping, Attributes, EmailClaim};
pub use identity::VerifiedIdentity;
// Where the signer of the gate's tests looks for them.
use saml::{Certificate, open, xml};

/// The door for JSON of providers.
pub fn parse_object(bytes: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    json::parse_object(bytes)
}
