//! OpenID Connect: every document of a provider, judged before anything is believed.
//!
//! In the order of a sign-in: [`discovery`] vets what a provider says of itself, [`keys`] reads its keys,
//! [`authorization`] makes the request and reads the callback, [`token_response`] reads what the token endpoint
//! answers, [`id_token`] verifies, [`userinfo`] completes; [`logout_token`] ends sessions later. [`assertion`] is of no
//! person: it verifies the word of an issuer about an OAuth client. Cryptography is
//! jsonwebtoken's over aws-lc, asked through one function of `jws`; every other check is made here, because
//! no library was found that makes them all.

pub mod algorithm;
pub mod assertion;
pub mod authorization;
mod claims;
pub mod discovery;
pub mod id_token;
mod jws;
pub mod keys;
pub mod logout_token;
pub mod refusal;
pub mod token_response;
pub mod userinfo;

pub use algorithm::{Algorithm, Algorithms};
pub use claims::{CLOCK_SKEW, Expectation, MAX_AGE};
pub use discovery::Provider;
pub use keys::KeySet;
pub use refusal::{Check, TokenRefusal};

#[cfg(test)]
mod tests;
