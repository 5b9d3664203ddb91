//! From one step of a sign-in to the next: tickets, and the session at the end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::account::{judge, refusal_of};
use super::crossing::{Crossing, places_of};
use super::step::{Facts, Step, next_step};
use crate::auth::bearer::{self, NewToken, TokenKind, account_key};
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::registry::TokenHash;
use crate::directory::{
    Actor, Aim, Code, Credential, GuessPurpose, Letter, NewSession, Origin, Proof, SessionId, SignIn, Tenant,
    TenantId, TenantName, User, break_glass,
};
use crate::login::error::SignInError;
use crate::login::{Login, Refused, complete};
use crate::storage::{self, LoginTicket, OneTimeToken, Tx};

/// How long a ticket is good.
const LIFETIME: Duration = Duration::from_mins(10);

/// What a step of a sign-in is made of that cannot be computed.
#[derive(Clone)]
pub struct FreshStep {
    session: SessionId,
    token: Arc<NewToken>,
    ticket: Arc<NewToken>,
    /// For the salt of a password.
    pub(super) salt: [u8; 32],
    nonce: [u8; 12],
}

impl fmt::Debug for FreshStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshStep(..)")
    }
}

impl FreshStep {
    /// Takes the id of a session that may be opened, random bits for its token, for a ticket and for a salt, and others for
    /// the cipher.
    #[must_use]
    pub fn new(session: SessionId, random: [[u8; 32]; 3], nonce: [u8; 12]) -> Self {
        let [token, ticket, salt] = random;
        Self {
            session,
            token: Arc::new(NewToken::from_random(TokenKind::Session, token)),
            ticket: Arc::new(NewToken::from_random(TokenKind::Ticket, ticket)),
            salt,
            nonce,
        }
    }

    /// The session's id, and what its token hashes to.
    pub(super) fn session(&self) -> (SessionId, TokenHash) {
        (self.session, self.token.hash())
    }

    /// What the session's cookie carries.
    pub(super) fn token(&self) -> Arc<NewToken> {
        Arc::clone(&self.token)
    }

    /// The nonce of the mail that tells of a new password; those of an alert come after it.
    pub(super) fn nonce(&self) -> [u8; 12] {
        self.nonce
    }
}

/// How far a sign-in has come.
#[derive(Debug)]
pub enum Stage {
    /// Somebody is signed in.
    SignedIn {
        /// The session.
        session: Box<NewSession>,
        /// What its cookie carries.
        token: Arc<NewToken>,
        /// What the browser shows at its next sign-in, so that it is known; where somebody has proven themselves just now.
        browser: Option<String>,
    },
    /// There is something left to do.
    Next {
        /// What.
        step: Step,
        /// What the person shows when they do it.
        ticket: Arc<NewToken>,
    },
    /// Everything is proven, and there are several tenants to enter.
    Choose {
        /// What the person shows when they have chosen.
        ticket: Arc<NewToken>,
        /// The tenants, the one that they belong to first.
        tenants: Vec<TenantName>,
    },
    /// Everything is proven, and the session is to be opened in another tenant.
    Crossing(Box<Crossing>),
}

/// A ticket that was shown and is good at this moment, as it was found before the transaction.
pub(in crate::login) struct Held {
    pub tenant: Tenant,
    pub hash: TokenHash,
    pub user: User,
}

/// A ticket as somebody shows it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its text.
    pub ticket: &'a str,
    /// The tenant in the address that it is shown at, where that names one.
    pub at: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// A ticket that is shown at a tenant's page.
    #[must_use]
    pub fn at(tenant: &'a str, ticket: &'a str) -> Self {
        Self {
            ticket,
            at: Some(tenant),
        }
    }

    /// A ticket that is shown where no tenant is named.
    #[must_use]
    pub fn anywhere(ticket: &'a str) -> Self {
        Self { ticket, at: None }
    }
}

/// Finds a ticket. What is unknown, of another tenant, used, too old, or void because the person's access has ended, is all the same.
pub(in crate::login) async fn find(on: &Login, shown: Shown<'_>, now: Timestamp) -> Result<Held, Refused> {
    let expired = || Refused::new(Code::SignInExpired);
    if !TokenKind::Ticket.made(shown.ticket) {
        return Err(expired());
    }
    let hash = bearer::hash(shown.ticket);
    let tenant = on
        .store
        .system()
        .await?
        .find_tenant_of_token(OneTimeToken::Ticket, &hash)
        .await?;
    let mut view = on.store.read(tenant.ok_or_else(expired)?).await?;
    let ticket = view.find_login_ticket(&hash).await?;
    let ticket = ticket
        .filter(|ticket| now < ticket.expires_at)
        .ok_or_else(expired)?;
    let user = view.find_user(ticket.user).await?.ok_or_else(expired)?;
    let tenant = view.find_tenant().await?.ok_or_else(expired)?;
    if shown.at.is_some_and(|slug| slug != tenant.slug.as_str()) {
        return Err(expired());
    }
    Ok(Held { tenant, hash, user })
}

/// Somebody in the middle of a sign-in, locked until the commit, with the ticket used up: if the step is refused, so that
/// the transaction is taken back, it is there again.
pub(in crate::login) struct Taken {
    pub tenant: Tenant,
    pub user: User,
    pub credential: Credential,
    pub second_factor: bool,
    pub aim: Aim,
}

impl Taken {
    /// Where they stand.
    pub async fn facts(&self, tx: &mut Tx) -> Result<Facts, storage::Error> {
        facts_of(tx, &self.user, &self.credential, self.second_factor).await
    }
}

/// Takes a ticket, and looks again at whether its person may come in.
pub(in crate::login) async fn take(
    tx: &mut Tx,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Taken, SignInError> {
    let taken = look(tx, hash, now).await?;
    if tx.take_login_ticket(hash).await? {
        Ok(taken)
    } else {
        Err(Refused::new(Code::SignInExpired).into())
    }
}

/// Looks at a ticket as [`take`] does, and leaves it.
pub(in crate::login) async fn look(
    tx: &mut Tx,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Taken, SignInError> {
    let expired = || Refused::new(Code::SignInExpired);
    let seen = tx.find_login_ticket(hash).await?.ok_or_else(expired)?;
    // The person first, as everywhere.
    let user = tx.find_user_for_update(seen.user).await?.ok_or_else(expired)?;
    let ticket = tx.find_login_ticket(hash).await?;
    let ticket = ticket
        .filter(|ticket| now < ticket.expires_at)
        .ok_or_else(expired)?;
    let tenant = tx.find_tenant().await?.ok_or_else(expired)?;
    let credential = tx.find_credential(user.id).await?.ok_or_else(expired)?;
    if let Err(code) = judge(&user, &tenant, now) {
        return Err(refuse(code, &tenant, &user.user_name, true).into());
    }
    Ok(Taken {
        tenant,
        user,
        credential,
        second_factor: ticket.second_factor,
        aim: ticket.aim,
    })
}

/// The one place that says what is known of the second factor.
async fn facts_of(
    tx: &mut Tx,
    user: &User,
    credential: &Credential,
    second_factor: bool,
) -> Result<Facts, storage::Error> {
    Ok(Facts {
        second_factor,
        enrolled: tx.find_second_factor(user.id).await?.is_some(),
        required: user.mfa_required,
        must_change: credential.must_change,
    })
}

/// Goes on after a step that was done: to the next one, or to the session. `taken` is as it is after the step.
pub(in crate::login) async fn proceed(
    tx: &mut Tx,
    on: &Login,
    taken: Taken,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, SignInError> {
    let (facts, now) = (taken.facts(tx).await?, origin.at);
    let Taken {
        tenant,
        user,
        credential,
        aim,
        ..
    } = taken;
    let ticket = LoginTicket {
        hash: fresh.ticket.hash(),
        user: user.id,
        second_factor: facts.second_factor,
        aim,
        expires_at: origin.at + LIFETIME,
    };
    if let Some(step) = next_step(facts) {
        tx.keep_login_ticket(&ticket).await?;
        return Ok(Stage::Next {
            step,
            ticket: fresh.ticket,
        });
    }
    let proof = Proof::Local {
        second_factor: facts.second_factor,
    };
    let account = account_key(tenant.id, &user.user_name);
    let factor = if facts.second_factor {
        tx.find_second_factor(user.id).await?
    } else {
        None
    };
    let by_code =
        factor.map(|factor| on.mark((GuessPurpose::SecondFactor, account, factor.enrolled_at), now));
    let browser = Some(on.know_browser(account, credential.changed_at, by_code, now));
    if aim != Aim::Home {
        let places = places_of(tx, &tenant, &user).await?;
        match aim {
            Aim::Guest(host) => {
                let place = places.into_iter().find(|place| place.tenant.id == host);
                let none = || refuse(Code::AccountInactive, &tenant, &user.user_name, true);
                return Ok(Stage::Crossing(Box::new(Crossing {
                    place: place.ok_or_else(none)?,
                    proof,
                    limit: None,
                    home: tenant,
                    person: user,
                    browser,
                })));
            }
            Aim::Choose if !places.is_empty() => {
                tx.keep_login_ticket(&ticket).await?;
                let elsewhere = places.into_iter().map(|place| place.tenant);
                return Ok(Stage::Choose {
                    ticket: fresh.ticket,
                    tenants: std::iter::once(TenantName::from(&tenant))
                        .chain(elsewhere)
                        .collect(),
                });
            }
            Aim::Home | Aim::Choose => {}
        }
    }
    let named = (fresh.session, fresh.token.hash());
    let session = complete::open(tx, &user, proof, None, named, origin.clone()).await?;
    if user.break_glass && tenant.sign_in == SignIn::Sso {
        alert(tx, &on.vault, &tenant, &user, &session, (fresh.nonce, origin)).await?;
    }
    Ok(Stage::SignedIn {
        session: Box::new(session),
        browser,
        token: fresh.token,
    })
}

/// Tells those who manage the tenant that the break-glass account was used.
async fn alert(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    user: &User,
    session: &NewSession,
    (nonce, origin): ([u8; 12], Origin),
) -> Result<(), SignInError> {
    let administrators = tx.list_full_administrators(origin.at).await?;
    let readers = break_glass::readers(&administrators, tenant);
    // The first is the nonce of the mail about a new password.
    let sealed = (1_u32..).zip(readers).map(|(number, (recipient, language))| {
        let letter = Letter::BreakGlassUsed {
            language,
            tenant: tenant.name.clone(),
            account: user.user_name.clone(),
            at: origin.at,
        };
        letters::seal(
            vault,
            tenant.id,
            &recipient,
            &letter,
            letters::nonce_of(nonce, number),
        )
    });
    let mails = sealed
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Refused::new(Code::InternalError))?;
    let origin = Origin {
        actor: Actor::User(user.id),
        ..origin
    };
    tx.apply(break_glass::note_use(user, session.id, mails, origin))
        .await?;
    Ok(())
}

/// A refusal that names tenant and address. Whoever has proven who they are is told who helps, by name.
pub(in crate::login) fn refuse(code: Code, tenant: &Tenant, email: &str, verified: bool) -> Refused {
    Refused {
        tenant: Some(tenant.clone()),
        email: Some(email.to_owned()),
        // Under single sign-on a right password proves no more than a wrong one, as far as the answer goes.
        verified: verified && code != refusal_of(tenant),
        ..code.into()
    }
}

/// Forgets what was counted of wrong guesses, where the password was right and the sign-in is refused all the same.
pub(super) async fn forget(
    on: &Login,
    tenant: TenantId,
    key: storage::GuessKey,
) -> Result<(), storage::Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| tx.forget_guesses(&key).await)
        .await
}
