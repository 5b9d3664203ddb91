//! The gateway and the provider as two sites over https: what cookies do there, in the scripted browser and in Chromium.
//!
//! The gateway is started as a program, which trusts the front's certificate by `SSL_CERT_FILE`.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::fixture::Certified;
use crate::harness::{Browser, Call, Chromium, Engine, OidcProvider, Tenant, TlsFront};
use crate::process::program::{Served, Setup};

on_both_engines!(
    over_https_cookies_are_kept_to_the_host_and_the_sign_in_works,
    a_form_of_another_site_signs_nobody_out,
    chromium_signs_in_and_out_between_two_sites,
);

/// The gateway at `https://localhost`, the provider at `https://127.0.0.1`.
pub struct Sites<P> {
    pub front: TlsFront,
    pub provider: P,
    pub served: Served,
}

impl<P> Sites<P> {
    /// `start` starts the provider that is seen at an origin, and says where it listens.
    pub async fn start(engine: Engine, start: impl AsyncFnOnce(String) -> (P, SocketAddr)) -> Self {
        let front = TlsFront::start(&["localhost", "127.0.0.1"]).await;
        let certificate = front.certificate_file().display().to_string();
        let served = Setup::on(engine)
            .await
            .with("ROLLCALL_PUBLIC_URL", &front.origin("localhost"))
            .with("ROLLCALL_ALLOW_PRIVATE_IDP", "true")
            .with("SSL_CERT_FILE", &certificate);
        let served = tokio::task::spawn_blocking(move || served.serve());
        let served = served.await.expect("the gateway starts");
        let (provider, listening) = start(front.origin("127.0.0.1")).await;
        let address = served.base.strip_prefix("http://").expect("http");
        front.route("localhost", address.parse().expect("an address"));
        front.route("127.0.0.1", listening);
        Self {
            front,
            provider,
            served,
        }
    }
}

impl Sites<OidcProvider> {
    async fn new(engine: Engine) -> Self {
        Self::start(engine, async |origin| {
            let provider = OidcProvider::start(&json!({"issuer": origin})).await;
            let listening = provider.address;
            (provider, listening)
        })
        .await
    }

    async fn certified(&self) -> Certified<'_> {
        let tenant = Tenant::create(&self.served.base).await;
        Certified::of(tenant, &self.provider, &json!({})).await
    }
}

fn set_cookies(page: &crate::harness::browser::Page) -> Vec<&str> {
    let headers = page.answer.headers.get_all("set-cookie").iter();
    headers.map(|header| header.to_str().expect("ASCII")).collect()
}

async fn over_https_cookies_are_kept_to_the_host_and_the_sign_in_works(engine: Engine) {
    let sites = Sites::new(engine).await;
    let site = sites.certified().await;
    assert_eq!(site.base(), sites.front.origin("localhost"));
    let sub = site.person(&json!({})).await;
    let browser = Browser::new();
    let start = browser.get(&site.connection.start_url).await.expect(303);
    let [login] = set_cookies(&start)[..] else {
        panic!("{:?}", start.answer.headers);
    };
    let (value, attributes) = login.split_once("; ").expect("attributes");
    assert!(value.starts_with("__Host-login="), "{login}");
    assert_eq!(
        attributes,
        "Path=/; Max-Age=3600; HttpOnly; SameSite=None; Secure"
    );
    let back = sites.provider.sign_in(&browser, start, &sub).await;
    let landed = browser.follow(&back).await.expect(303);
    let [session] = set_cookies(&landed)[..] else {
        panic!("{:?}", landed.answer.headers);
    };
    let (value, attributes) = session.split_once("; ").expect("attributes");
    assert!(value.starts_with("__Host-session="), "{session}");
    assert_eq!(
        attributes,
        "Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure"
    );
    let me = site.me(&browser).await.expect(200);
    assert_eq!(me.json["user"]["email"], "ada@acme.example");
    assert!(me.header("strict-transport-security").starts_with("max-age="));
    // Without the prefix it is no session cookie: any neighbour could have set it.
    let secret = value.strip_prefix("__Host-session=").expect("a value");
    for (name, status) in [("session", 401), ("__Host-session", 200)] {
        let call = Call::new("GET", &format!("{}/api/v1/me", sites.served.base));
        call.header("Cookie", &format!("{name}={secret}"))
            .send()
            .await
            .expect(status);
    }
}

async fn a_form_of_another_site_signs_nobody_out(engine: Engine) {
    let sites = Sites::new(engine).await;
    let site = sites.certified().await;
    let (browser, _) = site.signed_in(&site.person(&json!({})).await).await;
    let address = format!("{}/logout", site.base());
    let foreign = browser.post(&address, &[], Some(&sites.provider.issuer)).await;
    // It carries the cookie of sign-ins and not the session, so nobody is known to be signed in.
    let names = foreign.sent_cookies.iter();
    let names: Vec<&str> = names.filter_map(|cookie| cookie.split('=').next()).collect();
    assert_eq!(names, ["__Host-login"]);
    site.me(&browser).await.expect(200);
}

async fn chromium_signs_in_and_out_between_two_sites(engine: Engine) {
    let sites = Sites::new(engine).await;
    let site = sites.certified().await;
    let sub = site.person(&json!({})).await;
    let chromium = Chromium::start().await;
    chromium.goto(&format!("{}/login", site.base())).await;
    chromium.type_into("input[name=email]", "ada@acme.example").await;
    chromium.click("button").await;
    chromium.type_into("input[name=login]", &sub).await;
    chromium.type_into("input[name=password]", "any").await;
    chromium.click("button").await;
    chromium.wait_until_at(&format!("{}/", site.base())).await;
    let heading = chromium.find("h1").await.expect("a heading");
    assert_eq!(chromium.text_of(&heading).await, "Ada Lovelace");
    let mut cookies: Vec<Value> = chromium.cookies().await;
    cookies.sort_by_key(|cookie| cookie["name"].to_string());
    let kept: Vec<_> = cookies
        .iter()
        .map(|cookie| {
            ["name", "domain", "path", "secure", "httpOnly", "sameSite"].map(|part| cookie[part].clone())
        })
        .collect();
    let cookie = |name: &str, same_site: &str| {
        [name, "localhost", "/"]
            .map(|text| json!(text))
            .into_iter()
            .chain([json!(true), json!(true), json!(same_site)])
            .collect::<Vec<_>>()
    };
    assert_eq!(kept.len(), 2, "{cookies:?}");
    assert_eq!(kept[0][..], cookie("__Host-login", "None")[..]);
    assert_eq!(kept[1][..], cookie("__Host-session", "Lax")[..]);
    chromium.click("form button").await;
    chromium.click("button[name=logout][value=yes]").await;
    chromium
        .wait_until_at(&format!("{}?signed_out=1", site.login_page()))
        .await;
    let names: Vec<Value> = chromium
        .cookies()
        .await
        .iter()
        .map(|cookie| cookie["name"].clone())
        .collect();
    assert_eq!(names, ["__Host-login"]);
}
