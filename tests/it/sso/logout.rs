//! The end of sessions: by the person, at the provider too, and by the provider's word behind the browser.

use serde_json::{Value, json};

use super::fixture::{Certified, sign_out};
use crate::harness::browser::query_of;
use crate::harness::rogue::{Endpoint, Reply, token};
use crate::harness::{Answer, Browser, Call, Engine, Rogue};

on_both_engines!(
    signing_out_ends_the_session_here_and_at_the_provider,
    signing_out_through_the_api_says_where_the_provider_ends_its_own,
    signing_out_twice_is_no_error,
    the_end_of_the_providers_session_ends_the_one_here,
    a_logout_token_is_good_once,
    a_forged_logout_token_ends_nothing,
);

impl Certified<'_> {
    async fn sign_out(&self, browser: &Browser) -> crate::harness::browser::Page {
        sign_out(&self.base(), browser).await.expect(303)
    }

    /// Signs out at the provider, which asks first.
    async fn sign_out_at_provider(&self, browser: &Browser) {
        let address = format!("{}/session/end", self.provider.issuer);
        let question = browser.open(&address).await.expect(200);
        browser.submit(&question, &[("logout", "yes")]).await;
    }

    /// What the provider would post.
    async fn tell(&self, logout_token: &str) -> Answer {
        let address = self
            .connection
            .redirect_uri
            .replace("/callback", "/backchannel-logout");
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", logout_token)
            .finish();
        Call::new("POST", &address)
            .bytes("application/x-www-form-urlencoded", form)
            .send()
            .await
    }

    /// Signs in and out at the provider while `listener` stands where the gateway should: the logout token of a
    /// session that is live here.
    async fn catch_logout_token(&self, listener: &Rogue, browser: &Browser, sub: &str) -> String {
        listener.change(|script| {
            script.replies.insert(Endpoint::Unknown, Reply::Status(200));
        });
        let elsewhere = json!({"backchannel_logout_uri": format!("{}/backchannel", listener.issuer)});
        self.register(&elsewhere).await;
        self.sign_in(browser, sub).await.expect(303);
        let before = listener.requests(Endpoint::Unknown).len();
        self.sign_out_at_provider(browser).await;
        let told = listener.requests(Endpoint::Unknown);
        assert_eq!(told.len(), before + 1);
        told[before].parameter("logout_token").expect("a logout token")
    }
}

async fn signing_out_ends_the_session_here_and_at_the_provider(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, _) = site.signed_in(&sub).await;
    let cookie = browser.cookie(&site.base(), "session").expect("a session");
    let away = site.sign_out(&browser).await;
    assert!(browser.cookie(&site.base(), "session").is_none());
    let to = away.location().expect("the provider");
    assert_eq!(to.origin().ascii_serialization(), site.provider.issuer);
    let hint = query_of(&to, "id_token_hint").expect("a hint");
    assert_eq!(token::split(&hint).1["sub"], sub.as_str());
    assert_eq!(query_of(&to, "client_id").as_ref(), Some(&site.client.id));
    // The provider knows whom it is about, asks, and leads back.
    let question = browser.follow_all(away).await.expect(200);
    let answered = browser.submit(&question, &[("logout", "yes")]).await;
    let back = browser.follow_all(answered).await.expect(200);
    assert_eq!(back.url.as_str(), format!("{}?signed_out=1", site.login_page()));
    assert!(
        back.answer.text().contains("role=\"status\""),
        "{}",
        back.answer.text()
    );
    // A copy of the cookie is worth nothing, and the next sign-in needs the form again.
    let copy = Call::new("GET", &format!("{}/api/v1/me", site.base()));
    let copy = copy.header("Cookie", &format!("session={}", cookie.value));
    copy.send().await.expect(401);
    let form = browser.open(&site.connection.start_url).await.expect(200);
    assert_eq!(form.url.origin().ascii_serialization(), site.provider.issuer);
    assert_eq!(form.forms().len(), 1);
}

async fn signing_out_through_the_api_says_where_the_provider_ends_its_own(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, _) = site.signed_in(&sub).await;
    let (other, _) = site.signed_in(&sub).await;
    let out = site
        .by_session(&browser, "POST", "/api/v1/logout", None)
        .await
        .expect(200);
    let end = out.json["end_session_url"].as_str().expect("an address");
    assert!(end.starts_with(&site.provider.issuer), "{end}");
    assert!(end.contains("id_token_hint="), "{end}");
    assert!(
        out.header("set-cookie")
            .starts_with("session=; Path=/; Max-Age=0;"),
        "{:?}",
        out.headers
    );
    site.me(&browser).await.expect(401);
    // One session has ended and no other.
    site.me(&other).await.expect(200);
}

async fn signing_out_twice_is_no_error(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, _) = site.signed_in(&sub).await;
    let landing = browser.open(&site.base()).await.expect(200);
    let tab = browser.other_tab();
    tab.submit(&landing, &[]).await.expect(303);
    let again = browser.submit(&landing, &[]).await.expect(303);
    assert_eq!(again.answer.header("location"), "/login?signed_out=1");
}

async fn the_end_of_the_providers_session_ends_the_one_here(engine: Engine) {
    let site = Certified::new(engine).await;
    let sub = site.person(&json!({})).await;
    let (browser, _) = site.signed_in(&sub).await;
    let (elsewhere, _) = site.signed_in(&sub).await;
    let bob = site.person(&json!({"email": "bob@acme.example"})).await;
    let (bob, _) = site.signed_in(&bob).await;
    site.sign_out_at_provider(&browser).await;
    site.me(&browser).await.expect(401);
    let landing = browser.get(&site.base()).await.expect(303);
    assert_eq!(landing.answer.header("location"), "/login");
    // The provider named one of its sessions: the same person's in another browser goes on, and so does another's.
    site.me(&elsewhere).await.expect(200);
    site.me(&bob).await.expect(200);
}

async fn a_logout_token_is_good_once(engine: Engine) {
    let (site, listener) = (Certified::new(engine).await, Rogue::start().await);
    let sub = site.person(&json!({})).await;
    let browser = Browser::new();
    let logout_token = site.catch_logout_token(&listener, &browser, &sub).await;
    site.me(&browser).await.expect(200);
    let told = site.tell(&logout_token).await.expect(200);
    assert_eq!(told.header("cache-control"), "no-store");
    site.me(&browser).await.expect(401);
    assert_told_no(&site.tell(&logout_token).await);
    // A later session is not ended by the old word.
    site.sign_in(&browser, &sub).await.expect(303);
    assert_told_no(&site.tell(&logout_token).await);
    site.me(&browser).await.expect(200);
}

async fn a_forged_logout_token_ends_nothing(engine: Engine) {
    let (site, listener) = (Certified::new(engine).await, Rogue::start().await);
    let sub = site.person(&json!({})).await;
    let browser = Browser::new();
    let logout_token = site.catch_logout_token(&listener, &browser, &sub).await;
    let (header, claims, signature) = token::split(&logout_token);
    let mut stranger = claims.clone();
    stranger["sub"] = json!("somebody else");
    let altered = |claims: &Value| format!("{}{signature}", token::message(&header, claims));
    // The ID token of the session, which the provider has signed for us as well.
    let landing = site.sign_out(&site.signed_in(&sub).await.0).await;
    let id_token = query_of(&landing.location().expect("an address"), "id_token_hint").expect("a hint");
    let other = Certified::new(engine).await;
    let for_other = {
        let sub = other.person(&json!({})).await;
        other.catch_logout_token(&listener, &Browser::new(), &sub).await
    };
    for forged in [
        String::new(),
        "not a token".to_owned(),
        token::unsigned(&header, &claims),
        token::unsigned(&json!({"alg": "none"}), &claims),
        altered(&stranger),
        altered(&json!({})),
        id_token,
        for_other,
    ] {
        assert_told_no(&site.tell(&forged).await);
    }
    site.me(&browser).await.expect(200);
    // The token itself is good still: nothing of the above has used it up.
    site.tell(&logout_token).await.expect(200);
    site.me(&browser).await.expect(401);
}

/// 400 as OpenID Connect Back-Channel Logout 1.0 section 2.8 has it.
#[track_caller]
fn assert_told_no(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json["error"], "invalid_request", "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
}
