//! Invitations that wait to be accepted.

use std::fmt;

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::auth::bearer::{NewToken, TokenKind};
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::invitation::OpenInvitation;
use crate::directory::registry::TokenHash;
use crate::directory::{
    Action, Authority, Delivery, Facets, Invitation, InvitationId, Language, Letter, Mail, Origin, Target,
    Tenant, TenantId, User, allow, invitation, lifecycle,
};
use crate::storage::{Chunk, Position, Tx};

/// The randomness of one invitation.
#[derive(Clone)]
pub struct Token {
    /// For the token.
    pub random: [u8; 32],
    /// For the cipher, used once.
    pub nonce: [u8; 12],
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// A mail that carries a token, and what the token hashes to.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub hash: TokenHash,
    pub mail: Mail,
}

/// Writes the mail of an invitation and seals it.
pub(super) fn seal(
    vault: &Vault,
    tenant: &Tenant,
    language: Language,
    name: &str,
    recipient: &str,
    token: &Token,
    at: Timestamp,
) -> Result<Envelope, Error> {
    let nonce = token.nonce;
    let token = NewToken::from_random(TokenKind::Invitation, token.random);
    let letter = Letter::Invitation {
        language,
        tenant: tenant.name.clone(),
        name: name.to_owned(),
        token: token.expose().to_owned(),
        expires_at: at + invitation::LIFETIME,
    };
    Ok(Envelope {
        hash: token.hash(),
        mail: letters::seal(vault, tenant.id, recipient, &letter, nonce)?,
    })
}

/// Open invitations, expired or not, oldest first.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    after: Position,
    size: u32,
) -> Result<Chunk<OpenInvitation>, Error> {
    allow(authority, Action::InvitationsRead, Target::Anything)?;
    Ok(on
        .store
        .read(tenant)
        .await?
        .list_open_invitations(after, size)
        .await?)
}

/// An open invitation, expired or not.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn find(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: InvitationId,
) -> Result<Invitation, Error> {
    allow(authority, Action::InvitationsRead, Target::Anything)?;
    let found = on.store.read(tenant).await?.find_open_invitation(id).await?;
    found.ok_or(Error::NotFound("invitation"))
}

/// Sends an invitation again, with a new token and its whole time; the old token is void.
///
/// # Errors
/// [`Error::NotFound`];
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired);
/// [`Refusal::ManualCreationBlocked`](crate::directory::Refusal::ManualCreationBlocked), of anybody but the break-glass
/// account.
pub async fn resend(
    on: &Accounts,
    tenant: &Tenant,
    authority: &Authority,
    id: InvitationId,
    token: &Token,
    origin: Origin,
) -> Result<OpenInvitation, Error> {
    allow(authority, Action::InvitationsWrite, Target::Anything)?;
    let found = find_with_name(on, tenant.id, id).await?;
    let language = found.language.unwrap_or(tenant.settings.locale);
    let envelope = seal(
        &on.vault,
        tenant,
        language,
        &found.name,
        &found.address,
        token,
        origin.at,
    )?;
    let address = found.address;
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let (before, user) = lock(tx, id).await?;
            lifecycle::check_move(&user, lifecycle::Act::Resend, origin.at)?;
            // The break-glass account has a password also where nobody else has one.
            if !user.break_glass {
                super::invite::begin(tx).await?;
            }
            let (invitation, change) = invitation::resend(&before, envelope.hash, envelope.mail, origin);
            tx.apply(change).await?;
            Ok::<_, Error>(OpenInvitation {
                delivery: Some(Delivery::queued(invitation.sent_at)),
                invitation,
                address,
            })
        })
        .await
}

/// Takes an invitation back and deletes the person who did not accept it: the address is free again.
///
/// # Errors
/// [`Error::NotFound`];
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired);
/// [`Refusal::BreakGlassAccount`](crate::directory::Refusal::BreakGlassAccount).
pub async fn withdraw(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: InvitationId,
    origin: Origin,
) -> Result<(), Error> {
    allow(authority, Action::InvitationsWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (invitation, user) = lock(tx, id).await?;
            // Somebody who is pending has no access, and so is nobody's last administrator.
            let deleted = lifecycle::delete_by_hand(&user, None, 0, origin.clone())?;
            tx.apply(invitation::withdraw(&invitation, origin)).await?;
            tx.apply(deleted).await?;
            Ok::<_, Error>(())
        })
        .await
}

/// Locks the person first, so that of two requests about one invitation the second sees what the first did.
async fn lock(tx: &mut Tx, id: InvitationId) -> Result<(Invitation, User), Error> {
    let not_found = || Error::NotFound("invitation");
    let seen = tx.find_open_invitation(id).await?.ok_or_else(not_found)?;
    let user = tx.find_user_for_update(seen.user).await?.ok_or_else(not_found)?;
    let invitation = tx.find_open_invitation(id).await?.ok_or_else(not_found)?;
    Ok((invitation, user))
}

struct Addressee {
    language: Option<Language>,
    name: String,
    address: String,
}

async fn find_with_name(on: &Accounts, tenant: TenantId, id: InvitationId) -> Result<Addressee, Error> {
    let not_found = || Error::NotFound("invitation");
    let mut view = on.store.read(tenant).await?;
    let invitation = view.find_open_invitation(id).await?.ok_or_else(not_found)?;
    let user = view.find_user(invitation.user).await?.ok_or_else(not_found)?;
    let name = Facets::read(&user.profile.attributes()).display_name;
    Ok(Addressee {
        language: user.own_language(),
        name: name.unwrap_or_else(|| user.user_name.clone()),
        address: user.user_name,
    })
}
