//! The links of mails by which somebody sets a password: of an invitation, and of a reset.

use jiff::Timestamp;

use super::account::{changed_letter, name_of, second_mark};
use super::error::LocalError;
use crate::auth::bearer::{self, TokenKind, account_key};
use crate::auth::letters;
use crate::auth::password::{Password, context_of};
use crate::directory::credential::{self, NewPassword, SetBy};
use crate::directory::registry::TokenHash;
use crate::directory::{
    Actor, CredentialRefusal, Invitation, InvitationId, Origin, PasswordHash, Refusal, Tenant, TenantId,
    User, invitation,
};
use crate::login::Login;
use crate::storage::{self, OneTimeToken, ReadTx, Tx};

/// Which mail a link came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// An invitation.
    Invitation,
    /// A password reset.
    Reset,
}

impl LinkKind {
    fn token(self) -> TokenKind {
        match self {
            Self::Invitation => TokenKind::Invitation,
            Self::Reset => TokenKind::Reset,
        }
    }

    fn stored(self) -> OneTimeToken {
        match self {
            Self::Invitation => OneTimeToken::Invitation,
            Self::Reset => OneTimeToken::Reset,
        }
    }

    fn set_by(self) -> SetBy {
        match self {
            Self::Invitation => SetBy::Invitation,
            Self::Reset => SetBy::Reset,
        }
    }
}

/// A link that is good at this moment.
#[derive(Debug, Clone)]
pub struct Link {
    /// The tenant.
    pub tenant: Tenant,
    /// Whose it is.
    pub user: User,
    /// From when on it is not good any more.
    pub expires_at: Timestamp,
    /// The invitation, where nobody has followed the link before.
    unopened: Option<InvitationId>,
}

/// What a link leads to, before anything is done by it.
///
/// # Errors
/// [`LocalError::NotFound`]: there is no such link, or it was replaced by a newer one; [`CredentialRefusal`]s.
pub async fn look(on: &Login, kind: LinkKind, token: &str, now: Timestamp) -> Result<Link, LocalError> {
    let (tenant, hash) = find(on, kind, token).await?;
    let mut view = on.store.read(tenant).await?;
    let found = locate(&mut view, kind, &hash).await?.ok_or(LOST)?;
    let user = view.find_user(found.0).await?.ok_or(LOST)?;
    check(&mut view, kind, &hash, user, now).await
}

/// The same for somebody who has followed the link; of an invitation it is noted when that was done first.
///
/// # Errors
/// As [`look`].
pub async fn follow(on: &Login, kind: LinkKind, token: &str, now: Timestamp) -> Result<Link, LocalError> {
    let link = look(on, kind, token, now).await?;
    if let Some(id) = link.unopened {
        on.store
            .write(link.tenant.id, async move |tx: &mut Tx| {
                tx.note_opened(id, now).await
            })
            .await
            .map_err(LocalError::Storage)?;
    }
    Ok(link)
}

/// Sets the password of whoever a link belongs to, once; somebody who is pending has accepted their invitation by it. All
/// their sessions end. `browser` is what the browser shows of an earlier sign-in. Answers whose it was, and what the browser
/// shows from now on to be known at the password: who reads the mail has not shown the app.
///
/// # Errors
/// As [`look`], and [`LocalError::Weak`], [`LocalError::Busy`].
pub async fn redeem(
    on: &Login,
    kind: LinkKind,
    token: &str,
    password: &str,
    ((salt, nonce), browser): (([u8; 32], [u8; 12]), Option<&str>),
    origin: Origin,
) -> Result<(Link, String), LocalError> {
    let (tenant, hash) = find(on, kind, token).await?;
    let seen = look(on, kind, token, origin.at).await?;
    let context = context_of(&seen.user.user_name, &name_of(&seen.user), &seen.tenant);
    let accepted = Password::parse(password, &context)?;
    let hashed = on.passwords.hash(accepted, salt).await?;
    let (login, now) = (on.clone(), origin.at);
    let written = on.store.write(tenant, async move |tx: &mut Tx| {
        // The person is locked, then everything is looked at again: of two who use the link the second finds it used.
        let user = tx.find_user_for_update(seen.user.id).await?.ok_or(LOST)?;
        let link = check(tx, kind, &hash, user, origin.at).await?;
        accept(tx, &login, kind, link, hashed, (nonce, origin)).await
    });
    let link = written.await?;
    let account = account_key(tenant, &link.user.user_name);
    let known = on.know_browser(account, now, browser.and_then(second_mark), now);
    Ok((link, known))
}

const LOST: LocalError = LocalError::NotFound("link");

async fn find(on: &Login, kind: LinkKind, token: &str) -> Result<(TenantId, TokenHash), LocalError> {
    // What cannot be one of ours costs no look-up.
    if !kind.token().made(token) {
        return Err(LOST);
    }
    let hash = bearer::hash(token);
    let tenant = on
        .store
        .system()
        .await?
        .find_tenant_of_token(kind.stored(), &hash)
        .await?;
    Ok((tenant.ok_or(LOST)?, hash))
}

/// Whose a link is.
async fn locate(
    view: &mut ReadTx,
    kind: LinkKind,
    hash: &TokenHash,
) -> Result<Option<(crate::directory::UserId, Timestamp)>, storage::Error> {
    Ok(match kind {
        LinkKind::Invitation => view
            .find_linked_invitation(hash)
            .await?
            .map(|linked| (linked.invitation.user, linked.invitation.expires_at)),
        LinkKind::Reset => view.find_reset(hash).await?,
    })
}

/// Whether a link of this person is good at this moment.
async fn check(
    view: &mut ReadTx,
    kind: LinkKind,
    hash: &TokenHash,
    user: User,
    now: Timestamp,
) -> Result<Link, LocalError> {
    let (expires_at, unopened) = match kind {
        LinkKind::Invitation => {
            let linked = view.find_linked_invitation(hash).await?.ok_or(LOST)?;
            linked.check_open(&user, now)?;
            let Invitation {
                id,
                opened_at,
                expires_at,
                ..
            } = linked.invitation;
            (expires_at, opened_at.is_none().then_some(id))
        }
        LinkKind::Reset => {
            let (_, expires_at) = view.find_reset(hash).await?.ok_or(LOST)?;
            if expires_at <= now {
                return Err(Refusal::from(CredentialRefusal::ResetExpired).into());
            }
            (expires_at, None)
        }
    };
    let tenant = view.find_tenant().await?.ok_or(LOST)?;
    credential::check_may_redeem(&user, &tenant, now)?;
    Ok(Link {
        tenant,
        user,
        expires_at,
        unopened,
    })
}

async fn accept(
    tx: &mut Tx,
    on: &Login,
    kind: LinkKind,
    link: Link,
    hash: PasswordHash,
    (nonce, origin): ([u8; 12], Origin),
) -> Result<Link, LocalError> {
    let Link { tenant, user, .. } = &link;
    let origin = Origin {
        actor: Actor::User(user.id),
        ..origin
    };
    let arrival = invitation::accept(user, origin.clone());
    // Nobody is told that the password was changed by which they come in for the first time.
    let mails = if arrival.is_some() {
        Vec::new()
    } else {
        let letter = changed_letter(user, tenant, origin.at);
        vec![letters::seal(
            &on.vault,
            tenant.id,
            &user.user_name,
            &letter,
            nonce,
        )?]
    };
    let user = match arrival {
        Some(arrival) => {
            tx.apply(arrival.change).await?;
            arrival.user
        }
        None => user.clone(),
    };
    let new = NewPassword {
        hash,
        must_change: false,
        by: kind.set_by(),
        keep: None,
        mails,
    };
    let account = account_key(tenant.id, &user.user_name);
    tx.apply(credential::set(user.id, account, new, origin)).await?;
    Ok(Link { user, ..link })
}
