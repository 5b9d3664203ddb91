//! Accounts by hand: people whom an administrator invites, one by one or several at once.

use std::sync::Arc;

use super::invitations::Token;
use super::{Accounts, Error};
use crate::auth::vault::Vault;
use crate::directory::account::{self, NewAccount};
use crate::directory::edit::{self, Edit, NameEdit};
use crate::directory::grant::SaidRights;
use crate::directory::lifecycle::Arrival;
use crate::directory::permission::ADMINISTRATOR;
use crate::directory::refusal::Holder;
use crate::directory::{
    AccessCode, AccessWindow, AdminScope, Authority, Catalogue, EntityId, EntityTree, Facets, Invitation,
    InvitationId, Language, Origin, Person, PersonId, Refusal, Tenant, User, UserId, UserKind, UserSource,
    grant, invitation, roster,
};
use crate::storage::Tx;

/// What an invited person is made of. The form of each field was checked before.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Their id.
    pub id: UserId,
    /// Who they are.
    pub who: Who,
    /// Their e-mail address, and so their userName.
    pub email: String,
    /// Their landline number, in the form that [`phone`](crate::directory::phone) gives.
    pub phone_landline: Option<String>,
    /// Their mobile number, likewise.
    pub phone_mobile: Option<String>,
    /// Their language.
    pub locale: Option<Language>,
    /// Their access dates.
    pub access: AccessWindow,
    /// Their permission group and sections.
    pub rights: SaidRights,
    /// Their entity; that of the roster when it is not said of an employee.
    pub entity: Option<EntityId>,
    /// What they may be asked about.
    pub contact_tags: Vec<String>,
    /// The hash of their access code.
    pub access_code: Option<AccessCode>,
    /// The id of their invitation.
    pub invitation: InvitationId,
    /// Its token.
    pub token: Token,
}

/// Who a new person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Somebody of the roster, which says what they are called.
    Employee(PersonId),
    /// An external collaborator, with their name.
    External(NameEdit),
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
    let (maker, new) = (Maker::new(on, authority, UserSource::Manual, origin), new);
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let place = begin(tx).await?;
            maker.make(tx, &place, new).await
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
    let maker = Maker::new(on, authority, UserSource::Bulk, origin);
    let written = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            let place = begin(tx).await?;
            let mut answers = Vec::new();
            for new in all {
                // A rule refuses before anything of this person is written, so the others can go on.
                answers.push(match maker.make(tx, &place, new).await {
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

/// Where people are made: neither the tenant's mode and settings, nor its entities, sections and permission groups change
/// until the commit.
pub(super) struct Place {
    tenant: Tenant,
    tree: EntityTree,
    catalogue: Catalogue,
}

/// Locks the tenant.
pub(super) async fn begin(tx: &mut Tx) -> Result<Place, Error> {
    let tenant = tx
        .find_tenant_for_update()
        .await?
        .ok_or(Error::NotFound("tenant"))?;
    account::check_by_hand(tenant.sign_in)?;
    Ok(Place {
        tenant,
        tree: tx.load_entity_tree().await?,
        catalogue: tx.load_catalogue().await?,
    })
}

/// On whose authority and how people are made.
#[derive(Clone)]
struct Maker {
    vault: Arc<Vault>,
    authority: Authority,
    source: UserSource,
    origin: Origin,
}

impl Maker {
    fn new(on: &Accounts, authority: &Authority, source: UserSource, origin: Origin) -> Self {
        Self {
            vault: Arc::clone(&on.vault),
            authority: authority.clone(),
            source,
            origin,
        }
    }

    async fn make(&self, tx: &mut Tx, place: &Place, mut new: NewPerson) -> Result<Invited, Error> {
        let settings = &place.tenant.settings;
        if settings.departmental_mailboxes.is_departmental(&new.email) {
            return Err(Refusal::DepartmentalMailbox(new.email).into());
        }
        check_rights(&new.rights, &place.catalogue)?;
        let person = match &new.who {
            Who::Employee(id) => Some(self.pick(tx, place, *id).await?),
            Who::External(_) => None,
        };
        new.entity = new.entity.or(person.as_ref().and_then(|person| person.entity));
        self.authority.check_may_place(new.entity, &place.tree)?;
        if new.rights.role.as_deref() == Some(ADMINISTRATOR) {
            self.authority.check_may_grant(&AdminScope::All, &place.tree)?;
        }
        check_free(tx, &new.email, None).await?;
        let origin = || self.origin.clone();
        let (invitation, rights, token) = (new.invitation, new.rights.clone(), new.token.clone());
        let language = new.locale.unwrap_or(settings.locale);
        let Arrival { mut user, change } = account::create(account_of(new, person, self.source), origin());
        tx.apply(change).await?;
        if let Some(granted) = grant::first_rights(&user, &rights, origin()) {
            tx.apply(granted.change).await?;
            user = granted.user;
        }
        let name = Facets::read(&user.profile.attributes())
            .display_name
            .unwrap_or_default();
        let at = self.origin.at;
        let (vault, tenant) = (&self.vault, &place.tenant);
        let envelope = super::invitations::seal(vault, tenant, language, &name, &user.user_name, &token, at)?;
        let (invitation, change) =
            invitation::send(invitation, user.id, envelope.hash, envelope.mail, origin());
        tx.apply(change).await?;
        Ok(Invited { user, invitation })
    }

    /// Somebody of the roster whom the authority reaches and who has no access yet, locked until the commit.
    async fn pick(&self, tx: &mut Tx, place: &Place, id: PersonId) -> Result<Person, Error> {
        let person = tx.find_person_for_update(id).await?;
        let reached = |person: &Person| {
            let scope = self.authority.narrow_scope();
            scope.is_none_or(|scope| place.tree.reaches(scope, person.entity))
        };
        let person = person.filter(reached).ok_or(Refusal::UnknownPerson)?;
        roster::check_free(tx.find_holder(id).await?.as_ref())?;
        Ok(person)
    }
}

/// Whether the tenant has the permission group and the sections that are named.
pub(super) fn check_rights(said: &SaidRights, catalogue: &Catalogue) -> Result<(), Refusal> {
    if let Some(role) = &said.role {
        catalogue.check_role("role", role)?;
    }
    let check = |(key, _): &(String, Option<bool>)| catalogue.check_section(&format!("sections.{key}"), key);
    said.sections.iter().try_for_each(check)
}

/// Nobody of the tenant but `own` signs in by this address, and nobody has it as theirs.
pub(super) async fn check_free(tx: &mut Tx, email: &str, own: Option<UserId>) -> Result<(), Error> {
    let by_name = tx.find_clashes(None, email, None).await?.user_name;
    let is_other = |user: &User| Some(user.id) != own;
    let holder = if let Some(user) = by_name.map(|(user, _)| user).filter(is_other) {
        Some(user)
    } else {
        let met = tx.list_met_by_email(email).await?;
        met.into_iter().map(|met| met.user).find(is_other)
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

fn account_of(new: NewPerson, person: Option<Person>, source: UserSource) -> NewAccount {
    let (kind, name) = match (&person, new.who) {
        (Some(person), _) => (
            UserKind::Employee,
            NameEdit::Parts {
                first: Some(person.first_name.clone()),
                last: Some(person.last_name.clone()),
            },
        ),
        (None, Who::External(name)) => (UserKind::External, name),
        // An employee without a person was refused.
        (None, Who::Employee(_)) => (UserKind::Employee, NameEdit::default()),
    };
    let said = Edit {
        name: Some(name),
        phone_landline: Some(new.phone_landline),
        phone_mobile: Some(new.phone_mobile),
        locale: Some(new.locale),
        ..Edit::default()
    };
    NewAccount {
        id: new.id,
        directory: None,
        kind,
        source,
        pending: true,
        attributes: edit::describe_new(&said, &new.email),
        user_name: new.email,
        entity: new.entity,
        access: new.access,
        contact_tags: new.contact_tags,
        person: person.map(|person| person.id),
        access_code: new.access_code,
    }
}
