//! The second factor of people who sign in by password: what is shown so that an app can be enrolled, the first code that
//! confirms it, and codes that are judged.
//!
//! Codes are judged inside the transaction of what they are shown for, after the person's row is locked, so that of two uses
//! of one code the second sees what the first did. Guesses are counted before, in a transaction of their own: what is refused
//! is taken back, and the count is not. This module opens no session; [`ticket`](super::ticket) does what follows a step.

mod own;
mod step;

use std::fmt;

use super::error::LocalError;
use crate::auth::letters;
use crate::auth::qr;
use crate::auth::recovery::{self, RecoveryCode};
use crate::auth::totp::TotpSecret;
use crate::auth::vault::{Vault, VaultError, totp_secret_place};
use crate::directory::second_factor::{self, OFFER_LIFETIME};
use crate::directory::{
    Enrolling, Language, Letter, MfaRefusal, NewFactor, Origin, OwnFactorTold, Refusal, SealedSecret,
    SessionId, Tenant, TenantId, User, UserId,
};
use crate::storage::Tx;

pub use own::{Claim, Own, begin, confirm, read, remove, renew_recovery_codes};
pub use step::{Given, give_code, offer_enrolment};

/// What an app and its recovery codes are made of that cannot be computed.
#[derive(Clone)]
pub struct FactorDice {
    /// For the app's secret.
    pub secret: [u8; 32],
    /// For the recovery codes.
    pub recovery_codes: [u8; 32],
    /// For the cipher: of a secret that is shown, or of the letter that tells of an app. No step does both.
    pub nonce: [u8; 12],
}

/// What is shown so that an app can be enrolled. Never printed.
#[derive(Clone)]
pub struct Offer {
    /// The secret in groups of four characters, to be typed.
    pub secret: String,
    /// The same as an app reads it from the QR code.
    pub otpauth_uri: String,
    /// The QR code, an SVG element.
    pub qr_svg: String,
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Offer")
    }
}

/// Recovery codes in clear, which are shown this once. Never printed.
#[derive(Clone)]
pub struct RecoveryCodes(pub Vec<String>);

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes")
    }
}

/// Shows a secret to somebody who is about to enrol an app: the same one each time until it runs out.
async fn offer(
    tx: &mut Tx,
    vault: &Vault,
    user: UserId,
    to: Enrolling,
    dice: &FactorDice,
    origin: &Origin,
) -> Result<TotpSecret, LocalError> {
    let place = totp_secret_place(tx.tenant(), user);
    let fresh = vault.seal(&TotpSecret::from_random(dice.secret).expose(), &place, dice.nonce)?;
    let (now, end) = (origin.at, origin.at + OFFER_LIFETIME);
    let held = tx.offer_factor(to, user, SealedSecret(fresh), now, end).await?;
    open(vault, tx.tenant(), user, &held)
}

/// Puts a secret into what is shown of it.
fn show(secret: &TotpSecret, tenant_name: &str, user: &User, language: Language) -> Offer {
    let account = user.email().unwrap_or_else(|| user.user_name.clone());
    let otpauth_uri = secret.otpauth_uri(tenant_name, &account);
    let title = match language {
        Language::English => "QR code for your authenticator app",
        Language::French => "Code QR pour votre application d’authentification",
    };
    Offer {
        secret: secret.expose_in_groups(),
        // An issuer is cut and an address is limited, so the URI fits; without a picture there is the text.
        qr_svg: qr::as_svg(&otpauth_uri, title).unwrap_or_default(),
        otpauth_uri,
    }
}

/// Takes the app that a secret was shown for, by the first code that it gives. `None` when the code is wrong.
///
/// # Errors
/// [`MfaRefusal::NotBegun`]: nothing was shown, or too long ago.
async fn enrol(
    tx: &mut Tx,
    vault: &Vault,
    (user, tenant): (&User, &Tenant),
    of: Enrolling,
    code: &str,
    dice: &FactorDice,
    origin: Origin,
) -> Result<Option<RecoveryCodes>, LocalError> {
    let keep = match of {
        Enrolling::Session(id) => Some(id),
        Enrolling::Ticket(_) => None,
    };
    let told = tell(vault, (user, tenant), true, keep, dice.nonce, &origin)?;
    let user = user.id;
    let sealed = tx.find_unconfirmed_factor(of, user, origin.at).await?;
    let sealed = sealed.ok_or(Refusal::from(MfaRefusal::NotBegun))?;
    let secret = open(vault, tx.tenant(), user, &sealed)?;
    let Some(step) = secret.verify(code, origin.at, None) else {
        return Ok(None);
    };
    let codes = recovery::from_random(dice.recovery_codes);
    let factor = NewFactor {
        secret: sealed,
        step,
        recovery_codes: codes.iter().map(|code| code.hash(&secret)).collect(),
    };
    let replaces = tx.find_second_factor(user).await?.is_some();
    tx.apply(second_factor::enrol(user, factor, replaces, told, origin))
        .await?;
    Ok(Some(shown(&codes)))
}

/// What follows when a person changes their own second factor, `keep` being the session that they do it in. `nonce` is used
/// for nothing else.
fn tell(
    vault: &Vault,
    (user, tenant): (&User, &Tenant),
    enrolled: bool,
    keep: Option<SessionId>,
    nonce: [u8; 12],
    origin: &Origin,
) -> Result<OwnFactorTold, VaultError> {
    let letter = Letter::MfaChanged {
        language: tenant.language_of(user),
        tenant: tenant.name.clone(),
        enrolled,
        support_email: tenant.support_email.clone(),
        at: origin.at,
    };
    let sealed = user
        .email()
        .map(|address| letters::seal(vault, tenant.id, &address, &letter, nonce));
    Ok(OwnFactorTold {
        keep,
        mail: sealed.transpose()?,
        at: origin.at,
    })
}

/// Whether a code is the present one of a person's app, or one of their recovery codes: it is used up then.
///
/// # Errors
/// [`MfaRefusal::NotEnrolled`].
async fn judge(
    tx: &mut Tx,
    vault: &Vault,
    user: UserId,
    code: &str,
    origin: &Origin,
) -> Result<bool, LocalError> {
    let factor = tx.find_second_factor(user).await?;
    let factor = factor.ok_or(Refusal::from(MfaRefusal::NotEnrolled))?;
    let secret = open(vault, tx.tenant(), user, &factor.secret)?;
    if let Some(step) = secret.verify(code, origin.at, Some(factor.last_step)) {
        return Ok(tx.advance_totp_step(user, step).await?);
    }
    let Some(code) = RecoveryCode::parse(code) else {
        return Ok(false);
    };
    let hash = code.hash(&secret);
    let unused = tx.list_recovery_codes(user).await?;
    if !unused.contains(&hash) {
        return Ok(false);
    }
    let left = unused.len() - 1;
    tx.apply(second_factor::use_recovery_code(user, hash, left, origin.clone()))
        .await?;
    Ok(true)
}

/// Gives a person new recovery codes; those before are void.
///
/// # Errors
/// [`MfaRefusal::NotEnrolled`].
async fn renew(
    tx: &mut Tx,
    vault: &Vault,
    user: UserId,
    dice: &FactorDice,
    origin: Origin,
) -> Result<RecoveryCodes, LocalError> {
    let factor = tx.find_second_factor(user).await?;
    let factor = factor.ok_or(Refusal::from(MfaRefusal::NotEnrolled))?;
    let secret = open(vault, tx.tenant(), user, &factor.secret)?;
    let codes = recovery::from_random(dice.recovery_codes);
    let hashes = codes.iter().map(|code| code.hash(&secret)).collect();
    let left = tx.list_recovery_codes(user).await?.len();
    tx.apply(second_factor::renew_recovery_codes(user, hashes, left, origin))
        .await?;
    Ok(shown(&codes))
}

fn shown(codes: &[RecoveryCode]) -> RecoveryCodes {
    RecoveryCodes(codes.iter().map(RecoveryCode::expose).collect())
}

fn open(
    vault: &Vault,
    tenant: TenantId,
    user: UserId,
    sealed: &SealedSecret,
) -> Result<TotpSecret, LocalError> {
    let text = vault.open(&sealed.0, &totp_secret_place(tenant, user))?;
    Ok(TotpSecret::parse(&text).ok_or(VaultError::Damaged)?)
}
