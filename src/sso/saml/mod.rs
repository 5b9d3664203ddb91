//! SAML 2.0: every message of a provider, judged before anything is believed, and the messages that we send.

pub mod certificate;
pub mod refusal;

pub use certificate::Certificate;
pub use refusal::SamlRefusal;
