//! What browsers carry here from a provider, before anything of it is believed.

/// What a form at the address for responses holds.
#[derive(Debug, Clone)]
pub struct Posted {
    /// `SAMLResponse` as it stands in the form.
    pub response: String,
    /// `RelayState` as it stands in the form.
    pub relay_state: Option<String>,
    /// Where the browser goes afterwards when the provider began: a path of ours.
    pub return_to: String,
}

/// What is wrong with a form that carries no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPosted(pub &'static str);

/// How a message of a sign-out came (SAML bindings 3.4 and 3.5).
#[derive(Debug, Clone)]
pub enum Carried {
    /// In the address: the query as it came.
    Redirect(String),
    /// In a form.
    Post {
        /// `SAMLRequest`.
        request: Option<String>,
        /// `SAMLResponse`.
        response: Option<String>,
        /// `RelayState`.
        relay_state: Option<String>,
    },
}
