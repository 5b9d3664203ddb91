//! How new people get their password: by the link of an invitation, or handed over by an administrator.

use std::fmt;

use super::invitations::{self, Token};
use super::invite::{NewPerson, Who};
use super::{Accounts, Error, passwords};
use crate::auth::bearer::account_key;
use crate::auth::letters;
use crate::auth::vault::Vault;
use crate::directory::credential::{self, NewPassword, SetBy};
use crate::directory::{
    Action, Activation, Authority, Facets, Invitation, InvitationId, Letter, Origin, PasswordHash, Target,
    Tenant, User, allow, invitation,
};
use crate::storage::Tx;

/// How a new person gets their password.
#[derive(Debug, Clone)]
pub enum Start {
    /// They choose it by the link of an invitation, and are pending until then.
    Invitation {
        /// Its id.
        id: InvitationId,
        /// Its token.
        token: Token,
    },
    /// They are handed one, and choose another before their first session opens.
    TemporaryPassword(TemporaryPassword),
}

impl Start {
    /// The way that the tenant has to offer for it.
    #[must_use]
    pub fn way(&self) -> Activation {
        match self {
            Self::Invitation { .. } => Activation::Invitation,
            Self::TemporaryPassword(_) => Activation::TemporaryPassword,
        }
    }
}

/// A password that an administrator hands to a new person. Never printed.
#[derive(Clone)]
pub struct TemporaryPassword {
    /// The password, as it was typed.
    pub password: String,
    /// Random, for the salt.
    pub salt: [u8; 32],
    /// Random, for the cipher.
    pub nonce: [u8; 12],
}

impl fmt::Debug for TemporaryPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TemporaryPassword(..)")
    }
}

/// The same, ready to be written.
#[derive(Clone)]
pub(super) enum Opening {
    Invitation { id: InvitationId, token: Token },
    Password { hash: PasswordHash, nonce: [u8; 12] },
}

/// Hashes the password of a new person who is handed one: before the transaction. Whoever may not set passwords hands
/// none over.
pub(super) async fn prepare(
    on: &Accounts,
    tenant: &Tenant,
    authority: &Authority,
    new: &NewPerson,
) -> Result<Opening, Error> {
    let given = match &new.start {
        Start::Invitation { id, token } => {
            let (id, token) = (*id, token.clone());
            return Ok(Opening::Invitation { id, token });
        }
        Start::TemporaryPassword(given) => given,
    };
    allow(authority, Action::UsersPassword, Target::Anything)?;
    let name = match (&new.who, new.who.name()) {
        (Who::Employee(id), _) => {
            let found = on.store.read(tenant.id).await?.find_person(*id).await?;
            found.map(|(person, _)| format!("{} {}", person.first_name, person.last_name))
        }
        (Who::External(_), name) => name,
    };
    let name = name.unwrap_or_default();
    let hash = passwords::prepare(on, tenant, (&new.email, &name), &given.password, given.salt).await?;
    let nonce = given.nonce;
    Ok(Opening::Password { hash, nonce })
}

/// Opens the way in for somebody who was just written: the invitation with its mail, or the password with a letter that
/// does not say it.
pub(super) async fn open(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    user: &User,
    opening: Opening,
    origin: Origin,
) -> Result<Option<Invitation>, Error> {
    let language = tenant.language_of(user);
    let shown = Facets::read(&user.profile.attributes()).display_name;
    let name = shown.unwrap_or_default();
    match opening {
        Opening::Invitation { id, token } => {
            let at = origin.at;
            let envelope = invitations::seal(vault, tenant, language, &name, &user.user_name, &token, at)?;
            let (invitation, change) = invitation::send(id, user.id, envelope.hash, envelope.mail, origin);
            tx.apply(change).await?;
            Ok(Some(invitation))
        }
        Opening::Password { hash, nonce } => {
            let letter = Letter::Welcome {
                language,
                tenant: tenant.name.clone(),
                slug: tenant.slug.as_str().to_owned(),
                name,
                contact: tenant.settings.onboarding_contact.clone(),
            };
            let mail = letters::seal(vault, tenant.id, &user.user_name, &letter, nonce)?;
            let new = NewPassword {
                hash,
                must_change: true,
                by: SetBy::Administrator,
                keep: None,
                mails: vec![mail],
            };
            let account = account_key(tenant.id, &user.user_name);
            tx.apply(credential::set(user.id, account, new, origin)).await?;
            Ok(None)
        }
    }
}
