//! A SAML identity provider that says what it is told: every attack, and every shape that providers send.
//!
//! It is written apart from the gateway's SAML and shares nothing with it: a reader of XML, canonical form, signatures and
//! encryption of its own. `harness_check::saml` has them judged by the program xmlsec1.
//!
//! ```ignore
//! let idp = SamlIdp::start(&[&RSA]).await;
//! let draft = Draft::response(&facts).set("saml:Conditions", "NotOnOrAfter", "2001-01-01T00:00:00Z");
//! let form = [("SAMLResponse", posted(&draft.signed().xml))];
//! ```

pub mod algorithms;
mod draft;
mod encrypt;
pub mod keys;
pub mod redirect;
mod sign;
pub mod xml;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::Uri;
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use draft::{Draft, EMAIL_FORMAT, Facts, Logout, PERSISTENT, attribute, instant};
pub use encrypt::{Encryption, KeyPlace};
pub use sign::{Signing, certificate_info};

use keys::Key;

/// A provider on a free port of loopback, which serves its metadata at its entity id. What it says is made by the tests:
/// they stand in for the browser that goes there. It ends with this value.
pub struct SamlIdp {
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
    /// `{origin}/metadata`.
    pub entity_id: String,
    metadata: String,
    /// Paths that were asked.
    asked: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl SamlIdp {
    /// Starts with these certificates in its metadata.
    pub async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let entity_id = format!("{origin}/metadata");
        let metadata = metadata(&origin, keys);
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (published, seen) = (metadata.clone(), Arc::clone(&asked));
        let answer = move |uri: Uri| {
            locked(&seen).push(uri.path().to_owned());
            let text = published.clone();
            std::future::ready(([("content-type", "application/samlmetadata+xml")], text).into_response())
        };
        let router = Router::new().fallback(answer);
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            origin,
            entity_id,
            metadata,
            asked,
            server,
        }
    }

    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// How often it was asked for anything.
    pub fn asked(&self) -> usize {
        locked(&self.asked).len()
    }
}

impl Drop for SamlIdp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The metadata of a provider at an origin, with these certificates for signatures.
pub fn metadata(origin: &str, keys: &[&Key]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|key| {
            let info = certificate_info(key);
            format!("<md:KeyDescriptor use=\"signing\"><ds:KeyInfo>{info}</ds:KeyInfo></md:KeyDescriptor>")
        })
        .collect();
    let keys = keys.concat();
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP";
    let endpoint = |name: &str, path: &str| {
        let at =
            |kind: &str| format!("<md:{name} Binding=\"{binding}-{kind}\" Location=\"{origin}{path}\"/>");
        at("Redirect") + &at("POST")
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{origin}/metadata\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}{slo}\
         <md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>{sso}</md:IDPSSODescriptor></md:EntityDescriptor>",
        slo = endpoint("SingleLogoutService", "/slo"),
        sso = endpoint("SingleSignOnService", "/sso"),
    )
}

/// A message as the binding HTTP-POST has it.
pub fn posted(xml: &str) -> String {
    STANDARD.encode(xml)
}

/// An id that nobody had before.
pub fn new_id() -> String {
    format!("_{}", uuid::Uuid::new_v4().simple())
}
