//! The metadata of a SAML identity provider, and a server on loopback that serves it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign::Signer;
use rollcall::sso::saml::key::{self, NewKey};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as Gate, MutexGuard as GateGuard};
use tokio::task::JoinHandle;

/// What a provider says of itself. It is written in canonical form, so that it can be signed as it stands.
#[derive(Debug, Clone)]
pub struct IdpMetadata {
    pub entity_id: String,
    /// Base64 of DER.
    pub certificates: Vec<String>,
    /// Bindings (`Redirect`, `POST`) and addresses.
    pub sign_on: Vec<(&'static str, String)>,
}

/// A key with its certificate, whose common name is given.
pub fn new_key(name: &str) -> NewKey {
    key::generate(name, Timestamp::now()).expect("a key")
}

impl IdpMetadata {
    /// A provider that takes requests by redirect and signs with this key.
    pub fn of(key: &NewKey) -> Self {
        Self {
            entity_id: "https://idp.example/metadata".to_owned(),
            certificates: vec![key.certificate.clone()],
            sign_on: vec![("Redirect", "https://idp.example/sso".to_owned())],
        }
    }

    /// The same with further certificates.
    pub fn with(mut self, keys: &[&NewKey]) -> Self {
        self.certificates
            .extend(keys.iter().map(|key| key.certificate.clone()));
        self
    }

    pub fn xml(&self) -> String {
        self.with_signature("")
    }

    /// Signed as a whole: enveloped, exclusive C14N, RSA-SHA256.
    pub fn signed(&self, by: &NewKey) -> String {
        let digest = STANDARD.encode(sha256(self.xml().as_bytes()));
        let info = |namespace: &str| {
            format!(
                "<ds:SignedInfo{namespace}><ds:CanonicalizationMethod \
                 Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod \
                 Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod><ds:Reference \
                 URI=\"#idp\"><ds:Transforms><ds:Transform \
                 Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform \
                 Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms><ds:DigestMethod \
                 Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
                 <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
            )
        };
        let key = PKey::private_key_from_pem(by.private_key_pem.as_bytes()).expect("a key");
        let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
        let namespace = " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
        let signature = signer.sign_oneshot_to_vec(info(namespace).as_bytes());
        self.with_signature(&format!(
            "<ds:Signature{namespace}>{}<ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
            info(""),
            STANDARD.encode(signature.expect("a signature")),
        ))
    }

    fn with_signature(&self, signature: &str) -> String {
        let keys = self.certificates.iter().map(|certificate| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
                 </md:KeyDescriptor>"
            )
        });
        let sign_on = self.sign_on.iter().map(|(binding, url)| {
            format!(
                "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{binding}\" \
                 Location=\"{url}\"></md:SingleSignOnService>"
            )
        });
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"idp\" entityID=\"{}\">\
             {signature}<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}{}\
             </md:IDPSSODescriptor></md:EntityDescriptor>",
            self.entity_id,
            keys.collect::<String>(),
            sign_on.collect::<String>(),
        )
    }
}

/// A server that answers every request with the same, on a free port of loopback. It ends with this value.
pub struct MetadataServer {
    pub url: String,
    inside: Arc<Inside>,
    server: JoinHandle<()>,
}

struct Inside {
    answer: Mutex<(u16, Vec<u8>)>,
    /// What `Accept` was in each request.
    seen: Mutex<Vec<String>>,
    /// Held while answers are held back.
    gate: Gate<()>,
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MetadataServer {
    /// Starts with metadata to serve.
    pub async fn start(xml: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let inside = Arc::new(Inside {
            answer: Mutex::new((200, xml.as_bytes().to_vec())),
            seen: Mutex::default(),
            gate: Gate::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&inside));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            url: format!("http://{address}/metadata"),
            inside,
            server,
        }
    }

    /// What is answered from now on.
    pub fn answer(&self, status: u16, body: impl Into<Vec<u8>>) {
        *locked(&self.inside.answer) = (status, body.into());
    }

    /// Holds every answer back until what is given is dropped.
    pub async fn hold(&self) -> GateGuard<'_, ()> {
        self.inside.gate.lock().await
    }

    /// The `Accept` header of each request so far.
    pub fn seen(&self) -> Vec<String> {
        locked(&self.inside.seen).clone()
    }
}

impl Drop for MetadataServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(inside): State<Arc<Inside>>, headers: HeaderMap) -> Response {
    let accept = headers.get("accept").map(|value| value.to_str().expect("ASCII"));
    locked(&inside.seen).push(accept.unwrap_or_default().to_owned());
    let _open = inside.gate.lock().await;
    let (status, body) = locked(&inside.answer).clone();
    let location = [("location", "http://127.0.0.1:1/elsewhere")];
    (StatusCode::from_u16(status).expect("a status"), location, body).into_response()
}
