//! What a command comes to: decided in a transaction, then applied in it, or only looked at.

use std::sync::Arc;

use super::Provisioning;
use super::command::{Action, Command};
use super::error::Error;
use super::service::Service;
use super::{groups, users};
use crate::directory::{Change, Group, Origin};
use crate::storage::{Tx, UserRecord};

/// What a command would do. The changes are applied in order, all or none.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is there afterwards.
    pub outcome: Outcome,
    /// What is written; nothing when everything is as it is asked for already.
    pub changes: Vec<Change>,
}

/// What is there after a command.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for a request, and a box would cost more than it saves"
)]
pub enum Outcome {
    /// A person, as they are now.
    User(UserRecord),
    /// A group, as it is now.
    Group {
        /// The group.
        group: Group,
        /// The request was about members alone, so the answer needs no body (RFC 7644 section 3.5.2).
        members_only: bool,
    },
    /// Nothing.
    Deleted,
}

impl Outcome {
    /// The version of what is there.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        match self {
            Self::User(record) => Some(record.user.version),
            Self::Group { group, .. } => Some(group.version),
            Self::Deleted => None,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match self {
            Self::User(record) => Some(record.user.id.to_string()),
            Self::Group { group, .. } => Some(group.id.to_string()),
            Self::Deleted => None,
        }
    }

    /// Where it is found.
    #[must_use]
    pub fn location(&self, service: &Service) -> Option<String> {
        match self {
            Self::User(record) => Some(service.endpoint.user_location(record.user.id)),
            Self::Group { group, .. } => Some(service.endpoint.group_location(group.id)),
            Self::Deleted => None,
        }
    }
}

/// Decides what a command comes to at this moment, and locks what the decision rests on. Nothing is written.
///
/// # Errors
/// The resource is not there, the precondition fails, or a rule says no.
pub(super) async fn decide(
    tx: &mut Tx,
    service: &Service,
    command: &Command,
    origin: &Origin,
) -> Result<Plan, Error> {
    check_schemas(tx, service).await?;
    let precondition = &command.precondition;
    match &command.action {
        Action::CreateUser(id, said) => users::create(tx, service, *id, said.clone(), origin).await,
        Action::ReplaceUser(id, after) => {
            users::replace(tx, service, *id, after.clone(), precondition, origin).await
        }
        Action::PatchUser(id, patch) => users::patch(tx, service, *id, patch, precondition, origin).await,
        Action::DeleteUser(id) => users::delete(tx, service, *id, precondition, origin).await,
        Action::CreateGroup(id, said, members) => {
            groups::create(tx, service, *id, said.clone(), members, origin).await
        }
        Action::ReplaceGroup(id, said, members) => {
            groups::replace(tx, service, *id, said.clone(), members, precondition, origin).await
        }
        Action::PatchGroup(id, changes, rest) => {
            groups::patch(tx, service, *id, changes, rest, precondition, origin).await
        }
        Action::DeleteGroup(id) => groups::delete(tx, service, *id, precondition, origin).await,
    }
}

/// Refuses a command that was judged by schemas that are no longer the directory's, and keeps them as they are until the
/// commit: data of a schema that was removed would be there for good. A directory that never had any has nothing to lose.
async fn check_schemas(tx: &mut Tx, service: &Service) -> Result<(), Error> {
    let directory = service.directory;
    if directory.schemas == 0
        || tx.find_schemas_revision_for_share(directory.id).await? == Some(directory.schemas)
    {
        return Ok(());
    }
    Err(Error::SchemasChanged)
}

/// Decides and applies.
///
/// # Errors
/// As [`decide`]; or the database failed.
pub(super) async fn execute(
    tx: &mut Tx,
    service: &Service,
    command: &Command,
    origin: &Origin,
) -> Result<Outcome, Error> {
    let plan = decide(tx, service, command, origin).await?;
    for change in plan.changes {
        tx.apply(change).await?;
    }
    Ok(plan.outcome)
}

/// Does what a provider asks for.
///
/// # Errors
/// The resource is not there, the precondition fails, a rule says no, or the database failed: nothing was written.
pub async fn perform(
    on: &Provisioning,
    service: &Service,
    command: Command,
    origin: Origin,
) -> Result<Outcome, Error> {
    // Shared, not copied, between the attempts: a command may name a hundred thousand members.
    let shared = Arc::new((service.clone(), command, origin));
    let result = on
        .store
        .write(service.directory.tenant, async move |tx: &mut Tx| {
            let (service, command, origin) = &*shared;
            execute(tx, service, command, origin).await
        })
        .await;
    forget_old_schemas(on, &result);
    result
}

/// After a write that was judged by old schemas: the next attempt must not be, whether the news of the change has arrived
/// at this node or not.
pub(super) fn forget_old_schemas(on: &Provisioning, result: &Result<Outcome, Error>) {
    if matches!(result, Err(Error::SchemasChanged)) {
        on.store.forget_token_uses();
    }
}
