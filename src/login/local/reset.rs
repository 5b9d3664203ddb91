//! A link by which somebody sets a password anew, sent to whoever has forgotten theirs or never got their invitation.

use std::sync::Arc;

use super::account::name_of;
use crate::auth::bearer::{NewToken, TokenKind, account_key};
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::credential::{self, MOST_RESETS, RESET_LIFETIME};
use crate::directory::{GuessPurpose, Letter, Origin, Slug, TenantId, User};
use crate::login::Login;
use crate::storage::{self, GuessKey, Guesser, Tx};

/// A link that somebody has asked for, under a name that nobody has looked up yet.
#[derive(Debug)]
pub struct ResetAsked {
    tenant: TenantId,
    email: String,
    origin: Origin,
}

/// Takes note that somebody asks for a link under an e-mail address. What they wait for is the same whether anybody has the
/// address: how often is asked is counted under every name, and nobody is looked up. [`send_reset`] goes on, when they have
/// their answer. `None` where there is nothing to go on with.
///
/// # Errors
/// The database failed.
pub async fn ask_reset(
    on: &Login,
    tenant: &str,
    email: &str,
    origin: Origin,
) -> Result<Option<ResetAsked>, storage::Error> {
    let email = email.trim().to_owned();
    if email.len() > 254 || email.chars().any(char::is_control) {
        return Ok(None);
    }
    let Some(slug) = Slug::parse(tenant) else {
        return Ok(None);
    };
    let Some(tenant) = on.store.system().await?.find_tenant(&slug).await? else {
        return Ok(None);
    };
    let key = GuessKey {
        purpose: GuessPurpose::Reset,
        account: account_key(tenant.id, &email),
        by: Guesser::Stranger,
    };
    let now = origin.at;
    let begun = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            tx.begin_guess(&key, now).await
        })
        .await?;
    Ok(begun.ok().map(|()| ResetAsked {
        tenant: tenant.id,
        email,
        origin,
    }))
}

/// Sends a link to the person who has the e-mail address as their userName, if they may sign in by password; to somebody who
/// is pending, one by which they accept their invitation. Nobody may wait for this who is not to learn whether a mail was
/// sent. `random` and `nonce` are used for nothing else.
///
/// # Errors
/// The database failed.
pub async fn send_reset(
    on: &Login,
    asked: ResetAsked,
    (random, nonce): ([u8; 32], [u8; 12]),
) -> Result<(), storage::Error> {
    let ResetAsked {
        tenant,
        email,
        origin,
    } = asked;
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let user = match tx.find_clashes(None, &email, None).await?.user_name {
                Some((seen, _)) => tx.find_user_for_update(seen.id).await?,
                None => None,
            };
            match user {
                Some(user) => send(tx, &vault, user, (random, nonce), origin).await,
                None => Ok(()),
            }
        })
        .await
}

async fn send(
    tx: &mut Tx,
    vault: &Vault,
    user: User,
    (random, nonce): ([u8; 32], [u8; 12]),
    origin: Origin,
) -> Result<(), storage::Error> {
    let Some(tenant) = tx.find_tenant().await? else {
        return Ok(());
    };
    let may = credential::check_may_redeem(&user, &tenant, origin.at).is_ok();
    if !may || tx.count_resets(user.id, origin.at).await? >= MOST_RESETS {
        return Ok(());
    }
    let token = NewToken::from_random(TokenKind::Reset, random);
    let letter = Letter::PasswordReset {
        language: tenant.language_of(&user),
        tenant: tenant.name.clone(),
        name: name_of(&user),
        token: token.expose().to_owned(),
        activates: user.pending,
        expires_at: origin.at + RESET_LIFETIME,
    };
    let mail = match letters::seal(vault, tenant.id, &user.user_name, &letter, nonce) {
        Ok(mail) => mail,
        Err(error) => {
            tracing::error!(%error, "a letter could not be sealed");
            return Ok(());
        }
    };
    let change = credential::send_reset(user.id, token.hash(), mail, user.pending, origin);
    tx.apply(change).await
}
