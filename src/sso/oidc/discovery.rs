//! What a provider says of itself (OpenID Connect Discovery 1.0 sections 3 and 4), vetted before anything that it
//! names is called.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::algorithm::Algorithm;
use crate::sso::json::parse_object;
use crate::sso::shown::shown;

/// Bytes of an issuer or an endpoint.
const MAX_URL: usize = 2_048;

/// Providers that put their endpoints on hosts of their own, by the host of the issuer.
const PRESETS: [(&str, &[&str]); 3] = [
    (
        "accounts.google.com",
        &[
            "oauth2.googleapis.com",
            "openidconnect.googleapis.com",
            "www.googleapis.com",
        ],
    ),
    ("login.microsoftonline.com", &["graph.microsoft.com"]),
    ("login.microsoftonline.us", &["graph.microsoft.us"]),
];

/// Which provider is meant, and where it may keep its endpoints.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// The issuer as the connection names it.
    pub issuer: &'a str,
    /// Further hosts, each as `host` for every port or `host:port`, compared without case.
    pub allowed_hosts: &'a [String],
    /// Admits plain http, for development and tests.
    pub allow_private: bool,
}

/// How we say who we are at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// HTTP Basic (`client_secret_basic`): what every provider must know, unless it says otherwise.
    Basic,
    /// In the form (`client_secret_post`).
    Post,
}

/// A provider whose document has been vetted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Exactly the connection's.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: Url,
    /// Where codes are exchanged.
    pub token_endpoint: Url,
    /// Where the keys are.
    pub jwks_uri: Url,
    /// Where more is said about a person.
    pub userinfo_endpoint: Option<Url>,
    /// Where the provider's own session is ended.
    pub end_session_endpoint: Option<Url>,
    /// Callbacks carry `iss` (RFC 9207).
    pub names_itself: bool,
    /// It calls our back-channel logout.
    pub has_backchannel_logout: bool,
    /// How to authenticate at the token endpoint.
    pub client_authentication: ClientAuthentication,
    /// The algorithms that it may sign ID tokens with and that we know.
    pub algorithms: Vec<Algorithm>,
}

/// Why a provider is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryRefusal {
    /// Not the JSON object that is expected.
    #[error("the provider's document cannot be read: {0}")]
    Malformed(String),
    /// The document of another provider.
    #[error("the provider calls itself {received}; {expected} is expected")]
    Issuer {
        /// The connection's.
        expected: String,
        /// The document's.
        received: String,
    },
    /// An address that must be there.
    #[error("the provider's document has no {0}")]
    Missing(&'static str),
    /// An address that must not be called.
    #[error("{name} {url} {fault}")]
    Url {
        /// Which one, by the document's name for it.
        name: &'static str,
        /// As it was written, cleaned and cut.
        url: String,
        /// What is wrong.
        fault: UrlFault,
    },
    /// The provider lists the ways of PKCE that it knows, and S256 is not there (RFC 7636).
    #[error("the provider does not support PKCE with S256")]
    NoPkce,
    /// No way of authenticating that we know.
    #[error(
        "the provider supports neither client_secret_basic nor client_secret_post at its token endpoint, but {0}"
    )]
    NoClientAuthentication(String),
    /// No algorithm that we know.
    #[error("the provider signs ID tokens only with {0}")]
    NoAlgorithm(String),
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// No absolute URL with a host, or longer than 2,048 bytes.
    #[error("is not a URL")]
    NotUrl,
    /// Plain http or another scheme.
    #[error("is not https")]
    NotHttps,
    /// A user name or password in front of the host.
    #[error("carries credentials")]
    Credentials,
    /// `#...`.
    #[error("has a fragment")]
    Fragment,
    /// `?...` in an issuer (OpenID Connect Core 1.0 section 2).
    #[error("has a query")]
    Query,
    /// Neither the issuer's origin nor an allowed host.
    #[error("lies on a host that is neither the issuer's nor in the connection's allowed hosts")]
    ForeignHost,
}

/// The members of the document that are used. Others may be there.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    jwks_uri: Option<String>,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    authorization_response_iss_parameter_supported: Option<bool>,
    backchannel_logout_supported: Option<bool>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
}

impl Provider {
    /// Reads a discovery document, whose size the caller has bounded. Every address in it must be https, without
    /// credentials or fragment, and of the issuer's origin, unless its host is allowed by `trust` or known to
    /// belong to the provider (Google, Entra).
    ///
    /// # Errors
    /// [`DiscoveryRefusal`], before anything that the document names has been called.
    pub fn parse(bytes: &[u8], trust: &Trust<'_>) -> Result<Self, DiscoveryRefusal> {
        let issuer = issuer_url(trust.issuer, trust.allow_private)?;
        let document = read_document(bytes, trust)?;
        check_pkce(document.code_challenge_methods_supported.as_deref())?;
        let optional =
            |name, url: Option<String>| url.map(|url| endpoint(name, &url, &issuer, trust)).transpose();
        let required =
            |name, url: Option<String>| optional(name, url)?.ok_or(DiscoveryRefusal::Missing(name));
        Ok(Self {
            authorization_endpoint: required("authorization_endpoint", document.authorization_endpoint)?,
            token_endpoint: required("token_endpoint", document.token_endpoint)?,
            jwks_uri: required("jwks_uri", document.jwks_uri)?,
            userinfo_endpoint: optional("userinfo_endpoint", document.userinfo_endpoint)?,
            end_session_endpoint: optional("end_session_endpoint", document.end_session_endpoint)?,
            names_itself: document
                .authorization_response_iss_parameter_supported
                .unwrap_or(false),
            has_backchannel_logout: document.backchannel_logout_supported.unwrap_or(false),
            client_authentication: client_authentication(
                document.token_endpoint_auth_methods_supported.as_deref(),
            )?,
            algorithms: algorithms(document.id_token_signing_alg_values_supported.as_deref())?,
            issuer: document.issuer,
        })
    }
}

/// Checks the issuer of a connection: an https URL without credentials, query and fragment.
///
/// # Errors
/// [`DiscoveryRefusal::Url`].
pub fn issuer_url(issuer: &str, allow_private: bool) -> Result<Url, DiscoveryRefusal> {
    let checked = parse_url(issuer, allow_private).and_then(|url| match url.query() {
        Some(_) => Err(UrlFault::Query),
        None => Ok(url),
    });
    checked.map_err(|fault| url_refusal("issuer", issuer, fault))
}

/// Where the discovery document of an issuer lies: behind its path, with or without a slash at the end (OpenID
/// Connect Discovery 1.0 section 4.1).
///
/// # Errors
/// [`DiscoveryRefusal::Url`] for what is no issuer.
pub fn document_url(issuer: &str, allow_private: bool) -> Result<Url, DiscoveryRefusal> {
    let mut url = issuer_url(issuer, allow_private)?;
    let path = format!(
        "{}/.well-known/openid-configuration",
        url.path().trim_end_matches('/')
    );
    url.set_path(&path);
    Ok(url)
}

/// Checks an address of keys that a person has given: https, without credentials and fragment, on any host.
///
/// # Errors
/// [`DiscoveryRefusal::Url`].
pub fn keys_url(text: &str, allow_private: bool) -> Result<Url, DiscoveryRefusal> {
    parse_url(text, allow_private).map_err(|fault| url_refusal("jwks_uri", text, fault))
}

/// Reads of a discovery document where the keys are, and nothing else: issuers of workload identities have no endpoints
/// for people. The address must be https and of the issuer's origin, or on a host that is known to belong to it.
///
/// # Errors
/// [`DiscoveryRefusal`].
pub fn keys_address(bytes: &[u8], trust: &Trust<'_>) -> Result<Url, DiscoveryRefusal> {
    let url = issuer_url(trust.issuer, trust.allow_private)?;
    let document = read_document(bytes, trust)?;
    let jwks_uri = document.jwks_uri.ok_or(DiscoveryRefusal::Missing("jwks_uri"))?;
    endpoint("jwks_uri", &jwks_uri, &url, trust)
}

fn read_document(bytes: &[u8], trust: &Trust<'_>) -> Result<Document, DiscoveryRefusal> {
    let members = parse_object(bytes).map_err(DiscoveryRefusal::Malformed)?;
    // The message of serde repeats values of wrong types, which are a stranger's.
    let document: Document = serde_json::from_value(Value::Object(members))
        .map_err(|error| DiscoveryRefusal::Malformed(shown(&error.to_string())))?;
    if document.issuer != trust.issuer {
        return Err(DiscoveryRefusal::Issuer {
            expected: trust.issuer.to_owned(),
            received: shown(&document.issuer),
        });
    }
    Ok(document)
}

fn endpoint(
    name: &'static str,
    text: &str,
    issuer: &Url,
    trust: &Trust<'_>,
) -> Result<Url, DiscoveryRefusal> {
    parse_url(text, trust.allow_private)
        .and_then(|url| {
            if url.origin() == issuer.origin() || is_allowed(&url, issuer, trust.allowed_hosts) {
                Ok(url)
            } else {
                Err(UrlFault::ForeignHost)
            }
        })
        .map_err(|fault| url_refusal(name, text, fault))
}

fn url_refusal(name: &'static str, url: &str, fault: UrlFault) -> DiscoveryRefusal {
    DiscoveryRefusal::Url {
        name,
        url: shown(url),
        fault,
    }
}

fn parse_url(text: &str, allow_private: bool) -> Result<Url, UrlFault> {
    // The parser would drop or turn these, so that the address called is not the one that people read.
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
    if text.len() > MAX_URL || !text.chars().all(is_plain) {
        return Err(UrlFault::NotUrl);
    }
    let url = Url::parse(text).map_err(|_| UrlFault::NotUrl)?;
    if url.scheme() != "https" && !(allow_private && url.scheme() == "http") {
        return Err(UrlFault::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::Credentials);
    }
    if url.fragment().is_some() {
        return Err(UrlFault::Fragment);
    }
    Ok(url)
}

/// Another host means another port too: a name in the list stands for every port of the host.
fn is_allowed(url: &Url, issuer: &Url, allowed_hosts: &[String]) -> bool {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let with_port = format!("{host}:{port}");
    let is_listed = allowed_hosts
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(&with_port));
    let is_preset = url.port().is_none()
        && PRESETS
            .iter()
            .any(|(of, hosts)| issuer.host_str() == Some(of) && hosts.contains(&host));
    is_listed || is_preset
}

fn check_pkce(methods: Option<&[String]>) -> Result<(), DiscoveryRefusal> {
    // Many providers know PKCE and do not say so; one that says it in full is believed.
    if methods.is_some_and(|methods| methods.iter().all(|method| method != "S256")) {
        return Err(DiscoveryRefusal::NoPkce);
    }
    Ok(())
}

fn client_authentication(methods: Option<&[String]>) -> Result<ClientAuthentication, DiscoveryRefusal> {
    let Some(methods) = methods else {
        return Ok(ClientAuthentication::Basic);
    };
    let offers = |wanted: &str| methods.iter().any(|method| method == wanted);
    if offers("client_secret_basic") {
        Ok(ClientAuthentication::Basic)
    } else if offers("client_secret_post") {
        Ok(ClientAuthentication::Post)
    } else {
        Err(DiscoveryRefusal::NoClientAuthentication(shown(
            &methods.join(", "),
        )))
    }
}

/// The list must be there by the specification; without it, RS256, which every provider must know.
fn algorithms(names: Option<&[String]>) -> Result<Vec<Algorithm>, DiscoveryRefusal> {
    let Some(names) = names else {
        return Ok(vec![Algorithm::Rs256]);
    };
    let known: Vec<Algorithm> = names.iter().filter_map(|name| Algorithm::parse(name)).collect();
    if known.is_empty() {
        return Err(DiscoveryRefusal::NoAlgorithm(shown(&names.join(", "))));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://idp.example";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://idp.example/authorize?tenant=1",
            "token_endpoint": "https://idp.example/token",
            "jwks_uri": "https://idp.example:443/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256", "none", "ES512", "EdDSA"],
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut document = document();
        document[name] = value;
        document
    }

    fn parse(document: &Value) -> Result<Provider, DiscoveryRefusal> {
        parse_trusting(document, ISSUER, &[], false)
    }

    fn parse_trusting(
        document: &Value,
        issuer: &str,
        allowed_hosts: &[&str],
        allow_private: bool,
    ) -> Result<Provider, DiscoveryRefusal> {
        let allowed_hosts: Vec<String> = allowed_hosts.iter().map(|host| (*host).to_owned()).collect();
        let trust = Trust {
            issuer,
            allowed_hosts: &allowed_hosts,
            allow_private,
        };
        Provider::parse(document.to_string().as_bytes(), &trust)
    }

    fn fault(refused: Result<Provider, DiscoveryRefusal>) -> (&'static str, UrlFault) {
        match refused {
            Err(DiscoveryRefusal::Url { name, fault, .. }) => (name, fault),
            other => panic!("a refused address: {other:?}"),
        }
    }

    #[test]
    fn a_plain_document_gives_a_provider_with_the_defaults_of_the_specification() {
        let provider = parse(&document()).unwrap();
        assert_eq!(provider.issuer, ISSUER);
        assert_eq!(
            provider.authorization_endpoint.as_str(),
            "https://idp.example/authorize?tenant=1"
        );
        assert_eq!(provider.algorithms, [Algorithm::Rs256, Algorithm::EdDsa]);
        assert_eq!(provider.client_authentication, ClientAuthentication::Basic);
        assert_eq!(
            (provider.userinfo_endpoint, provider.end_session_endpoint),
            (None, None)
        );
        assert!(!provider.names_itself && !provider.has_backchannel_logout);
    }

    #[test]
    fn what_the_provider_announces_is_taken_up() {
        let mut full = document();
        full["authorization_response_iss_parameter_supported"] = json!(true);
        full["backchannel_logout_supported"] = json!(true);
        full["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt", "client_secret_post"]);
        full["code_challenge_methods_supported"] = json!(["plain", "S256"]);
        full["userinfo_endpoint"] = json!("https://idp.example/me");
        full["end_session_endpoint"] = json!("https://idp.example/bye");
        let provider = parse(&full).unwrap();
        assert!(provider.names_itself && provider.has_backchannel_logout);
        assert_eq!(provider.client_authentication, ClientAuthentication::Post);
        assert_eq!(
            provider.userinfo_endpoint.unwrap().as_str(),
            "https://idp.example/me"
        );
        assert_eq!(
            provider.end_session_endpoint.unwrap().as_str(),
            "https://idp.example/bye"
        );
    }

    #[test]
    fn the_document_of_another_issuer_is_refused_however_alike() {
        for other in [
            "https://idp.example/",
            "https://IDP.example",
            "http://idp.example",
            "https://evil.example",
            "",
        ] {
            let refusal = parse(&with("issuer", json!(other))).unwrap_err();
            assert!(matches!(refusal, DiscoveryRefusal::Issuer { .. }), "{other}");
        }
        let slash = with("issuer", json!("https://idp.example/"));
        assert!(parse_trusting(&slash, "https://idp.example/", &[], false).is_ok());
    }

    #[test]
    fn an_endpoint_elsewhere_is_refused_by_its_name() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "end_session_endpoint",
        ] {
            for (url, wrong) in [
                ("https://evil.example/x", UrlFault::ForeignHost),
                ("https://169.254.169.254/latest", UrlFault::ForeignHost),
                ("https://idp.example:8443/x", UrlFault::ForeignHost),
                ("https://sub.idp.example/x", UrlFault::ForeignHost),
                ("https://idp.example.evil.example/x", UrlFault::ForeignHost),
                ("http://idp.example/x", UrlFault::NotHttps),
                ("file:///etc/passwd", UrlFault::NotHttps),
                ("https://me@idp.example/x", UrlFault::Credentials),
                ("https://idp.example@evil.example/x", UrlFault::Credentials),
                ("https://idp.example/x#y", UrlFault::Fragment),
                ("https://idp.example\\@evil.example/x", UrlFault::NotUrl),
                ("https://idp.example\t/x", UrlFault::NotUrl),
                ("/x", UrlFault::NotUrl),
                ("", UrlFault::NotUrl),
            ] {
                assert_eq!(fault(parse(&with(name, json!(url)))), (name, wrong), "{url}");
            }
            let long = format!("https://idp.example/{}", "x".repeat(MAX_URL));
            assert_eq!(fault(parse(&with(name, json!(long)))), (name, UrlFault::NotUrl));
        }
    }

    #[test]
    fn an_allowed_host_may_keep_an_endpoint() {
        let elsewhere = with("jwks_uri", json!("https://keys.example:8443/jwks"));
        let allowed = |hosts: &[&str]| parse_trusting(&elsewhere, ISSUER, hosts, false);
        assert!(allowed(&["keys.example"]).is_ok());
        assert!(allowed(&["other.example", "KEYS.example:8443"]).is_ok());
        assert!(allowed(&["keys.example:443"]).is_err());
        assert!(allowed(&["example"]).is_err());
        assert!(allowed(&[""]).is_err());
        let plain = with("jwks_uri", json!("http://keys.example/jwks"));
        let refused = parse_trusting(&plain, ISSUER, &["keys.example"], false);
        assert_eq!(fault(refused), ("jwks_uri", UrlFault::NotHttps));
    }

    #[test]
    fn the_hosts_of_google_and_entra_are_known_for_their_issuers_alone() {
        let google = json!({
            "issuer": "https://accounts.google.com",
            "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
            "token_endpoint": "https://oauth2.googleapis.com/token",
            "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
            "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        });
        assert!(parse_trusting(&google, "https://accounts.google.com", &[], false).is_ok());
        let issuer = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";
        let mut entra = json!({
            "issuer": issuer,
            "authorization_endpoint": "https://login.microsoftonline.com/1/oauth2/v2.0/authorize",
            "token_endpoint": "https://login.microsoftonline.com/1/oauth2/v2.0/token",
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "jwks_uri": "https://login.microsoftonline.com/1/discovery/v2.0/keys",
        });
        assert!(parse_trusting(&entra, issuer, &[], false).is_ok());
        entra["jwks_uri"] = json!("https://www.googleapis.com/oauth2/v3/certs");
        assert_eq!(
            fault(parse_trusting(&entra, issuer, &[], false)),
            ("jwks_uri", UrlFault::ForeignHost)
        );
        entra["jwks_uri"] = json!("https://graph.microsoft.com:444/keys");
        assert!(parse_trusting(&entra, issuer, &[], false).is_err());
    }

    #[test]
    fn development_may_use_plain_http_on_one_origin() {
        let local = json!({
            "issuer": "http://127.0.0.1:4000",
            "authorization_endpoint": "http://127.0.0.1:4000/a",
            "token_endpoint": "http://127.0.0.1:4000/t",
            "jwks_uri": "http://127.0.0.1:4000/k",
        });
        let parsed = |allow_private| parse_trusting(&local, "http://127.0.0.1:4000", &[], allow_private);
        assert!(parsed(true).is_ok());
        assert_eq!(fault(parsed(false)), ("issuer", UrlFault::NotHttps));
    }

    #[test]
    fn a_document_that_lacks_what_is_needed_is_refused() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert_eq!(
                parse(&with(name, Value::Null)),
                Err(DiscoveryRefusal::Missing(name))
            );
        }
        assert_eq!(
            parse(&with("code_challenge_methods_supported", json!(["plain"]))),
            Err(DiscoveryRefusal::NoPkce)
        );
        let methods = with(
            "token_endpoint_auth_methods_supported",
            json!(["private_key_jwt", "none"]),
        );
        let listed = "private_key_jwt, none".to_owned();
        assert_eq!(
            parse(&methods),
            Err(DiscoveryRefusal::NoClientAuthentication(listed))
        );
        let weak = with("id_token_signing_alg_values_supported", json!(["HS256", "none"]));
        assert_eq!(
            parse(&weak),
            Err(DiscoveryRefusal::NoAlgorithm("HS256, none".to_owned()))
        );
        let trust = Trust {
            issuer: ISSUER,
            allowed_hosts: &[],
            allow_private: false,
        };
        for bytes in [
            &b""[..],
            b"<html>",
            b"[]",
            b"{}",
            br#"{"issuer":7}"#,
            br#"{"issuer":"https://evil.example","issuer":"https://idp.example"}"#,
        ] {
            let refusal = Provider::parse(bytes, &trust).unwrap_err();
            assert!(matches!(refusal, DiscoveryRefusal::Malformed(_)), "{refusal}");
        }
    }

    #[test]
    fn the_document_lies_behind_the_path_of_the_issuer() {
        for (issuer, url) in [
            (
                "https://idp.example",
                "https://idp.example/.well-known/openid-configuration",
            ),
            (
                "https://idp.example/",
                "https://idp.example/.well-known/openid-configuration",
            ),
            (
                "https://idp.example/a/v2.0",
                "https://idp.example/a/v2.0/.well-known/openid-configuration",
            ),
            (
                "https://idp.example/a/",
                "https://idp.example/a/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(document_url(issuer, false).unwrap().as_str(), url);
        }
        for (issuer, wrong) in [
            ("https://idp.example?x=1", UrlFault::Query),
            ("https://idp.example#x", UrlFault::Fragment),
            ("http://idp.example", UrlFault::NotHttps),
            ("https://a:b@idp.example", UrlFault::Credentials),
            ("idp.example", UrlFault::NotUrl),
            (" https://idp.example", UrlFault::NotUrl),
        ] {
            let Err(DiscoveryRefusal::Url { fault, .. }) = document_url(issuer, false) else {
                panic!("{issuer} is no issuer");
            };
            assert_eq!(fault, wrong, "{issuer}");
        }
    }
}
