//! Accounts by hand: people whom an administrator invites or hands a password, one by one or several at once.

use std::sync::Arc;

use super::activation::{self, Opening, Start};
use super::{Accounts, Error};
use crate::auth::password::PasswordFault;
use crate::auth::vault::Vault;
use crate::directory::account::{self, NewAccount};
use crate::directory::edit::{self, Edit, NameEdit};
use crate::directory::grant::SaidRights;
use crate::directory::lifecycle::Arrival;
use crate::directory::permission::ADMINISTRATOR;
use crate::directory::refusal::Holder;
use crate::directory::{
    AccessCode, AccessWindow, AdminScope, Authority, Catalogue, EntityId, EntityTree, Invitation, Language,
    Origin, Person, PersonId, Refusal, Tenant, User, UserId, UserKind, UserSource, grant, roster,
    second_factor,
};
use crate::storage::{ReadTx, Tx};

/// What a new person is made of. The form of each field was checked before.
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
    /// Whether they need a second factor to sign in.
    pub mfa_required: bool,
    /// How they get their password.
    pub start: Start,
}

impl NewPerson {
    /// Their entity, `person` being who they are on the roster.
    fn entity_with(&self, person: Option<&Person>) -> Option<EntityId> {
        self.entity.or(person.and_then(|person| person.entity))
    }
}

/// Who a new person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Somebody of the roster, which says what they are called.
    Employee(PersonId),
    /// An external collaborator, with their name.
    External(NameEdit),
}

impl Who {
    /// Their name, where it is known without the roster.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::External(NameEdit::Full(name)) => Some(name.clone()),
            Self::External(NameEdit::Parts { first, last }) => {
                let parts: Vec<&str> = [first, last].into_iter().flatten().map(String::as_str).collect();
                Some(parts.join(" "))
            }
            Self::Employee(_) => None,
        }
    }
}

/// A person who was just made, with the invitation that was sent to them.
#[derive(Debug, Clone)]
pub struct Made {
    /// Who.
    pub user: User,
    /// The invitation; `None` for somebody who is handed a password.
    pub invitation: Option<Invitation>,
}

/// Makes a person, and queues the mail that tells them.
///
/// # Errors
/// [`Refusal::ManualCreationBlocked`], [`Refusal::DepartmentalMailbox`], [`Refusal::EmailTaken`],
/// [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`]; of a temporary password [`Error::Password`], [`Error::Busy`],
/// [`Refusal::NotForKeys`]: nothing was written.
pub async fn create(
    on: &Accounts,
    tenant: &Tenant,
    authority: &Authority,
    new: NewPerson,
    origin: Origin,
) -> Result<Made, Error> {
    let opening = activation::prepare(on, tenant, authority, &new).await?;
    let maker = Maker::new(&on.vault, authority, UserSource::Manual, origin);
    on.store
        .write(tenant.id, async move |tx: &mut Tx| {
            let place = begin(tx).await?;
            maker.make(tx, &place, new, opening).await
        })
        .await
}

/// Makes several people, each of whom may be refused apart. With `all_or_nothing` nobody is made when one is refused.
/// The answers are in the order of the people; of those that cannot be made with the reason.
///
/// Temporary passwords are hashed one after the other, so that others who sign in meanwhile find a place.
///
/// # Errors
/// [`Refusal::ManualCreationBlocked`], [`Error::Busy`], or the database failed: nothing was written.
pub async fn create_many(
    on: &Accounts,
    tenant: &Tenant,
    authority: &Authority,
    all: Vec<NewPerson>,
    all_or_nothing: bool,
    origin: Origin,
) -> Result<Vec<Result<Made, Unfit>>, Error> {
    let mut prepared = Vec::new();
    for new in all {
        let opening = apart(activation::prepare(on, tenant, authority, &new).await)?;
        prepared.push(opening.map(|opening| (new, opening)));
    }
    let maker = Maker::new(&on.vault, authority, UserSource::Bulk, origin);
    let written = on
        .store
        .write(tenant.id, async move |tx: &mut Tx| {
            let place = begin(tx).await?;
            let mut answers = Vec::new();
            for one in prepared {
                // A rule refuses before anything of this person is written, so the others can go on.
                answers.push(match one {
                    Ok((new, opening)) => apart(maker.make(tx, &place, new, opening).await)?,
                    Err(refused) => Err(refused),
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

/// Why one of several people was not made.
#[derive(Debug, Clone)]
pub enum Unfit {
    /// A rule said no.
    Refused(Refusal),
    /// The temporary password is not accepted.
    Password(PasswordFault),
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Refused(refusal) => Self::Refused(refusal),
            Unfit::Password(fault) => Self::Password(fault),
        }
    }
}

/// Parts what is wrong with one person, which the inner result says, from what is wrong with all.
pub(super) fn apart<T>(made: Result<T, Error>) -> Result<Result<T, Unfit>, Error> {
    match made {
        Ok(made) => Ok(Ok(made)),
        Err(Error::Refused(refusal)) => Ok(Err(Unfit::Refused(refusal))),
        Err(Error::Password(fault)) => Ok(Err(Unfit::Password(fault))),
        Err(other) => Err(other),
    }
}

/// Why a transaction of many was taken back.
enum Undone {
    /// One was refused, and the caller wants all or nothing.
    Together(Vec<Result<Made, Unfit>>),
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
    pub tenant: Tenant,
    tree: EntityTree,
    catalogue: Catalogue,
}

/// Locks the tenant.
pub(super) async fn begin(tx: &mut Tx) -> Result<Place, Error> {
    let tenant = tx.find_tenant_for_update().await?;
    Place::load(tx, tenant).await
}

impl Place {
    /// The place as it is now; it may be another one a moment later.
    pub(super) async fn look(view: &mut ReadTx) -> Result<Self, Error> {
        let tenant = view.find_tenant().await?;
        Self::load(view, tenant).await
    }

    async fn load(view: &mut ReadTx, tenant: Option<Tenant>) -> Result<Self, Error> {
        let tenant = tenant.ok_or(Error::NotFound("tenant"))?;
        account::check_by_hand(tenant.sign_in)?;
        Ok(Self {
            tenant,
            tree: view.load_entity_tree().await?,
            catalogue: view.load_catalogue().await?,
        })
    }

    /// Whether an authority reaches somebody of the roster.
    pub(super) fn reaches(&self, authority: &Authority, person: &Person) -> bool {
        let scope = authority.narrow_scope();
        scope.is_none_or(|scope| self.tree.reaches(scope, person.entity))
    }

    /// Whether an authority may make such a person here, `person` being who it is on the roster. That their address is free
    /// is asked besides.
    pub(super) fn check_fit(
        &self,
        authority: &Authority,
        new: &NewPerson,
        person: Option<&Person>,
    ) -> Result<(), Refusal> {
        let settings = &self.tenant.settings;
        settings.check_activation(new.start.way())?;
        if settings.departmental_mailboxes.is_departmental(&new.email) {
            return Err(Refusal::DepartmentalMailbox(new.email.clone()));
        }
        check_rights(&new.rights, &self.catalogue)?;
        authority.check_may_place(new.entity_with(person), &self.tree)?;
        if new.rights.role.as_deref() == Some(ADMINISTRATOR) {
            authority.check_may_grant(&AdminScope::All, &self.tree)?;
        }
        Ok(())
    }
}

/// On whose authority and how people are made.
#[derive(Clone)]
pub(super) struct Maker {
    vault: Arc<Vault>,
    authority: Authority,
    source: UserSource,
    origin: Origin,
}

impl Maker {
    pub(super) fn new(vault: &Arc<Vault>, authority: &Authority, source: UserSource, origin: Origin) -> Self {
        Self {
            vault: Arc::clone(vault),
            authority: authority.clone(),
            source,
            origin,
        }
    }

    pub(super) async fn make(
        &self,
        tx: &mut Tx,
        place: &Place,
        mut new: NewPerson,
        opening: Opening,
    ) -> Result<Made, Error> {
        let person = match &new.who {
            Who::Employee(id) => Some(self.pick(tx, place, *id).await?),
            Who::External(_) => None,
        };
        place.check_fit(&self.authority, &new, person.as_ref())?;
        new.entity = new.entity_with(person.as_ref());
        check_free(tx, &new.email, None).await?;
        let origin = || self.origin.clone();
        let (rights, mfa_required) = (new.rights.clone(), new.mfa_required);
        let Arrival { mut user, change } = account::create(account_of(new, person, self.source), origin());
        tx.apply(change).await?;
        if let Some(granted) = grant::first_rights(&user, &rights, origin()) {
            tx.apply(granted.change).await?;
            user = granted.user;
        }
        if mfa_required && let Some(change) = second_factor::require(&user, &place.tenant, true, origin())? {
            tx.apply(change).await?;
            user.mfa_required = true;
        }
        let (vault, tenant) = (&self.vault, &place.tenant);
        let invitation = activation::open(tx, vault, tenant, &user, opening, origin()).await?;
        Ok(Made { user, invitation })
    }

    /// Somebody of the roster whom the authority reaches and who has no access yet, locked until the commit.
    async fn pick(&self, tx: &mut Tx, place: &Place, id: PersonId) -> Result<Person, Error> {
        let person = tx.find_person_for_update(id).await?;
        let reached = |person: &Person| place.reaches(&self.authority, person);
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
pub(super) async fn check_free(tx: &mut ReadTx, email: &str, own: Option<UserId>) -> Result<(), Error> {
    let by_name = tx.find_clashes(None, email, None).await?.user_name;
    let is_other = |user: &User| Some(user.id) != own;
    let holder = if let Some(user) = by_name.map(|(user, _)| user).filter(is_other) {
        Some(user)
    } else {
        tx.list_by_address(email).await?.into_iter().find(is_other)
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
        pending: matches!(new.start, Start::Invitation { .. }),
        attributes: edit::describe_new(&said, &new.email),
        user_name: new.email,
        entity: new.entity,
        access: new.access,
        contact_tags: new.contact_tags,
        person: person.map(|person| person.id),
        access_code: new.access_code,
    }
}
