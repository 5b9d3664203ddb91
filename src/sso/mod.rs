//! Single sign-on as pure functions: who does this provider say is calling, and may its word be taken?
//!
//! Everything here gets bytes that others fetched, what was expected of them, and the time; it gives a value or a
//! refusal that names the check which failed. It does no I/O and reads no clock and no randomness. Both protocols end in one
//! [`VerifiedIdentity`], which nothing outside this module can make.

pub mod attributes;
pub mod identity;
pub mod jit;
mod json;
pub mod oidc;
pub mod saml;
mod shown;

pub use attributes::{AttributeMapping, Attributes, EmailClaim};
pub use identity::VerifiedIdentity;
