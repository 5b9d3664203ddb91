//! The code for an identity: the calls to the provider, each answer judged before the next call.

use jiff::Timestamp;

use crate::directory::access_error::Trace;
use crate::directory::{Code, Connection, Tenant, TenantId};
use crate::login::providers::{KeysOf, code_of_call};
use crate::login::{Login, secrets};
use crate::outbound::OutboundError;
use crate::sso::VerifiedIdentity;
use crate::sso::oidc::discovery::ClientAuthentication;
use crate::sso::oidc::id_token::{self, Exchange};
use crate::sso::oidc::token_response::{self, TokenResponse, TokenResponseRefusal};
use crate::sso::oidc::userinfo::{self, UserinfoRefusal};
use crate::sso::oidc::{Algorithms, Check, Expectation, KeySet, Provider, TokenRefusal};

/// What a sign-in brings back from its provider.
pub(super) struct Exchanged {
    pub identity: VerifiedIdentity,
    pub id_token: String,
    pub userinfo_failed: bool,
}

/// One sign-in at the callback.
pub(super) struct Returning<'a> {
    pub tenant: &'a Tenant,
    pub connection: &'a Connection,
    pub provider: &'a Provider,
    pub browser: &'a str,
    pub state: &'a str,
    pub code: &'a str,
    pub now: Timestamp,
}

/// Exchanges the code and verifies what comes of it.
pub(super) async fn exchange(
    on: &Login,
    returning: &Returning<'_>,
    trace: &mut Trace,
) -> Result<Exchanged, Code> {
    let tokens = fetch_tokens(on, returning, trace).await?;
    let identity = verify(on, returning, &tokens, trace).await?;
    let (identity, userinfo_failed) = match (&returning.provider.userinfo_endpoint, &tokens.access_token) {
        (Some(url), Some(token)) => {
            let answer = on.providers.outbound().get_with_token(url, token).await;
            complete(
                identity,
                answer.map(|answer| (answer.status.as_u16(), answer.body)),
                trace,
            )?
        }
        _ => (identity, false),
    };
    Ok(Exchanged {
        identity,
        id_token: tokens.id_token,
        userinfo_failed,
    })
}

async fn fetch_tokens(
    on: &Login,
    returning: &Returning<'_>,
    trace: &mut Trace,
) -> Result<TokenResponse, Code> {
    let Returning {
        tenant,
        connection,
        provider,
        ..
    } = returning;
    let oidc = connection.settings.protocol.oidc();
    let client_id = &oidc.ok_or(Code::SsoConnectionNotConfigured)?.client_id;
    let secret = on.open_client_secret(tenant.id, connection).map_err(|error| {
        tracing::error!(%error, "a connection's client secret cannot be read");
        Code::InternalError
    })?;
    let secrets = secrets::of_attempt(returning.browser, returning.state);
    let redirect_uri = on.redirect_uri(&tenant.slug, connection.id);
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", returning.code),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", secrets.code_verifier.as_str()),
    ];
    // RFC 6749 section 2.3.1: name and secret are form-encoded before they become a Basic header.
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (name, password) = (encoded(client_id), secret.as_deref().map(encoded));
    let basic = match (provider.client_authentication, &secret, &password) {
        (ClientAuthentication::Basic, Some(_), Some(password)) => Some((name.as_str(), password.as_str())),
        (ClientAuthentication::Post, Some(secret), _) => {
            form.extend([
                ("client_id", client_id.as_str()),
                ("client_secret", secret.as_str()),
            ]);
            None
        }
        // A public client: PKCE alone.
        _ => {
            form.push(("client_id", client_id.as_str()));
            None
        }
    };
    let answer = on
        .providers
        .outbound()
        .post_form(&provider.token_endpoint, &form, basic)
        .await;
    let answer = answer
        .map_err(|error| refuse_call(Code::OidcTokenExchangeFailed, "token_endpoint", &error, trace))?;
    token_response::parse(answer.status.as_u16(), &answer.body).map_err(|refusal| {
        trace.push(
            "token_endpoint",
            Some("tokens"),
            Some(&refusal.to_string()),
            false,
        );
        match refusal {
            TokenResponseRefusal::NoIdToken | TokenResponseRefusal::TokenType(_) => Code::OidcTokenInvalid,
            _ => Code::OidcTokenExchangeFailed,
        }
    })
}

async fn verify(
    on: &Login,
    returning: &Returning<'_>,
    tokens: &TokenResponse,
    trace: &mut Trace,
) -> Result<VerifiedIdentity, Code> {
    let secrets = secrets::of_attempt(returning.browser, returning.state);
    let exchange = Exchange {
        nonce: &secrets.nonce,
        code: returning.code,
        access_token: tokens.access_token.as_deref(),
    };
    let verify = |keys: &KeySet, expected: &Expectation<'_>| {
        id_token::verify(&tokens.id_token, keys, expected, &exchange)
    };
    verify_token(
        on,
        returning.tenant.id,
        returning.connection,
        returning.now,
        trace,
        verify,
    )
    .await
}

/// Verifies a token of a connection's provider with the keys that are known, and once more with newer ones when it is
/// signed by a key that is not among them: the provider may have rotated its keys since we looked.
pub(in crate::login) async fn verify_token<T>(
    on: &Login,
    tenant: TenantId,
    connection: &Connection,
    now: Timestamp,
    trace: &mut Trace,
    verify: impl Fn(&KeySet, &Expectation<'_>) -> Result<T, TokenRefusal>,
) -> Result<T, Code> {
    let oidc = connection.settings.protocol.oidc();
    let oidc = oidc.ok_or(Code::SsoConnectionNotConfigured)?;
    let algorithms = Algorithms::from_names(&oidc.algorithms).map_err(|_| Code::InternalError)?;
    let expected = Expectation {
        issuer: &oidc.issuer,
        client_id: &oidc.client_id,
        algorithms: &algorithms,
        now,
    };
    let judge = |keys: &KeySet| verify(keys, &expected);
    let judged = on
        .providers
        .judge(tenant, KeysOf::Connection(connection), judge)
        .await;
    let verified = judged.map_err(|failure| failure.note(trace))?;
    verified.map_err(|refusal| refuse_token(&refusal, trace))
}

/// Notes why a token is not believed, after all that had passed before.
fn refuse_token(refusal: &TokenRefusal, trace: &mut Trace) -> Code {
    let failed = refusal.check();
    for check in Check::of_id_token().iter().take_while(|check| **check != failed) {
        trace.push(check.as_str(), None, None, true);
    }
    let expected = refusal.expected();
    let received = refusal.received().unwrap_or_else(|| refusal.to_string());
    trace.push(failed.as_str(), expected.as_deref(), Some(&received), false);
    match failed {
        Check::Algorithm => Code::OidcWeakAlgorithm,
        Check::Key => Code::OidcSigningKeyUnknown,
        Check::Signature => Code::OidcSignatureInvalid,
        Check::Issuer => Code::OidcBadIssuer,
        Check::Audience | Check::AuthorizedParty => Code::OidcBadAudience,
        Check::Expiry => match refusal {
            TokenRefusal::Expired { .. } => Code::OidcTokenExpired,
            _ => Code::OidcTokenInvalid,
        },
        Check::NotBefore | Check::IssuedAt => match refusal {
            TokenRefusal::NotYetValid { .. } | TokenRefusal::IssuedInFuture { .. } => Code::OidcClockSkew,
            TokenRefusal::IssuedTooLongAgo { .. } => Code::OidcTokenExpired,
            _ => Code::OidcTokenInvalid,
        },
        Check::Nonce => Code::OidcNonceMismatch,
        Check::Subject => Code::OidcSubjectInvalid,
        Check::AccessTokenHash => Code::OidcAccessTokenMismatch,
        Check::Format
        | Check::Header
        | Check::AuthenticationTime
        | Check::CodeHash
        | Check::LogoutEvent
        | Check::TokenId => Code::OidcTokenInvalid,
    }
}

/// What userinfo says is welcome, and what it says of somebody else is an attack. That it says nothing is no harm: the
/// ID token is proof enough, and what is missing is found out later. Answers whether it said nothing.
fn complete(
    identity: VerifiedIdentity,
    answer: Result<(u16, Vec<u8>), OutboundError>,
    trace: &mut Trace,
) -> Result<(VerifiedIdentity, bool), Code> {
    let alone = identity.clone();
    let refusal = match answer {
        Ok((status, body)) => match userinfo::complete(identity, status, &body) {
            Ok(identity) => return Ok((identity, false)),
            Err(UserinfoRefusal::Subject) => {
                let expected = Some("the subject of the ID token");
                trace.push("userinfo", expected, Some("another subject"), false);
                return Err(Code::OidcUserinfoMismatch);
            }
            Err(refusal) => refusal.to_string(),
        },
        Err(error) => error.to_string(),
    };
    trace.push("userinfo", Some("an answer"), Some(&refusal), false);
    Ok((alone, true))
}

fn refuse_call(code: Code, check: &'static str, error: &OutboundError, trace: &mut Trace) -> Code {
    trace.push(check, Some("an answer"), Some(&error.to_string()), false);
    code_of_call(error, code)
}
