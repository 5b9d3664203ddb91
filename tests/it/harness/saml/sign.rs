//! XML signatures, right and wrong, and the bare signature under a URI.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::bn::BigNumContext;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use openssl::rsa::Padding;
use openssl::sign::Signer;

use super::algorithms::{
    ECDSA_SHA256, ENVELOPED, EXC_C14N, HMAC_SHA1, HMAC_SHA256, MD5, RSA_PSS_SHA256, RSA_SHA256, SHA1, SHA256,
};
use super::keys::{Key, RSA};
use super::xml;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// How an element is signed.
#[derive(Clone)]
pub struct Signing {
    pub key: &'static Key,
    /// `SignatureMethod`.
    pub method: &'static str,
    /// `DigestMethod`.
    pub digest: &'static str,
    /// What `KeyInfo` holds, as XML; no `KeyInfo` when empty.
    pub key_info: String,
    /// The prefixes of a `PrefixList`.
    pub inclusive: &'static [&'static str],
    /// What an HMAC is made with.
    pub secret: Vec<u8>,
    /// Changes `SignedInfo` before it is signed: what it then says is signed, whatever that is.
    pub signed_info: Change,
    /// Changes the whole `Signature` after it was made.
    pub signature: Change,
}

/// Changes a text on its way.
pub type Change = Arc<dyn Fn(String) -> String + Send + Sync>;

impl Default for Signing {
    fn default() -> Self {
        Self::with(&RSA)
    }
}

impl Signing {
    /// As most providers sign: RSA or ECDSA with SHA-256, the certificate beside it.
    pub fn with(key: &'static Key) -> Self {
        let is_rsa = key.pair.rsa().is_ok();
        Self {
            key,
            method: if is_rsa { RSA_SHA256 } else { ECDSA_SHA256 },
            digest: SHA256,
            key_info: certificate_info(key),
            inclusive: &[],
            secret: Vec::new(),
            signed_info: Arc::new(|text| text),
            signature: Arc::new(|text| text),
        }
    }

    /// What `SignedInfo` says is put in other words before it is signed. The text has to be there.
    pub fn saying(self, from: &str, to: &str) -> Self {
        Self {
            signed_info: replacing(from, to),
            ..self
        }
    }

    /// The same for the whole signature, after it was made.
    pub fn written(self, from: &str, to: &str) -> Self {
        Self {
            signature: replacing(from, to),
            ..self
        }
    }

    /// Signs the element with an `ID` and puts the signature behind its `Issuer`.
    pub fn sign(&self, document: &str, id: &str) -> String {
        let read = xml::read(document);
        let element = read
            .by_id(id)
            .unwrap_or_else(|| panic!("nothing has the id {id}"));
        let issuer = element
            .elements()
            .find(|child| child.name.ends_with("Issuer"))
            .expect("an issuer");
        let signature = self.signature_of(document, id);
        let (before, after) = document.split_at(issuer.place.end);
        format!("{before}{signature}{after}")
    }

    /// The `Signature` alone, of the element with an `ID` as it stands.
    pub fn signature_of(&self, document: &str, id: &str) -> String {
        let signed = xml::canonical(&xml::read(document), id, self.inclusive);
        self.signature_over(&signed, id)
    }

    /// The same of a text that is in canonical form already, wherever it will stand.
    pub fn signature_over(&self, canonical: &str, id: &str) -> String {
        let digest = STANDARD.encode(digest(self.digest, canonical.as_bytes()));
        let list = if self.inclusive.is_empty() {
            String::new()
        } else {
            let prefixes = self.inclusive.join(" ");
            format!(
                "<ec:InclusiveNamespaces xmlns:ec=\"{EXC_C14N}\" PrefixList=\"{prefixes}\"></ec:InclusiveNamespaces>"
            )
        };
        let info = format!(
            "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\"/>\
             <ds:SignatureMethod Algorithm=\"{}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXC_C14N}\">{list}</ds:Transform>\
             </ds:Transforms><ds:DigestMethod Algorithm=\"{}\"/><ds:DigestValue>{digest}</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo>",
            self.method, self.digest
        );
        let info = (self.signed_info)(info);
        let whole = format!("<ds:SignedInfoOf xmlns:ds=\"{DSIG}\" ID=\"outer\">{info}</ds:SignedInfoOf>");
        // In canonical form the declaration moves to where the prefix is first seen.
        let outer = xml::read(&whole);
        let mut bare = outer.elements().next().expect("SignedInfo").clone();
        bare.attributes.push(("xmlns:ds".to_owned(), DSIG.to_owned()));
        let message = xml::canonical_document(&bare);
        let value = STANDARD.encode(self.value(message.as_bytes()));
        let key_info = match self.key_info.as_str() {
            "" => String::new(),
            inside => format!("<ds:KeyInfo>{inside}</ds:KeyInfo>"),
        };
        (self.signature)(format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{info}<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}</ds:Signature>"
        ))
    }

    /// A signature of bytes under [`Signing::method`].
    pub fn value(&self, message: &[u8]) -> Vec<u8> {
        let digest = digest_of_method(self.method);
        if [HMAC_SHA1, HMAC_SHA256].contains(&self.method) {
            let key = PKey::hmac(&self.secret).expect("a key");
            let mut signer = Signer::new(digest, &key).expect("a signer");
            return signer.sign_oneshot_to_vec(message).expect("an HMAC");
        }
        let mut signer = Signer::new(digest, &self.key.pair).expect("a signer");
        if self.method == RSA_PSS_SHA256 {
            signer.set_rsa_padding(Padding::PKCS1_PSS).expect("a padding");
        }
        let value = signer.sign_oneshot_to_vec(message).expect("a signature");
        match self.key.pair.ec_key() {
            Err(_) => value,
            // r and s, each as long as the order (RFC 4051 2.3.6).
            Ok(key) => {
                let mut order = openssl::bn::BigNum::new().expect("a number");
                let mut context = BigNumContext::new().expect("a context");
                key.group().order(&mut order, &mut context).expect("an order");
                let length = order.num_bytes();
                let pair = EcdsaSig::from_der(&value).expect("DER");
                let number =
                    |number: &openssl::bn::BigNumRef| number.to_vec_padded(length).expect("a number");
                [number(pair.r()), number(pair.s())].concat()
            }
        }
    }
}

fn replacing(from: &str, to: &str) -> Change {
    let (from, to) = (from.to_owned(), to.to_owned());
    Arc::new(move |text: String| {
        assert!(text.contains(&from), "{from} in {text}");
        text.replace(&from, &to)
    })
}

/// `X509Data` with the certificate of a key.
pub fn certificate_info(key: &Key) -> String {
    format!(
        "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        key.certificate_text()
    )
}

fn digest(method: &str, message: &[u8]) -> Vec<u8> {
    let digest = match method {
        SHA1 => MessageDigest::sha1(),
        MD5 => MessageDigest::md5(),
        _ => digest_of_method(method),
    };
    hash(digest, message).expect("a digest").to_vec()
}

/// By the end of the URI; what nobody knows hashes with SHA-256.
fn digest_of_method(method: &str) -> MessageDigest {
    let ends = |end: &str| method.ends_with(end);
    if ends("sha1") {
        MessageDigest::sha1()
    } else if ends("md5") {
        MessageDigest::md5()
    } else if ends("sha384") {
        MessageDigest::sha384()
    } else if ends("sha512") {
        MessageDigest::sha512()
    } else {
        MessageDigest::sha256()
    }
}
