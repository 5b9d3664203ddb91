//! To the provider.

use jiff::Timestamp;
use url::Url;

use super::sending::{choose, send};
use crate::directory::{Code, SamlSettings};
use crate::login::attempt::Secrets;
use crate::login::doors::Doors;
use crate::login::{Elsewhere, Login};
use crate::sso::saml::redirect::Parameter;
use crate::sso::saml::request::AuthnRequest;
use crate::sso::saml::service_provider::ServiceProvider;

/// The request for a sign-in, on its way. Nothing is written.
///
/// The state is the id of the request: 256 random bits behind a letter, as an XML name wants. It is sent as relay
/// state too, by which a test is known whose answer says nothing; the attempt itself is found by what the provider has signed.
pub(in crate::login) fn request(
    on: &Login,
    at: &Doors,
    settings: &SamlSettings,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<Elsewhere, Code> {
    let provider = &settings.provider;
    let endpoint = choose(&provider.single_sign_on, settings.request_binding);
    let endpoint = endpoint.ok_or(Code::SsoConnectionNotConfigured)?;
    let url = Url::parse(&endpoint.url).map_err(|_| Code::SsoConnectionNotConfigured)?;
    let is_signed = settings.sign_requests || provider.wants_signed_requests;
    let signer = is_signed
        .then(|| on.signer(at.tenant.id, &at.connection))
        .transpose()?;
    let (slug, id) = (&at.tenant.slug, at.connection.id);
    let service_provider = ServiceProvider {
        entity_id: &on.metadata_url(slug, id),
        acs_url: &on.acs_url(slug, id),
        slo_url: &on.slo_url(slug, id),
    };
    let request = AuthnRequest {
        id: secrets.state.expose(),
        destination: &endpoint.url,
        sp: &service_provider,
        now,
    };
    Ok(send(
        (endpoint.binding, url),
        Parameter::Request,
        |signer| request.to_xml(signer),
        Some(secrets.state.expose()),
        signer.as_ref(),
    ))
}
