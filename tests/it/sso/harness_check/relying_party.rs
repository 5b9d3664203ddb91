//! The smallest client of an OIDC provider, written straight from the specification, with signatures checked by
//! somebody else's code.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::Value;
use url::Url;

use crate::harness::browser::query_of;
use crate::harness::{Answer, Call, random_name};

/// A client of one provider that begins one sign-in.
pub struct RelyingParty {
    pub discovery: Value,
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uri: String,
    pub state: String,
    pub nonce: String,
    pub code_verifier: String,
}

impl RelyingParty {
    /// Reads the discovery document of an issuer.
    pub async fn of(issuer: &str, client_id: &str, client_secret: &str, redirect_uri: &str) -> Self {
        let document = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let discovery = Call::new("GET", &document).send().await.expect(200).json;
        Self::new(discovery, client_id, client_secret, redirect_uri)
    }

    /// The same with a discovery document at hand.
    pub fn new(discovery: Value, client_id: &str, client_secret: &str, redirect_uri: &str) -> Self {
        Self {
            discovery,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: random_name("state"),
            nonce: random_name("nonce"),
            code_verifier: format!(
                "{}{}",
                random_name("verifier"),
                random_name("of-43-characters-or-more")
            ),
        }
    }

    /// Where the browser is sent.
    pub fn authorization_url(&self) -> String {
        let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.code_verifier.as_bytes());
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid email profile"),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge_method", "S256"),
            ("code_challenge", &URL_SAFE_NO_PAD.encode(challenge)),
        ];
        let endpoint = self.endpoint("authorization_endpoint");
        Url::parse_with_params(&endpoint, parameters)
            .expect("a URL")
            .into()
    }

    /// The code of a callback, whose `state` and `iss` are the right ones.
    pub fn code(&self, callback: &Url) -> String {
        assert_eq!(
            query_of(callback, "state").as_ref(),
            Some(&self.state),
            "{callback}"
        );
        assert_eq!(
            query_of(callback, "iss").as_deref(),
            self.discovery["issuer"].as_str(),
            "{callback}"
        );
        query_of(callback, "code").unwrap_or_else(|| panic!("no code in {callback}"))
    }

    /// Asks the token endpoint, authenticating by `client_secret_basic`.
    pub async fn exchange(&self, code: &str) -> Answer {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let credentials = format!("{}:{}", encode(&self.client_id), encode(&self.client_secret));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &self.code_verifier),
        ];
        Call::new("POST", &self.endpoint("token_endpoint"))
            .header(
                "Authorization",
                &format!("Basic {}", STANDARD.encode(credentials)),
            )
            .bytes("application/x-www-form-urlencoded", form_body(&form))
            .send()
            .await
    }

    /// The claims of an ID token whose signature, issuer, audience and times jsonwebtoken accepts.
    pub async fn verify(&self, id_token: &str) -> jsonwebtoken::errors::Result<Value> {
        let keys = Call::new("GET", &self.endpoint("jwks_uri"))
            .send()
            .await
            .expect(200);
        let keys: JwkSet = serde_json::from_value(keys.json).expect("a JWKS");
        let header = decode_header(id_token)?;
        let key = keys
            .find(header.kid.as_deref().unwrap_or_default())
            .expect("a published key");
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[self.discovery["issuer"].as_str().expect("an issuer")]);
        validation.set_audience(&[&self.client_id]);
        let claims = decode::<Value>(id_token, &DecodingKey::from_jwk(key)?, &validation)?.claims;
        assert_eq!(claims["nonce"], self.nonce.as_str());
        Ok(claims)
    }

    /// What userinfo says to an access token.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        Call::new("GET", &self.endpoint("userinfo_endpoint"))
            .bearer(access_token)
            .send()
            .await
    }

    /// An endpoint of the discovery document.
    pub fn endpoint(&self, name: &str) -> String {
        self.discovery[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}"))
            .to_owned()
    }
}

/// The algorithm that a token says it is signed with.
pub fn algorithm_of(token: &str) -> Algorithm {
    decode_header(token).expect("a header").alg
}

/// The text of a form.
pub fn form_body(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}
