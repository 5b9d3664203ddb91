//! The mail server as a child process, certificates for it, and a gateway that sends by it.

use std::path::PathBuf;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};

use super::super::by_hand::person;
use crate::harness::rogue::keys::pem;
use crate::harness::{Engine, Gateway, ProviderProgram, Tenant, folder};

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("in vain: {what}")
}

/// A certificate authority of one's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let pem = pem("CERTIFICATE", certificate.der());
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Its certificate as a file, as `ROLLCALL_SMTP_CA` takes it.
    pub fn file(&self) -> String {
        let file = folder().join("authority.pem");
        std::fs::write(&file, &self.pem).expect("a file");
        file.display().to_string()
    }

    pub fn pem(&self) -> &[u8] {
        self.pem.as_bytes()
    }

    /// The settings of a server that has a certificate for this name.
    pub fn settings(&self, name: &str) -> Value {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let folder = folder();
        let write = |name: &str, text: &str| -> PathBuf {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("a file");
            file
        };
        json!({
            "certificate": write("certificate.pem", &pem("CERTIFICATE", certificate.der())),
            "key": write("key.pem", &pem("PRIVATE KEY", key.serialized_der())),
        })
    }
}

/// The name and the password of the gateway at the servers of the tests, as they are and in a URL.
pub const USER: &str = "gateway@id.example";
pub const PASSWORD: &str = "pass: wörd/@";
pub const LOGIN: &str = "gateway%40id.example:pass%3A%20w%C3%B6rd%2F%40@";

/// The same settings with others among them.
pub fn with(mut settings: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        settings[name] = value.clone();
    }
    settings
}

/// The same settings of a server that asks for name and password.
pub fn with_login(settings: Value) -> Value {
    with(settings, &json!({"user": USER, "password": PASSWORD}))
}

pub struct Server {
    program: ProviderProgram,
}

impl Server {
    pub async fn start(settings: &Value) -> Self {
        Self {
            program: ProviderProgram::start("smtp", settings).await,
        }
    }

    /// What `ROLLCALL_SMTP_URL` is, with [`LOGIN`] or nothing before the host.
    pub fn url(&self, login: &str) -> String {
        self.program.origin.replace("://", &format!("://{login}"))
    }

    pub async fn configure(&self, settings: &Value) {
        self.program.configure(settings).await;
    }

    pub async fn down(&self) {
        self.program.tell("/test/down", &json!({})).await;
    }

    pub async fn up(&self) {
        self.program.tell("/test/up", &json!({})).await;
    }

    async fn seen(&self, what: &str) -> Vec<Value> {
        let mut seen = self.program.ask("/test/seen").await;
        serde_json::from_value(seen[what].take()).expect("a list")
    }

    /// The commands in their order, those under TLS in small letters.
    pub async fn commands(&self) -> Vec<String> {
        let seen = self.seen("commands").await;
        let word = |one: &Value| {
            let word = one["command"].as_str().expect("a word");
            if one["tls"] == true {
                word.to_lowercase()
            } else {
                word.to_owned()
            }
        };
        seen.iter().map(word).collect()
    }

    /// How often a recipient was named.
    pub async fn recipients(&self) -> usize {
        let commands = self.commands().await;
        commands
            .iter()
            .filter(|command| command.eq_ignore_ascii_case("rcpt"))
            .count()
    }

    pub async fn logins(&self) -> Vec<Value> {
        self.seen("logins").await
    }

    pub async fn messages(&self) -> Vec<Value> {
        self.seen("messages").await
    }

    /// The messages to an address.
    pub async fn messages_to(&self, address: &str) -> Vec<Value> {
        let mut all = self.messages().await;
        all.retain(|one| one["rcpt_tos"] == json!([address]));
        all
    }

    /// Waits for the one message to an address.
    pub async fn message_to(&self, address: &str) -> Value {
        let mut found = until(address, async || {
            Some(self.messages_to(address).await).filter(|found| !found.is_empty())
        })
        .await;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

/// A gateway that sends by a server, and a tenant of it.
pub struct Site {
    pub gateway: Gateway,
    pub tenant: Tenant,
}

impl Site {
    /// With the settings of the mail server among others.
    pub async fn new(engine: Engine, settings: &[(&str, &str)]) -> Self {
        let gateway = Gateway::start_with(&engine.new_database().await, settings).await;
        let tenant = gateway.tenant().await;
        Self { gateway, tenant }
    }

    /// That sends by a server without TLS and without a password.
    pub async fn plain(engine: Engine, server: &Server) -> Self {
        Self::new(engine, &[("ROLLCALL_SMTP_URL", &server.url(""))]).await
    }

    /// Invites somebody; the person's id.
    pub async fn invite(&self, email: &str, more: &Value) -> String {
        let body = with(person(email), more);
        self.tenant
            .call_with("POST", "/users", &body)
            .await
            .expect(201)
            .id()
    }

    /// What a person's detail says of their invitation's mail.
    pub async fn delivery(&self, person: &str) -> Value {
        let mut seen = self.tenant.call("GET", &format!("/users/{person}")).await;
        assert_eq!(seen.status, 200, "{}", seen.text());
        seen.json["invitation"]["delivery"].take()
    }

    /// Waits until the nth try is over, and gives what is said of the mail then.
    pub async fn delivery_after(&self, person: &str, attempts: u32) -> Value {
        until(&format!("try {attempts}"), async || {
            let seen = self.delivery(person).await;
            let is_over = seen["attempts"] == attempts && seen["state"] != "sending";
            is_over.then_some(seen)
        })
        .await
    }
}
