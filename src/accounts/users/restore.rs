//! Bringing deleted people back.

use super::super::invitations::{self, Token};
use super::super::invite::check_free;
use super::super::{Accounts, Error};
use super::reach;
use crate::directory::lifecycle::{self, Arrival};
use crate::directory::mailbox::is_departmental;
use crate::directory::{
    Action, Authority, Facets, InvitationId, Origin, Refusal, SignIn, TenantId, User, UserId, invitation,
};
use crate::storage::Tx;

/// How somebody is brought back.
#[derive(Debug, Clone)]
pub struct Restoring {
    /// Under another address than before.
    pub email: Option<String>,
    /// The id of the invitation that goes to whoever had not accepted theirs.
    pub invitation: InvitationId,
    /// Its token.
    pub token: Token,
}

/// Brings a deleted person back. An entity that is gone meanwhile does not come back with them; whoever was invited and had
/// not accepted is invited anew, since the old link stays dead.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::NotDeleted`], the names are in use again ([`Refusal::RestoredEmailTaken`],
/// [`Refusal::UserNameTaken`], [`Refusal::ExternalIdTaken`]), or of another address [`Refusal::EmailTaken`],
/// [`Refusal::DepartmentalMailbox`], [`Refusal::ManagedByDirectory`].
pub async fn restore(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    how: Restoring,
    origin: Origin,
) -> Result<User, Error> {
    let (store, on) = (on.store.clone(), on.clone());
    store
        .write(tenant, async move |tx: &mut Tx| {
            let (mut user, tree) = reach::find_to_change(tx, &by, Action::UsersWrite, id, true).await?;
            user.entity = user.entity.filter(|entity| tree.has(*entity));
            let Arrival { user, change } = decide(tx, &user, how.email.as_deref(), &origin).await?;
            tx.apply(change).await?;
            if user.pending {
                invite(tx, &on, &user, &how, origin).await?;
            }
            Ok::<_, Error>(user)
        })
        .await
}

async fn decide(tx: &mut Tx, user: &User, email: Option<&str>, origin: &Origin) -> Result<Arrival, Error> {
    let directory = match user.directory {
        Some(id) => tx.find_directory(id).await?.map(|directory| directory.name),
        None => None,
    };
    if let Some(email) = email {
        let arrival = lifecycle::restore_under(user, email, directory, origin.clone())?;
        if is_departmental(email) {
            return Err(Refusal::DepartmentalMailbox(email.to_owned()).into());
        }
        check_free(tx, email).await?;
        return Ok(arrival);
    }
    let clashes = tx
        .find_clashes(user.directory, &user.user_name, user.external_id.as_deref())
        .await?;
    let arrival = lifecycle::restore(user, &clashes, origin.clone())?;
    // Nobody comes back to an address that is somebody else's by now, whatever that one signs in with.
    if user.directory.is_none() {
        check_free(tx, &user.user_name)
            .await
            .map_err(|error| match error {
                Error::Refused(Refusal::EmailTaken { email, holder }) => {
                    Error::Refused(Refusal::RestoredEmailTaken { email, holder })
                }
                other => other,
            })?;
    }
    Ok(arrival)
}

/// Invites somebody anew where people have passwords; by single sign-on they need no invitation.
async fn invite(
    tx: &mut Tx,
    on: &Accounts,
    user: &User,
    how: &Restoring,
    origin: Origin,
) -> Result<(), Error> {
    let tenant = tx
        .find_tenant_for_update()
        .await?
        .ok_or(Error::NotFound("tenant"))?;
    if tenant.sign_in == SignIn::Sso && !user.break_glass {
        return Ok(());
    }
    let name = Facets::read(&user.profile.attributes()).display_name;
    let name = name.unwrap_or_else(|| user.user_name.clone());
    let envelope = invitations::seal(on, &tenant, &name, &user.user_name, &how.token, origin.at)?;
    let (_, change) = invitation::send(how.invitation, user.id, envelope.hash, envelope.mail, origin);
    Ok(tx.apply(change).await?)
}
