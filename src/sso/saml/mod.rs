//! SAML 2.0: every message of a provider, judged before anything is believed, and the messages that we send.
//!
//! From bytes to signed text: [`binding`] undoes how a message travelled, [`xml`] reads it, `gate` and `signature` say
//! what it may look like, `verify` asks the one verifier, with the algorithms of `method`, `decrypt` decrypts, and [`open`] puts them in order. What is
//! believed afterwards is read from the signed text alone: [`profile`] judges what a response says, and gives the person.
//!
//! What is sent: `write` builds texts in canonical form, [`key`] signs them, [`service_provider`] and [`request`] say
//! who we are and what we ask, [`logout`] ends a session in either direction; [`redirect`] is the binding in which the
//! address is signed. [`metadata`] reads what a provider says of itself.

pub mod binding;
mod canonical;
pub mod certificate;
mod decrypt;
mod gate;
pub mod key;
pub mod logout;
pub mod metadata;
mod method;
pub mod name_id;
pub mod open;
pub mod profile;
pub mod redirect;
pub mod refusal;
pub mod request;
pub mod service_provider;
mod signature;
mod verify;
mod write;
pub mod xml;

pub use certificate::Certificate;
pub use name_id::NameId;
pub use refusal::SamlRefusal;

const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// The status of what went well (SAML core 3.2.2.2).
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

#[cfg(test)]
mod tests;
