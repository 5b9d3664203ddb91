//! SAML sign-ins: what an identity provider, a network or a stranger may try, what providers send, and two programs of
//! other people that send it.
//!
//! `refused!` makes a test of each message that must come to nothing. It goes the whole way through the running gateway,
//! and `House::is_refused` looks at what is left: the code, the report, the people, the cookies, and a canary that
//! nothing has a reason to call.

pub mod fixture;
#[macro_use]
mod refused;

mod browsers;
mod conditions;
mod documents;
mod encryption;
mod https;
mod logout;
mod program;
mod provider_begins;
mod pysaml2;
mod references;
mod relay_state;
mod requests;
mod signatures;
mod simplesamlphp;
mod sizes;
mod trial;
mod valid_shapes;
mod wrapping;
