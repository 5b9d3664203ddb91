use std::sync::LazyLock;

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::Private;
use openssl::rsa::Rsa;
use proptest::prelude::*;
use samael::crypto::{CertificateDer, UrlVerifier};

use super::*;
use crate::sso::saml::key;
use crate::sso::saml::write::tests::{HOSTILE, now, signer};

const XML: &str =
    "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">é+/</samlp:LogoutRequest>";
const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha";
const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha";

fn endpoint() -> Url {
    Url::parse("https://idp.example/slo").unwrap()
}

fn certificate(key: &PKey<Private>) -> Certificate {
    let made = key::self_signed(key, "idp.example", now()).unwrap();
    Certificate::from_der(&made.to_der().unwrap()).unwrap()
}

/// The provider's key, and one of somebody else.
static KEYS: LazyLock<[PKey<Private>; 2]> =
    LazyLock::new(|| [(), ()].map(|()| PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()));

fn rsa() -> PKey<Private> {
    KEYS[0].clone()
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn escaped(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

fn message() -> String {
    escaped(&STANDARD.encode(deflate(XML)))
}

/// A provider's query: what it signs, and its signature.
fn query(signed: &str, key: &PKey<Private>, digest: MessageDigest) -> String {
    let mut signer = openssl::sign::Signer::new(digest, key).unwrap();
    let signature = signer.sign_oneshot_to_vec(signed.as_bytes()).unwrap();
    format!("{signed}&Signature={}", escaped(&STANDARD.encode(signature)))
}

fn code(result: Result<impl std::fmt::Debug, SamlRefusal>) -> Code {
    result.unwrap_err().code
}

#[test]
fn a_message_in_an_address_is_read_back() {
    for relay_state in [None, Some(""), Some("a b+c&d=e%20#?/é"), Some(HOSTILE)] {
        for parameter in [Parameter::Request, Parameter::Response] {
            let address = address(&endpoint(), parameter, XML, relay_state, None);
            assert!(address.as_str().starts_with("https://idp.example/slo?SAMLRe"));
            let read = read(address.query().unwrap()).unwrap();
            assert_eq!(read.parameter, parameter);
            assert_eq!(read.xml, XML);
            assert_eq!(read.relay_state.as_deref(), relay_state);
            assert_eq!(code(read.verify(&[], now())), Code::SamlSignatureMissing);
        }
    }
}

#[test]
fn the_query_of_an_endpoint_stays_and_its_fragment_goes() {
    let own = Url::parse("https://idp.example/slo?a=1&b=%20x#there").unwrap();
    let with_own = address(&own, Parameter::Request, XML, Some("r s"), None);
    let expected = format!(
        "https://idp.example/slo?a=1&b=%20x&SAMLRequest={}&RelayState=r%20s",
        message()
    );
    assert_eq!(with_own.as_str(), expected);
    let empty = Url::parse("https://idp.example/slo?").unwrap();
    let expected = format!("https://idp.example/slo?SAMLRequest={}", message());
    assert_eq!(
        address(&empty, Parameter::Request, XML, None, None).as_str(),
        expected
    );
}

#[test]
fn a_signed_address_is_verified_by_us_and_by_another_implementation() {
    let signer = signer();
    let known = [Certificate::from_text(signer.certificate()).unwrap()];
    let der = CertificateDer::from(known[0].der().to_vec());
    let verifier = UrlVerifier::from_x509(&der).unwrap();
    for relay_state in [None, Some("r/é")] {
        // A blank would be a `+` for the other one, which writes the query anew before it verifies.
        let request = address(&endpoint(), Parameter::Request, XML, relay_state, Some(&signer));
        assert!(verifier.verify_signed_request_url(&request).unwrap());
        let response = address(&endpoint(), Parameter::Response, XML, relay_state, Some(&signer));
        assert!(verifier.verify_signed_response_url(&response).unwrap());
        for address in [request, response] {
            read(address.query().unwrap())
                .unwrap()
                .verify(&known, now())
                .unwrap();
        }
    }
}

#[test]
fn every_accepted_algorithm_is_verified() {
    let digests = [
        ("256", MessageDigest::sha256()),
        ("384", MessageDigest::sha384()),
        ("512", MessageDigest::sha512()),
    ];
    let curves = [Nid::X9_62_PRIME256V1, Nid::SECP384R1, Nid::SECP521R1];
    let keys = [(RSA, rsa())]
        .into_iter()
        .chain(curves.map(|curve| (ECDSA, ec(curve))));
    let other = [certificate(&KEYS[1]), certificate(&ec(curves[0]))];
    for (family, key) in keys {
        let known = [other[0].clone(), other[1].clone(), certificate(&key)];
        for (size, digest) in digests {
            let signed = format!(
                "SAMLRequest={}&SigAlg={}",
                message(),
                escaped(&format!("{family}{size}"))
            );
            let message = read(&query(&signed, &key, digest)).unwrap();
            message.verify(&known, now()).unwrap();
            assert_eq!(code(message.verify(&other, now())), Code::SamlSignatureInvalid);
        }
    }
}

#[test]
fn an_ecdsa_signature_is_taken_as_two_numbers_too() {
    for (curve, length) in [
        (Nid::X9_62_PRIME256V1, 32),
        (Nid::SECP384R1, 48),
        (Nid::SECP521R1, 66),
    ] {
        let key = ec(curve);
        let signed = format!(
            "SAMLRequest={}&SigAlg={}",
            message(),
            escaped(&format!("{ECDSA}256"))
        );
        let digest = openssl::hash::hash(MessageDigest::sha256(), signed.as_bytes()).unwrap();
        let signature = EcdsaSig::sign(&digest, &key.ec_key().unwrap()).unwrap();
        let [r, s] = [signature.r(), signature.s()].map(|number| number.to_vec_padded(length).unwrap());
        let known = [certificate(&key)];
        let verify = |signature: &[u8]| {
            let query = format!("{signed}&Signature={}", escaped(&STANDARD.encode(signature)));
            read(&query).unwrap().verify(&known, now())
        };
        verify(&[&*r, &*s].concat()).unwrap();
        assert_eq!(code(verify(&[&*s, &*r].concat())), Code::SamlSignatureInvalid);
        let zeros = vec![0; 2 * usize::try_from(length).unwrap()];
        for wrong in [
            &zeros[..],
            &[],
            &[0],
            &r,
            &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00],
        ] {
            assert_eq!(code(verify(wrong)), Code::SamlSignatureInvalid);
        }
    }
}

#[test]
fn the_bytes_are_verified_as_they_came() {
    let key = rsa();
    let known = [certificate(&key)];
    let lower = |text: &str| {
        text.replace("%2B", "%2b")
            .replace("%2F", "%2f")
            .replace("%3A", "%3a")
            .replace("%3D", "%3d")
    };
    let algorithm = escaped(&format!("{RSA}256"));
    // Escapes in lower case, needless escapes, and blanks as a form writes them.
    for signed in [
        format!(
            "SAMLRequest={}&RelayState=%72+%73&SigAlg={}",
            lower(&message()),
            lower(&algorithm)
        ),
        format!(
            "SAMLRequest={}&RelayState=r%20s&SigAlg={}",
            message(),
            format!("{RSA}256").replace('#', "%23")
        ),
    ] {
        let read = read(&query(&signed, &key, MessageDigest::sha256())).unwrap();
        read.verify(&known, now()).unwrap();
        assert_eq!(read.relay_state.as_deref(), Some("r s"));
    }
}

#[test]
fn parameters_may_come_in_any_order_and_among_others() {
    let key = rsa();
    let signed = format!(
        "SAMLResponse={}&RelayState=r&SigAlg={}",
        message(),
        escaped(&format!("{RSA}256"))
    );
    let query = query(&signed, &key, MessageDigest::sha256());
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    let turned = format!("lang=fr&{}&&x&SAMLEncoding={}", pairs.join("&"), escaped(DEFLATE));
    read(&turned)
        .unwrap()
        .verify(&[certificate(&key)], now())
        .unwrap();
}

#[test]
fn a_query_that_was_changed_is_not_verified() {
    let key = rsa();
    let known = [certificate(&key)];
    let algorithm = escaped(&format!("{RSA}256"));
    let signed = format!("SAMLRequest={}&RelayState=r&SigAlg={algorithm}", message());
    let good = query(&signed, &key, MessageDigest::sha256());
    read(&good).unwrap().verify(&known, now()).unwrap();
    let other = escaped(&STANDARD.encode(deflate("<other/>")));
    for changed in [
        good.replace("RelayState=r", "RelayState=x"),
        good.replace("RelayState=r&", ""),
        good.replace("RelayState=r&", "RelayState=&"),
        good.replace(&message(), &other),
        good.replace("SAMLRequest", "SAMLResponse"),
        good.replace("rsa-sha256", "rsa-sha512"),
        good.replace("rsa-sha256", "ecdsa-sha256"),
        good.replace("Signature=", "Signature=AAAA"),
        format!("{signed}&Signature="),
        format!("{signed}&Signature=%21"),
    ] {
        let refused = read(&changed).unwrap().verify(&known, now());
        assert_eq!(code(refused), Code::SamlSignatureInvalid, "{changed}");
    }
}

#[test]
fn weak_and_unknown_algorithms_are_refused_by_name() {
    let key = rsa();
    for algorithm in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
        "",
        "none",
    ] {
        let signed = format!("SAMLRequest={}&SigAlg={}", message(), escaped(algorithm));
        let refused = read(&query(&signed, &key, MessageDigest::sha1()))
            .unwrap()
            .verify(&[certificate(&key)], now())
            .unwrap_err();
        assert_eq!(refused.code, Code::SamlWeakAlgorithm);
        assert_eq!(refused.received.as_deref(), Some(algorithm));
    }
}

#[test]
fn a_signature_without_its_algorithm_is_none() {
    for query in [
        format!("SAMLRequest={}", message()),
        format!("SAMLRequest={}&Signature=AAAA", message()),
        format!("SAMLRequest={}&SigAlg={}", message(), escaped(RSA_SHA256)),
    ] {
        let refused = read(&query).unwrap().verify(&[certificate(&rsa())], now());
        assert_eq!(code(refused), Code::SamlSignatureMissing);
    }
}

#[test]
fn an_expired_certificate_counts_no_longer_unless_its_key_has_another() {
    let key = rsa();
    let old = key::self_signed(&key, "old", "2010-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let old = Certificate::from_der(&old.to_der().unwrap()).unwrap();
    let signed = format!("SAMLRequest={}&SigAlg={}", message(), escaped(RSA_SHA256));
    let message = read(&query(&signed, &key, MessageDigest::sha256())).unwrap();
    let ends = old.not_after;
    message
        .verify(std::slice::from_ref(&old), ends + CLOCK_SKEW)
        .unwrap();
    let late = ends + CLOCK_SKEW + CLOCK_SKEW;
    assert_eq!(
        code(message.verify(std::slice::from_ref(&old), late)),
        Code::SamlCertificateExpired
    );
    message.verify(&[old, certificate(&key)], late).unwrap();
}

#[test]
fn each_parameter_stands_once_and_under_its_plain_name() {
    let message = message();
    for query in [
        String::new(),
        "SAMLRequest".to_owned(),
        "RelayState=r".to_owned(),
        format!("samlrequest={message}"),
        format!("SAMLRequest={message}&SAMLRequest={message}"),
        format!("SAMLRequest={message}&SAMLResponse={message}"),
        format!("SAMLRequest={message}&RelayState=a&RelayState=a"),
        format!("SAMLRequest={message}&SigAlg=a&SigAlg=a"),
        format!("SAMLRequest={message}&Signature=a&Signature=a"),
        format!("SAMLRequest={message}&RelayState=a&Relay%53tate=b"),
        format!("SAML%52equest={message}"),
        format!("SAMLRequest={message}&RelayState=%ff"),
        format!("SAMLRequest={message}&SAMLEncoding=urn:other"),
        format!(
            "SAMLRequest={message}&RelayState={}",
            "a".repeat(MAX_RELAY_STATE + 1)
        ),
        format!("SAMLRequest={message}&x={}", "a".repeat(MAX_QUERY)),
        "SAMLRequest=".to_owned(),
        "SAMLRequest=%zz".to_owned(),
        "SAMLRequest=AAAA".to_owned(),
        format!("SAMLRequest={}", escaped(&STANDARD.encode(XML))),
    ] {
        assert_eq!(code(read(&query)), Code::SamlMalformed, "{query}");
    }
    let longest = format!("SAMLRequest={message}&RelayState={}", "a".repeat(MAX_RELAY_STATE));
    assert!(read(&longest).is_ok());
}

static KNOWN: LazyLock<[Certificate; 2]> =
    LazyLock::new(|| [certificate(&rsa()), certificate(&ec(Nid::X9_62_PRIME256V1))]);

proptest! {
    #[test]
    fn no_query_and_no_signature_stops_the_reader(
        text in ".*",
        name in "SAMLRequest|SAMLResponse|RelayState|SigAlg|Signature|x",
        signature in proptest::collection::vec(any::<u8>(), 0..200),
        rsa_family in any::<bool>(),
    ) {
        let _ = read(&text);
        let _ = read(&format!("SAMLRequest={}&{name}={text}", message()));
        let family = if rsa_family { RSA } else { ECDSA };
        let query = format!(
            "SAMLRequest={}&SigAlg={}&Signature={}",
            message(),
            escaped(&format!("{family}256")),
            escaped(&STANDARD.encode(signature))
        );
        let known = [KNOWN[0].clone(), KNOWN[1].clone()];
        prop_assert!(read(&query).unwrap().verify(&known, now()).is_err());
    }
}
