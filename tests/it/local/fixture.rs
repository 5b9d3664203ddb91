//! People with a password, and browsers that they sign in with.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Answer, Call, Engine, Gateway, Tenant};
use crate::mail::by_hand::{address, person};
use crate::mail::eml;

/// A password that is accepted for everybody here.
pub const PASSWORD: &str = "violet otter, 7 lamps";
/// Another one.
pub const OTHER: &str = "nine quiet harbours 44";

/// A local account.
pub struct Account {
    pub tenant: Tenant,
    pub id: String,
    pub email: String,
}

/// Somebody who was invited and has not accepted.
pub struct Invited {
    pub id: String,
    pub invitation: String,
    pub email: String,
    pub token: String,
}

/// A gateway for this test alone, whose clock may be moved.
pub async fn own_gateway(engine: Engine) -> Gateway {
    let settings = [
        ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
        ("ROLLCALL_RATE_LIMITS", "off"),
    ];
    Gateway::start_with(&engine.new_database().await, &settings).await
}

/// A request of a stranger with a JSON body.
pub async fn post(gateway: &Gateway, path: &str, body: &Value) -> Answer {
    gateway
        .anonymous("POST", path)
        .json("application/json", body)
        .send()
        .await
}

impl Invited {
    /// Invites somebody to a tenant; `more` says more of them.
    pub async fn new(gateway: &Gateway, tenant: &Tenant, more: &Value) -> Self {
        let email = address();
        let mut body = person(&email);
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let made = tenant.call_with("POST", "/users", &body).await.expect(201);
        let mail = eml::wait_for(&gateway.data, &email, 1).await;
        Self {
            id: made.id(),
            invitation: made.json["invitation"]["id"].as_str().expect("an id").to_owned(),
            token: mail.token(&gateway.base()),
            email,
        }
    }

    /// Accepts with a password.
    pub async fn accept(&self, gateway: &Gateway, password: &str) -> Answer {
        let body = json!({"token": self.token, "password": password});
        post(gateway, "/api/v1/invitations/accept", &body).await
    }
}

impl Account {
    /// Somebody who has accepted their invitation with [`PASSWORD`].
    pub async fn new(gateway: &Gateway, tenant: &Tenant) -> Self {
        Self::with(gateway, tenant, &json!({})).await
    }

    /// The same of somebody of whom more is said.
    pub async fn with(gateway: &Gateway, tenant: &Tenant, more: &Value) -> Self {
        let invited = Invited::new(gateway, tenant, more).await;
        invited.accept(gateway, PASSWORD).await.expect(200);
        Self {
            tenant: tenant.clone(),
            id: invited.id,
            email: invited.email,
        }
    }

    /// An administrator of the whole tenant.
    pub async fn administrator(gateway: &Gateway, tenant: &Tenant) -> Self {
        Self::with(gateway, tenant, &json!({"role": "administrator"})).await
    }

    /// Signs in with a password, from a browser that was never here.
    pub async fn sign_in(&self, gateway: &Gateway, password: &str) -> Answer {
        sign_in(gateway, &self.tenant.slug, &self.email, password).await
    }

    /// A browser in which the account is signed in.
    pub async fn browser(&self, gateway: &Gateway) -> SignedIn {
        let answer = self.sign_in(gateway, PASSWORD).await.expect(200);
        SignedIn::of(gateway, &answer)
    }

    /// A link to set the password, the `count`th mail to the account.
    pub async fn reset_token(&self, gateway: &Gateway, count: usize) -> String {
        ask_reset(gateway, &self.tenant, &self.email).await;
        reset_token(gateway, &self.email, count).await
    }

    /// What an administrator does with the account, `rest` beginning with a slash or empty.
    pub fn path(&self, rest: &str) -> String {
        format!("/users/{}{rest}", self.id)
    }
}

/// Signs in with a password, from a browser that was never here.
pub async fn sign_in(gateway: &Gateway, tenant: &str, email: &str, password: &str) -> Answer {
    let body = json!({"tenant": tenant, "email": email, "password": password});
    post(gateway, "/api/v1/login", &body).await
}

/// Asks for a link to set a password.
pub async fn ask_reset(gateway: &Gateway, tenant: &Tenant, email: &str) -> Answer {
    let body = json!({"tenant": tenant.slug, "email": email});
    post(gateway, "/api/v1/password-reset", &body).await.expect(202)
}

/// The token in the `count`th mail to an address.
pub async fn reset_token(gateway: &Gateway, email: &str, count: usize) -> String {
    let mail = eml::wait_for(&gateway.data, email, count).await;
    // The mails of one moment may be in any order.
    drop(mail);
    let start = format!("{}/reset?token=", gateway.base());
    let mut tokens: Vec<String> = eml::to(&gateway.data, email)
        .iter()
        .filter(|mail| mail.text.contains(&start))
        .map(|mail| mail.token_at(&start))
        .collect();
    tokens.pop().expect("a mail with a link")
}

/// Sets a password by a link.
pub async fn complete(gateway: &Gateway, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password});
    post(gateway, "/api/v1/password-reset/complete", &body).await
}

/// The value of a cookie that an answer sets.
pub fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    let mut found = set.filter_map(|header| {
        let (found, rest) = header.to_str().ok()?.split_once('=')?;
        (found == name).then(|| rest.split(';').next().unwrap_or_default().to_owned())
    });
    found.next_back()
}

/// A browser in which somebody is signed in.
pub struct SignedIn {
    base: String,
    session: String,
    csrf: String,
    /// What it shows at the next sign-in.
    pub known: String,
}

impl SignedIn {
    pub fn of(gateway: &Gateway, answer: &Answer) -> Self {
        Self {
            base: gateway.base(),
            session: cookie(answer, "session").expect("a session"),
            csrf: answer.json["session"]["csrf_token"]
                .as_str()
                .expect("a token")
                .to_owned(),
            known: cookie(answer, "known").unwrap_or_default(),
        }
    }

    /// A request, to which more can be said.
    pub fn request(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base))
            .header("Cookie", &format!("session={}", self.session))
            .header("X-CSRF-Token", &self.csrf)
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let call = self.request(method, path);
        match body {
            Some(body) => call.json("application/json", body).send().await,
            None => call.send().await,
        }
    }

    /// A request whose body arrives in two pieces, with something that happens in between. Answers the status.
    pub async fn call_slowly(
        &self,
        request: (&str, &str),
        body: &Value,
        meanwhile: impl Future<Output = ()>,
    ) -> u16 {
        let body = body.to_string();
        let (begun, rest) = body.split_at(3);
        let (method, path) = request;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nCookie: session={}\r\n\
             X-CSRF-Token: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{begun}",
            self.session,
            self.csrf,
            body.len(),
        );
        let address = self.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("sent");
        // Time for the gateway to let the caller in; without it the refusal only comes earlier.
        tokio::time::sleep(Duration::from_millis(300)).await;
        meanwhile.await;
        stream.write_all(rest.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("{answer}"))
    }

    pub async fn me(&self) -> Answer {
        self.call("GET", "/api/v1/me", None).await
    }
}

/// The audit rows of a tenant with this action.
pub async fn audit(tenant: &Tenant, action: &str) -> Vec<Value> {
    let all = tenant.call("GET", "/audit?limit=500").await.expect(200).json;
    let items = all["items"].as_array().expect("items").iter();
    items.filter(|row| row["action"] == action).cloned().collect()
}
