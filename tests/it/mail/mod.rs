//! Accounts by hand, invitations, and the mail that carries them.

mod by_hand;
mod eml;
mod fields;
mod invitations;
mod outbox;
pub mod rows;
mod server;
mod smtp;
