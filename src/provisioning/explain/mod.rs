//! Why a request is answered as it is: the same parsing and the same plan as for the request itself, and nothing written.
//!
//! It owns what is told of a request: how it was read, whom it meets, what it changes, which rule refuses it. It must
//! not decide anything of its own, or an explanation could differ from the answer.

mod bulk;
mod changes;
mod effect;
mod past;
mod reading;
mod refusal;

use std::sync::Arc;

use super::Provisioning;
use super::command::{Action, Command, ResourceKind, Write};
use super::error::Error;
use super::plan::{Outcome, decide};
use super::precondition::{Precondition, entity_tag};
use super::service::Service;
use super::{groups, users};
use crate::directory::{Group, GroupId, Origin, User, UserId};
use crate::scim::quirks::Notes;
use crate::storage::Tx;

pub use crate::scim::quirks::{Note, Noted};
pub use bulk::{BulkOperation, BulkReading, explain_bulk};
pub use changes::{AttributeChange, MemberChanges};
pub use effect::{Effect, GrantChange};
pub use past::{NotKnown, written_then};
pub use reading::{Search, explain_search, understand_search};
pub use refusal::Refused;

/// What a request comes to, and why.
#[derive(Debug)]
pub struct Explanation {
    /// What was mended, what was passed over, and the request as it was understood.
    pub noted: Noted,
    /// The resource that it is about, as it is before; `None` when the directory has none or it is only to be made.
    pub target: Option<Target>,
    /// A list request as it was understood.
    pub search: Vec<Search>,
    /// What is written.
    pub written: Written,
    /// What is there afterwards, or why the request is refused.
    pub outcome: Result<Answered, Error>,
}

/// What a request that is not refused is answered with.
#[derive(Debug)]
pub enum Answered {
    /// One resource, or that there is none any more.
    One(Box<Outcome>),
    /// The reader has this version already (304).
    Unchanged(String),
    /// A page of a list.
    Page {
        /// How many resources are on it.
        items: u64,
        /// How many there are in all, where the answer says so.
        total: Option<u64>,
    },
}

/// A resource that a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `User` or `Group`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its userName or displayName.
    pub name: String,
    /// The provider's id of it.
    pub external_id: Option<String>,
    /// Its entity tag.
    pub version: String,
}

/// What a request writes.
#[derive(Debug, Default)]
pub struct Written {
    /// Attributes that differ, before and after.
    pub attributes: Vec<AttributeChange>,
    /// Members that come and go.
    pub members: MemberChanges,
    /// The changes as the audit log names them.
    pub changes: Vec<AuditedChange>,
    /// What it does to access.
    pub effect: Effect,
}

/// A change as the audit log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedChange {
    /// `user.updated` and the like.
    pub action: String,
    /// The kind of thing that is changed.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl From<&User> for Target {
    fn from(user: &User) -> Self {
        Self {
            kind: "User",
            id: user.id.to_string(),
            name: user.user_name.clone(),
            external_id: user.external_id.clone(),
            version: entity_tag(user.version),
        }
    }
}

impl From<&Group> for Target {
    fn from(group: &Group) -> Self {
        Self {
            kind: "Group",
            id: group.id.to_string(),
            name: group.display_name.clone(),
            external_id: group.external_id.clone(),
            version: entity_tag(group.version),
        }
    }
}

impl Explanation {
    /// What is told of a request that was read and has come no further.
    fn of_refusal(notes: &Notes, error: Error) -> Self {
        Self {
            noted: notes.noted(),
            target: None,
            search: Vec::new(),
            written: Written::default(),
            outcome: Err(error),
        }
    }

    /// Of a request that is refused before it is read.
    #[must_use]
    pub fn unread(error: Error) -> Self {
        Self::of_refusal(&Notes::default(), error)
    }
}

/// How a write is read, without a look at what is there: for a request of the past. One that is refused is read as far
/// as that goes.
#[must_use]
pub fn explain_reading(service: &Service, kind: ResourceKind, write: Write) -> Noted {
    let notes = Arc::new(Notes::default());
    let service = service.noting(Arc::clone(&notes));
    match Command::parse(&service, kind, write, Precondition::default()) {
        Ok(_) | Err(_) => notes.noted(),
    }
}

/// Explains a write: what it would come to at this moment. Nothing is written.
///
/// # Errors
/// The database failed. A refusal of the request is part of the explanation.
pub async fn explain_write(
    on: &Provisioning,
    service: &Service,
    kind: ResourceKind,
    write: Write,
    precondition: Precondition,
    origin: Origin,
) -> Result<Explanation, Error> {
    let notes = Arc::new(Notes::default());
    let service = service.noting(Arc::clone(&notes));
    let command = match Command::parse(&service, kind, write, precondition) {
        Ok(command) => command,
        Err(error) => return Ok(Explanation::of_refusal(&notes, error)),
    };
    let tenant = service.directory.tenant;
    let shared = Arc::new((service, command, origin));
    let (target, written, outcome) = on
        .store
        .write(tenant, async move |tx: &mut Tx| {
            let (service, command, origin) = &*shared;
            preview(tx, service, command, origin).await
        })
        .await?;
    Ok(Explanation {
        noted: notes.noted(),
        target,
        search: Vec::new(),
        written,
        outcome: outcome.map(|outcome| Answered::One(Box::new(outcome))),
    })
}

type Preview = (Option<Target>, Written, Result<Outcome, Error>);

/// Decides and looks at what the decision would write, in one transaction that writes nothing.
///
/// # Errors
/// The database failed. That a rule says no is an answer here: the transaction has nothing to take back.
async fn preview(
    tx: &mut Tx,
    service: &Service,
    command: &Command,
    origin: &Origin,
) -> Result<Preview, Error> {
    let plan = match decide(tx, service, command, origin).await {
        Ok(plan) => plan,
        Err(Error::Storage(error)) => return Err(Error::Storage(error)),
        Err(refused) => {
            let before = Before::find(tx, service, &command.action, None).await?;
            return Ok((before.target(), Written::default(), Err(refused)));
        }
    };
    let before = Before::find(tx, service, &command.action, Some(&plan.outcome)).await?;
    let effect = effect::of(tx, &before, &plan, origin.at).await?;
    let (facts, entries): (Vec<_>, Vec<_>) = plan
        .changes
        .into_iter()
        .map(crate::directory::Change::into_parts)
        .unzip();
    let written = Written {
        attributes: changes::of_attributes(&before, &plan.outcome),
        members: changes::of_members(&facts),
        changes: entries
            .into_iter()
            .map(|entry| AuditedChange {
                action: entry.action.to_owned(),
                kind: entry.target_kind.to_owned(),
                id: entry.target_id.to_string(),
            })
            .collect(),
        effect,
    };
    Ok((before.target(), written, Ok(plan.outcome)))
}

/// What is there before the command.
enum Before {
    Nothing,
    User(Box<User>),
    Group(Box<Group>),
}

impl Before {
    /// The resource that the command names, or that its outcome turns out to be about: a POST may bring back somebody.
    async fn find(
        tx: &mut Tx,
        service: &Service,
        action: &Action,
        outcome: Option<&Outcome>,
    ) -> Result<Self, Error> {
        let directory = service.directory.id;
        Ok(match (action.target(), outcome) {
            (Some((ResourceKind::Group, id)), _) => match tx.find_group(directory, GroupId(id)).await? {
                Some(group) => Self::Group(Box::new(group)),
                None => Self::Nothing,
            },
            (Some((ResourceKind::User, id)), _) => match tx.find_user_record(directory, UserId(id)).await? {
                Some(record) => Self::User(Box::new(record.user)),
                None => Self::Nothing,
            },
            (None, Some(Outcome::User(record))) => match tx.find_user(record.user.id).await? {
                Some(user) => Self::User(Box::new(user)),
                None => Self::Nothing,
            },
            (None, _) => Self::Nothing,
        })
    }

    fn target(&self) -> Option<Target> {
        match self {
            Self::Nothing => None,
            Self::User(user) => Some(Target::from(&**user)),
            Self::Group(group) => Some(Target::from(&**group)),
        }
    }
}

/// Explains a request for one resource.
///
/// # Errors
/// The database failed.
pub async fn explain_read(
    on: &Provisioning,
    service: &Service,
    kind: ResourceKind,
    id: &str,
    precondition: &Precondition,
) -> Result<Explanation, Error> {
    let found = match kind {
        ResourceKind::User => users::find(on, service, id).await.map(Outcome::User),
        ResourceKind::Group => groups::find(on, service, id).await.map(|group| Outcome::Group {
            group,
            members_only: false,
        }),
    };
    let target = match &found {
        Ok(Outcome::User(record)) => Some(Target::from(&record.user)),
        Ok(Outcome::Group { group, .. }) => Some(Target::from(group)),
        Ok(Outcome::Deleted) | Err(_) => None,
    };
    let outcome = match found {
        Err(Error::Storage(error)) => return Err(Error::Storage(error)),
        Err(refused) => Err(refused),
        Ok(found) => Ok(match found.version() {
            Some(version) if precondition.is_current(version) => Answered::Unchanged(entity_tag(version)),
            _ => Answered::One(Box::new(found)),
        }),
    };
    Ok(Explanation {
        noted: Noted::default(),
        target,
        search: Vec::new(),
        written: Written::default(),
        outcome,
    })
}
