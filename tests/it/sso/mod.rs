//! Single sign-on, from the browser's side and from the identity provider's.

mod attacks;
pub mod fixture;
mod harness_check;
mod https;
mod lifecycle;
mod logout;
mod pages;
mod provider;
mod saml;
mod sessions;
mod settings;
mod sign_in;
mod trial;
mod valid_shapes;
