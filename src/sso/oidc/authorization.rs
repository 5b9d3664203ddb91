//! The way to the provider and back: the authorization request and what the browser brings to the callback
//! (OpenID Connect Core 1.0 sections 3.1.2.1 and 3.1.2.5, RFC 7636, RFC 9207).

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Url, form_urlencoded};

use crate::sso::shown::{shown, shown_up_to};

/// Bytes of a whole callback query. Codes of Entra are near 2,000.
const MAX_QUERY: usize = 16 * 1024;
/// Bytes of a `state` that could be ours, with room to spare.
const MAX_STATE: usize = 512;
/// Bytes of a code.
const MAX_CODE: usize = 8 * 1024;

/// What is asked for unless the connection says otherwise.
pub const DEFAULT_SCOPE: &str = "openid email profile";

/// The secrets of one sign-in attempt. They are bound to one browser and taken once.
#[derive(Clone, PartialEq, Eq)]
pub struct AttemptSecrets {
    /// 128 bits that bring the callback back to this attempt.
    pub state: String,
    /// 128 bits that bind the ID token to this attempt.
    pub nonce: String,
    /// 256 bits that bind the code to this attempt (PKCE): goes to the token endpoint alone.
    pub code_verifier: String,
}

impl fmt::Debug for AttemptSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptSecrets").finish_non_exhaustive()
    }
}

impl AttemptSecrets {
    /// Makes them of 64 random bytes.
    #[must_use]
    pub fn from_random(random: &[u8; 64]) -> Self {
        Self {
            state: URL_SAFE_NO_PAD.encode(&random[..16]),
            nonce: URL_SAFE_NO_PAD.encode(&random[16..32]),
            code_verifier: URL_SAFE_NO_PAD.encode(&random[32..]),
        }
    }
}

/// A request for a sign-in at the provider.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// The provider's vetted authorization endpoint; its own query stays.
    pub endpoint: &'a Url,
    /// Our name at the provider.
    pub client_id: &'a str,
    /// Our callback.
    pub redirect_uri: &'a str,
    /// Scopes between blanks; `openid` is added when it is not among them.
    pub scope: &'a str,
    /// The secrets of this attempt.
    pub secrets: &'a AttemptSecrets,
    /// Whom the person says they are, usually an e-mail.
    pub login_hint: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    /// Where to send the browser.
    #[must_use]
    pub fn url(&self) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, self.secrets.code_verifier.as_bytes()));
        let has_openid = self.scope.split(' ').any(|scope| scope == "openid");
        let scope = if has_openid {
            self.scope.to_owned()
        } else {
            format!("openid {}", self.scope)
        };
        let mut url = self.endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("scope", scope.trim_end())
            .append_pair("state", &self.secrets.state)
            .append_pair("nonce", &self.secrets.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = self.login_hint {
            query.append_pair("login_hint", hint);
        }
        drop(query);
        url
    }
}

/// What the browser brought to the callback. The state says which attempt it belongs to; what else is in it comes
/// out only by [`Callback::into_code`].
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    state: String,
    issuer: Option<String>,
    outcome: Result<String, CallbackRefusal>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}

/// Why a callback leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefusal {
    /// A query longer than 16 KiB, or a parameter longer than ours and providers' are.
    #[error("the callback's {0} is too long")]
    TooLong(&'static str),
    /// RFC 6749 section 3.1 forbids it, and readers disagree on which one counts.
    #[error("the callback gives {0} twice")]
    Repeated(String),
    /// Nothing brings it back to an attempt.
    #[error("the callback has no state")]
    NoState,
    /// Neither a code nor an error, or both.
    #[error("the callback must have either a code or an error")]
    NoCode,
    /// The provider announces that it names itself (RFC 9207 section 2.4), and did not.
    #[error("the callback does not name its issuer; {expected} is expected")]
    NoIssuer {
        /// The connection's.
        expected: String,
    },
    /// The answer of another provider: a mix-up.
    #[error("the callback comes from {received}; {expected} is expected")]
    Issuer {
        /// The connection's.
        expected: String,
        /// `iss`, cleaned and cut.
        received: String,
    },
    /// The provider did not sign the person in and says why.
    #[error("the provider refused: {code}")]
    Provider {
        /// `error`, cleaned and cut.
        code: String,
        /// `error_description`, cleaned and cut.
        description: Option<String>,
    },
}

impl Callback {
    /// Reads the query of a callback. Parameters that mean nothing to us are passed over.
    ///
    /// # Errors
    /// [`CallbackRefusal`]: a parameter twice, too long, no state, or neither a code nor an error.
    pub fn parse(query: &str) -> Result<Self, CallbackRefusal> {
        if query.len() > MAX_QUERY {
            return Err(CallbackRefusal::TooLong("query"));
        }
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if parameters.contains_key(name.as_ref()) {
                return Err(CallbackRefusal::Repeated(shown(&name)));
            }
            parameters.insert(name.into_owned(), value.into_owned());
        }
        let mut take = |name: &str| parameters.remove(name).filter(|value| !value.is_empty());
        let state = take("state").ok_or(CallbackRefusal::NoState)?;
        if state.len() > MAX_STATE {
            return Err(CallbackRefusal::TooLong("state"));
        }
        let outcome = match (take("code"), take("error")) {
            (Some(code), None) if code.len() > MAX_CODE => return Err(CallbackRefusal::TooLong("code")),
            (Some(code), None) => Ok(code),
            (None, Some(code)) => Err(CallbackRefusal::Provider {
                code: shown_up_to(100, &code),
                description: take("error_description").map(|text| shown_up_to(500, &text)),
            }),
            _ => return Err(CallbackRefusal::NoCode),
        };
        Ok(Self {
            state,
            issuer: take("iss"),
            outcome,
        })
    }

    /// Which attempt this belongs to.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The code, if it comes from `issuer`. `is_announced` tells whether the provider promises to name itself
    /// ([`super::Provider::names_itself`]); a name that was not promised must be the right one too.
    ///
    /// # Errors
    /// [`CallbackRefusal`]: another issuer or none, or the provider's own refusal.
    pub fn into_code(self, issuer: &str, is_announced: bool) -> Result<String, CallbackRefusal> {
        if let Some(received) = self.issuer.as_deref().filter(|received| *received != issuer) {
            return Err(CallbackRefusal::Issuer {
                expected: issuer.to_owned(),
                received: shown(received),
            });
        }
        // A provider's refusal grants nothing, so it is passed on even without a name.
        let code = self.outcome?;
        if is_announced && self.issuer.is_none() {
            return Err(CallbackRefusal::NoIssuer {
                expected: issuer.to_owned(),
            });
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://idp.example";

    fn request_url(endpoint: &str, scope: &str) -> Url {
        AuthorizationRequest {
            endpoint: &Url::parse(endpoint).unwrap(),
            client_id: "rollcall & co",
            redirect_uri: "https://gateway.example/login/acme/1/callback",
            scope,
            secrets: &AttemptSecrets {
                state: "the-state".to_owned(),
                nonce: "the-nonce".to_owned(),
                // The example of RFC 7636 appendix B.
                code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            },
            login_hint: Some("ada@acme.example"),
        }
        .url()
    }

    #[test]
    fn the_request_carries_state_nonce_and_challenge_and_keeps_the_query_of_the_endpoint() {
        let url = request_url("https://idp.example/authorize?policy=b2c", DEFAULT_SCOPE);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let expected = [
            ("policy", "b2c"),
            ("response_type", "code"),
            ("client_id", "rollcall & co"),
            ("redirect_uri", "https://gateway.example/login/acme/1/callback"),
            ("scope", "openid email profile"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("login_hint", "ada@acme.example"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
        assert!(
            url.as_str()
                .starts_with("https://idp.example/authorize?policy=b2c&")
        );
        assert!(!url.as_str().contains("dBjftJeZ4CVP"), "the verifier stays here");
    }

    #[test]
    fn openid_is_always_asked_for() {
        for (scope, asked) in [
            ("email groups", "openid email groups"),
            ("", "openid"),
            ("email openid", "email openid"),
            ("openid2", "openid openid2"),
        ] {
            let url = request_url("https://idp.example/authorize", scope);
            let found = url.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
            assert_eq!(found, asked);
        }
    }

    #[test]
    fn secrets_of_an_attempt_are_apart_and_never_printed() {
        let random = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let secrets = AttemptSecrets::from_random(&random);
        let lengths = [&secrets.state, &secrets.nonce, &secrets.code_verifier].map(String::len);
        assert_eq!(lengths, [22, 22, 43]);
        assert!(secrets.state != secrets.nonce && !secrets.code_verifier.contains(&secrets.nonce));
        assert!(!format!("{secrets:?}").contains(&secrets.state));
    }

    fn code_of(query: &str, is_announced: bool) -> Result<String, CallbackRefusal> {
        Callback::parse(query)?.into_code(ISSUER, is_announced)
    }

    #[test]
    fn a_callback_gives_its_code() {
        let callback = Callback::parse("code=a%2Bb%3D+c&state=s-1&session_state=x&authuser=0").unwrap();
        assert_eq!(callback.state(), "s-1");
        assert!(!format!("{callback:?}").contains("s-1"));
        assert_eq!(callback.into_code(ISSUER, false).unwrap(), "a+b= c");
        let named = "code=c&state=s&iss=https%3A%2F%2Fidp.example";
        assert_eq!(code_of(named, true).unwrap(), "c");
        assert_eq!(code_of(named, false).unwrap(), "c");
    }

    #[test]
    fn a_callback_of_another_provider_is_refused_also_where_no_name_was_announced() {
        for other in [
            "https%3A%2F%2Fevil.example",
            "https%3A%2F%2Fidp.example%2F",
            "HTTPS%3A%2F%2Fidp.example",
        ] {
            for is_announced in [true, false] {
                let refusal = code_of(&format!("code=c&state=s&iss={other}"), is_announced).unwrap_err();
                assert!(matches!(refusal, CallbackRefusal::Issuer { .. }), "{other}");
            }
        }
        let error = code_of("error=access_denied&state=s&iss=https%3A%2F%2Fevil.example", true);
        assert!(matches!(error, Err(CallbackRefusal::Issuer { .. })));
        for nameless in ["code=c&state=s", "code=c&state=s&iss="] {
            assert!(matches!(
                code_of(nameless, true),
                Err(CallbackRefusal::NoIssuer { .. })
            ));
        }
    }

    #[test]
    fn a_providers_refusal_is_passed_on_clean_and_cut() {
        let query = format!(
            "error=access_denied&error_description=not%0Aassigned{}&state=s",
            "x".repeat(600)
        );
        let Err(CallbackRefusal::Provider { code, description }) = code_of(&query, true) else {
            panic!("a refusal of the provider");
        };
        let description = description.unwrap();
        assert_eq!(code, "access_denied");
        assert!(description.starts_with("not\u{fffd}assigned"));
        assert_eq!(description.chars().count(), 501);
    }

    #[test]
    fn a_malformed_callback_is_refused() {
        let refusal = |query: &str| code_of(query, false).unwrap_err();
        assert_eq!(refusal("code=c"), CallbackRefusal::NoState);
        assert_eq!(refusal("code=c&state="), CallbackRefusal::NoState);
        assert_eq!(refusal(""), CallbackRefusal::NoState);
        assert_eq!(refusal("state=s"), CallbackRefusal::NoCode);
        assert_eq!(refusal("state=s&code="), CallbackRefusal::NoCode);
        assert_eq!(refusal("state=s&code=c&error=e"), CallbackRefusal::NoCode);
        assert_eq!(refusal("state=s&id_token=a.b.c"), CallbackRefusal::NoCode);
        for name in ["code", "state", "iss", "error", "x"] {
            let query = format!("state=s&code=c&{name}=1&{name}=1");
            assert_eq!(refusal(&query), CallbackRefusal::Repeated(name.to_owned()));
        }
        let long =
            |name: &str, length: usize| refusal(&format!("{name}={}&state=s&code=c", "x".repeat(length)));
        assert_eq!(long("x", MAX_QUERY), CallbackRefusal::TooLong("query"));
        let state = format!("state={}&code=c", "x".repeat(MAX_STATE + 1));
        assert_eq!(refusal(&state), CallbackRefusal::TooLong("state"));
        let code = format!("state=s&code={}", "x".repeat(MAX_CODE + 1));
        assert_eq!(refusal(&code), CallbackRefusal::TooLong("code"));
    }
}
