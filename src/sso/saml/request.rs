//! Our request for a sign-in (SAML core 3.4.1).

use jiff::Timestamp;

use super::POST;
use super::key::Signer;
use super::service_provider::ServiceProvider;
use super::write::{Element, SAML, SAMLP, moment};

/// A request for a sign-in. It asks for no name id format and no way of authentication: what a provider sends is set
/// at the provider, and more than one refuses a request that names what it was not set to.
#[derive(Debug, Clone, Copy)]
pub struct AuthnRequest<'a> {
    /// Its id, which the response repeats: an XML name (begins with a letter or `_`) of at least 128 random bits.
    pub id: &'a str,
    /// The provider's endpoint that it goes to.
    pub destination: &'a str,
    /// We.
    pub sp: &'a ServiceProvider<'a>,
    /// When it is sent.
    pub now: Timestamp,
}

impl AuthnRequest<'_> {
    /// The text. With a signer it carries a signature of its own, as the POST binding wants; the redirect binding
    /// signs the address instead (bindings 3.4.4.1).
    #[must_use]
    pub fn to_xml(&self, signer: Option<&Signer>) -> String {
        let policy = Element::new(SAMLP, "NameIDPolicy").attribute("AllowCreate", "true");
        let request = Element::new(SAMLP, "AuthnRequest")
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", moment(self.now))
            .attribute("Destination", self.destination)
            .attribute("AssertionConsumerServiceURL", self.sp.acs_url)
            .attribute("ProtocolBinding", POST)
            .child(Element::new(SAML, "Issuer").text(self.sp.entity_id))
            .child(policy);
        request.into_message(signer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sso::saml::service_provider::tests::US;
    use crate::sso::saml::write::tests::{HOSTILE, now, signed_part, signer};

    fn request() -> AuthnRequest<'static> {
        AuthnRequest {
            id: "_0123456789abcdef",
            destination: "https://idp.example.com/sso?a=1&b=2",
            sp: &US,
            now: now(),
        }
    }

    #[test]
    fn a_request_says_who_asks_and_where_the_answer_goes() {
        let expected = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             AssertionConsumerServiceURL=\"https://sso.example.org/login/acme/1/acs\" \
             Destination=\"https://idp.example.com/sso?a=1&amp;b=2\" ID=\"_0123456789abcdef\" \
             IssueInstant=\"2026-05-04T08:00:00Z\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             https://sso.example.org/saml/acme/1</saml:Issuer>\
             <samlp:NameIDPolicy AllowCreate=\"true\"></samlp:NameIDPolicy></samlp:AuthnRequest>";
        assert_eq!(request().to_xml(None), expected);
    }

    #[test]
    fn a_signed_request_is_verified_by_another_implementation_whatever_it_holds() {
        let signer = signer();
        let hostile = ServiceProvider {
            entity_id: HOSTILE,
            ..US
        };
        let mut request = request();
        request.sp = &hostile;
        request.destination = HOSTILE;
        let signed = signed_part(&request.to_xml(Some(&signer)), &signer);
        assert_eq!(signed, Some(request.to_xml(None)));
    }
}
