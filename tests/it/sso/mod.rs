//! Single sign-on, from the browser's side and from the identity provider's.

mod harness_check;
