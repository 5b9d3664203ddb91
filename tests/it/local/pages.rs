//! The pages of passwords, as a browser without scripts goes through them.

use serde_json::json;

use super::fixture::{Account, Invited, OTHER, PASSWORD, ask_reset, reset_token};
use crate::harness::browser::Page;
use crate::harness::{Browser, Engine, Gateway};

on_both_engines!(
    an_invitation_is_accepted_and_signed_in_with_on_pages,
    a_forgotten_password_is_set_anew_on_pages,
    a_temporary_password_is_replaced_on_the_page_that_follows,
    a_link_that_is_not_good_says_so_and_offers_another,
    a_form_of_another_site_signs_nobody_in,
    the_pages_speak_french,
);

#[track_caller]
fn says(page: &Page, words: &str) {
    let text = page.answer.text();
    assert!(text.contains(words), "{words}: {text}");
}

async fn who(gateway: &Gateway, browser: &Browser) -> u16 {
    let browser = browser.with_header("Accept", "application/json");
    let url = format!("{}/api/v1/me", gateway.base());
    browser.get(&url).await.answer.status
}

async fn an_invitation_is_accepted_and_signed_in_with_on_pages(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let browser = Browser::new();
    let url = format!("{}/invitation?token={}", gateway.base(), invited.token);
    let form = browser.get(&url).await.expect(200);
    says(&form, &invited.email);
    let weak = browser.submit(&form, &[("password", "short")]).await.expect(422);
    says(&weak, "at least 12 characters");
    assert!(!weak.answer.text().contains("short"));
    let chosen = browser.submit(&weak, &[("password", PASSWORD)]).await.expect(200);
    says(&chosen, &format!("/login/{}", tenant.slug));
    let login = format!("{}/login/{}?return_to=/api/docs", gateway.base(), tenant.slug);
    let form = browser.get(&login).await.expect(200);
    says(&form, &format!("/reset?tenant={}", tenant.slug));
    let wrong = [("email", invited.email.as_str()), ("password", OTHER)];
    let refused = browser.submit(&form, &wrong).await.expect(401);
    says(&refused, "invalid_credentials");
    let right = [("email", invited.email.as_str()), ("password", PASSWORD)];
    let signed_in = browser.submit(&form, &right).await.expect(303);
    assert_eq!(signed_in.location().expect("an address").path(), "/api/docs");
    assert_eq!(who(gateway, &browser).await, 200);
}

async fn a_forgotten_password_is_set_anew_on_pages(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let browser = Browser::new();
    let url = format!("{}/reset?tenant={}", gateway.base(), account.tenant.slug);
    let form = browser.get(&url).await.expect(200);
    for email in ["nobody@acme.example", account.email.as_str()] {
        let sent = browser.submit(&form, &[("email", email)]).await.expect(202);
        says(&sent, "Look among unwanted mail");
    }
    let token = reset_token(gateway, &account.email, 2).await;
    let form = browser
        .get(&format!("{}/reset?token={token}", gateway.base()))
        .await
        .expect(200);
    browser.submit(&form, &[("password", OTHER)]).await.expect(200);
    account.sign_in(gateway, OTHER).await.expect(200);
    let again = browser.submit(&form, &[("password", PASSWORD)]).await.expect(404);
    says(&again, "This link is not known");
}

async fn a_temporary_password_is_replaced_on_the_page_that_follows(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let temporary = "seven borrowed keys 12";
    let body = json!({"password": temporary, "temporary": true});
    account
        .tenant
        .call_with("PUT", &account.path("/password"), &body)
        .await
        .expect(204);
    let browser = Browser::new();
    let url = format!("{}/login/{}", gateway.base(), account.tenant.slug);
    let form = browser.get(&url).await.expect(200);
    let fields = [("email", account.email.as_str()), ("password", temporary)];
    let step = browser.submit(&form, &fields).await.expect(200);
    says(&step, "temporary one");
    assert_eq!(who(gateway, &browser).await, 401);
    let weak = browser
        .submit(&step, &[("password", temporary)])
        .await
        .expect(422);
    says(&weak, "another one than the present password");
    browser.submit(&weak, &[("password", OTHER)]).await.expect(303);
    assert_eq!(who(gateway, &browser).await, 200);
}

async fn a_link_that_is_not_good_says_so_and_offers_another(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    invited.accept(gateway, PASSWORD).await.expect(200);
    let browser = Browser::new();
    let base = gateway.base();
    for (path, status, words) in [
        (
            format!("/invitation?token={}", invited.token),
            410,
            "used already",
        ),
        ("/invitation".to_owned(), 404, "not known"),
        ("/reset?token=rollcall_rst_x".to_owned(), 404, "not known"),
    ] {
        let page = browser.get(&format!("{base}{path}")).await.expect(status);
        says(&page, words);
        let fields = [
            ("tenant", tenant.slug.as_str()),
            ("email", invited.email.as_str()),
        ];
        browser.submit(&page, &fields).await.expect(202);
    }
    ask_reset(gateway, &tenant, &invited.email).await;
}

async fn a_form_of_another_site_signs_nobody_in(engine: Engine) {
    let gateway = engine.gateway().await;
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let url = format!("{}/login/{}", gateway.base(), account.tenant.slug);
    let fields = [("email", account.email.as_str()), ("password", PASSWORD)];
    for site in ["cross-site", "same-site"] {
        let browser = Browser::new().with_header("Sec-Fetch-Site", site);
        browser.post(&url, &fields, None).await.expect(403);
        assert_eq!(who(gateway, &browser).await, 401);
    }
    for (name, value) in [
        ("Sec-Fetch-Site", "same-origin".to_owned()),
        ("Origin", gateway.base()),
        ("Origin", "null".to_owned()),
    ] {
        let browser = Browser::new().with_header(name, &value);
        browser.post(&url, &fields, None).await.expect(303);
        assert_eq!(who(gateway, &browser).await, 200);
    }
    // A browser that knows no Fetch Metadata.
    for origin in [
        "https://evil.example",
        "https://gateway.example.evil.example",
        "evil",
        "",
    ] {
        let browser = Browser::new().with_header("Origin", origin);
        browser.post(&url, &fields, None).await.expect(403);
        assert_eq!(who(gateway, &browser).await, 401);
    }
}

async fn the_pages_speak_french(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let invited = Invited::new(gateway, &tenant, &json!({})).await;
    let browser = Browser::new().with_header("Accept-Language", "fr");
    let url = format!("{}/invitation?token={}", gateway.base(), invited.token);
    let form = browser.get(&url).await.expect(200);
    says(&form, "Choisissez un mot de passe");
    let weak = browser.submit(&form, &[("password", "court")]).await.expect(422);
    says(&weak, "au moins 12 caractères");
}
