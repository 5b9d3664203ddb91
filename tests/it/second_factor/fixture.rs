//! People with a password, their telephones and their browsers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::app::App;
use crate::harness::{Answer, Call, Engine, Gateway, Tenant};
use crate::mail::by_hand::{address, person};
use crate::mail::eml;

const JSON: &str = "application/json";
pub const PASSWORD: &str = "violet otter, 7 lamps";

/// A person with a password, in a tenant of their own.
pub struct Member<'g> {
    pub gateway: &'g Gateway,
    pub tenant: Tenant,
    pub email: String,
    pub id: String,
    /// By how much the gateway's clock was moved.
    ahead: SignedDuration,
}

/// The cookies of a browser that calls the API.
#[derive(Debug, Clone, Default)]
pub struct Jar(Vec<(String, String)>);

impl Jar {
    /// Takes the cookies that an answer sets.
    pub fn take(&mut self, answer: &Answer) {
        for header in answer.headers.get_all("set-cookie") {
            let text = header.to_str().expect("ASCII");
            let pair = text.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a value");
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    pub fn has_session(&self) -> bool {
        self.0.iter().any(|(name, _)| name == "session")
    }

    fn call(&self, method: &str, url: &str) -> Call {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let call = Call::new(method, url).header("Accept", JSON);
        if pairs.is_empty() {
            call
        } else {
            call.header("Cookie", &pairs.join("; "))
        }
    }
}

/// A gateway whose clock a test may move.
pub async fn own_gateway(engine: Engine) -> Gateway {
    // Guesses are counted all the same; requests of one address are not.
    let settings = [("ROLLCALL_RATE_LIMITS", "off")];
    Gateway::start_with(&engine.new_database().await, &settings).await
}

impl<'g> Member<'g> {
    /// Somebody who was invited and has chosen a password.
    pub async fn join(gateway: &'g Gateway) -> Self {
        Self::join_with(gateway, &json!({})).await
    }

    /// The same, made with more fields than the usual ones.
    pub async fn join_with(gateway: &'g Gateway, more: &Value) -> Self {
        let tenant = gateway.tenant().await;
        Self::join_in(gateway, tenant, more).await
    }

    /// The same in a tenant that is there.
    pub async fn join_in(gateway: &'g Gateway, tenant: Tenant, more: &Value) -> Self {
        let email = address();
        let mut body = person(&email);
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let id = tenant.call_with("POST", "/users", &body).await.expect(201).id();
        let invitation = eml::wait_for(&gateway.data, &email, 1).await;
        let accepted = json!({"token": invitation.token(&gateway.base()), "password": PASSWORD});
        gateway
            .anonymous("POST", "/api/v1/invitations/accept")
            .json(JSON, &accepted)
            .send()
            .await
            .expect(200);
        Self {
            gateway,
            tenant,
            email,
            id,
            ahead: SignedDuration::ZERO,
        }
    }

    /// The same who has to have a second factor.
    pub async fn required(gateway: &'g Gateway) -> Self {
        let member = Self::join(gateway).await;
        member.require(true).await.expect(200);
        member
    }

    pub async fn require(&self, required: bool) -> Answer {
        let path = format!("/users/{}/mfa", self.id);
        self.tenant
            .call_with("PUT", &path, &json!({"required": required}))
            .await
    }

    pub async fn reset(&self) -> Answer {
        self.tenant
            .call("POST", &format!("/users/{}/mfa/reset", self.id))
            .await
    }

    pub async fn show(&self) -> Value {
        self.tenant
            .call("GET", &format!("/users/{}", self.id))
            .await
            .expect(200)
            .json
    }

    /// The whole audit of the tenant, as text.
    pub async fn audit(&self) -> String {
        let rows = self.tenant.call("GET", "/audit?limit=500").await.expect(200);
        rows.json["items"].to_string()
    }

    /// How often the audit names an action of this person.
    pub async fn audited(&self, action: &str) -> Vec<Value> {
        let rows = self.tenant.call("GET", "/audit?limit=500").await.expect(200).json;
        let items = rows["items"].as_array().expect("rows").iter();
        let theirs =
            items.filter(|row| row["action"] == action && row["target"].to_string().contains(&self.id));
        theirs.cloned().collect()
    }

    /// Moves the clock of the member's gateway, which is the test's own.
    pub fn wait(&mut self, by: Duration) {
        self.gateway.advance(by);
        self.ahead += SignedDuration::try_from(by).expect("a short time");
    }

    /// The time by the gateway's clock, some seconds before the app shows another code.
    pub async fn now(&self) -> Timestamp {
        loop {
            let now = Timestamp::now() + self.ahead;
            if now.as_second() % 30 < 20 {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The code that an app shows now, or showed so many steps ago.
    pub async fn code(&self, app: &App, steps: i64) -> String {
        app.code(self.now().await + SignedDuration::from_secs(30 * steps))
    }

    pub async fn post(&self, jar: &mut Jar, path: &str, body: &Value) -> Answer {
        let url = format!("{}/api/v1{path}", self.gateway.base());
        let answer = jar.call("POST", &url).json(JSON, body).send().await;
        jar.take(&answer);
        answer
    }

    /// Gives the password.
    pub async fn sign_in(&self, jar: &mut Jar) -> Answer {
        let body = json!({"tenant": self.tenant.slug, "email": self.email, "password": PASSWORD});
        self.post(jar, "/login", &body).await
    }

    /// Gives the password and answers the ticket for a step.
    pub async fn ticket(&self, jar: &mut Jar, step: &str) -> String {
        ticket_of(&self.sign_in(jar).await, step)
    }

    /// Gives a code.
    pub async fn give(&self, jar: &mut Jar, ticket: &str, code: &str) -> Answer {
        let body = json!({"ticket": ticket, "code": code});
        self.post(jar, "/login/mfa", &body).await
    }

    /// Asks for the QR code of a ticket.
    pub async fn offer(&self, ticket: &str) -> Answer {
        self.post(
            &mut Jar::default(),
            "/login/mfa/enrol",
            &json!({"ticket": ticket}),
        )
        .await
    }

    /// Enrols an app at a sign-in, with the code of the step before: app, recovery codes, and who is signed in.
    pub async fn enrol(&self) -> (App, Vec<String>, Jar) {
        let mut jar = Jar::default();
        let ticket = self.ticket(&mut jar, "mfa_enrol").await;
        let offer = self.offer(&ticket).await.expect(200).json;
        let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
        let code = self.code(&app, -1).await;
        let answer = self.give(&mut jar, &ticket, &code).await.expect(200);
        let codes = recovery_codes(&answer);
        (app, codes, jar)
    }

    /// Signs in with a code, whatever comes of it.
    pub async fn sign_in_with(&self, code: &str) -> (Answer, Jar) {
        let mut jar = Jar::default();
        let ticket = self.ticket(&mut jar, "mfa").await;
        (self.give(&mut jar, &ticket, code).await, jar)
    }

    /// A request by a session, with its CSRF token.
    pub async fn by(&self, jar: &Jar, method: &str, path: &str, body: &Value) -> Answer {
        let me = self.me(jar).await.expect(200).json;
        let token = me["session"]["csrf_token"].as_str().expect("a token");
        let url = format!("{}/api/v1{path}", self.gateway.base());
        jar.call(method, &url)
            .header("X-CSRF-Token", token)
            .json(JSON, body)
            .send()
            .await
    }

    /// Who is signed in.
    pub async fn me(&self, jar: &Jar) -> Answer {
        let url = format!("{}/api/v1/me", self.gateway.base());
        jar.call("GET", &url).send().await
    }
}

/// The ticket of an answer that says what is next.
#[track_caller]
pub fn ticket_of(answer: &Answer, step: &str) -> String {
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    assert_eq!(answer.json["next"], step, "{text}");
    assert!(answer.headers.get("set-cookie").is_none(), "{text}");
    answer.json["ticket"].as_str().expect("a ticket").to_owned()
}

/// The recovery codes of an answer.
#[track_caller]
pub fn recovery_codes(answer: &Answer) -> Vec<String> {
    let codes = answer.json["recovery_codes"].as_array();
    let codes = codes.unwrap_or_else(|| panic!("no recovery codes: {}", answer.text()));
    codes
        .iter()
        .map(|code| code.as_str().expect("text").to_owned())
        .collect()
}

/// A refusal of the catalogue, with a reference.
#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (status, &json!(code)),
        "{text}"
    );
    assert!(answer.json["reference"].is_string(), "{text}");
    assert!(answer.headers.get("set-cookie").is_none(), "{text}");
}
