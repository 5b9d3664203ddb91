//! How our messages travel, and the keys for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::auth::vault::service_key_place;
use crate::directory::{Code, Connection, SamlBinding, SamlEndpoint, ServiceKey, TenantId};
use crate::login::{Elsewhere, Login};
use crate::sso::saml::key::Signer;
use crate::sso::saml::redirect::{self, Parameter};

/// The endpoint that takes messages by this binding; without one, or where there is none for it, by redirect before
/// POST.
pub(super) fn choose(endpoints: &[SamlEndpoint], binding: Option<SamlBinding>) -> Option<&SamlEndpoint> {
    let find = |binding| endpoints.iter().find(|endpoint| endpoint.binding == binding);
    binding
        .and_then(find)
        .or_else(|| find(SamlBinding::Redirect))
        .or_else(|| find(SamlBinding::Post))
}

/// A message on its way to a provider. `text` writes it, with a signature of its own where a signer is given: a message
/// in an address is signed there instead (SAML bindings 3.4.4.1).
pub(super) fn send(
    to: (SamlBinding, Url),
    parameter: Parameter,
    text: impl FnOnce(Option<&Signer>) -> String,
    relay_state: Option<&str>,
    signer: Option<&Signer>,
) -> Elsewhere {
    match to {
        (SamlBinding::Redirect, url) => {
            let address = redirect::address(&url, parameter, &text(None), relay_state, signer);
            Elsewhere::Address(address)
        }
        (SamlBinding::Post, action) => {
            let mut fields = vec![(parameter.as_str(), STANDARD.encode(text(signer)))];
            fields.extend(relay_state.map(|text| ("RelayState", text.to_owned())));
            Elsewhere::Form { action, fields }
        }
    }
}

impl Login {
    /// The key that signs what we send to a provider.
    pub(super) fn signer(&self, tenant: TenantId, connection: &Connection) -> Result<Signer, Code> {
        let signs = connection.keys.iter().find(|key| key.signs);
        let key = signs.ok_or_else(|| {
            tracing::error!(connection = %connection.id, "a connection has no key that signs");
            Code::InternalError
        })?;
        let pem = self.open_service_key(tenant, connection, key)?;
        Signer::open(&pem, &key.certificate).map_err(|error| {
            tracing::error!(%error, connection = %connection.id, "the key of a connection cannot be used");
            Code::InternalError
        })
    }

    /// A private key of ours, in PEM.
    pub(super) fn open_service_key(
        &self,
        tenant: TenantId,
        connection: &Connection,
        key: &ServiceKey,
    ) -> Result<String, Code> {
        let place = service_key_place(tenant, connection.id, key.id);
        self.vault.open(&key.private_key.0, &place).map_err(|error| {
            tracing::error!(%error, connection = %connection.id, "the key of a connection cannot be opened");
            Code::InternalError
        })
    }
}
