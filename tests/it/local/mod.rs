//! Local accounts: passwords, the links that lead to one, signing in by one.

mod addresses;
mod anywhere;
mod attacks;
mod break_glass;
mod changes;
mod equal_work;
pub mod fixture;
mod form;
mod guesses;
mod invitations;
mod pages;
mod profile;
mod resets;
mod sign_in;
mod switch;
mod temporary;
