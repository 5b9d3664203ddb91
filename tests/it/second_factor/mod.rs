//! The second factor of local accounts: enrolment, codes, recovery codes, reset.

mod app;
mod delay;
pub mod fixture;
mod own;
mod pages;
mod races;
mod recovery;
mod reset;
mod secrets;
mod sign_in;
