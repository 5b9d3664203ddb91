//! The certified provider, with the scripted browser in front of its form.

use serde_json::{Value, json};

use super::relying_party::{RelyingParty, algorithm_of};
use crate::harness::browser::query_of;
use crate::harness::rogue::{Endpoint, Reply, token};
use crate::harness::{Browser, OidcProvider, Rogue, random_name, run};

const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// A new client of the provider that has begun a sign-in.
async fn client_of(provider: &OidcProvider, more: &Value) -> RelyingParty {
    let client = provider.register(CALLBACK, more).await;
    RelyingParty::of(&provider.issuer, &client.id, &client.secret, CALLBACK).await
}

/// From the start to the tokens.
async fn sign_in(provider: &OidcProvider, client: &RelyingParty, browser: &Browser, sub: &str) -> Value {
    let start = browser.get(&client.authorization_url()).await;
    let page = provider.sign_in(browser, start, sub).await;
    let back = page.location().expect("a redirect to the callback");
    assert!(back.as_str().starts_with(CALLBACK), "{back}");
    client.exchange(&client.code(&back)).await.expect(200).json
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[test]
fn a_browser_signs_in_under_every_algorithm() {
    run(async {
        let provider = OidcProvider::shared().await;
        for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
            let sub = random_name("ada");
            let person =
                json!({"sub": sub, "email": "ada@acme.example", "email_verified": true, "groups": ["staff"]});
            provider.add_person(&person).await;
            let client = client_of(provider, &json!({"id_token_signed_response_alg": algorithm})).await;
            let tokens = sign_in(provider, &client, &Browser::new(), &sub).await;
            let id_token = text(&tokens["id_token"]);
            assert_eq!(json!(algorithm_of(id_token)), algorithm);
            let claims = client.verify(id_token).await.expect("a good token");
            assert_eq!((text(&claims["sub"]), &claims["email"]), (&*sub, &Value::Null));
            let userinfo = client
                .userinfo(text(&tokens["access_token"]))
                .await
                .expect(200)
                .json;
            assert_eq!(userinfo, person);
        }
    });
}

#[test]
fn verified_and_unverified_and_unsaid_are_three_things() {
    run(async {
        let provider = OidcProvider::shared().await;
        let client = client_of(
            provider,
            &json!({"token_endpoint_auth_method": "client_secret_basic"}),
        )
        .await;
        for said in [
            json!({"email_verified": true}),
            json!({"email_verified": false}),
            json!({}),
        ] {
            let mut person = json!({"sub": random_name("ada"), "email": "ada@acme.example"});
            for (name, value) in said.as_object().expect("claims") {
                person[name] = value.clone();
            }
            provider.add_person(&person).await;
            let tokens = sign_in(provider, &client, &Browser::new(), text(&person["sub"])).await;
            let userinfo = client.userinfo(text(&tokens["access_token"])).await.expect(200);
            assert_eq!(userinfo.json, person);
        }
    });
}

#[test]
fn a_browser_that_is_signed_in_sees_no_form_again() {
    run(async {
        let provider = OidcProvider::shared().await;
        let (first, second) = (
            client_of(provider, &json!({})).await,
            client_of(provider, &json!({})).await,
        );
        let browser = Browser::new();
        sign_in(provider, &first, &browser, "ada").await;
        let tab = browser.other_tab();
        let straight = tab.get(&second.authorization_url()).await;
        let code = second.code(&straight.location().expect("the callback at once"));
        second.exchange(&code).await.expect(200);
        let stranger = browser.other_browser().open(&second.authorization_url()).await;
        assert_eq!(stranger.expect(200).forms().len(), 1);
    });
}

#[test]
fn a_client_without_pkce_is_sent_back_with_an_error() {
    run(async {
        let client = client_of(OidcProvider::shared().await, &json!({})).await;
        let url = client.authorization_url().replace("code_challenge", "ignored");
        let back = Browser::new().get(&url).await.location().expect("a redirect");
        assert_eq!(query_of(&back, "error").as_deref(), Some("invalid_request"));
        assert_eq!(query_of(&back, "state"), Some(client.state));
    });
}

#[test]
fn keys_are_rotated_and_claims_can_be_in_the_id_token() {
    run(async {
        let person = json!({"sub": "ada", "email": "ada@acme.example"});
        let provider = OidcProvider::start(&json!({"people": [person]})).await;
        let client = client_of(&provider, &json!({})).await;
        let browser = Browser::new();
        let before = sign_in(&provider, &client, &browser, "ada").await;
        provider.rotate_keys().await;
        provider.configure(&json!({"conform": false})).await;
        let after = sign_in(&provider, &client, &browser, "ada").await;
        let (old, new) = (text(&before["id_token"]), text(&after["id_token"]));
        assert_ne!(token::split(old).0["kid"], token::split(new).0["kid"]);
        let claims = client.verify(new).await.expect("a good token");
        assert_eq!(claims["email"], "ada@acme.example");
    });
}

#[test]
fn signing_out_tells_the_client_behind_the_browser() {
    run(async {
        let provider = OidcProvider::shared().await;
        let listener = Rogue::start().await;
        listener.change(|script| {
            script.replies.insert(Endpoint::Unknown, Reply::Status(200));
        });
        let metadata = json!({
            "backchannel_logout_uri": format!("{}/backchannel", listener.issuer),
            "backchannel_logout_session_required": true,
            "post_logout_redirect_uris": ["http://127.0.0.1:1/bye"],
        });
        let client = client_of(provider, &metadata).await;
        let browser = Browser::new();
        let tokens = sign_in(provider, &client, &browser, "ada").await;
        let id_token = text(&tokens["id_token"]);
        let sid = client.verify(id_token).await.expect("a good token")["sid"].clone();
        let url = url::Url::parse_with_params(
            &client.endpoint("end_session_endpoint"),
            [
                ("id_token_hint", id_token),
                ("post_logout_redirect_uri", "http://127.0.0.1:1/bye"),
            ],
        );
        let question = browser.open(url.expect("a URL").as_str()).await.expect(200);
        let answered = browser.submit(&question, &[("logout", "yes")]).await;
        assert_eq!(
            answered.location().expect("a redirect").as_str(),
            "http://127.0.0.1:1/bye"
        );
        let told = listener.requests(Endpoint::Unknown);
        let logout_token = told[0].parameter("logout_token").expect("a logout token");
        let (_, claims, _) = token::split(&logout_token);
        assert_eq!((&claims["sid"], &claims["aud"]), (&sid, &json!(client.client_id)));
        assert_eq!(told.len(), 1);
    });
}
