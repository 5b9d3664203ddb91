//! Local accounts: signing in by e-mail address and password, and the links and doors by which a password is set.
//!
//! A sign-in is a row of steps ([`step::next_step`]); between two of them the person holds a ticket, and at the end
//! [`complete`](super::complete) opens the session, for guests in another tenant ([`Crossing`]). Passwords are hashed and compared before a transaction, never in one;
//! inside it is looked at again whether what was compared is still what is kept. Whether an account exists is told to
//! nobody who has not given its password.

mod account;
mod anywhere;
mod change;
mod choice;
mod crossing;
mod error;
mod link;
mod own;
mod reset;
pub mod second_factor;
mod sign_in;
pub mod step;
mod ticket;

pub use account::KNOWN_BROWSER_SECONDS;
pub use change::{change_by_ticket, change_own};
pub use choice::{choose, list_tenants, switch};
pub use crossing::Crossing;
pub use error::LocalError;
pub use link::{Link, LinkKind, follow, look, redeem};
pub use own::confirm_own;
pub use reset::{ResetAsked, ask_reset, send_reset};
pub use sign_in::{Asked, sign_in};
pub use step::Step;
pub use ticket::{FreshStep, Shown, Stage};
