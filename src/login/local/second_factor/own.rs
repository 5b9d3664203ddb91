//! What somebody who is signed in does with their own second factor. An open session alone does not undo or replace it: that
//! takes the password or a code.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::error::LocalError;
use super::super::own;
use super::{FactorDice, Offer, RecoveryCodes, enrol, judge, offer, renew, show, tell};
use crate::auth::bearer::account_key;
use crate::auth::vault::Vault;
use crate::directory::second_factor::{self, check_own};
use crate::directory::{
    CredentialRefusal, Enrolling, GuessPurpose, Language, MfaRefusal, Origin, Refusal, SessionId, Tenant,
    User, UserId,
};
use crate::login::{Login, Session};
use crate::storage::{GuessKey, Guesser, Tx};

/// What somebody shows besides their session. Never printed.
#[derive(Clone)]
pub enum Claim {
    /// The password of the account.
    Password(String),
    /// A code of the app, or a recovery code.
    Code(String),
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim(..)")
    }
}

/// A second factor as it stands.
#[derive(Debug, Clone)]
pub struct Own {
    /// The person's tenant.
    pub tenant: Tenant,
    /// They have an app.
    pub enrolled: bool,
    /// How many recovery codes are unused.
    pub recovery_codes_left: usize,
}

/// The second factor of whoever is signed in.
///
/// # Errors
/// The database failed.
pub async fn read(on: &Login, session: &Session) -> Result<Own, LocalError> {
    let id = session.user().id;
    let mut tx = on.store.read(session.tenant()).await?;
    Ok(Own {
        tenant: tx.find_tenant().await?.ok_or(LocalError::NotFound("tenant"))?,
        enrolled: tx.find_second_factor(id).await?.is_some(),
        recovery_codes_left: tx.list_recovery_codes(id).await?.len(),
    })
}

/// Shows a secret for an app. Who has an app already makes a claim; it is good until the new one is confirmed.
///
/// # Errors
/// [`MfaRefusal::OfProvider`], [`MfaRefusal::ClaimMissing`], or the claim is wrong.
pub async fn begin(
    on: &Login,
    session: &Session,
    claim: Option<Claim>,
    dice: FactorDice,
    language: Language,
    origin: Origin,
) -> Result<Offer, LocalError> {
    let check = Check::begin(on, session, claim, origin.at).await?;
    let (vault, of) = (Arc::clone(&on.vault), Enrolling::Session(session.id()));
    on.store
        .write(session.tenant(), async move |tx: &mut Tx| {
            let (user, tenant) = check.find(tx, origin.at).await?;
            if check.claim.is_some() || tx.find_second_factor(user.id).await?.is_some() {
                check.finish(tx, &vault, &origin).await?;
            }
            let secret = offer(tx, &vault, user.id, of, &dice, &origin).await?;
            Ok::<_, LocalError>(show(&secret, &tenant.name, &user, language))
        })
        .await
}

/// Takes the app by its first code.
///
/// # Errors
/// [`MfaRefusal::OfProvider`], [`MfaRefusal::NotBegun`], [`MfaRefusal::CodeWrong`].
pub async fn confirm(
    on: &Login,
    session: &Session,
    code: String,
    dice: FactorDice,
    origin: Origin,
) -> Result<RecoveryCodes, LocalError> {
    // Whoever is shown the secret need not guess.
    let check = Check::of(session, None);
    let (vault, of) = (Arc::clone(&on.vault), Enrolling::Session(session.id()));
    on.store
        .write(session.tenant(), async move |tx: &mut Tx| {
            let (user, tenant) = check.find(tx, origin.at).await?;
            let codes = enrol(tx, &vault, (&user, &tenant), of, &code, &dice, origin).await?;
            Ok::<_, LocalError>(codes.ok_or(Refusal::from(MfaRefusal::CodeWrong))?)
        })
        .await
}

/// Removes the app and its recovery codes. The session goes on, all others end, and the person is told; `nonce` is random and
/// used for nothing else.
///
/// # Errors
/// [`MfaRefusal::OfProvider`], [`MfaRefusal::NotEnrolled`], [`MfaRefusal::Required`], [`MfaRefusal::ClaimMissing`], or the
/// claim is wrong.
pub async fn remove(
    on: &Login,
    session: &Session,
    claim: Option<Claim>,
    nonce: [u8; 12],
    origin: Origin,
) -> Result<(), LocalError> {
    // What is refused whatever the claim is counts as no guess.
    let own = read(on, session).await?;
    check_own(session.user(), &own.tenant)?;
    second_factor::check_may_remove(session.user(), own.enrolled)?;
    let check = Check::begin(on, session, claim, origin.at).await?;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(session.tenant(), async move |tx: &mut Tx| {
            let (user, tenant) = check.find(tx, origin.at).await?;
            let enrolled = tx.find_second_factor(user.id).await?.is_some();
            let keep = Some(check.session);
            let told = tell(&vault, (&user, &tenant), false, keep, nonce, &origin)?;
            let change = second_factor::remove(&user, enrolled, told, origin.clone())?;
            check.finish(tx, &vault, &origin).await?;
            tx.apply(change).await?;
            Ok::<_, LocalError>(())
        })
        .await
}

/// Gives new recovery codes; those before are void.
///
/// # Errors
/// [`MfaRefusal::OfProvider`], [`MfaRefusal::NotEnrolled`], [`MfaRefusal::ClaimMissing`], or the claim is wrong.
pub async fn renew_recovery_codes(
    on: &Login,
    session: &Session,
    claim: Option<Claim>,
    dice: FactorDice,
    origin: Origin,
) -> Result<RecoveryCodes, LocalError> {
    let own = read(on, session).await?;
    check_own(session.user(), &own.tenant)?;
    if !own.enrolled {
        return Err(Refusal::from(MfaRefusal::NotEnrolled).into());
    }
    let check = Check::begin(on, session, claim, origin.at).await?;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(session.tenant(), async move |tx: &mut Tx| {
            let (user, _) = check.find(tx, origin.at).await?;
            check.finish(tx, &vault, &origin).await?;
            renew(tx, &vault, user.id, &dice, origin).await
        })
        .await
}

/// A claim on its way: counted as a wrong guess before it is looked at, a password compared before the transaction, a code
/// inside of it.
#[derive(Clone)]
struct Check {
    session: SessionId,
    user: UserId,
    claim: Option<Claim>,
    key: Option<GuessKey>,
}

impl Check {
    fn of(session: &Session, claim: Option<Claim>) -> Self {
        Self {
            session: session.id(),
            user: session.user().id,
            claim,
            key: None,
        }
    }

    async fn begin(
        on: &Login,
        session: &Session,
        claim: Option<Claim>,
        now: Timestamp,
    ) -> Result<Self, LocalError> {
        let mut check = Self::of(session, claim);
        let purpose = match &check.claim {
            None => return Ok(check),
            Some(Claim::Password(_)) => GuessPurpose::OwnPassword,
            Some(Claim::Code(_)) => GuessPurpose::SecondFactor,
        };
        let account = account_key(session.tenant(), &session.user().user_name);
        let key = GuessKey {
            purpose,
            account,
            by: match purpose {
                // Guesses by an open session hold nobody up who signs in elsewhere.
                GuessPurpose::SecondFactor => Guesser::Session(session.id()),
                _ => Guesser::Stranger,
            },
        };
        own::begin(on, session.tenant(), key.clone(), now).await?;
        if let Some(Claim::Password(text)) = &check.claim {
            let mut view = on.store.read(session.tenant()).await?;
            let kept = view.find_credential(check.user).await?;
            drop(view);
            let shown = (text.as_str(), kept.as_ref().map(|kept| &kept.hash));
            let compared = on.compare_counted(session.tenant(), &key, shown, now).await?;
            if !compared?.is_right {
                return Err(Refusal::from(CredentialRefusal::CurrentPasswordWrong).into());
            }
        }
        check.key = Some(key);
        Ok(check)
    }

    /// The person, locked until the commit, whose second factor has to be kept here.
    async fn find(&self, tx: &mut Tx, now: Timestamp) -> Result<(User, Tenant), LocalError> {
        let user = tx.find_user_for_update(self.user).await?;
        let user = user.ok_or(LocalError::NotFound("user"))?;
        let tenant = tx.find_tenant().await?;
        let tenant = tenant.ok_or(LocalError::NotFound("tenant"))?;
        // Whoever lost their access a moment ago, or their session, changes nothing.
        if !user.has_access(now) || !tx.has_session(self.session, user.id).await? {
            return Err(LocalError::SessionOver);
        }
        check_own(&user, &tenant)?;
        Ok((user, tenant))
    }

    /// Settles the claim: it was right, or all of this transaction is taken back.
    async fn finish(&self, tx: &mut Tx, vault: &Vault, origin: &Origin) -> Result<(), LocalError> {
        let (Some(claim), Some(key)) = (&self.claim, &self.key) else {
            return Err(Refusal::from(MfaRefusal::ClaimMissing).into());
        };
        if let Claim::Code(code) = claim
            && !judge(tx, vault, self.user, code, origin).await?
        {
            return Err(Refusal::from(MfaRefusal::CodeWrong).into());
        }
        Ok(tx.forget_guesses(key).await?)
    }
}
