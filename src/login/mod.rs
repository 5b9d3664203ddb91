//! Who is calling, and (from the sign-in issues on) how people come in.

pub mod caller;

pub use caller::{Denied, Login, ScimClient};
