//! OAuth clients of directories over HTTP: how a token is got and found, what it opens, and what ends it.

mod administration;
mod assertions;
mod audit;
mod discovery;
pub mod fixture;
mod forgeries;
mod keys;
mod logs;
mod refusals;
mod revocation;
mod secrets;
