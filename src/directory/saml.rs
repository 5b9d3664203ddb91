//! What is set of a SAML connection.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// What can be set of SAML 2.0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlSettings {
    /// The identity provider, as its metadata describes it.
    pub provider: SamlProvider,
    /// Where its metadata is fetched from again.
    pub metadata_url: Option<String>,
    /// How requests travel; the provider's first choice of redirect, then POST, when unset.
    pub request_binding: Option<SamlBinding>,
    /// Signs requests also where the provider's metadata does not ask for it.
    pub sign_requests: bool,
    /// Takes a response that answers no request of ours.
    pub allow_idp_initiated: bool,
    /// Refuses assertions that are encrypted without authentication (CBC).
    pub require_gcm: bool,
}

impl SamlSettings {
    /// Whether a login that went well with these settings says the same of those: where metadata is fetched from plays
    /// no part in a login.
    #[must_use]
    pub fn signs_in_as(&self, other: &Self) -> bool {
        let metadata_url = self.metadata_url.clone();
        *self
            == Self {
                metadata_url,
                ..other.clone()
            }
    }

    /// The provider has to take requests by the binding that is set.
    ///
    /// # Errors
    /// [`Refusal::BindingNotOffered`].
    pub fn check_binding(&self) -> Result<(), Refusal> {
        let offers = |binding| {
            let mut all = self.provider.single_sign_on.iter();
            all.any(|endpoint| endpoint.binding == binding)
        };
        match self.request_binding {
            Some(binding) if !offers(binding) => Err(Refusal::BindingNotOffered(binding)),
            _ => Ok(()),
        }
    }
}

/// An identity provider as its metadata describes it (SAML metadata 2.4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProvider {
    /// Its entity id, compared exactly with every issuer.
    pub entity_id: String,
    /// The certificates whose keys may sign: base64 of DER, at least one.
    pub certificates: Vec<String>,
    /// Where requests for a sign-in go: at least one.
    pub single_sign_on: Vec<SamlEndpoint>,
    /// Where its sign-out is; none where it has none.
    pub single_logout: Vec<SamlEndpoint>,
    /// Its `WantAuthnRequestsSigned`.
    pub wants_signed_requests: bool,
}

/// Where a provider takes messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlEndpoint {
    /// How they travel.
    pub binding: SamlBinding,
    /// Where they go.
    pub url: String,
    /// Where answers go, when that is another place.
    pub response_url: Option<String>,
}

/// How a message travels through the browser (SAML bindings 3.4 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamlBinding {
    /// In the address, deflated.
    Redirect,
    /// In a form that sends itself.
    Post,
}

impl SamlBinding {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Redirect, Self::Post];

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|binding| binding.as_str() == word)
    }

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Post => "post",
        }
    }
}
