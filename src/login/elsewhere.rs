//! Where a browser is sent when it has to go to an identity provider.

use url::Url;

/// A way to an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// By a redirect.
    Address(Url),
    /// By a form that the browser posts there.
    Form {
        /// Where the form goes.
        action: Url,
        /// Its fields, by name.
        fields: Vec<(&'static str, String)>,
    },
}
