//! Accounts by hand: people whom an administrator invites, one by one or several at once.

use super::invitations::{Envelope, Token};
use super::{Accounts, Error};
use crate::directory::account::{self, NewAccount};
use crate::directory::lifecycle::Arrival;
use crate::directory::mailbox::is_departmental;
use crate::directory::refusal::Holder;
use crate::directory::{
    AccessWindow, AdminScope, Authority, EntityId, EntityTree, Invitation, InvitationId, Origin, Refusal,
    Tenant, User, UserId, UserKind, UserSource, grant, invitation,
};
use crate::storage::Tx;
use serde_json::json;

/// What an invited external collaborator is made of. The form of each field was checked before.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Their id.
    pub id: UserId,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// Their e-mail address, and so their userName.
    pub email: String,
    /// Their landline number, in the form that [`phone`](crate::directory::phone) gives.
    pub phone_landline: Option<String>,
    /// Their mobile number, likewise.
    pub phone_mobile: Option<String>,
    /// Their access dates.
    pub access: AccessWindow,
    /// Whether they manage the whole tenant.
    pub administrator: bool,
    /// Their entity.
    pub entity: Option<EntityId>,
    /// What they may be asked about.
    pub contact_tags: Vec<String>,
    /// The id of their invitation.
    pub invitation: InvitationId,
    /// Its token.
    pub token: Token,
}

/// A person who was just made, with the invitation that was sent to them.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Who.
    pub user: User,
    /// The invitation.
    pub invitation: Invitation,
}

/// Makes a person who has to accept an invitation first, and queues the mail that carries it.
///
/// # Errors
/// [`Refusal::ManualCreationBlocked`], [`Refusal::DepartmentalMailbox`], [`Refusal::EmailTaken`],
/// [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`]: nothing was written.
pub async fn create(
    on: &Accounts,
    tenant: &Tenant,
    authority: &Authority,
    new: NewPerson,
    origin: Origin,
) -> Result<Invited, Error> {
    let envelope = seal(on, tenant, &new, &origin)?;
    let authority = authority.clone();
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let tree = begin(tx).await?;
            make(tx, &authority, &tree, new, UserSource::Manual, envelope, origin).await
        })
        .await
}

/// Makes several people, each of whom may be refused apart. With `all_or_nothing` nobody is made when one is refused.
/// The answers are in the order of the people.
///
/// # Errors
/// [`Refusal::ManualCreationBlocked`], or the database failed: nothing was written.
pub async fn create_many(
    on: &Accounts,
    tenant: &Tenant,
    authority: &Authority,
    all: Vec<NewPerson>,
    all_or_nothing: bool,
    origin: Origin,
) -> Result<Vec<Result<Invited, Refusal>>, Error> {
    let sealed = all.into_iter().map(|new| {
        let envelope = seal(on, tenant, &new, &origin)?;
        Ok((new, envelope))
    });
    let sealed: Vec<(NewPerson, Envelope)> = sealed.collect::<Result<_, Error>>()?;
    let authority = authority.clone();
    let written = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            let tree = begin(tx).await?;
            let mut answers = Vec::new();
            for (new, envelope) in sealed {
                let made = make(
                    tx,
                    &authority,
                    &tree,
                    new,
                    UserSource::Bulk,
                    envelope,
                    origin.clone(),
                );
                // A rule refuses before anything of this person is written, so the others can go on.
                answers.push(match made.await {
                    Ok(invited) => Ok(invited),
                    Err(Error::Refused(refusal)) => Err(refusal),
                    Err(other) => return Err(Undone::Failed(other)),
                });
            }
            if all_or_nothing && answers.iter().any(Result::is_err) {
                return Err(Undone::Together(answers));
            }
            Ok(answers)
        })
        .await;
    match written {
        Ok(answers) | Err(Undone::Together(answers)) => Ok(answers),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// Why a transaction of many was taken back.
enum Undone {
    /// One was refused, and the caller wants all or nothing.
    Together(Vec<Result<Invited, Refusal>>),
    Failed(Error),
}

impl From<crate::storage::Error> for Undone {
    fn from(error: crate::storage::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl crate::storage::WriteError for Undone {
    fn storage(&self) -> Option<&crate::storage::Error> {
        match self {
            Self::Failed(error) => error.storage(),
            Self::Together(_) => None,
        }
    }
}

fn seal(on: &Accounts, tenant: &Tenant, new: &NewPerson, origin: &Origin) -> Result<Envelope, Error> {
    let name = format!("{} {}", new.first_name, new.last_name);
    super::invitations::seal(on, tenant, &name, &new.email, &new.token, origin.at)
}

/// The tenant is locked: neither its mode nor its entities change until the commit.
pub(super) async fn begin(tx: &mut Tx) -> Result<EntityTree, Error> {
    let tenant = tx
        .find_tenant_for_update()
        .await?
        .ok_or(Error::NotFound("tenant"))?;
    account::check_by_hand(tenant.sign_in)?;
    Ok(tx.load_entity_tree().await?)
}

async fn make(
    tx: &mut Tx,
    authority: &Authority,
    tree: &EntityTree,
    new: NewPerson,
    source: UserSource,
    envelope: Envelope,
    origin: Origin,
) -> Result<Invited, Error> {
    if is_departmental(&new.email) {
        return Err(Refusal::DepartmentalMailbox(new.email).into());
    }
    authority.check_may_place(new.entity, tree)?;
    if new.administrator {
        authority.check_may_grant(&AdminScope::All, tree)?;
    }
    check_free(tx, &new.email).await?;
    let (invitation, administrator) = (new.invitation, new.administrator);
    let Arrival { mut user, change } = account::create(account_of(new, source), origin.clone());
    tx.apply(change).await?;
    let scope = administrator.then_some(AdminScope::All);
    if let Some(granted) = grant::set_administrator(&user, &[], scope.as_ref(), 0, origin.clone())? {
        tx.apply(granted.change).await?;
        user = granted.user;
    }
    let (invitation, change) = invitation::send(invitation, user.id, envelope.hash, envelope.mail, origin);
    tx.apply(change).await?;
    Ok(Invited { user, invitation })
}

/// Nobody of the tenant signs in by this address, and nobody has it as theirs.
pub(super) async fn check_free(tx: &mut Tx, email: &str) -> Result<(), Error> {
    let by_name = tx.find_clashes(None, email, None).await?.user_name;
    let holder = match by_name {
        Some((user, _)) => Some(user),
        None => tx
            .list_met_by_email(email)
            .await?
            .into_iter()
            .next()
            .map(|met| met.user),
    };
    let Some(user) = holder else {
        return Ok(());
    };
    let directory = match user.directory {
        Some(id) => tx.find_directory(id).await?,
        None => None,
    };
    let holder = directory.map_or(Holder::Local, |directory| Holder::OtherDirectory(directory.name));
    let email = email.to_owned();
    Err(Refusal::EmailTaken { email, holder }.into())
}

fn account_of(new: NewPerson, source: UserSource) -> NewAccount {
    let mut attributes = account::attributes(Some(&new.first_name), Some(&new.last_name), None, &new.email);
    let phones = [(new.phone_landline, "work"), (new.phone_mobile, "mobile")];
    let phones = phones
        .into_iter()
        .filter_map(|(number, kind)| number.map(|number| json!({"value": number, "type": kind})));
    let phones: Vec<_> = phones.collect();
    if !phones.is_empty() {
        attributes.insert("phoneNumbers".to_owned(), phones.into());
    }
    NewAccount {
        id: new.id,
        directory: None,
        kind: UserKind::External,
        source,
        pending: true,
        user_name: new.email,
        attributes,
        entity: new.entity,
        access: new.access,
        contact_tags: new.contact_tags,
    }
}
