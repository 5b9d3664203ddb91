//! Signing in and out through a SAML provider: to the provider and back, and the sign-out in both directions.
//!
//! It owns how our messages travel and in which order a provider's are judged. What a message may look like and say is
//! `sso::saml`'s; what every sign-in begins and ends with is the parent's.

mod bench;
mod finish;
mod logout;
mod message;
mod request;
mod sending;
mod slo;

pub use crate::sso::saml::binding::MAX_FORM;
pub(super) use bench::Workbench;
pub use finish::finish;
pub(super) use logout::ask;
pub use message::{Carried, NotPosted, Posted};
pub(super) use request::request;
pub use slo::{Heard, SloMessage, hear};
