//! The rogue: an honest provider by default, and every part of it can be made to lie.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::relying_party::{RelyingParty, algorithm_of, form_body};
use crate::harness::browser::query_of;
use crate::harness::rogue::keys::{ED25519, OTHER_RSA, P256, P384, RSA};
use crate::harness::rogue::token::{hmac_signed, message, signed, split, unsigned, with_signature};
use crate::harness::rogue::{Edit, Endpoint, Forge, Parameters, Reply, edit, forge};
use crate::harness::{Browser, Call, Canary, Rogue, run};

const CALLBACK: &str = "http://gateway.test/callback";
const CLIENT: (&str, &str) = ("rollcall", "secret-of-rollcall+/%:");

async fn client_of(rogue: &Rogue) -> RelyingParty {
    RelyingParty::of(&rogue.issuer, CLIENT.0, CLIENT.1, CALLBACK).await
}

/// From the start to the tokens.
async fn sign_in(rogue: &Rogue) -> (RelyingParty, Value) {
    let client = client_of(rogue).await;
    let back = Browser::new().get(&client.authorization_url()).await.expect(303);
    let code = client.code(&back.location().expect("a redirect"));
    let tokens = client.exchange(&code).await.expect(200).json;
    (client, tokens)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[test]
fn an_honest_rogue_signs_in_under_every_algorithm() {
    run(async {
        let rogue = Rogue::start().await;
        for (key, algorithm) in [
            (&*RSA, Algorithm::RS256),
            (&*RSA, Algorithm::RS512),
            (&*RSA, Algorithm::PS256),
            (&*OTHER_RSA, Algorithm::RS256),
            (&*P256, Algorithm::ES256),
            (&*P384, Algorithm::ES384),
            (&*ED25519, Algorithm::EdDSA),
        ] {
            rogue.change(|script| {
                script.rotate_to(key);
                let name = json!(algorithm);
                script.id_token_header = edit(move |header: &mut Value| header["alg"] = name.clone());
            });
            let (client, tokens) = sign_in(&rogue).await;
            let id_token = text(&tokens["id_token"]);
            assert_eq!(algorithm_of(id_token), algorithm);
            let claims = client.verify(id_token).await.expect("a good token");
            assert_eq!(claims["email"], "ada@acme.example");
            let userinfo = client.userinfo(text(&tokens["access_token"])).await.expect(200);
            assert_eq!(userinfo.json["sub"], claims["sub"]);
        }
        assert_eq!(
            (rogue.count(Endpoint::Discovery), rogue.count(Endpoint::Token)),
            (7, 7)
        );
    });
}

#[test]
fn a_strict_rogue_refuses_what_a_careless_client_sends() {
    run(async {
        let rogue = Rogue::start().await;
        let error_after = async |spoil: fn(&mut RelyingParty)| {
            let mut client = client_of(&rogue).await;
            let back = Browser::new().get(&client.authorization_url()).await;
            let code = client.code(&back.location().expect("a redirect"));
            spoil(&mut client);
            let first = client.exchange(&code).await;
            (
                first.status,
                first.json["error"].clone(),
                client.exchange(&code).await.status,
            )
        };
        let none = Value::Null;
        assert_eq!(
            error_after(|_| ()).await,
            (200, none, 400),
            "a code is good for once"
        );
        let wrong_client = (401, json!("invalid_client"), 401);
        assert_eq!(
            error_after(|client| client.client_secret.push('x')).await,
            wrong_client
        );
        let wrong_grant = (400, json!("invalid_grant"), 400);
        assert_eq!(
            error_after(|client| client.code_verifier.push('x')).await,
            wrong_grant
        );
        assert_eq!(
            error_after(|client| client.redirect_uri.push('x')).await,
            wrong_grant
        );

        let url = client_of(&rogue).await.authorization_url();
        for (good, bad) in [
            ("=S256", "=plain"),
            ("nonce=", "once="),
            ("state=", "estate="),
            ("openid", "open"),
            ("client_id=rollcall", "client_id=x"),
        ] {
            assert!(url.contains(good), "{good} is in {url}");
            Browser::new().get(&url.replace(good, bad)).await.expect(400);
        }
        rogue.change(|script| script.strict = false);
        Browser::new()
            .get(&url.replace("nonce=", "once="))
            .await
            .expect(303);
    });
}

#[test]
fn a_client_may_authenticate_in_the_form() {
    run(async {
        let rogue = Rogue::start().await;
        let client = client_of(&rogue).await;
        let back = Browser::new().get(&client.authorization_url()).await;
        let code = client.code(&back.location().expect("a redirect"));
        let form = form_body(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", &client.code_verifier),
            ("client_id", CLIENT.0),
            ("client_secret", CLIENT.1),
        ]);
        let tokens = Call::new("POST", &client.endpoint("token_endpoint"))
            .bytes("application/x-www-form-urlencoded", form);
        assert_eq!(tokens.send().await.expect(200).json["token_type"], "Bearer");
        let seen = rogue.requests(Endpoint::Token);
        assert_eq!(seen[0].parameter("code"), Some(code));
        assert!(!seen[0].headers.contains_key("authorization"));
    });
}

#[test]
fn every_part_of_an_answer_can_be_changed() {
    run(async {
        let rogue = Rogue::start().await;
        let set = |name: &'static str, value: &'static str| -> Edit<Value> {
            edit(move |body: &mut Value| body[name] = value.into())
        };
        rogue.change(|script| {
            script.person = json!({"sub": "eve", "email_verified": "true"});
            script.discovery = set("userinfo_endpoint", "http://127.0.0.1:1/userinfo");
            script.callback = edit(|parameters: &mut Parameters| {
                parameters.retain(|(name, _)| name != "state");
                parameters.push(("iss".to_owned(), "https://honest.example".to_owned()));
            });
            script.id_token_header = set("kid", "../../etc/passwd");
            script.id_token_claims = set("aud", "another");
            script.token_response = set("token_type", "mac");
            script.userinfo = set("sub", "somebody-else");
        });
        let client = client_of(&rogue).await;
        assert_eq!(
            client.endpoint("userinfo_endpoint"),
            "http://127.0.0.1:1/userinfo"
        );
        let back = Browser::new().get(&client.authorization_url()).await;
        let back = back.location().expect("a redirect");
        assert_eq!(query_of(&back, "state"), None);
        assert_eq!(back.query_pairs().filter(|(name, _)| name == "iss").count(), 2);
        let tokens = client
            .exchange(&query_of(&back, "code").expect("a code"))
            .await
            .expect(200)
            .json;
        assert_eq!(tokens["token_type"], "mac");
        let (header, claims, _) = split(text(&tokens["id_token"]));
        assert_eq!(header["kid"], "../../etc/passwd");
        assert_eq!(
            (&claims["sub"], &claims["aud"]),
            (&json!("eve"), &json!("another"))
        );
        assert_eq!(claims["email_verified"], "true");
        let userinfo =
            Call::new("GET", &format!("{}/userinfo", rogue.issuer)).bearer(text(&tokens["access_token"]));
        assert_eq!(userinfo.send().await.expect(200).json["sub"], "somebody-else");
    });
}

#[test]
fn a_token_can_be_forged_in_any_way() {
    run(async {
        let rogue = Rogue::start().await;
        let client = client_of(&rogue).await;
        let token_by = |forgery: Forge| {
            rogue.change(|script| script.id_token = forgery);
            rogue.id_token(&client.nonce)
        };
        let none = token_by(forge(|_, claims| unsigned(&json!({"alg": "none"}), claims)));
        assert!(none.ends_with('.') && split(&none).0 == json!({"alg": "none"}));

        let stolen_name = token_by(forge(|header, claims| signed(header, claims, &OTHER_RSA)));
        let refused = client
            .verify(&stolen_name)
            .await
            .expect_err("another key signed it");
        assert_eq!(refused.kind(), &jsonwebtoken::errors::ErrorKind::InvalidSignature);

        // What a library that takes the public key for a secret would believe.
        let confused = token_by(forge(|_, claims| {
            hmac_signed(&json!({"alg": "HS256"}), claims, RSA.public_pem().as_bytes())
        }));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[CLIENT.0]);
        let secret = DecodingKey::from_secret(RSA.public_pem().as_bytes());
        decode::<Value>(&confused, &secret, &validation).expect("the secret of the forgery");

        let honest = token_by(None);
        client.verify(&honest).await.expect("a good token");
        let (text, signature) = honest.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, RSA.public_der())
            .verify(text.as_bytes(), &signature)
            .expect("the DER is the public half of what signed");

        let cut = token_by(forge(|header, claims| {
            let message = message(header, claims);
            with_signature(&message, &RSA.sign("RS256", message.as_bytes())[..255])
        }));
        client
            .verify(&cut)
            .await
            .expect_err("a byte of the signature is missing");
    });
}

#[test]
fn a_logout_token_is_signed_like_an_id_token() {
    run(async {
        let rogue = Rogue::start().await;
        let token = rogue.logout_token(|claims| claims["sid"] = "one".into());
        let key = DecodingKey::from_jwk(&serde_json::from_value(RSA.jwk()).expect("a JWK")).expect("a key");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[CLIENT.0]);
        let claims = decode::<Value>(&token, &key, &validation)
            .expect("a good token")
            .claims;
        assert_eq!(
            (&claims["sub"], &claims["sid"]),
            (&json!("ada-1815"), &json!("one"))
        );
        assert!(claims["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
    });
}

#[test]
fn the_browser_comes_back_from_signing_out() {
    run(async {
        let rogue = Rogue::start().await;
        let out = |query: &str| format!("{}/logout?{query}", rogue.issuer);
        let back = "post_logout_redirect_uri=http%3A%2F%2Fgateway.test%2Fbye&state=x%26y";
        let page = Browser::new().get(&out(back)).await.expect(303);
        assert_eq!(
            page.location().expect("a redirect").as_str(),
            "http://gateway.test/bye?state=x%26y"
        );
        Browser::new().get(&out("client_id=rollcall")).await.expect(200);
        Browser::new()
            .get(&format!("{}/elsewhere", rogue.issuer))
            .await
            .expect(404);
        assert_eq!(
            (rogue.count(Endpoint::EndSession), rogue.count(Endpoint::Unknown)),
            (2, 1)
        );
    });
}

#[test]
fn endpoints_answer_as_they_are_told() {
    run(async {
        let rogue = Rogue::start().await;
        let canary = Canary::start().await;
        let jwks = format!("{}/jwks", rogue.issuer);
        let answer_to = async |reply: Reply| {
            rogue.change(|script| {
                script.replies.insert(Endpoint::Jwks, reply);
            });
            Call::new("GET", &jwks).send().await
        };
        assert_eq!(answer_to(Reply::Status(500)).await.status, 500);
        assert_eq!(
            answer_to(Reply::Body("text/html", b"<p>".to_vec()))
                .await
                .header("content-type"),
            "text/html"
        );
        assert_eq!(
            answer_to(Reply::json(&json!({"keys": []}))).await.json,
            json!({"keys": []})
        );
        let redirect = answer_to(Reply::Redirect(canary.url.clone())).await;
        assert_eq!(
            (redirect.status, redirect.header("location")),
            (302, canary.url.as_str())
        );
        let echoed = answer_to(Reply::custom(|seen| seen.method.to_string().into_response())).await;
        assert_eq!(echoed.text(), "GET");
        let flood = answer_to(Reply::Flood(3_000_001)).await;
        assert_eq!(
            (flood.body.len(), flood.header("content-length")),
            (3_000_001, "")
        );
        let started = std::time::Instant::now();
        assert!(answer_to(Reply::Late(Duration::from_millis(200))).await.json["keys"].is_array());
        assert!(started.elapsed() >= Duration::from_millis(200));
        let bomb = answer_to(Reply::GzipBomb(50_000_000)).await;
        assert_eq!(bomb.header("content-encoding"), "gzip");
        assert!(bomb.body.len() < 400_000, "{} bytes", bomb.body.len());
        assert_eq!(unpacked_size(&bomb.body), 50_000_000 / 258 * 258 + 1);
        assert_eq!(rogue.count(Endpoint::Jwks), 8);
        assert_eq!(canary.connections(), 0);
    });
}

/// The size that gzip finds, whatever it says of the missing checksum.
fn unpacked_size(gzip: &[u8]) -> usize {
    let mut child = Command::new("sh")
        .args(["-c", "gzip -dc 2>/dev/null | wc -c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(gzip)
        .expect("gzip reads");
    let output = child.wait_with_output().expect("the end");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .parse()
        .expect("a number")
}

#[test]
fn endpoints_can_keep_a_client_waiting() {
    run(async {
        let rogue = Rogue::start().await;
        let jwks = format!("{}/jwks", rogue.issuer);
        for (reply, most) in [(Reply::Hang, 0), (Reply::Drip(Duration::from_millis(20)), 100)] {
            rogue.change(|script| {
                script.replies.insert(Endpoint::Jwks, reply);
            });
            let mut answer = reqwest::get(&jwks).await.expect("the head of an answer");
            let mut read = 0;
            let whole = tokio::time::timeout(Duration::from_millis(500), async {
                while let Some(chunk) = answer.chunk().await.expect("no error") {
                    read += chunk.len();
                }
            });
            assert!(whole.await.is_err(), "the answer ends");
            assert!(
                read <= most && (most == 0 || read > 0),
                "{read} bytes of at most {most}"
            );
        }
    });
}

#[test]
fn rogues_stand_side_by_side_under_any_issuer() {
    run(async {
        let honest = Rogue::start().await;
        let below = Rogue::start_with(|port| format!("http://127.0.0.1:{port}/tenant/one/")).await;
        assert!(below.issuer.starts_with(&format!("http://{}/", below.address)));
        let (client, tokens) = sign_in(&below).await;
        client
            .verify(text(&tokens["id_token"]))
            .await
            .expect("a good token");
        assert!(client.endpoint("jwks_uri").ends_with("/tenant/one/jwks"));
        assert_eq!(honest.count(Endpoint::Authorize), 0);
        // A mix-up: the one sends the browser on to the other.
        let other = format!("{}/authorize", honest.issuer);
        below.change(|script| {
            script.replies.insert(
                Endpoint::Authorize,
                Reply::custom(move |seen| {
                    let query = seen.uri.query().unwrap_or_default();
                    axum::response::Redirect::to(&format!("{other}?{query}")).into_response()
                }),
            );
        });
        let page = Browser::new().get(&client.authorization_url()).await;
        let page = Browser::new().follow(&page).await.expect(303);
        let issuer = query_of(&page.location().expect("a redirect"), "iss");
        assert_eq!(issuer.as_ref(), Some(&honest.issuer));
        assert_eq!(honest.count(Endpoint::Authorize), 1);
    });
}
