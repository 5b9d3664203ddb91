//! Bringing deleted people back.

use std::sync::Arc;

use super::super::activation::{self, Opening};
use super::super::invitations::Token;
use super::super::invite::check_free;
use super::super::{Accounts, Error, people};
use super::reach;
use crate::directory::lifecycle::{self, Arrival};
use crate::directory::{
    Action, Authority, InvitationId, Origin, Refusal, SignIn, Target, Tenant, TenantId, User, UserId, allow,
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
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (mut user, tree) = reach::find_to_change(tx, &by, Action::UsersWrite, id, true).await?;
            // Whoever reads the mail of the new address can set the password.
            if how.email.is_some() {
                allow(&by, Action::UsersPassword, Target::Person(&user, &tree))?;
            }
            if user.administrator.is_some() {
                allow(&by, Action::UsersAdmin, Target::Anything)?;
            }
            user.entity = user.entity.filter(|entity| tree.has(*entity));
            user.person = people::settle_restored(tx, user.person).await?;
            let tenant = tx
                .find_tenant_for_update()
                .await?
                .ok_or(Error::NotFound("tenant"))?;
            let Arrival { user, change } = decide(tx, &tenant, &user, how.email.as_deref(), &origin).await?;
            tx.apply(change).await?;
            // By single sign-on nobody needs an invitation.
            if user.pending && (tenant.sign_in == SignIn::Local || user.break_glass) {
                let (id, token) = (how.invitation, how.token);
                let opening = Opening::Invitation { id, token };
                activation::open(tx, &vault, &tenant, &user, opening, origin).await?;
            }
            Ok::<_, Error>(user)
        })
        .await
}

async fn decide(
    tx: &mut Tx,
    tenant: &Tenant,
    user: &User,
    email: Option<&str>,
    origin: &Origin,
) -> Result<Arrival, Error> {
    let directory = match user.directory {
        Some(id) => tx.find_directory(id).await?.map(|directory| directory.name),
        None => None,
    };
    if let Some(email) = email {
        let arrival = lifecycle::restore_under(user, email, directory, origin.clone())?;
        if tenant.settings.departmental_mailboxes.is_departmental(email) {
            return Err(Refusal::DepartmentalMailbox(email.to_owned()).into());
        }
        check_free(tx, email, None).await?;
        return Ok(arrival);
    }
    let clashes = tx
        .find_clashes(user.directory, &user.user_name, user.external_id.as_deref())
        .await?;
    let arrival = lifecycle::restore(user, &clashes, origin.clone())?;
    // Nobody comes back to an address that is somebody else's by now, whatever that one signs in with.
    if user.directory.is_none() {
        check_free(tx, &user.user_name, None)
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
