//! Single sign-on, from the browser's side and from the identity provider's.

mod attacks;
pub mod fixture;
mod harness_check;
mod sign_in;
mod valid_shapes;
