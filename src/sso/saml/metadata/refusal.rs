//! Why metadata gives no provider.

use jiff::Timestamp;

/// Why metadata gives no provider. The texts name the element or attribute and what is accepted; what they repeat of
/// the metadata is cut and cleaned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataRefusal {
    /// Too long, not XML, or XML with what is not taken.
    #[error("the metadata has {received}; accepted is {accepted}")]
    Unreadable {
        /// What would have been read.
        accepted: String,
        /// What stopped the reader.
        received: String,
    },
    /// Another document.
    #[error(
        "the root element is {0:?}; accepted is the EntityDescriptor or EntitiesDescriptor of SAML 2.0 metadata"
    )]
    NoMetadata(String),
    /// The entity that was asked for is not there.
    #[error("there is no EntityDescriptor with this entityID; there are: {0}")]
    OtherEntity(String),
    /// Another role: a service provider, WS-Federation, SAML 1.1.
    #[error(
        "there is no IDPSSODescriptor whose protocolSupportEnumeration has urn:oasis:names:tc:SAML:2.0:protocol; \
         the metadata of an identity provider is wanted"
    )]
    NoProvider,
    /// One has to be named.
    #[error("there are several identity providers, and one has to be named by its entityID: {0}")]
    SeveralProviders(String),
    /// Missing, too long, or with white space.
    #[error("the entityID is {0:?}; accepted are 1 to 1024 characters without white space")]
    EntityId(String),
    /// Not a time.
    #[error("validUntil is {0:?}; accepted is a time such as 2026-01-31T12:00:00Z")]
    ValidUntil(String),
    /// The metadata is no longer valid.
    #[error("validUntil has passed: the metadata was valid until {0}")]
    Expired(Timestamp),
    /// Nothing that could verify a signature.
    #[error(
        "the IDPSSODescriptor has no certificate for signing: at least one KeyDescriptor without use, or with \
         use=\"signing\", and an X509Certificate is needed"
    )]
    NoCertificate,
    /// None of the certificates can be used.
    #[error("no certificate for signing can be used: {0}")]
    Certificates(String),
    /// More than anybody needs.
    #[error("there are more than {0} certificates for signing")]
    TooManyCertificates(usize),
    /// No way to ask for a sign-in.
    #[error("the IDPSSODescriptor has no SingleSignOnService with the binding HTTP-Redirect or HTTP-POST")]
    NoSignOn,
    /// None of the addresses can be used.
    #[error("no SingleSignOnService can be used: {0}")]
    SignOn(String),
}
