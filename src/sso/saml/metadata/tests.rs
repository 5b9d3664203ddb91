use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::*;
use crate::directory::SamlBinding::{self, Post, Redirect};
use crate::sso::saml::key::{self, NewKey, Signer};
use crate::sso::saml::write::{Element, MD, SAML};
use crate::sso::saml::{POST, REDIRECT};

static KEYS: LazyLock<[NewKey; 3]> =
    LazyLock::new(|| ["one", "two", "other"].map(|name| key::generate(name, now()).unwrap()));
static EXPIRED: LazyLock<String> = LazyLock::new(|| {
    let made = key::generate("expired", "2010-01-01T00:00:00Z".parse().unwrap());
    made.unwrap().certificate
});
static WEAK: LazyLock<String> = LazyLock::new(|| {
    let key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let certificate = key::self_signed(&key, "weak", now()).unwrap();
    STANDARD.encode(certificate.to_der().unwrap())
});

fn now() -> Timestamp {
    "2026-05-04T08:00:00Z".parse().unwrap()
}

fn one() -> &'static str {
    &KEYS[0].certificate
}

/// A fixture with certificates in their places; `{WRAPPED}` is the first in lines, as files have it.
fn filled(fixture: &str) -> String {
    let lines: Vec<&str> = one()
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    fixture
        .replace("{WRAPPED}", &lines.join("\n            "))
        .replace("{ONE}", one())
        .replace("{TWO}", &KEYS[1].certificate)
        .replace("{OTHER}", &KEYS[2].certificate)
}

fn read(text: &str) -> Result<SamlProvider, MetadataRefusal> {
    read_provider(text, None, now(), false)
}

fn key_descriptor(certificate: &str) -> String {
    format!(
        "<KeyDescriptor><KeyInfo xmlns='{DSIG}'><X509Data><X509Certificate>{certificate}</X509Certificate>\
         </X509Data></KeyInfo></KeyDescriptor>"
    )
}

fn endpoint(service: &str, binding: &str, location: &str) -> String {
    format!("<{service} Binding='{binding}' Location='{location}'/>")
}

fn entity(entity_id: &str, inside: &str) -> String {
    format!(
        "<EntityDescriptor xmlns='{METADATA}' entityID='{entity_id}'>\
         <IDPSSODescriptor protocolSupportEnumeration='{PROTOCOL}'>{inside}</IDPSSODescriptor></EntityDescriptor>"
    )
}

fn sign_on(location: &str) -> String {
    endpoint("SingleSignOnService", REDIRECT, location)
}

/// What everybody can read: one certificate, one address.
fn plain() -> String {
    entity(
        "https://idp.example",
        &(key_descriptor(one()) + &sign_on("https://idp.example/sso")),
    )
}

fn shape(endpoints: &[SamlEndpoint]) -> Vec<(SamlBinding, &str, Option<&str>)> {
    endpoints
        .iter()
        .map(|endpoint| {
            (
                endpoint.binding,
                endpoint.url.as_str(),
                endpoint.response_url.as_deref(),
            )
        })
        .collect()
}

/// What a fixture comes to; certificates by their place in [`KEYS`].
struct Known {
    fixture: &'static str,
    entity_id: &'static str,
    certificates: &'static [usize],
    sign_on: &'static [(SamlBinding, &'static str)],
    logout: &'static [(SamlBinding, &'static str, Option<&'static str>)],
    wants_signed: bool,
}

const OKTA: &str = "https://acme.okta.com/app/acme_rollcall_1/exk1a2b3c4d5e6f7g8h9/sso/saml";
const ENTRA: &str = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/saml2";
const ADFS: &str = "https://sts.acme.example/adfs/ls/";
const GOOGLE: &str = "https://accounts.google.com/o/saml2/idp?idpid=C01abcdef";
const KEYCLOAK: &str = "https://keycloak.acme.example/realms/staff/protocol/saml";
const KNOWN: [Known; 7] = [
    Known {
        fixture: include_str!("fixtures/okta.xml"),
        entity_id: "http://www.okta.com/exk1a2b3c4d5e6f7g8h9",
        certificates: &[0],
        sign_on: &[(Post, OKTA), (Redirect, OKTA)],
        logout: &[],
        wants_signed: false,
    },
    Known {
        fixture: include_str!("fixtures/entra.xml"),
        entity_id: "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
        certificates: &[0],
        sign_on: &[(Redirect, ENTRA), (Post, ENTRA)],
        logout: &[(Redirect, ENTRA, None)],
        wants_signed: false,
    },
    Known {
        fixture: include_str!("fixtures/adfs.xml"),
        entity_id: "http://sts.acme.example/adfs/services/trust",
        certificates: &[0, 1],
        sign_on: &[(Redirect, ADFS), (Post, ADFS)],
        logout: &[(Redirect, ADFS, None), (Post, ADFS, None)],
        wants_signed: false,
    },
    Known {
        fixture: include_str!("fixtures/google.xml"),
        entity_id: "https://accounts.google.com/o/saml2?idpid=C01abcdef",
        certificates: &[0],
        sign_on: &[(Redirect, GOOGLE), (Post, GOOGLE)],
        logout: &[],
        wants_signed: false,
    },
    Known {
        fixture: include_str!("fixtures/keycloak.xml"),
        entity_id: "https://keycloak.acme.example/realms/staff",
        certificates: &[0],
        sign_on: &[(Post, KEYCLOAK), (Redirect, KEYCLOAK)],
        logout: &[(Post, KEYCLOAK, None), (Redirect, KEYCLOAK, None)],
        wants_signed: true,
    },
    Known {
        fixture: include_str!("fixtures/simplesamlphp.xml"),
        entity_id: "https://idp.acme.example/simplesaml/saml2/idp/metadata.php",
        certificates: &[1, 0],
        sign_on: &[(
            Redirect,
            "https://idp.acme.example/simplesaml/saml2/idp/SSOService.php",
        )],
        logout: &[(
            Redirect,
            "https://idp.acme.example/simplesaml/saml2/idp/SingleLogoutService.php",
            None,
        )],
        wants_signed: false,
    },
    Known {
        fixture: include_str!("fixtures/shibboleth.xml"),
        entity_id: "https://idp.university.example/idp/shibboleth",
        certificates: &[0, 1],
        sign_on: &[
            (Post, "https://idp.university.example/idp/profile/SAML2/POST/SSO"),
            (
                Redirect,
                "https://idp.university.example/idp/profile/SAML2/Redirect/SSO",
            ),
        ],
        logout: &[(
            Redirect,
            "https://idp.university.example/idp/profile/SAML2/Redirect/SLO",
            Some("https://idp.university.example/idp/profile/SAML2/Redirect/SLO/response"),
        )],
        wants_signed: false,
    },
];

#[test]
fn the_metadata_of_known_providers_is_read() {
    for case in KNOWN {
        let provider = read(&filled(case.fixture)).unwrap();
        assert_eq!(provider.entity_id, case.entity_id);
        let expected: Vec<&str> = case
            .certificates
            .iter()
            .map(|at| KEYS[*at].certificate.as_str())
            .collect();
        assert_eq!(provider.certificates, expected, "{}", case.entity_id);
        let sign_on: Vec<_> = case
            .sign_on
            .iter()
            .map(|(binding, url)| (*binding, *url, None))
            .collect();
        assert_eq!(shape(&provider.single_sign_on), sign_on);
        assert_eq!(shape(&provider.single_logout), case.logout);
        assert_eq!(
            provider.wants_signed_requests, case.wants_signed,
            "{}",
            case.entity_id
        );
    }
}

#[test]
fn what_surrounds_pasted_metadata_does_no_harm() {
    for text in [
        format!("\u{feff}{}", plain()),
        format!(
            "\u{feff}\r\n\r\n <?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n{}\r\n\r\n",
            plain()
        ),
        format!("<!-- saved by hand -->\n{}<!-- the end -->", plain()),
    ] {
        assert_eq!(read(&text), read(&plain()), "{text:?}");
    }
}

#[test]
fn of_several_providers_one_is_named() {
    let inside = key_descriptor(one()) + &sign_on("https://idp.example/sso");
    let service = format!(
        "<EntityDescriptor xmlns='{METADATA}' entityID='https://sp.example'>\
         <SPSSODescriptor protocolSupportEnumeration='{PROTOCOL}'/></EntityDescriptor>"
    );
    let federation = |entities: &[String]| {
        format!(
            "<md:EntitiesDescriptor xmlns:md='{METADATA}'><md:Extensions/><md:EntitiesDescriptor>{}\
             </md:EntitiesDescriptor></md:EntitiesDescriptor>",
            entities.concat()
        )
    };
    let [a, b] = ["https://a.example", "https://b.example"].map(|name| entity(name, &inside));

    let single = federation(&[service.clone(), a.clone()]);
    assert_eq!(read(&single).unwrap().entity_id, "https://a.example");
    let both = federation(&[service, a, b.clone()]);
    let refused = read(&both).unwrap_err();
    let names = "https://a.example, https://b.example".to_owned();
    assert_eq!(refused, MetadataRefusal::SeveralProviders(names));
    let named = |entity_id| read_provider(&both, Some(entity_id), now(), false);
    assert_eq!(named("https://b.example").unwrap().entity_id, "https://b.example");
    assert_eq!(
        named("https://sp.example").unwrap_err(),
        MetadataRefusal::NoProvider
    );
    let there = "https://sp.example, https://a.example, https://b.example".to_owned();
    assert_eq!(
        named("https://c.example").unwrap_err(),
        MetadataRefusal::OtherEntity(there)
    );

    let twice = federation(&[b.clone(), b]);
    let refused = read_provider(&twice, Some("https://b.example"), now(), false).unwrap_err();
    assert!(matches!(refused, MetadataRefusal::SeveralProviders(_)));
}

#[test]
fn a_long_list_of_entities_is_cut_in_a_refusal() {
    let inside = key_descriptor(one()) + &sign_on("https://idp.example/sso");
    let entities: String = (0..13)
        .map(|at| entity(&format!("urn:e:{at}"), &inside))
        .collect();
    let text = format!("<EntitiesDescriptor xmlns='{METADATA}'>{entities}</EntitiesDescriptor>");
    let shown = read(&text).unwrap_err().to_string();
    assert!(shown.ends_with("urn:e:8, urn:e:9, and 3 more"), "{shown}");
}

#[test]
fn another_kind_of_document_or_role_gives_no_provider() {
    let wrong_root = "<html><body/></html>";
    assert_eq!(
        read(wrong_root).unwrap_err(),
        MetadataRefusal::NoMetadata("html".to_owned())
    );
    let foreign = plain().replace(METADATA, "urn:example:metadata");
    assert!(matches!(read(&foreign), Err(MetadataRefusal::NoMetadata(_))));
    for text in [
        plain().replace("IDPSSODescriptor", "SPSSODescriptor"),
        plain().replace(PROTOCOL, "urn:oasis:names:tc:SAML:1.1:protocol"),
        plain().replace(PROTOCOL, ""),
        plain().replace(PROTOCOL, &format!("{PROTOCOL}x")),
        // Deeper than its place.
        format!(
            "<EntityDescriptor xmlns='{METADATA}' entityID='a'><Extensions>{}</Extensions></EntityDescriptor>",
            plain()
        ),
    ] {
        assert_eq!(read(&text).unwrap_err(), MetadataRefusal::NoProvider, "{text}");
    }
    let several_protocols = plain().replace(PROTOCOL, &format!("urn:mace:shibboleth:1.0\n {PROTOCOL}"));
    assert!(read(&several_protocols).is_ok());
}

#[test]
fn the_role_for_saml_2_is_found_beside_one_for_another_protocol() {
    let other = format!(
        "<IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:1.1:protocol'>{}{}</IDPSSODescriptor>",
        key_descriptor(&KEYS[2].certificate),
        sign_on("https://old.example/sso")
    );
    let text = plain().replacen("<IDPSSODescriptor", &format!("{other}<IDPSSODescriptor"), 1);
    assert_eq!(read(&text), read(&plain()));
}

#[test]
fn an_entity_id_is_one_to_1024_characters() {
    let with = |entity_id: &str| read(&plain().replace("https://idp.example'", &format!("{entity_id}'")));
    let longest = "é".repeat(1024);
    assert_eq!(with(&longest).unwrap().entity_id, longest);
    assert_eq!(with("urn:x?a=1&amp;b=2").unwrap().entity_id, "urn:x?a=1&b=2");
    for wrong in ["", " ", "a b", "a&#10;b", "a&#x85;", &"é".repeat(1025)] {
        assert!(
            matches!(with(wrong), Err(MetadataRefusal::EntityId(_))),
            "{wrong:?}"
        );
    }
    let missing = plain().replace(" entityID='https://idp.example'", "");
    assert_eq!(
        read(&missing).unwrap_err(),
        MetadataRefusal::EntityId(String::new())
    );
}

#[test]
fn metadata_that_is_no_longer_valid_is_refused_at_every_level() {
    let places = ["<EntitiesDescriptor", "<EntityDescriptor", "<IDPSSODescriptor"];
    let whole = format!(
        "<EntitiesDescriptor xmlns='{METADATA}'>{}</EntitiesDescriptor>",
        plain()
    );
    for place in places {
        let with = |until: &str| read(&whole.replacen(place, &format!("{place} validUntil='{until}'"), 1));
        for good in [
            "2026-05-04T08:00:01Z",
            "2026-05-04T10:00:01+02:00",
            " 2030-01-01T00:00:00.123Z ",
            "2030-01-01T00:00:00",
        ] {
            assert!(with(good).is_ok(), "{place} {good}");
        }
        for past in [
            "2026-05-04T08:00:00Z",
            "2026-05-04T09:59:59+02:00",
            "2020-01-01T00:00:00",
        ] {
            assert!(
                matches!(with(past), Err(MetadataRefusal::Expired(_))),
                "{place} {past}"
            );
        }
        for wrong in ["", "tomorrow", "2030-01-01", "2030"] {
            let expected = MetadataRefusal::ValidUntil(wrong.to_owned());
            assert_eq!(with(wrong).unwrap_err(), expected, "{place}");
        }
    }
}

#[test]
fn certificates_that_cannot_be_used_are_passed_over_while_one_is_left() {
    let with = |keys: &str| {
        read(&entity(
            "urn:idp",
            &format!("{keys}{}", sign_on("https://idp.example/sso")),
        ))
    };
    let broken = key_descriptor("bm8gY2VydGlmaWNhdGU=");
    let [weak, expired] = [&*WEAK, &*EXPIRED].map(|text| key_descriptor(text));
    let good = key_descriptor(one());

    let mixed = with(&[&*broken, &*weak, &*expired, &*good, &*good].concat()).unwrap();
    assert_eq!(mixed.certificates, [EXPIRED.as_str(), one()]);

    assert_eq!(with("").unwrap_err(), MetadataRefusal::NoCertificate);
    let encryption = good.replace("<KeyDescriptor", "<KeyDescriptor use='encryption'");
    assert_eq!(with(&encryption).unwrap_err(), MetadataRefusal::NoCertificate);
    let by_name = "<KeyDescriptor><KeyInfo xmlns='http://www.w3.org/2000/09/xmldsig#'><KeyName>k</KeyName></KeyInfo></KeyDescriptor>";
    assert_eq!(with(by_name).unwrap_err(), MetadataRefusal::NoCertificate);

    let refused = with(&[&*broken, &*weak].concat()).unwrap_err().to_string();
    assert!(
        refused.contains("certificate 1 is not an X.509 certificate"),
        "{refused}"
    );
    assert!(
        refused.contains("certificate 2 has a key that is not accepted"),
        "{refused}"
    );
    let refused = with(&[&*expired, &*weak].concat()).unwrap_err().to_string();
    assert!(refused.contains("expired on 20"), "{refused}");

    let many = good.repeat(MAX_CERTIFICATES + 1);
    assert_eq!(
        with(&many).unwrap_err(),
        MetadataRefusal::TooManyCertificates(MAX_CERTIFICATES)
    );
}

#[test]
fn two_certificates_in_one_description_are_both_taken() {
    let both = key_descriptor(&format!(
        "{}</X509Certificate><X509Certificate>{}",
        one(),
        KEYS[1].certificate
    ));
    let provider = read(&entity("urn:idp", &(both + &sign_on("https://idp.example/sso")))).unwrap();
    assert_eq!(provider.certificates, [one(), &KEYS[1].certificate]);
}

#[test]
fn browsers_are_sent_to_plain_https_addresses_only() {
    let with = |location: &str| {
        let inside = key_descriptor(one()) + &sign_on(location);
        read(&entity("urn:idp", &inside)).map(|provider| provider.single_sign_on[0].url.clone())
    };
    let long = format!("https://idp.example/{}", "a".repeat(2048 - 20));
    for good in [
        "https://idp.example/sso?idpid=1&amp;x=%20",
        "https://idp.example",
        "HTTPS://IDP.EXAMPLE:8443/sso",
        "https://[2001:db8::1]/sso",
        "https://münchen.example/sso",
        &long,
    ] {
        assert_eq!(with(good).unwrap(), good.replace("&amp;", "&"));
    }
    assert_eq!(
        with(" https://idp.example/sso ").unwrap(),
        "https://idp.example/sso"
    );
    for wrong in [
        "",
        "/sso",
        "//idp.example/sso",
        "http://idp.example/sso",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://idp.example/",
        "https://",
        "https://user@idp.example/sso",
        "https://user:secret@idp.example/sso",
        "https://:secret@idp.example/sso",
        "https://idp.example/sso#x",
        "https://idp.example/s so",
        "https://idp.example/s&#10;so",
        "https:\\\\idp.example/sso",
        "https://idp.example/sso?SAMLRequest=x",
        "https://idp.example/sso?a=1&amp;Relay%53tate=x",
        &format!("{long}a"),
    ] {
        let refused = with(wrong).unwrap_err();
        assert!(
            matches!(refused, MetadataRefusal::SignOn(_)),
            "{wrong}: {refused}"
        );
    }
}

#[test]
fn http_addresses_are_taken_where_private_ones_are_allowed() {
    let text = plain().replace("https://idp.example/sso", "http://localhost:8080/sso");
    assert!(read(&text).is_err());
    let provider = read_provider(&text, None, now(), true).unwrap();
    assert_eq!(provider.single_sign_on[0].url, "http://localhost:8080/sso");
    let script = plain().replace("https://idp.example/sso", "javascript:alert(1)");
    assert!(read_provider(&script, None, now(), true).is_err());
}

#[test]
fn the_first_usable_address_of_each_binding_is_taken() {
    let with =
        |endpoints: &[String]| read(&entity("urn:idp", &(key_descriptor(one()) + &endpoints.concat())));
    let service = "SingleSignOnService";
    let provider = with(&[
        endpoint(
            service,
            "urn:oasis:names:tc:SAML:2.0:bindings:SOAP",
            "https://idp.example/soap",
        ),
        endpoint(service, POST, "http://idp.example/insecure"),
        endpoint(service, POST, "https://idp.example/first"),
        endpoint(service, POST, "https://idp.example/second"),
        endpoint(service, REDIRECT, "https://idp.example/redirect"),
        endpoint("SingleLogoutService", POST, "javascript:alert(1)"),
        "<SingleLogoutService Binding='".to_owned()
            + REDIRECT
            + "' Location='https://idp.example/out' ResponseLocation='http://x/'/>",
    ])
    .unwrap();
    let expected = [
        (Post, "https://idp.example/first", None),
        (Redirect, "https://idp.example/redirect", None),
    ];
    assert_eq!(shape(&provider.single_sign_on), expected);
    assert_eq!(provider.single_logout, []);

    let soap = endpoint(
        service,
        "urn:oasis:names:tc:SAML:2.0:bindings:SOAP",
        "https://idp.example/soap",
    );
    assert_eq!(with(&[]).unwrap_err(), MetadataRefusal::NoSignOn);
    assert_eq!(with(&[soap]).unwrap_err(), MetadataRefusal::NoSignOn);
}

#[test]
fn a_refusal_names_the_address_and_what_is_accepted() {
    let refused = read(&plain().replace("https://idp.example/sso", "http://idp.example/sso")).unwrap_err();
    let expected =
        "no SingleSignOnService can be used: \"http://idp.example/sso\" is not an absolute https address";
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn requests_are_wanted_signed_as_the_schema_spells_it() {
    for (value, expected) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let with = format!("<IDPSSODescriptor WantAuthnRequestsSigned='{value}'");
        let provider = read(&plain().replace("<IDPSSODescriptor", &with)).unwrap();
        assert_eq!(provider.wants_signed_requests, expected, "{value}");
    }
}

#[test]
fn hostile_documents_are_refused_before_anything_is_looked_up() {
    let entity_in = |declarations: &str, name: &str| {
        format!(
            "<!DOCTYPE x [{declarations}]>{}",
            plain().replace("https://idp.example'", &format!("{name}'"))
        )
    };
    let deep = "<a>".repeat(5_000) + &"</a>".repeat(5_000);
    for text in [
        String::new(),
        "no xml".to_owned(),
        plain() + "<x/>",
        plain().replace("</EntityDescriptor>", ""),
        entity_in("<!ENTITY a SYSTEM 'file:///etc/passwd'>", "&a;"),
        entity_in("<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>", "&b;"),
        entity_in("<!ENTITY % a SYSTEM 'http://127.0.0.1:1/x.dtd'> %a;", "urn:x"),
        format!("<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'>{}", plain()),
        format!("<?xml-stylesheet href='http://127.0.0.1:1/x.xsl'?>{}", plain()),
        format!("<?xml version='1.0' encoding='UTF-16'?>{}", plain()),
        plain().replace("https://idp.example'", "&undefined;'"),
        plain().replacen("<IDPSSO", &format!("<Extensions>{deep}</Extensions><IDPSSO"), 1),
        plain().replacen(
            "<IDPSSO",
            &format!("<!--{}--><IDPSSO", "x".repeat(2 * 1024 * 1024)),
            1,
        ),
        plain().replacen(
            "<IDPSSO",
            &format!("<Extensions>{}</Extensions><IDPSSO", "<a/>".repeat(110_000)),
            1,
        ),
    ] {
        let refused = read(&text).unwrap_err();
        assert!(
            matches!(refused, MetadataRefusal::Unreadable { .. }),
            "{refused:?}"
        );
        assert!(!refused.to_string().contains("has ;"), "{refused}");
    }
}

#[test]
fn a_signature_counts_when_it_is_by_a_known_key_and_over_the_whole() {
    let role = Element::new(MD, "IDPSSODescriptor").attribute("protocolSupportEnumeration", PROTOCOL);
    let entity = Element::new(MD, "EntityDescriptor")
        .attribute("ID", "_1")
        .attribute("entityID", "https://idp.example")
        .child(Element::new(MD, "Extensions").child(Element::new(SAML, "Issuer")))
        .child(role);
    let signer = Signer::open(&KEYS[0].private_key_pem, one()).unwrap();
    let signed = entity.clone().with_signature(0, &signer).to_xml();
    let [one, other] = [0, 2].map(|at| Certificate::from_text(&KEYS[at].certificate).unwrap());
    assert!(is_signed_by(&signed, std::slice::from_ref(&one), now()));
    assert!(is_signed_by(
        &format!("\u{feff}\n{signed}\n"),
        &[other.clone(), one.clone()],
        now()
    ));
    assert!(!is_signed_by(&signed, &[other], now()));
    assert!(!is_signed_by(&signed, &[], now()));
    assert!(!is_signed_by(&entity.to_xml(), std::slice::from_ref(&one), now()));
    let changed = signed.replace("https://idp.example", "https://evil.example");
    assert!(!is_signed_by(&changed, std::slice::from_ref(&one), now()));
    let wrapped = format!("<EntitiesDescriptor xmlns='{METADATA}'>{signed}</EntitiesDescriptor>");
    assert!(!is_signed_by(&wrapped, &[one], now()));
}
