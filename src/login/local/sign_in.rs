//! The first step: e-mail address and password.

use super::account::refusal_of;
use super::ticket::{self, FreshStep, Stage, Taken, refuse};
use super::{anywhere, crossing};
use crate::auth::bearer::account_key;
use crate::directory::access_error::Trace;
use crate::directory::{
    Aim, Code, Credential, GuessPurpose, Origin, PasswordHash, SignIn, Slug, Tenant, UserId,
};
use crate::hashing::Busy;
use crate::login::error::SignInError;
use crate::login::{Login, Refused};
use crate::storage::{self, GuessKey, Tx};

/// The longest e-mail address (RFC 5321 section 4.5.3.1.3, without the brackets).
const LONGEST_ADDRESS: usize = 254;

/// What somebody gives who wants to come in.
pub struct Asked<'a> {
    /// The tenant's name in URLs; `None` for whichever the person belongs to, or chooses.
    pub tenant: Option<&'a str>,
    /// The e-mail address, which is the userName of a local account.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// What the browser shows of an earlier sign-in.
    pub browser: Option<&'a str>,
}

/// Signs somebody in by e-mail address and password, or says what is left to do. Whoever has not given the right password
/// of an account learns nothing of it: neither from the answer nor from the work that it takes.
///
/// # Errors
/// [`Refused`].
pub async fn sign_in(
    on: &Login,
    asked: Asked<'_>,
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, Refused> {
    let email = asked.email.trim();
    let is_name = email.len() <= LONGEST_ADDRESS && !email.is_empty() && !email.chars().any(char::is_control);
    let Some(slug) = asked.tenant else {
        let given = (asked.password, asked.browser);
        return anywhere::sign_in(on, is_name.then_some(email), given, fresh, origin).await;
    };
    let door = if is_name {
        find_door(on, slug, email).await?
    } else {
        None
    };
    let Some(Door { shown, tenant, aim }) = door else {
        on.passwords.compare(asked.password, None).await.map_err(busy)?;
        return Err(Refused {
            email: is_name.then(|| email.to_owned()),
            ..Code::InvalidCredentials.into()
        });
    };
    let account = account_key(tenant.id, email);
    let holder = on
        .store
        .read(tenant.id)
        .await?
        .find_password_holder(email)
        .await?;
    let purpose = GuessPurpose::Password;
    let set_at = holder.as_ref().map(|(_, credential)| credential.changed_at);
    let key = GuessKey {
        purpose,
        account,
        by: on.guesser(purpose, account, (asked.browser, set_at), origin.at),
    };
    begin(on, (&tenant, &shown), email, key.clone(), &origin).await?;
    let hash = holder.as_ref().map(|(_, credential)| &credential.hash);
    let compared = on.compare_counted(tenant.id, &key, (asked.password, hash), origin.at);
    let verdict = compared.await?.map_err(busy)?;
    let has_password = hash.is_some();
    let Some((user, credential)) = holder.filter(|_| verdict.is_right) else {
        let refused = refuse(refusal_of(&shown), &shown, email, false);
        return Err(refused.traced(trace_of(has_password)));
    };
    let right = Right {
        user: user.id,
        hash: credential.hash,
        is_outdated: verdict.is_outdated,
        key,
        aim,
    };
    let at = (&tenant, user.user_name.as_str());
    enter(on, at, (right, asked.password), fresh, origin).await
}

/// Somebody whose password was right a moment ago.
#[derive(Clone)]
pub(super) struct Right {
    /// Who.
    pub user: UserId,
    /// What their password was compared with.
    pub hash: PasswordHash,
    /// It was hashed at a lower cost than passwords are now.
    pub is_outdated: bool,
    /// Under which the guess was counted.
    pub key: GuessKey,
    /// Where they go.
    pub aim: Aim,
}

/// Goes on where a password was right.
///
/// # Errors
/// [`Refused`].
pub(super) async fn enter(
    on: &Login,
    (tenant, user_name): (&Tenant, &str),
    (right, password): (Right, &str),
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, Refused> {
    let upgraded = if right.is_outdated {
        // Where there is no time for it, it is done at another sign-in.
        let hashed = on.passwords.hash_text(password.to_owned(), fresh.salt);
        hashed.await.ok()
    } else {
        None
    };
    let key = right.key.clone();
    let (login, opening, at) = (on.clone(), fresh.clone(), origin.clone());
    let written = on.store.write(tenant.id, async move |tx: &mut Tx| {
        conclude(tx, &login, (right, upgraded), opening, at).await
    });
    match written.await {
        Ok(stage) => crossing::arrive(on, stage, fresh, origin).await,
        Err(error) => {
            ticket::forget(on, tenant.id, key).await?;
            Err(refused_for(error, tenant, user_name))
        }
    }
}

/// Looks again, locked, at what was compared, and goes on.
async fn conclude(
    tx: &mut Tx,
    on: &Login,
    (right, upgraded): (Right, Option<PasswordHash>),
    fresh: FreshStep,
    origin: Origin,
) -> Result<Stage, SignInError> {
    let gone = || Refused::new(Code::InvalidCredentials);
    let user = tx.find_user_for_update(right.user).await?.ok_or_else(gone)?;
    let tenant = tx.find_tenant().await?.ok_or_else(gone)?;
    let credential: Option<Credential> = tx.find_credential(user.id).await?;
    let credential = credential
        .filter(|credential| credential.hash == right.hash)
        .ok_or_else(gone)?;
    if let Err(code) = super::account::judge(&user, &tenant, origin.at) {
        return Err(refuse(code, &tenant, &user.user_name, true).into());
    }
    if let Some(upgraded) = &upgraded {
        tx.upgrade_password(user.id, &right.hash, upgraded).await?;
    }
    tx.forget_guesses(&right.key).await?;
    let taken = Taken {
        tenant,
        user,
        credential,
        second_factor: false,
        aim: right.aim,
    };
    ticket::proceed(tx, on, taken, fresh, origin).await
}

/// Where somebody asks to come in, and where their password is kept.
struct Door {
    /// The tenant that they have named: nothing else is told them before the password is right.
    shown: Tenant,
    /// The one that keeps the password.
    tenant: Tenant,
    /// Where they go.
    aim: Aim,
}

/// Under single sign-on a tenant's page takes no guest's password.
async fn find_door(on: &Login, slug: &str, email: &str) -> Result<Option<Door>, storage::Error> {
    let Some(slug) = Slug::parse(slug) else {
        return Ok(None);
    };
    let Some(shown) = on.store.system().await?.find_tenant(&slug).await? else {
        return Ok(None);
    };
    let home = match shown.sign_in {
        SignIn::Local => on.store.read(shown.id).await?.find_home_of_guest(email).await?,
        SignIn::Sso => None,
    };
    let aim = home.as_ref().map_or(Aim::Home, |_| Aim::Guest(shown.id));
    Ok(Some(Door {
        tenant: home.unwrap_or_else(|| shown.clone()),
        shown,
        aim,
    }))
}

/// Counts the guess. Whoever has to wait is told so whether there is such an account or not.
async fn begin(
    on: &Login,
    (tenant, shown): (&Tenant, &Tenant),
    email: &str,
    key: GuessKey,
    origin: &Origin,
) -> Result<(), Refused> {
    let now = origin.at;
    let begun = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            tx.begin_guess(&key, now).await
        })
        .await?;
    begun.map_err(|until| Refused {
        retry_at: Some(until),
        ..refuse(Code::LockedOut, shown, email, false)
    })
}

pub(super) fn busy(busy: Busy) -> Refused {
    tracing::warn!(%busy, "a password was not checked");
    Code::Unavailable.into()
}

fn refused_for(error: SignInError, tenant: &Tenant, user_name: &str) -> Refused {
    let refused = Refused::from(error);
    Refused {
        tenant: refused.tenant.or_else(|| Some(tenant.clone())),
        email: refused.email.or_else(|| Some(user_name.to_owned())),
        ..refused
    }
}

/// For those who help: whether there is an account with a password under this address.
fn trace_of(has_password: bool) -> Trace {
    let mut trace = Trace::default();
    let found = has_password.then_some("an account with a password");
    trace.push("account", Some("an account with a password"), found, has_password);
    if has_password {
        trace.push("password", None, None, false);
    }
    trace
}
