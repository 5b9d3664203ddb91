//! The endpoints when they do their work: code flow with PKCE (OIDC Core 3.1, RFC 7636, RFC 9207).

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::Url;

use super::script::Change;
use super::{Endpoint, Grant, Inside, Script, Seen, locked, token};
use crate::harness::random_name;

/// What a path below any issuer means.
pub(super) fn endpoint_of(path: &str) -> Endpoint {
    match path.rsplit_once('/').map(|(_, last)| last) {
        Some("openid-configuration") => Endpoint::Discovery,
        Some("jwks") => Endpoint::Jwks,
        Some("authorize") => Endpoint::Authorize,
        Some("token") => Endpoint::Token,
        Some("userinfo") => Endpoint::UserInfo,
        Some("logout") => Endpoint::EndSession,
        _ => Endpoint::Unknown,
    }
}

impl Inside {
    pub(super) fn answer(&self, script: &Script, endpoint: Endpoint, seen: &Seen) -> Response {
        match endpoint {
            Endpoint::Discovery => json_answer(200, &self.discovery(script)),
            Endpoint::Jwks => json_answer(200, &json!({"keys": script.published})),
            Endpoint::Authorize => self.authorize(script, seen),
            Endpoint::Token => match self.exchange(script, seen) {
                Ok(tokens) => json_answer(200, &tokens),
                Err((error, why)) => json_answer(
                    if error == "invalid_client" { 401 } else { 400 },
                    &json!({"error": error, "error_description": why}),
                ),
            },
            Endpoint::UserInfo => self.userinfo(script, seen),
            Endpoint::EndSession => match seen.parameter("post_logout_redirect_uri") {
                Some(to) => redirect(
                    &to,
                    seen.parameter("state").map(|state| ("state".to_owned(), state)),
                ),
                None => text_answer(200, "signed out"),
            },
            Endpoint::Unknown => text_answer(404, "nothing here"),
        }
    }

    fn discovery(&self, script: &Script) -> Value {
        let at = |endpoint: &str| format!("{}/{endpoint}", self.issuer.trim_end_matches('/'));
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "end_session_endpoint": at("logout"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "ES384", "EdDSA"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["openid", "email", "profile"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        });
        apply(script.discovery.as_ref(), &mut document);
        document
    }

    /// Signs the person of the script in and sends the browser back.
    fn authorize(&self, script: &Script, seen: &Seen) -> Response {
        let query = seen.uri.query().unwrap_or_default();
        let parameters: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let parameter = |name: &str| parameters.get(name).map(String::as_str);
        let Some(back) = parameter("redirect_uri").and_then(|uri| Url::parse(uri).ok()) else {
            return text_answer(400, "no redirect_uri");
        };
        let faults = [
            (
                parameter("client_id") != Some(&script.client_id),
                "unknown client_id",
            ),
            (
                parameter("response_type") != Some("code"),
                "response_type is not code",
            ),
            (
                !parameter("scope")
                    .unwrap_or_default()
                    .split(' ')
                    .any(|scope| scope == "openid"),
                "no scope openid",
            ),
            (
                parameter("code_challenge_method") != Some("S256"),
                "no PKCE with S256",
            ),
            (
                parameter("code_challenge").is_none_or(|challenge| challenge.len() != 43),
                "no code_challenge",
            ),
            (parameter("state").is_none(), "no state"),
            (parameter("nonce").is_none(), "no nonce"),
        ];
        if script.strict
            && let Some((_, fault)) = faults.iter().find(|(wrong, _)| *wrong)
        {
            return text_answer(400, fault);
        }
        let code = random_name("code");
        let mut answer = vec![("code".to_owned(), code.clone())];
        answer.extend(parameter("state").map(|state| ("state".to_owned(), state.to_owned())));
        answer.push(("iss".to_owned(), self.issuer.clone()));
        let grant = Grant {
            person: script.person.clone(),
            parameters,
            session: random_name("sid"),
        };
        locked(&self.codes).insert(code, grant);
        apply(script.callback.as_ref(), &mut answer);
        redirect(back.as_str(), answer)
    }

    /// A code for tokens, or the error of RFC 6749 5.2 and why.
    fn exchange(&self, script: &Script, seen: &Seen) -> Result<Value, (&'static str, &'static str)> {
        let parameter = |name: &str| seen.parameter(name).unwrap_or_default();
        if script.strict && client_of(seen) != (script.client_id.clone(), script.client_secret.clone()) {
            return Err(("invalid_client", "client_id or client_secret"));
        }
        if parameter("grant_type") != "authorization_code" {
            return Err(("unsupported_grant_type", "grant_type"));
        }
        let grant = locked(&self.codes).remove(&parameter("code"));
        let grant = grant.ok_or(("invalid_grant", "the code is unknown or used"))?;
        let asked = |name: &str| grant.parameters.get(name).cloned().unwrap_or_default();
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, parameter("code_verifier").as_bytes()));
        if script.strict && challenge != asked("code_challenge") {
            return Err(("invalid_grant", "code_verifier"));
        }
        if script.strict && parameter("redirect_uri") != asked("redirect_uri") {
            return Err(("invalid_grant", "redirect_uri"));
        }
        let access_token = random_name("access");
        let id_token = self.signed_id_token(script, &grant, &asked("nonce"), Some(&access_token));
        let mut answer = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": id_token,
        });
        locked(&self.access_tokens).insert(access_token, grant);
        apply(script.token_response.as_ref(), &mut answer);
        Ok(answer)
    }

    pub(super) fn id_token(&self, script: &Script, nonce: &str) -> String {
        let grant = Grant {
            person: script.person.clone(),
            parameters: HashMap::new(),
            session: random_name("sid"),
        };
        self.signed_id_token(script, &grant, nonce, None)
    }

    fn signed_id_token(
        &self,
        script: &Script,
        grant: &Grant,
        nonce: &str,
        access_token: Option<&str>,
    ) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.issuer,
            "aud": script.client_id,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": nonce,
            "sid": grant.session,
        });
        if let Some(access_token) = access_token.filter(|_| script.key.algorithm.ends_with("256")) {
            // OIDC Core 3.1.3.6: the left half of the hash that the algorithm names.
            let hash = digest(&SHA256, access_token.as_bytes());
            claims["at_hash"] = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).into();
        }
        for (name, value) in grant.person.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let mut header = json!({"alg": script.key.algorithm, "kid": script.key.id, "typ": "JWT"});
        apply(script.id_token_claims.as_ref(), &mut claims);
        apply(script.id_token_header.as_ref(), &mut header);
        match &script.id_token {
            Some(forge) => forge(&header, &claims),
            None => token::signed(&header, &claims, script.key),
        }
    }

    fn userinfo(&self, script: &Script, seen: &Seen) -> Response {
        let header = seen
            .headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        let Some(grant) = locked(&self.access_tokens).get(token).cloned() else {
            return text_answer(401, "no such access token");
        };
        let mut claims = grant.person;
        apply(script.userinfo.as_ref(), &mut claims);
        json_answer(200, &claims)
    }
}

/// The client by `client_secret_basic`, whose halves are form-encoded (RFC 6749 2.3.1), or `client_secret_post`.
fn client_of(seen: &Seen) -> (String, String) {
    let header = seen
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let Some(basic) = header.and_then(|value| value.strip_prefix("Basic ")) else {
        let parameter = |name: &str| seen.parameter(name).unwrap_or_default();
        return (parameter("client_id"), parameter("client_secret"));
    };
    let bytes = STANDARD.decode(basic).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let (id, secret) = text.split_once(':').unwrap_or((&text, ""));
    let decoded = |half: &str| {
        let spaced = half.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned()
    };
    (decoded(id), decoded(secret))
}

fn apply<T>(edit: Option<&Arc<Change<T>>>, value: &mut T) {
    if let Some(edit) = edit {
        edit(value);
    }
}

fn redirect(to: &str, parameters: impl IntoIterator<Item = (String, String)>) -> Response {
    let Ok(mut url) = Url::parse(to) else {
        return text_answer(400, "nowhere to go");
    };
    let parameters: Vec<_> = parameters.into_iter().collect();
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    let answer = Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header("location", url.as_str());
    answer.body(Body::empty()).expect("an answer")
}

fn json_answer(status: u16, value: &Value) -> Response {
    let answer = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    answer.body(value.to_string().into()).expect("an answer")
}

fn text_answer(status: u16, text: &str) -> Response {
    let answer = Response::builder()
        .status(status)
        .header("content-type", "text/plain");
    answer.body(text.to_owned().into()).expect("an answer")
}
