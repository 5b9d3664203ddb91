//! SAML 2.0: every message of a provider, judged before anything is believed, and the messages that we send.

pub mod certificate;
pub mod key;
pub mod refusal;
pub mod request;
pub mod service_provider;
mod write;

pub use certificate::Certificate;
pub use refusal::SamlRefusal;

const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
