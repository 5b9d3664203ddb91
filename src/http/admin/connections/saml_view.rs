//! What a SAML connection has, as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::time;
use crate::accounts::connections::metadata::{CertificateSummary, describe_certificates};
use crate::directory::{
    ConnectionId, MetadataOffer, MetadataState, SamlBinding, SamlEndpoint, SamlProvider, SamlSettings,
    ServiceKey, Slug,
};
use crate::login::Login;

/// What SAML connections have.
#[derive(Serialize, ToSchema)]
pub(super) struct SamlConnectionView {
    /// Where the provider posts its responses (assertion consumer service).
    acs_url: String,
    /// Our name at the provider.
    entity_id: String,
    /// Where the provider finds all of this as SAML metadata.
    metadata_url: String,
    /// Where the provider sends messages of a sign-out.
    slo_url: String,
    idp: IdpView,
    idp_metadata: IdpMetadataView,
    /// Takes a response that answers no request of ours.
    allow_idp_initiated: bool,
    /// Refuses assertions that are encrypted without authentication (CBC).
    require_gcm: bool,
    /// Signs requests also where the provider's metadata does not ask for it.
    sign_requests: bool,
    /// How requests travel, `redirect` or `post`; null for redirect where the provider takes it.
    request_binding: Option<&'static str>,
    /// Our own keys, oldest first: all are published and decrypt, one signs.
    keys: Vec<ServiceKeyView>,
}

/// The identity provider as its metadata describes it.
#[derive(Serialize, ToSchema)]
struct IdpView {
    entity_id: String,
    /// Whose signatures are believed.
    certificates: Vec<CertificateView>,
    single_sign_on: Vec<EndpointView>,
    single_logout: Vec<EndpointView>,
    /// Whether it wants requests signed.
    wants_signed_requests: bool,
}

/// What is known of the provider's metadata at its address.
#[derive(Serialize, ToSchema)]
struct IdpMetadataView {
    /// Where it is fetched from once a day; null when it was given as a text.
    url: Option<String>,
    /// When it was last looked for.
    #[schema(format = DateTime)]
    checked_at: Option<String>,
    /// Why it was not to be had or not to be read, the last time.
    error: Option<String>,
    offer: Option<OfferView>,
}

/// What the metadata says otherwise than this connection has it. It is taken by `.../accept-offer`, which names its
/// `found_at`.
#[derive(Serialize, ToSchema)]
struct OfferView {
    #[schema(format = DateTime)]
    found_at: String,
    /// What differs, in words.
    changes: Vec<String>,
    /// Whether a certificate that the connection trusts has signed it.
    signed_by_known: bool,
    idp: IdpView,
}

/// A certificate of the provider.
#[derive(Serialize, ToSchema)]
struct CertificateView {
    /// The common name of its subject, or the empty text.
    subject: String,
    /// The end of its validity.
    #[schema(format = DateTime)]
    not_after: String,
    /// SHA-256, in lower-case hexadecimal with colons.
    fingerprint: String,
}

/// Where the provider takes messages.
#[derive(Serialize, ToSchema)]
struct EndpointView {
    /// `redirect` or `post`.
    binding: &'static str,
    url: String,
    /// Where answers go, when that is another place.
    response_url: Option<String>,
}

/// A key of ours.
#[derive(Serialize, ToSchema)]
pub(super) struct ServiceKeyView {
    id: Uuid,
    /// Base64 of DER.
    certificate: String,
    /// SHA-256 of the certificate, in lower-case hexadecimal with colons.
    fingerprint: String,
    #[schema(format = DateTime)]
    not_after: Option<String>,
    /// Whether it signs what is sent; all keys decrypt.
    signs: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

impl SamlConnectionView {
    pub(super) fn new(
        saml: SamlSettings,
        metadata: MetadataState,
        keys: &[ServiceKey],
        url: impl Fn(fn(&Login, &Slug, ConnectionId) -> String) -> String,
    ) -> Self {
        Self {
            acs_url: url(Login::acs_url),
            entity_id: url(Login::metadata_url),
            metadata_url: url(Login::metadata_url),
            slo_url: url(Login::slo_url),
            idp: saml.provider.into(),
            idp_metadata: IdpMetadataView {
                url: saml.metadata_url,
                checked_at: time(metadata.checked_at),
                error: metadata.error,
                offer: metadata.offer.map(Into::into),
            },
            allow_idp_initiated: saml.allow_idp_initiated,
            require_gcm: saml.require_gcm,
            sign_requests: saml.sign_requests,
            request_binding: saml.request_binding.map(SamlBinding::as_str),
            keys: keys.iter().map(Into::into).collect(),
        }
    }
}

impl From<SamlProvider> for IdpView {
    fn from(provider: SamlProvider) -> Self {
        let certificates = describe_certificates(&provider.certificates);
        let endpoints = |all: Vec<SamlEndpoint>| all.into_iter().map(Into::into).collect();
        Self {
            entity_id: provider.entity_id,
            certificates: certificates.into_iter().map(Into::into).collect(),
            single_sign_on: endpoints(provider.single_sign_on),
            single_logout: endpoints(provider.single_logout),
            wants_signed_requests: provider.wants_signed_requests,
        }
    }
}

impl From<MetadataOffer> for OfferView {
    fn from(offer: MetadataOffer) -> Self {
        Self {
            found_at: offer.found_at.to_string(),
            changes: offer.changes,
            signed_by_known: offer.signed_by_known,
            idp: offer.provider.into(),
        }
    }
}

impl From<CertificateSummary> for CertificateView {
    fn from(certificate: CertificateSummary) -> Self {
        Self {
            subject: certificate.subject,
            not_after: certificate.not_after.to_string(),
            fingerprint: certificate.fingerprint,
        }
    }
}

impl From<SamlEndpoint> for EndpointView {
    fn from(endpoint: SamlEndpoint) -> Self {
        Self {
            binding: endpoint.binding.as_str(),
            url: endpoint.url,
            response_url: endpoint.response_url,
        }
    }
}

impl From<&ServiceKey> for ServiceKeyView {
    fn from(key: &ServiceKey) -> Self {
        let described = describe_certificates([&key.certificate]).pop();
        let (fingerprint, not_after) = described.map(|one| (one.fingerprint, one.not_after)).unzip();
        Self {
            id: key.id,
            certificate: key.certificate.clone(),
            fingerprint: fingerprint.unwrap_or_default(),
            not_after: time(not_after),
            signs: key.signs,
            created_at: key.created_at.to_string(),
        }
    }
}
