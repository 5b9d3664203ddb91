//! People of another tenant: who makes them guests, what they may do, how they sign in, and what ends it.

mod access;
mod consent;
mod granting;
mod isolation;
mod names;
mod races;
mod requests;
mod sign_in;

use serde_json::{Value, json};

use crate::harness::{Answer, Engine, Gateway, Tenant};
use crate::local::fixture::{Account, PASSWORD, SignedIn, post, sign_in};

/// Somebody with a password in a tenant, who is a guest of another one.
struct Guest {
    gateway: &'static Gateway,
    /// Who they are at home.
    account: Account,
    host: Tenant,
    /// Who they are as a guest.
    id: String,
}

impl Guest {
    async fn new(engine: Engine) -> Self {
        let gateway = engine.gateway().await;
        let account = Account::new(gateway, &gateway.tenant().await).await;
        Self::of(gateway, account, gateway.tenant().await).await
    }

    async fn of(gateway: &'static Gateway, account: Account, host: Tenant) -> Self {
        let id = admit(&host, &account, &json!({})).await.expect(201).id();
        Self {
            gateway,
            account,
            host,
            id,
        }
    }

    /// A browser signed in through the tenant that the person is a guest of.
    async fn enter(&self) -> SignedIn {
        let answer = self.sign_in(PASSWORD).await.expect(200);
        SignedIn::of(self.gateway, &answer)
    }

    async fn sign_in(&self, password: &str) -> Answer {
        sign_in(self.gateway, &self.host.slug, &self.account.email, password).await
    }

    /// A browser signed in at home.
    async fn stay(&self) -> SignedIn {
        self.account.browser(self.gateway).await
    }

    fn path(&self) -> String {
        format!("/guests/{}", self.id)
    }

    async fn view(&self) -> Value {
        view(&self.host, &self.id).await
    }
}

async fn view(tenant: &Tenant, id: &str) -> Value {
    tenant.call("GET", &format!("/users/{id}")).await.expect(200).json
}

/// The operator makes somebody a guest; `more` says more.
async fn admit(host: &Tenant, account: &Account, more: &Value) -> Answer {
    let mut body = json!({"email": account.email, "home_tenant": account.tenant.slug});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    host.call_with("POST", "/guests", &body).await
}

/// An administrator of the whole tenant, signed in.
async fn administrator(gateway: &Gateway, tenant: &Tenant) -> SignedIn {
    let account = Account::administrator(gateway, tenant).await;
    account.browser(gateway).await
}

/// Signs in without the name of a tenant.
async fn begin(gateway: &Gateway, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    post(gateway, "/api/v1/login", &body).await
}

/// A sign-in was refused with this status and stable code.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    let told = (answer.status, &answer.json["code"]);
    assert_eq!(told, (status, &json!(code)), "{}", answer.text());
}
