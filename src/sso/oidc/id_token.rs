//! The ID token: who signed in, for us, just now, in answer to our request (OpenID Connect Core 1.0 section 3.1.3.7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::Algorithm;
use super::claims::{Claims, Expectation};
use super::jws;
use super::keys::KeySet;
use super::refusal::{Check, TokenRefusal};
use crate::sso::identity::{VerifiedIdentity, subject_fault};

/// What belongs to this one sign-in.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// The nonce that the authorization request carried.
    pub nonce: &'a str,
    /// The code that was exchanged.
    pub code: &'a str,
    /// The access token that came with the ID token, if one came.
    pub access_token: Option<&'a str>,
}

/// Verifies an ID token that came from the token endpoint. The checks are those of [`Check::of_id_token`] in that
/// order.
///
/// # Errors
/// [`TokenRefusal`], which names the first check that failed. [`TokenRefusal::UnknownKey`] alone is worth fetching
/// the provider's keys once more.
pub fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expectation<'_>,
    exchange: &Exchange<'_>,
) -> Result<VerifiedIdentity, TokenRefusal> {
    let (claims, algorithm) = jws::open(token, keys, expected.algorithms, &["JWT"])?;
    claims.check_issuer(expected.issuer)?;
    let audiences = claims.check_audience(expected.client_id)?;
    check_authorized_party(&claims, audiences, expected.client_id)?;
    claims.check_expiry(expected.now)?;
    claims.check_start(expected.now)?;
    check_nonce(&claims, exchange.nonce)?;
    let subject = claims.required_text(Check::Subject)?;
    if let Some(fault) = subject_fault(subject) {
        return Err(TokenRefusal::Subject(fault));
    }
    let session_id = claims.text_of(Check::Subject, "sid")?.map(str::to_owned);
    claims.time(Check::AuthenticationTime)?;
    check_hash(&claims, Check::AccessTokenHash, algorithm, exchange.access_token)?;
    check_hash(&claims, Check::CodeHash, algorithm, Some(exchange.code))?;
    let subject = subject.to_owned();
    Ok(VerifiedIdentity::new(
        expected.issuer.to_owned(),
        subject,
        session_id,
        claims.0,
    ))
}

/// `azp` must be us whenever it is there, and must be there when the token has several audiences.
fn check_authorized_party(claims: &Claims, audiences: usize, client_id: &str) -> Result<(), TokenRefusal> {
    let received = claims.text(Check::AuthorizedParty)?;
    if received == Some(client_id) || (received.is_none() && audiences == 1) {
        return Ok(());
    }
    Err(TokenRefusal::AuthorizedParty {
        expected: client_id.to_owned(),
        received: received.map(crate::sso::shown::shown),
    })
}

fn check_nonce(claims: &Claims, expected: &str) -> Result<(), TokenRefusal> {
    let received = claims.required_text(Check::Nonce)?;
    verify_slices_are_equal(received.as_bytes(), expected.as_bytes()).map_err(|_| TokenRefusal::Nonce)
}

/// `at_hash` and `c_hash`: the left half of the hash of what came beside the token. A hash of something that did
/// not come cannot be right.
fn check_hash(
    claims: &Claims,
    check: Check,
    algorithm: Algorithm,
    companion: Option<&str>,
) -> Result<(), TokenRefusal> {
    let Some(received) = claims.text(check)? else {
        return Ok(());
    };
    let fits = companion.is_some_and(|companion| received == half_hash(algorithm, companion));
    match check {
        _ if fits => Ok(()),
        Check::CodeHash => Err(TokenRefusal::CodeHash),
        _ => Err(TokenRefusal::AccessTokenHash),
    }
}

pub(super) fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let hash = digest(algorithm.digest(), text.as_bytes());
    let half = &hash.as_ref()[..hash.as_ref().len() / 2];
    URL_SAFE_NO_PAD.encode(half)
}
