//! Mail through a mail server of other people (`conformance/smtp`), which also reads what it was sent.

mod delivery;
mod messages;
mod nodes;
mod server;
mod transport;
