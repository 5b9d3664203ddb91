//! The steps of a sign-in that are about the second factor.

use std::sync::Arc;

use super::super::crossing;
use super::super::error::LocalError;
use super::super::step::{Step, next_step};
use super::super::ticket::{self, FreshStep, Held, Shown, Stage, Taken, refuse};
use super::{FactorDice, Offer, RecoveryCodes, enrol, judge, offer, show};
use crate::auth::bearer::account_key;
use crate::directory::access_error::Trace;
use crate::directory::{Actor, Code, Enrolling, GuessPurpose, Language, MfaRefusal, Origin};
use crate::login::{Login, Refused};
use crate::storage::{GuessKey, Tx};

/// What came of a code.
#[derive(Debug)]
pub struct Given {
    /// How far the sign-in has come.
    pub stage: Stage,
    /// Of an app that was enrolled by the code.
    pub recovery_codes: Option<RecoveryCodes>,
}

/// Shows a secret to somebody whose password was right and who has to enrol an app: to the same ticket the same one.
///
/// # Errors
/// [`LocalError`]: `SignIn` where the ticket is not good, `Refused` with [`MfaRefusal::NotAsked`].
pub async fn offer_enrolment(
    on: &Login,
    ticket: Shown<'_>,
    dice: FactorDice,
    language: Language,
    origin: Origin,
) -> Result<Offer, LocalError> {
    let held = find(on, ticket, &origin).await?;
    let (vault, hash) = (Arc::clone(&on.vault), held.hash);
    on.store
        .write(held.tenant.id, async move |tx: &mut Tx| {
            let seen = ticket::look(tx, &hash, origin.at).await?;
            if next_step(seen.facts(tx).await?) != Some(Step::MfaEnrol) {
                return Err(LocalError::Refused(MfaRefusal::NotAsked.into()));
            }
            let to = Enrolling::Ticket(hash);
            let secret = offer(tx, &vault, seen.user.id, to, &dice, &origin).await?;
            Ok(show(&secret, &seen.tenant.name, &seen.user, language))
        })
        .await
}

/// Takes a code in the middle of a sign-in: of the app that is enrolled, a recovery code, or the first one of an app that is
/// being enrolled. `browser` is what the browser shows of an earlier sign-in. A wrong code leaves the ticket as it is.
///
/// # Errors
/// [`LocalError`]: `SignIn` where the ticket is not good, or with [`Code::MfaInvalid`], [`Code::LockedOut`]; `Refused` with
/// [`MfaRefusal::NotAsked`], [`MfaRefusal::NotBegun`].
pub async fn give_code(
    on: &Login,
    ticket: Shown<'_>,
    code: &str,
    browser: Option<&str>,
    (fresh, dice): (FreshStep, FactorDice),
    origin: Origin,
) -> Result<Given, LocalError> {
    let held = find(on, ticket, &origin).await?;
    let (tenant, name) = (held.tenant, held.user.user_name);
    let account = account_key(tenant.id, &name);
    let mut view = on.store.read(tenant.id).await?;
    let factor = view.find_second_factor(held.user.id).await?;
    drop(view);
    let purpose = GuessPurpose::SecondFactor;
    let enrolled_at = factor.map(|factor| factor.enrolled_at);
    let key = GuessKey {
        purpose,
        account,
        by: on.guesser(purpose, account, (browser, enrolled_at), origin.at),
    };
    let (counted, now) = (key.clone(), origin.at);
    let begun = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            tx.begin_guess(&counted, now).await
        })
        .await?;
    begun.map_err(|until| {
        sign_in(Refused {
            retry_at: Some(until),
            ..refuse(Code::LockedOut, &tenant, &name, true)
        })
    })?;
    let (login, hash, code) = (on.clone(), held.hash, code.to_owned());
    let (opening, arriving) = (fresh.clone(), origin.clone());
    let given = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            let taken = ticket::take(tx, &hash, origin.at).await?;
            let user = taken.user.id;
            let own = Origin {
                actor: Actor::User(user),
                ..origin.clone()
            };
            let wrong = || {
                sign_in(refuse(Code::MfaInvalid, &taken.tenant, &taken.user.user_name, true).traced(trace()))
            };
            let recovery_codes = match next_step(taken.facts(tx).await?) {
                Some(Step::Mfa) => {
                    if !judge(tx, &login.vault, user, &code, &own).await? {
                        return Err(wrong());
                    }
                    None
                }
                Some(Step::MfaEnrol) => {
                    let of = Enrolling::Ticket(hash);
                    let person = (&taken.user, &taken.tenant);
                    let codes = enrol(tx, &login.vault, person, of, &code, &dice, own).await?;
                    Some(codes.ok_or_else(wrong)?)
                }
                Some(Step::ChangePassword) | None => {
                    return Err(LocalError::Refused(MfaRefusal::NotAsked.into()));
                }
            };
            tx.forget_guesses(&key).await?;
            let taken = Taken {
                second_factor: true,
                ..taken
            };
            let stage = ticket::proceed(tx, &login, taken, opening, origin).await?;
            Ok(Given {
                stage,
                recovery_codes,
            })
        })
        .await?;
    let stage = crossing::arrive(on, given.stage, fresh, arriving).await;
    Ok(Given {
        stage: stage.map_err(sign_in)?,
        ..given
    })
}

async fn find(on: &Login, ticket: Shown<'_>, origin: &Origin) -> Result<Held, LocalError> {
    ticket::find(on, ticket, origin.at).await.map_err(sign_in)
}

fn sign_in(refused: Refused) -> LocalError {
    LocalError::SignIn(Box::new(refused))
}

/// For those who help: what was asked for.
fn trace() -> Trace {
    let mut trace = Trace::default();
    let expected = "an unused code of the app, or an unused recovery code";
    trace.push("second_factor", Some(expected), None, false);
    trace
}
