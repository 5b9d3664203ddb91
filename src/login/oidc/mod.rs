//! Signing in through an `OpenID` provider: to the provider, and back. It owns what the protocol asks; what every sign-in
//! begins and ends with is the parent's.

mod exchange;
mod finish;
mod logout;
mod request;

use exchange::verify_token;
pub use finish::finish;
pub use logout::end_by_provider;
pub(super) use logout::end_session_url;
pub(super) use request::request;
