//! Who is calling.

pub mod caller;

pub use caller::{Denied, Login, ScimClient};
