//! The pages of sign-in in a real browser, and the headers that they come with.

use serde_json::json;

use super::fixture::{Certified, assert_refused};
use crate::harness::browser::Page;
use crate::harness::{Browser, Chromium, Database, Engine, Gateway, OidcProvider, run};

/// A tenant on a gateway of its own, where its domain is nobody else's.
async fn start() -> (Gateway, Certified<'static>) {
    let gateway = Database::new(Engine::Sqlite).await.gateway().await;
    let site = Certified::at(&gateway, OidcProvider::shared().await, &json!({})).await;
    (gateway, site)
}

/// The way from the first page to the provider's form and through it.
async fn sign_in(chromium: &Chromium, site: &Certified<'_>, sub: &str) {
    chromium.goto(&format!("{}/login", site.base())).await;
    chromium.type_into("input[name=email]", "ada@acme.example").await;
    chromium.click("button").await;
    chromium.type_into("input[name=login]", sub).await;
    chromium.type_into("input[name=password]", "any").await;
    chromium.click("button").await;
}

/// Checks that our own pages gave the browser nothing to complain of. What the provider's pages do is its own affair.
async fn assert_quiet(chromium: &Chromium, site: &Certified<'_>) {
    let mut said = chromium.console().await;
    said.retain(|message| !message.starts_with(&site.provider.issuer));
    // A refusal is answered with its status, which the browser notes.
    said.retain(|message| {
        !(message.contains("/callback?") && message.ends_with("status of 403 (Forbidden)"))
    });
    assert_eq!(said, [""; 0]);
}

#[test]
fn a_browser_goes_from_the_address_to_the_landing_page_and_out_again() {
    run(async {
        let (gateway, site) = start().await;
        let chromium = Chromium::start().await;
        sign_in(&chromium, &site, &site.person(&json!({})).await).await;
        chromium.wait_until_at(&format!("{}/", site.base())).await;
        let heading = chromium.find("h1").await.expect("a heading");
        assert_eq!(chromium.text_of(&heading).await, "Ada Lovelace");
        let main = chromium.find("main").await.expect("a page");
        let text = chromium.text_of(&main).await;
        for shown in ["ada@acme.example", &site.tenant.slug] {
            assert!(text.contains(shown), "{shown} is not shown: {text}");
        }
        chromium.click("form button").await;
        chromium.click("button[name=logout][value=yes]").await;
        chromium
            .wait_until_at(&format!("{}?signed_out=1", site.login_page()))
            .await;
        assert!(chromium.find("[role=status]").await.is_some());
        // The one way in that the tenant has leads to the provider's form again.
        chromium.click("a.button").await;
        chromium.type_into("input[name=login]", "ada").await;
        chromium.goto(&site.base()).await;
        chromium.wait_until_at(&format!("{}/login", site.base())).await;
        assert_quiet(&chromium, &site).await;
        // And it would have been heard.
        chromium
            .run("document.body.setAttribute('style', 'color: red'); console.error('heard')")
            .await;
        chromium
            .run("const s = document.createElement('script'); s.textContent = '1'; document.body.append(s)")
            .await;
        let said = chromium.console().await.join("\n");
        assert!(
            said.contains("heard") && said.contains("Content Security Policy"),
            "{said}"
        );
        gateway.stop().await;
    });
}

#[test]
fn a_refusal_shows_what_to_pass_on_and_copies_it() {
    run(async {
        let (gateway, site) = start().await;
        let chromium = Chromium::start().await;
        sign_in(
            &chromium,
            &site,
            &site.person(&json!({"email_verified": false})).await,
        )
        .await;
        let details = chromium.wait_for("#details").await;
        let details = chromium.text_of(&details).await;
        let line = |name: &str| {
            let lines = details.lines().map(|line| line.split_once(": "));
            let mut found = lines.flatten().filter(|(known, _)| *known == name);
            found.next().unwrap_or_else(|| panic!("no {name}: {details}")).1
        };
        assert_eq!(line("Code"), "email_not_verified");
        let path = format!("/api/v1/access-errors/{}", line("Reference"));
        let kept = gateway.call("GET", &path).await.expect(200).json;
        assert_eq!(
            (&kept["code"], &kept["message"]),
            (&json!("email_not_verified"), &json!(line("Message")))
        );
        assert_eq!(kept["email"], "ada@acme.example");
        chromium.click("button[data-copy]").await;
        let mut status = String::new();
        for _ in 0..100 {
            status = chromium
                .text_of(&chromium.find("#copied").await.expect("a status"))
                .await;
            if !status.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(status, "Copied");
        assert_quiet(&chromium, &site).await;
        // What was copied, pasted into a field.
        chromium.goto(&format!("{}/login", site.base())).await;
        chromium.type_into("input[name=email]", "\u{e009}v").await;
        let pasted = chromium
            .run("return document.querySelector('input[name=email]').value")
            .await;
        let pasted = pasted.as_str().expect("a text");
        assert!(pasted.contains("email_not_verified"), "{pasted}");
        gateway.stop().await;
    });
}

/// Checks the headers that keep a page to itself.
#[track_caller]
fn assert_careful(page: &Page) {
    let (answer, url) = (&page.answer, &page.url);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.header(name), value, "{url}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{url}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{url}: {policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{url}: {policy}"
    );
    let kept = answer.header("cache-control");
    let is_file = url.path().starts_with("/assets/") && answer.status == 200;
    assert_eq!(kept == "no-store", !is_file, "{url}: {kept}");
    assert!(
        answer.header("strict-transport-security").is_empty(),
        "{url} is not over https"
    );
}

#[test]
fn every_page_comes_with_careful_headers() {
    run(async {
        let (gateway, site) = start().await;
        let base = site.base();
        let browser = Browser::new();
        let refused = site
            .sign_in(&browser, &site.person(&json!({"email_verified": false})).await)
            .await;
        assert_refused(&refused, "email_not_verified");
        assert_careful(&refused);
        let style = refused.answer.text();
        let (_, style) = style
            .split_once("rel=\"stylesheet\" href=\"")
            .expect("a style sheet");
        let (style, _) = style.split_once('"').expect("an address");
        let tested = site
            .tenant
            .call("POST", &format!("/connections/{}/test", site.connection.id))
            .await;
        let test_url = tested.expect(200).json["test_url"]
            .as_str()
            .expect("an address")
            .to_owned();
        let trial = site
            .sign_in_from(&browser, &test_url, &site.person(&json!({})).await)
            .await;
        assert_careful(&trial.expect(200));
        for (path, status) in [
            ("/", 303),
            ("/login", 200),
            ("/login?signed_out=1", 200),
            (&*format!("/login/{}", site.tenant.slug), 200),
            ("/login/nobody", 404),
            ("/login/nobody/nothing/start", 403),
            (style, 200),
            ("/assets/nothing.css", 404),
            ("/nothing", 404),
            ("/logout", 405),
            ("/api/docs", 200),
        ] {
            let page = Browser::new().get(&format!("{base}{path}")).await;
            assert_eq!(page.answer.status, status, "{path}");
            assert_careful(&page);
        }
        let unknown = browser
            .post(
                &format!("{base}/login"),
                &[("email", "ada@elsewhere.example")],
                None,
            )
            .await;
        assert_careful(&unknown.expect(422));
        let signed_in = Browser::new();
        site.sign_in(&signed_in, &site.person(&json!({})).await)
            .await
            .expect(303);
        assert_careful(&signed_in.get(&base).await.expect(200));
        let forged = signed_in.post(&format!("{base}/logout"), &[], None).await;
        assert_careful(&forged.expect(403));
        gateway.stop().await;
    });
}

#[test]
fn pages_speak_the_language_of_the_browser() {
    run(async {
        let (gateway, site) = start().await;
        let browser = Browser::new().with_header("Accept-Language", "fr-CH, fr;q=0.9, en;q=0.8");
        let refused = site
            .sign_in(&browser, &site.person(&json!({"email_verified": false})).await)
            .await;
        assert_refused(&refused, "email_not_verified");
        for page in [refused, browser.get(&format!("{}/login", site.base())).await] {
            assert_eq!(page.answer.header("content-language"), "fr");
            assert!(page.answer.text().contains("<html lang=\"fr\">"));
        }
        gateway.stop().await;
    });
}
