//! Whether an issuer vouches for a client.

use jiff::Timestamp;

use super::{NotGranted, Place};
use crate::directory::{ClientId, TrustedIssuer};
use crate::login::Login;
use crate::login::providers::KeysOf;
use crate::sso::oidc::assertion::{self, Claimed, ExpectedAssertion};
use crate::sso::oidc::{Check, KeySet};

/// What an assertion is held against.
pub(super) struct About<'a> {
    /// `client_id` of the request.
    pub client: Option<&'a str>,
    /// Whom it has to be meant for, where the issuer is registered without an audience.
    pub audience: &'a str,
    /// The time of the request.
    pub now: Timestamp,
}

/// The trusted issuer that has signed an assertion which fits.
pub(super) async fn believe(
    on: &Login,
    place: Place,
    about: &About<'_>,
    assertion: &str,
) -> Result<TrustedIssuer, NotGranted> {
    let claimed = assertion::claimed(assertion).ok_or(NotGranted::UNKNOWN)?;
    let trusted = find_issuer(on, place, about, &claimed).await?;
    let expected = ExpectedAssertion {
        issuer: &trusted.issuer,
        subject: &trusted.subject,
        audience: trusted.audience.as_deref().unwrap_or(about.audience),
        now: about.now,
    };
    let judge = |keys: &KeySet| assertion::verify(assertion, keys, &expected);
    let judged = on
        .providers
        .judge(place.tenant, KeysOf::Issuer(&trusted), judge)
        .await;
    let judged = judged.map_err(|failure| {
        tracing::warn!(
            issuer = %trusted.id, client = %trusted.client, check = failure.check, received = %failure.received,
            "the keys of a trusted issuer cannot be fetched"
        );
        NotGranted::Unavailable
    })?;
    match judged {
        Ok(()) => Ok(trusted),
        Err(refusal) => {
            tracing::info!(issuer = %trusted.id, client = %trusted.client, %refusal, "an assertion was refused");
            Err(NotGranted::Unproven(told(refusal.check())))
        }
    }
}

/// The live issuer that the assertion seems to come from. Of several that have registered the same one, the one whose
/// subject and audience fit best: what does not fit is then told by the check of the token.
async fn find_issuer(
    on: &Login,
    place: Place,
    about: &About<'_>,
    claimed: &Claimed,
) -> Result<TrustedIssuer, NotGranted> {
    let client: Option<ClientId> = match about.client {
        Some(text) => Some(text.parse().map_err(|_| NotGranted::UNKNOWN)?),
        None => None,
    };
    let mut tx = on.store.read(place.tenant).await?;
    let clients = tx.list_clients(place.directory).await?;
    let is_live = |id| {
        clients
            .iter()
            .any(|client| client.id == id && client.revoked_at.is_none())
    };
    let all = tx.list_trusted_issuers(place.directory).await?;
    let candidates = all.into_iter().filter(|issuer| {
        issuer.issuer == claimed.issuer
            && issuer.revoked_at.is_none()
            && client.is_none_or(|client| client == issuer.client)
            && is_live(issuer.client)
    });
    let fit = |issuer: &TrustedIssuer| {
        let audience = issuer.audience.as_deref().unwrap_or(about.audience);
        let is_meant = claimed.audiences.iter().any(|one| one == audience);
        (issuer.subject == claimed.subject, is_meant)
    };
    candidates.max_by_key(fit).ok_or(NotGranted::UNKNOWN)
}

/// Which claim does not fit, once the signature has.
fn told(check: Check) -> Option<&'static str> {
    let is_claim = matches!(
        check,
        Check::Issuer | Check::Subject | Check::Audience | Check::Expiry | Check::NotBefore | Check::IssuedAt
    );
    is_claim.then_some(check.as_str())
}
