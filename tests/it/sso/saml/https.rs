//! The gateway and the provider as two sites over https: the response comes by a POST that another site causes, on which
//! a cookie for same sites would stay at home.

use serde_json::json;

use super::simplesamlphp::Site;
use crate::harness::{Browser, Chromium, Engine, ProviderProgram, Tenant, TlsFront};
use crate::process::program::{Served, Setup};

on_both_engines!(
    over_https_the_login_cookie_travels_with_the_post,
    chromium_signs_in_between_two_sites,
);

/// The gateway at `https://localhost`, the provider at `https://127.0.0.1`.
struct Sites {
    _front: TlsFront,
    provider: ProviderProgram,
    served: Served,
}

impl Sites {
    async fn start(engine: Engine) -> Self {
        let front = TlsFront::start(&["localhost", "127.0.0.1"]).await;
        let certificate = front.certificate_file().display().to_string();
        let served = Setup::on(engine)
            .await
            .with("ROLLCALL_PUBLIC_URL", &front.origin("localhost"))
            .with("ROLLCALL_ALLOW_PRIVATE_IDP", "true")
            .with("SSL_CERT_FILE", &certificate);
        let served = tokio::task::spawn_blocking(move || served.serve());
        let served = served.await.expect("the gateway starts");
        let settings = json!({"origin": front.origin("127.0.0.1")});
        let provider = ProviderProgram::start_simplesamlphp(&settings).await;
        let address = served.base.strip_prefix("http://").expect("http");
        front.route("localhost", address.parse().expect("an address"));
        front.route("127.0.0.1", provider.address);
        Self {
            _front: front,
            provider,
            served,
        }
    }
}

async fn over_https_the_login_cookie_travels_with_the_post(engine: Engine) {
    let sites = Sites::start(engine).await;
    let tenant = Tenant::create(&sites.served.base).await;
    let site = Site::of(tenant, &sites.provider, &json!({})).await;
    let browser = Browser::new();
    let response = site.up_to_the_response(&browser).await;
    assert!(
        response.url.as_str().starts_with(&sites.provider.origin),
        "{}",
        response.url
    );
    let page = browser.submit(&response, &[]).await.expect(303);
    let sent: Vec<&str> = page
        .sent_cookies
        .iter()
        .filter_map(|cookie| cookie.split('=').next())
        .collect();
    assert_eq!(sent, ["__Host-login"]);
    assert!(browser.cookie(&site.base(), "__Host-session").is_some());
    site.me(&browser).await.expect(200);
}

async fn chromium_signs_in_between_two_sites(engine: Engine) {
    let sites = Sites::start(engine).await;
    let tenant = Tenant::create(&sites.served.base).await;
    let site = Site::of(tenant, &sites.provider, &json!({})).await;
    // The request goes by POST as well, by a form of ours that sends itself.
    let by_post = json!({"request_binding": "post"});
    site.connection.patch(&site.tenant, &by_post).await.expect(200);
    let chromium = Chromium::start().await;
    chromium.goto(&site.connection.start_url).await;
    chromium.type_into("input[name=username]", &site.person).await;
    chromium.type_into("input[name=password]", "any").await;
    chromium
        .click("button[type=submit], input[type=submit], #submit_button")
        .await;
    chromium.wait_until_at(&format!("{}/", site.base())).await;
    let heading = chromium.find("h1").await.expect("a heading");
    assert_eq!(chromium.text_of(&heading).await, "Ada Lovelace");
}
