//! Who we are to a provider: the entity id and addresses of one connection, and the metadata that says so.

use super::write::{DS, Element, MD};
use super::xml::PROTOCOL;
use super::{POST, REDIRECT};

/// This gateway as the service provider of one connection. All three are absolute URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceProvider<'a> {
    /// Our name at the provider, which its audience restrictions hold.
    pub entity_id: &'a str,
    /// Where responses come (assertion consumer service), by POST alone.
    pub acs_url: &'a str,
    /// Where messages of a sign-out come, by redirect and by POST.
    pub slo_url: &'a str,
}

/// What is opened, the best first (XML Encryption 1.1 5.2). The last two have no authentication of their own.
const CIPHERS: [(&str, bool); 4] = [
    ("http://www.w3.org/2009/xmlenc11#aes256-gcm", true),
    ("http://www.w3.org/2009/xmlenc11#aes128-gcm", true),
    ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", false),
    ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", false),
];
/// How the key of a cipher may travel (XML Encryption 1.1 5.5.2). Providers that know only the first take the first.
const KEY_TRANSPORTS: [&str; 2] = [
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
];
const NAME_ID_FORMATS: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
];

/// Our metadata for a provider (SAML metadata 2.4.4). Every certificate (base64 of DER) may sign and may be encrypted
/// for, so that a rotation overlaps; providers that take one take the first. `requests_signed` says that we sign our
/// requests, `require_gcm` leaves out the ciphers that would be refused.
///
/// There is no validUntil and no cacheDuration: most providers are given this once, by hand, and must not forget us.
#[must_use]
pub fn metadata(
    of: &ServiceProvider<'_>,
    certificates: &[String],
    requests_signed: bool,
    require_gcm: bool,
) -> String {
    let signing = certificates.iter().map(|text| key_descriptor("signing", text));
    let encryption = certificates
        .iter()
        .map(|text| key_descriptor("encryption", text).children(encryption_methods(require_gcm)));
    let logout = [REDIRECT, POST].map(|binding| endpoint("SingleLogoutService", binding, of.slo_url));
    let formats = NAME_ID_FORMATS.map(|format| Element::new(MD, "NameIDFormat").text(format));
    let consumer = endpoint("AssertionConsumerService", POST, of.acs_url)
        .attribute("index", "0")
        .attribute("isDefault", "true");
    // The schema wants the children in this order.
    let role = Element::new(MD, "SPSSODescriptor")
        .attribute("AuthnRequestsSigned", requests_signed.to_string())
        .attribute("WantAssertionsSigned", "true")
        .attribute("protocolSupportEnumeration", PROTOCOL)
        .children(signing)
        .children(encryption)
        .children(logout)
        .children(formats)
        .child(consumer);
    let entity = Element::new(MD, "EntityDescriptor")
        .attribute("entityID", of.entity_id)
        .child(role);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
        entity.to_xml()
    )
}

fn key_descriptor(usage: &str, certificate: &str) -> Element {
    let certificate = Element::new(DS, "X509Certificate").text(certificate);
    let data = Element::new(DS, "X509Data").child(certificate);
    Element::new(MD, "KeyDescriptor")
        .attribute("use", usage)
        .child(Element::new(DS, "KeyInfo").child(data))
}

fn encryption_methods(require_gcm: bool) -> impl Iterator<Item = Element> {
    CIPHERS
        .into_iter()
        .filter(move |(_, authenticated)| *authenticated || !require_gcm)
        .map(|(algorithm, _)| algorithm)
        .chain(KEY_TRANSPORTS)
        .map(|algorithm| Element::new(MD, "EncryptionMethod").attribute("Algorithm", algorithm))
}

fn endpoint(name: &'static str, binding: &str, location: &str) -> Element {
    Element::new(MD, name)
        .attribute("Binding", binding)
        .attribute("Location", location)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sso::saml::write::tests::HOSTILE;

    pub(in crate::sso::saml) const US: ServiceProvider<'static> = ServiceProvider {
        entity_id: "https://sso.example.org/saml/acme/1",
        acs_url: "https://sso.example.org/login/acme/1/acs",
        slo_url: "https://sso.example.org/login/acme/1/slo",
    };

    fn names_and<'a>(xml: &'a roxmltree::Document<'_>, attribute: &str) -> Vec<(&'a str, String)> {
        let role = xml.root_element().first_element_child().unwrap();
        let value = |node: roxmltree::Node<'_, '_>| node.attribute(attribute).unwrap_or_default().to_owned();
        let children = role.children().filter(roxmltree::Node::is_element);
        children
            .map(|node| (node.tag_name().name(), value(node)))
            .collect()
    }

    #[test]
    fn metadata_has_every_key_for_both_uses_in_the_order_of_the_schema() {
        let xml = metadata(&US, &["QQ==".to_owned(), "Qg==".to_owned()], true, false);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("entityID"), Some(US.entity_id));
        let role = root.first_element_child().unwrap();
        assert_eq!(role.attribute("AuthnRequestsSigned"), Some("true"));
        assert_eq!(role.attribute("WantAssertionsSigned"), Some("true"));
        let keys = [
            ("signing", "QQ=="),
            ("signing", "Qg=="),
            ("encryption", "QQ=="),
            ("encryption", "Qg=="),
        ];
        let found = names_and(&document, "use");
        for ((name, usage), expected) in found.iter().zip(keys) {
            assert_eq!((*name, usage.as_str()), ("KeyDescriptor", expected.0));
        }
        let certificates: Vec<_> = role
            .descendants()
            .filter(|node| node.tag_name().name() == "X509Certificate")
            .filter_map(|node| node.text())
            .collect();
        assert_eq!(certificates, keys.map(|(_, text)| text));
        let rest: Vec<_> = found[4..].iter().map(|(name, _)| *name).collect();
        assert_eq!(
            rest,
            [
                "SingleLogoutService",
                "SingleLogoutService",
                "NameIDFormat",
                "NameIDFormat",
                "NameIDFormat",
                "AssertionConsumerService"
            ]
        );
        let places = names_and(&document, "Location");
        assert_eq!(places[4].1, US.slo_url);
        assert_eq!(places[9].1, US.acs_url);
        assert_eq!(names_and(&document, "Binding")[9].1, POST);
    }

    #[test]
    fn what_would_be_refused_is_not_offered() {
        let methods = |require_gcm| -> Vec<String> {
            let xml = metadata(&US, &["QQ==".to_owned()], false, require_gcm);
            let document = roxmltree::Document::parse(&xml).unwrap();
            let nodes = document
                .descendants()
                .filter(|node| node.tag_name().name() == "EncryptionMethod");
            nodes
                .filter_map(|node| node.attribute("Algorithm"))
                .map(|algorithm| algorithm.rsplit('#').next().unwrap_or_default().to_owned())
                .collect()
        };
        let transports = ["rsa-oaep-mgf1p", "rsa-oaep"];
        assert_eq!(
            methods(true),
            [&["aes256-gcm", "aes128-gcm"], &transports[..]].concat()
        );
        assert_eq!(
            methods(false),
            [
                &["aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"],
                &transports[..]
            ]
            .concat()
        );
    }

    #[test]
    fn hostile_addresses_stay_values() {
        let hostile = ServiceProvider {
            entity_id: HOSTILE,
            acs_url: HOSTILE,
            slo_url: HOSTILE,
        };
        let xml = metadata(&hostile, &[HOSTILE.to_owned()], false, true);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let count =
            |xml: &roxmltree::Document<'_>| xml.descendants().filter(roxmltree::Node::is_element).count();
        let plain = metadata(&US, &["QQ==".to_owned()], false, true);
        assert_eq!(
            count(&document),
            count(&roxmltree::Document::parse(&plain).unwrap())
        );
    }
}
