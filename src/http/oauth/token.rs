//! `POST /oauth/{tenant}/{directory}/token`.

use axum::extract::{FromRef, FromRequest, Request, State};
use axum::http::header;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::{OauthError, granted};
use crate::directory::{Actor, Source, TokenId};
use crate::http::clock;
use crate::http::extract::{RequestName, UrlIds};
use crate::http::form::Form;
use crate::http::middleware::BodyBudget;
use crate::http::state::PublicUrl;
use crate::http::throttle::{TooMany, Visitor};
use crate::login::Login;
use crate::login::oauth::{self, NotGranted, Proof, TokenRequest};

pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";
pub(super) const ASSERTION_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The only scope there is: all that a directory's token may do.
pub(super) const SCOPE: &str = "scim";

/// How long a form may be, in bytes: assertions take some two thousand.
const LIMIT: usize = 64 * 1024;

/// How the caller says who they are, as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    client: Option<String>,
    shown: Shown,
    /// The assertion is the grant itself (RFC 7523 section 2.1): what is wrong with it is `invalid_grant`.
    is_grant: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Secret(String),
    Assertion(String),
}

impl<S> FromRequest<S> for Credentials
where
    BodyBudget: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = OauthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OauthError> {
        let (parts, body) = request.into_parts();
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        let first = headers.next();
        if headers.next().is_some() {
            return Err(OauthError::invalid_request("Authorization is given twice"));
        }
        // What is no text is no scheme that is known here.
        let authorization = first.map(|value| value.to_str().unwrap_or_default());
        let form = Form::read(&parts, body, LIMIT, &BodyBudget::from_ref(state)).await?;
        Self::read(authorization, |name| form.field(name))
    }
}

impl Credentials {
    /// Reads what a request says of its sender. A parameter without a value is none (RFC 6749 section 3.2).
    fn read<'f>(
        authorization: Option<&str>,
        parameter: impl Fn(&str) -> &'f str,
    ) -> Result<Self, OauthError> {
        match parameter("grant_type") {
            CLIENT_CREDENTIALS => Self::of_client(authorization, parameter),
            ASSERTION_GRANT => Self::of_grant(authorization, parameter),
            "" => Err(OauthError::invalid_request("grant_type is missing")),
            _ => Err(OauthError::unsupported_grant_type(format!(
                "grant_type: {CLIENT_CREDENTIALS} or {ASSERTION_GRANT}"
            ))),
        }
    }

    fn of_client<'f>(
        authorization: Option<&str>,
        parameter: impl Fn(&str) -> &'f str,
    ) -> Result<Self, OauthError> {
        let given = |name| Some(parameter(name)).filter(|value| !value.is_empty());
        let (id, secret, assertion) = (
            given("client_id"),
            given("client_secret"),
            given("client_assertion"),
        );
        let ways = [authorization.is_some(), secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|is_used| *is_used).count() > 1 {
            return Err(OauthError::invalid_request(
                "one of the Authorization header, client_secret and client_assertion, and not several",
            ));
        }
        let (client, shown) = match (authorization, secret, assertion) {
            (Some(header), ..) => {
                let (name, secret) = basic(header).ok_or_else(unknown_scheme)?;
                if id.is_some_and(|id| id != name) {
                    return Err(OauthError::invalid_request(
                        "client_id is not the one of the Authorization header",
                    ));
                }
                (Some(name), Shown::Secret(secret))
            }
            (_, Some(secret), _) => {
                let id = id.ok_or_else(|| OauthError::invalid_request("client_id is missing"))?;
                (Some(id.to_owned()), Shown::Secret(secret.to_owned()))
            }
            (_, _, Some(assertion)) => {
                if given("client_assertion_type") != Some(ASSERTION_TYPE) {
                    return Err(OauthError::invalid_request(format!(
                        "client_assertion_type: {ASSERTION_TYPE}"
                    )));
                }
                (id.map(str::to_owned), Shown::Assertion(assertion.to_owned()))
            }
            (None, None, None) => {
                return Err(OauthError::invalid_client(
                    "the client has to say who it is: by HTTP Basic, by client_id and client_secret, or by \
                     client_assertion",
                ));
            }
        };
        Ok(Self {
            client,
            shown,
            is_grant: false,
        })
    }

    fn of_grant<'f>(
        authorization: Option<&str>,
        parameter: impl Fn(&str) -> &'f str,
    ) -> Result<Self, OauthError> {
        let besides = ["client_secret", "client_assertion"];
        if let Some(name) = besides.into_iter().find(|name| !parameter(name).is_empty()) {
            return Err(OauthError::invalid_request(format!(
                "{name} does not go with this grant_type"
            )));
        }
        if authorization.is_some() {
            return Err(OauthError::invalid_request(
                "the Authorization header does not go with this grant_type",
            ));
        }
        let assertion = parameter("assertion");
        if assertion.is_empty() {
            return Err(OauthError::invalid_request("assertion is missing"));
        }
        Ok(Self {
            client: Some(parameter("client_id"))
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
            shown: Shown::Assertion(assertion.to_owned()),
            is_grant: true,
        })
    }

    fn proof(&self) -> Proof<'_> {
        match &self.shown {
            Shown::Secret(secret) => Proof::Secret {
                client: self.client.as_deref().unwrap_or_default(),
                secret,
            },
            Shown::Assertion(assertion) => Proof::Assertion {
                client: self.client.as_deref(),
                assertion,
            },
        }
    }

    fn refuse(&self, why: NotGranted) -> OauthError {
        let description = match (why, &self.shown) {
            (NotGranted::Storage(error), _) => return OauthError::storage(&error, error.is_passing()),
            (NotGranted::Unavailable, _) => {
                return OauthError::unavailable("the keys of the issuer cannot be fetched at this moment");
            }
            (NotGranted::Unproven(Some(claim)), _) => {
                format!("the assertion is signed by the registered issuer, but its {claim} is not accepted")
            }
            (NotGranted::Unproven(None), Shown::Secret(_)) => {
                "the client is unknown, or its secret is wrong, expired or revoked".to_owned()
            }
            (NotGranted::Unproven(None), Shown::Assertion(_)) => {
                "the client or the issuer is unknown or revoked, or the assertion is not signed by the issuer"
                    .to_owned()
            }
        };
        if self.is_grant {
            OauthError::invalid_grant(description)
        } else {
            OauthError::invalid_client(description)
        }
    }
}

/// Name and password of the Basic scheme, both form-encoded inside (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim_matches(' ')).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((form_decoded(name), form_decoded(password)))
}

fn form_decoded(text: &str) -> String {
    // A name without a value: what it holds of `&` and `=` was encoded.
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn unknown_scheme() -> OauthError {
    OauthError::invalid_client("the Authorization header has to be of the Basic scheme, with name and secret")
}

/// Gives an access token.
pub(super) async fn grant(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    ids: UrlIds,
    RequestName(request_id): RequestName,
    visitor: Visitor,
    credentials: Credentials,
) -> Result<Response, OauthError> {
    let random = clock::random_bytes()?;
    let (tenant, directory) = (ids.text("tenant"), ids.text("directory"));
    let client = credentials.client.as_deref().unwrap_or_default();
    let too_many = |wait: TooMany| OauthError::too_many(wait.seconds);
    visitor.look_at_account(directory, client).map_err(too_many)?;
    let request = TokenRequest {
        tenant,
        directory,
        token_url: &here.token_url(tenant, directory),
        proof: credentials.proof(),
        fresh: (TokenId(clock::random_id()), random),
        // The use case puts the client in.
        origin: clock::origin(Actor::Gateway, Source::Oauth, &request_id),
    };
    match oauth::grant(&login, request).await {
        Ok(access) => Ok(granted(&access)),
        Err(why) => {
            if matches!(why, NotGranted::Unproven(_)) {
                // The one that uses the allowance up is still told why it failed.
                let _ = visitor.charge_account(directory, client);
            }
            Err(credentials.refuse(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: Option<&str>, form: &[(&str, &'static str)]) -> Result<Credentials, OauthError> {
        Credentials::read(authorization, |name| {
            form.iter()
                .find(|(known, _)| *known == name)
                .map_or("", |(_, value)| value)
        })
    }

    fn refused(result: Result<Credentials, OauthError>) -> String {
        format!("{:?}", result.unwrap_err())
    }

    #[test]
    fn a_client_names_itself_in_the_header_or_in_the_form() {
        let header = format!("basic {}", STANDARD.encode("id%2B1:se%3Acret+x"));
        let by_header = read(Some(&header), &[("grant_type", "client_credentials")]).unwrap();
        assert_eq!(by_header.client.as_deref(), Some("id+1"));
        assert_eq!(by_header.shown, Shown::Secret("se:cret x".to_owned()));
        let by_form = read(
            None,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "id"),
                ("client_secret", "secret"),
            ],
        );
        assert_eq!(by_form.unwrap().shown, Shown::Secret("secret".to_owned()));
        // The name may stand in the form as well, if it is the same.
        let twice = [("grant_type", "client_credentials"), ("client_id", "id+1")];
        assert!(read(Some(&header), &twice).is_ok());
        let other = [("grant_type", "client_credentials"), ("client_id", "id")];
        assert!(refused(read(Some(&header), &other)).contains("invalid_request"));
    }

    #[test]
    fn two_ways_at_once_are_refused_and_none_is_an_unknown_client() {
        let secret = [
            ("grant_type", "client_credentials"),
            ("client_id", "id"),
            ("client_secret", "secret"),
        ];
        let header = format!("Basic {}", STANDARD.encode("id:secret"));
        assert!(refused(read(Some(&header), &secret)).contains("invalid_request"));
        let mut both = secret.to_vec();
        both.push(("client_assertion", "a.b.c"));
        assert!(refused(read(None, &both)).contains("invalid_request"));
        let none = [("grant_type", "client_credentials"), ("client_id", "id")];
        assert!(refused(read(None, &none)).contains("invalid_client"));
        for header in [
            "Bearer x",
            "Basic",
            "Basic %%%",
            "Basic aWQ=",
            "",
            "Digest username=id",
        ] {
            let refusal = refused(read(Some(header), &none));
            assert!(refusal.contains("invalid_client"), "{header}: {refusal}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (form, word) in [
            (vec![], "grant_type is missing"),
            (vec![("grant_type", "")], "grant_type is missing"),
            (vec![("grant_type", "password")], "unsupported_grant_type"),
            (
                vec![("grant_type", "authorization_code")],
                "unsupported_grant_type",
            ),
            (
                vec![("grant_type", "client_credentials"), ("client_secret", "x")],
                "client_id is missing",
            ),
            (
                vec![("grant_type", "client_credentials"), ("client_assertion", "x")],
                "client_assertion_type",
            ),
            (vec![("grant_type", ASSERTION_GRANT)], "assertion is missing"),
            (
                vec![
                    ("grant_type", ASSERTION_GRANT),
                    ("assertion", "x"),
                    ("client_secret", "x"),
                ],
                "client_secret does not go",
            ),
        ] {
            let refusal = refused(read(None, &form));
            assert!(refusal.contains(word), "{form:?}: {refusal}");
        }
    }

    #[test]
    fn an_assertion_names_the_client_or_leaves_it_out() {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", "a.b.c"),
        ];
        let read_one = read(None, &form).unwrap();
        assert!(read_one.client.is_none() && !read_one.is_grant);
        let grant = [
            ("grant_type", ASSERTION_GRANT),
            ("assertion", "a.b.c"),
            ("client_id", "id"),
        ];
        let read_one = read(None, &grant).unwrap();
        assert!(read_one.client.as_deref() == Some("id") && read_one.is_grant);
        assert_eq!(read_one.shown, Shown::Assertion("a.b.c".to_owned()));
    }
}
