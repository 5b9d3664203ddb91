//! A real Chromium over the TLS front.

use serde_json::json;

use super::relying_party::{RelyingParty, algorithm_of};
use super::sites::start_server;
use crate::harness::browser::query_of;
use crate::harness::rogue::Reply;
use crate::harness::{Chromium, OidcProvider, Rogue, TlsFront, run};

#[test]
fn chromium_reads_a_page_over_https_and_fills_in_its_form() {
    run(async {
        let server = start_server().await;
        let front = TlsFront::start(&["gateway.test"]).await;
        front.route("gateway.test", server.address);
        let origin = front.origin("gateway.test");
        let chromium = Chromium::start().await;
        chromium.goto(&format!("{origin}/form")).await;
        assert_eq!(chromium.title().await, "A form");
        let heading = chromium.find("h1").await.expect("a heading");
        assert_eq!(chromium.text_of(&heading).await, "Form");
        assert!(chromium.find("h2").await.is_none());
        assert_eq!(chromium.find_all("input").await.len(), 2);
        chromium.type_into("input[name=name]", "Ada & Co").await;
        chromium.click("button").await;
        chromium.wait_until_at(&format!("{origin}/echo?a=1&b=2")).await;
        assert!(
            chromium
                .source()
                .await
                .contains("hidden=%3Cx%3E&amp;name=Ada+%26+Co")
        );
        assert!(chromium.screenshot().await.starts_with(b"\x89PNG"));
        assert_eq!(chromium.run("return location.protocol").await, "https:");
    });
}

#[test]
fn chromium_keeps_the_cookies_that_a_browser_should() {
    run(async {
        let server = Rogue::start().await;
        server.change(|script| {
            let reply = Reply::custom(|_| {
                let mut answer = axum::response::Response::default();
                for cookie in [
                    "__Host-good=1; Path=/; Secure; HttpOnly; SameSite=Lax",
                    "__Host-bad=1; Path=/",
                ] {
                    answer
                        .headers_mut()
                        .append("set-cookie", cookie.parse().expect("a header"));
                }
                answer
            });
            script
                .replies
                .insert(crate::harness::rogue::Endpoint::Unknown, reply);
        });
        let front = TlsFront::start(&["gateway.test"]).await;
        front.route("gateway.test", server.address);
        let chromium = Chromium::start().await;
        chromium.goto(&front.origin("gateway.test")).await;
        let cookies = chromium.cookies().await;
        assert_eq!(cookies.len(), 1, "{cookies:?}");
        assert_eq!(cookies[0]["name"], "__Host-good");
        assert_eq!(
            (&cookies[0]["httpOnly"], &cookies[0]["sameSite"]),
            (&json!(true), &json!("Lax"))
        );
    });
}

#[test]
fn chromium_signs_in_at_the_provider_between_two_sites() {
    run(async {
        let server = start_server().await;
        let front = TlsFront::start(&["gateway.test", "idp.test"]).await;
        let provider = OidcProvider::start(&json!({"issuer": front.origin("idp.test")})).await;
        front.route("gateway.test", server.address);
        front.route("idp.test", provider.address);
        let callback = format!("{}/callback", front.origin("gateway.test"));
        let client = provider.register(&callback, &json!({})).await;
        let discovery = json!({
            "issuer": provider.issuer,
            "authorization_endpoint": format!("{}/auth", provider.issuer),
            "token_endpoint": format!("http://{}/token", provider.address),
        });
        let party = RelyingParty::new(discovery, &client.id, &client.secret, &callback);
        let chromium = Chromium::start().await;
        chromium.goto(&party.authorization_url()).await;
        chromium.type_into("input[name=login]", "ada").await;
        chromium.type_into("input[name=password]", "any").await;
        chromium.click("button").await;
        let back = chromium.wait_until_below(&callback).await;
        let back = back.parse().expect("a URL");
        let tokens = party.exchange(&party.code(&back)).await.expect(200).json;
        let id_token = tokens["id_token"].as_str().expect("an ID token");
        assert_eq!(json!(algorithm_of(id_token)), "RS256");
        assert_eq!(query_of(&back, "iss"), Some(front.origin("idp.test")));
    });
}
