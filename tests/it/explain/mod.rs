//! Explanations of SCIM requests: what they say, and that the request then comes to exactly that.

mod access;
mod asking;
mod past;
mod properties;
mod random;
mod requests;
