//! The gateway and the provider as two sites over https: the response comes by a POST that another site causes, on which
//! a cookie for same sites would stay at home.

use serde_json::json;

use super::simplesamlphp::{site_at, up_to_the_response};
use crate::harness::{Browser, Chromium, Engine, ProviderProgram, Tenant};
use crate::sso::https::Sites;

on_both_engines!(
    over_https_the_login_cookie_travels_with_the_post,
    chromium_signs_in_between_two_sites,
);

async fn sites_on(engine: Engine) -> Sites<ProviderProgram> {
    Sites::start(engine, async |origin| {
        let provider = ProviderProgram::start_simplesamlphp(&json!({"origin": origin})).await;
        let listening = provider.address;
        (provider, listening)
    })
    .await
}

async fn over_https_the_login_cookie_travels_with_the_post(engine: Engine) {
    let sites = sites_on(engine).await;
    let tenant = Tenant::create(&sites.served.base).await;
    let site = site_at(tenant, &sites.provider, &json!({})).await;
    let browser = Browser::new();
    let response = up_to_the_response(&site, &browser).await;
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
    let sites = sites_on(engine).await;
    let tenant = Tenant::create(&sites.served.base).await;
    let site = site_at(tenant, &sites.provider, &json!({})).await;
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
