//! Several sites over https in front of plain servers on loopback.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::CertifiedKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::folder;
use super::rogue::keys::pem;

type Routes = Arc<Mutex<HashMap<String, SocketAddr>>>;

/// One port that ends TLS for several names with one self-signed certificate and hands the bytes on, as they are,
/// to the server behind the name of the handshake (SNI). So `Host` says `name:port`, and no header is added.
pub struct TlsFront {
    port: u16,
    certificate: Vec<u8>,
    routes: Routes,
    listener: JoinHandle<()>,
}

impl TlsFront {
    /// Starts for names such as `gateway.test`; [`TlsFront::route`] says what is behind each. Who resolves names by
    /// the operating system reaches `localhost` and `127.0.0.1`, which are two sites as well.
    pub async fn start(names: &[&str]) -> Self {
        rollcall::outbound::install_crypto_provider();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).expect("a certificate");
        let certificate = cert.der().to_vec();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate with its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let routes = Routes::default();
        let known = Arc::clone(&routes);
        let listener = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hand_on(acceptor.clone(), Arc::clone(&known), stream));
            }
        });
        Self {
            port,
            certificate,
            routes,
            listener,
        }
    }

    /// `https://name:port`, which may be told to a server before it is routed to.
    pub fn origin(&self, name: &str) -> String {
        format!("https://{name}:{}", self.port)
    }

    /// The certificate as a file of PEM, for a program that is to trust it (`SSL_CERT_FILE`).
    pub fn certificate_file(&self) -> PathBuf {
        let file = folder().join("certificate.pem");
        std::fs::write(&file, pem("CERTIFICATE", &self.certificate)).expect("a file");
        file
    }

    /// Puts a server behind a name.
    pub fn route(&self, name: &str, to: SocketAddr) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.insert(name.to_owned(), to);
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// A connection that fails is its caller's to notice.
async fn hand_on(acceptor: TlsAcceptor, routes: Routes, stream: TcpStream) {
    let Ok(mut outside) = acceptor.accept(stream).await else {
        return;
    };
    // An address is no name, RFC 6066 3.
    let name = outside
        .get_ref()
        .1
        .server_name()
        .unwrap_or("127.0.0.1")
        .to_owned();
    let to = routes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&name)
        .copied();
    if let Some(to) = to
        && let Ok(mut inside) = TcpStream::connect(to).await
    {
        let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
    }
}
