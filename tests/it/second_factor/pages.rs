//! The pages of the second factor, in a browser without scripts.

use super::app::{App, wrong_code};
use super::fixture::{Jar, Member};
use crate::harness::browser::Page;
use crate::harness::{Browser, Engine};

on_both_engines!(
    an_app_is_enrolled_and_asked_for_on_pages_without_scripts,
    a_form_of_another_site_signs_nobody_in,
    a_ticket_is_good_at_the_pages_of_its_tenant_alone,
);

impl Member<'_> {
    /// Sends the form of the page for a code.
    async fn send(&self, browser: &Browser, ticket: &str, code: &str) -> Page {
        let url = format!("{}/login/{}/mfa", self.gateway.base(), self.tenant.slug);
        browser
            .post(&url, &[("ticket", ticket), ("code", code)], None)
            .await
    }
}

async fn an_app_is_enrolled_and_asked_for_on_pages_without_scripts(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let browser = Browser::new();
    let ticket = member.ticket(&mut Jar::default(), "mfa_enrol").await;
    let offer = member.offer(&ticket).await.expect(200).json;
    let app = App::scan(offer["otpauth_uri"].as_str().expect("a URI"));
    let shown = member
        .send(&browser, &ticket, &wrong_code(&app, member.now().await))
        .await;
    let text = shown.answer.text();
    assert_eq!(shown.answer.status, 401, "{text}");
    assert!(
        shown
            .answer
            .header("content-security-policy")
            .contains("script-src 'self'")
    );
    assert!(!text.contains("<script") && !text.contains("style=") && text.contains("role=\"alert\""));
    for words in [
        "Google Authenticator",
        "Authy",
        "<svg ",
        offer["secret"].as_str().expect("a secret"),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let code = member.code(&app, -1).await;
    let codes = browser.submit(&shown, &[("code", &code)]).await;
    assert_eq!(codes.answer.status, 200, "{}", codes.answer.text());
    assert_eq!(codes.answer.text().matches("<li><code>").count(), 10);
    browser
        .open(&format!("{}/", member.gateway.base()))
        .await
        .expect(200);
    assert!(browser.cookie(&member.gateway.base(), "session").is_some());

    // From then on a code is asked for, in the reader's language.
    let browser = Browser::new().with_header("Accept-Language", "fr");
    let ticket = member.ticket(&mut Jar::default(), "mfa").await;
    let asked = member.send(&browser, &ticket, "").await;
    let text = asked.answer.text();
    assert!(
        text.contains("Code de sécurité") && !text.contains("<svg ") && text.contains("codes de secours")
    );
    let code = member.code(&app, 0).await;
    let done = browser.submit(&asked, &[("code", &code)]).await;
    assert_eq!(
        (done.answer.status, done.answer.header("location")),
        (303, "/"),
        "{}",
        done.answer.text()
    );
    assert!(browser.cookie(&member.gateway.base(), "session").is_some());
    // The form of a step that is over.
    let late = member.send(&Browser::new(), &ticket, &code).await;
    assert_eq!(late.answer.status, 403);
    assert!(late.answer.text().contains("sign_in_expired"));
}

async fn a_form_of_another_site_signs_nobody_in(engine: Engine) {
    let member = Member::required(engine.gateway().await).await;
    let (app, _, _) = member.enrol().await;
    let ticket = member.ticket(&mut Jar::default(), "mfa").await;
    let code = member.code(&app, 0).await;
    let browser = Browser::new();
    for site in ["cross-site", "same-site"] {
        let foreign = browser.with_header("Sec-Fetch-Site", site);
        let refused = member.send(&foreign, &ticket, &code).await;
        assert_eq!(refused.answer.status, 403);
        assert!(browser.cookie(&member.gateway.base(), "session").is_none());
    }
    let own = browser.with_header("Sec-Fetch-Site", "same-origin");
    member.send(&own, &ticket, &code).await.expect(303);
}

async fn a_ticket_is_good_at_the_pages_of_its_tenant_alone(engine: Engine) {
    let gateway = engine.gateway().await;
    let member = Member::required(gateway).await;
    let (app, _, _) = member.enrol().await;
    let ticket = member.ticket(&mut Jar::default(), "mfa").await;
    let code = member.code(&app, 0).await;
    let fields = [("ticket", ticket.as_str()), ("code", code.as_str())];
    let other = gateway.tenant().await;
    let at = |slug: &str| format!("{}/login/{slug}/mfa", gateway.base());
    let browser = Browser::new();
    let refused = browser.post(&at(&other.slug), &fields, None).await.expect(403);
    assert!(
        refused.answer.text().contains("sign_in_expired"),
        "{}",
        refused.answer.text()
    );
    browser
        .post(&at(&member.tenant.slug), &fields, None)
        .await
        .expect(303);
}
