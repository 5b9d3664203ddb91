//! Accounts by hand, invitations, and the mail that carries them.

pub mod by_hand;
pub mod eml;
mod fields;
mod invitations;
mod list;
mod outbox;
mod real;
pub mod rows;
mod server;
mod smtp;
