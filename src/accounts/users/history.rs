//! Who could do what on a day.
//!
//! Grants are intervals. Whether somebody was blocked or not yet invited in is no part of them: that is told by the audit
//! log.

use jiff::Timestamp;

use super::super::{Accounts, Error};
use super::reach;
use crate::directory::{Action, Authority, PastGrant, Target, TenantId, User, UserId, allow};
use crate::storage::{Chunk, Position};

/// What is asked of everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RightAsked {
    /// A permission group, by its key.
    Role(String),
    /// A section, by its key.
    Section(String),
    /// The Administrator tick, of whatever scope.
    Administrator,
}

/// Somebody who could do something at a time.
#[derive(Debug, Clone)]
pub struct PastAccess {
    /// Who.
    pub id: UserId,
    /// The record; `None` of somebody who was removed for good.
    pub user: Option<User>,
    /// What they could do.
    pub grants: Vec<PastGrant>,
}

/// What a person could do at a time, or ever.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn list_grants(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    id: UserId,
    at: Option<Timestamp>,
) -> Result<Vec<PastGrant>, Error> {
    let mut tx = on.store.read(tenant).await?;
    reach::find(&mut tx, by, id).await?;
    Ok(tx.list_past_grants(id, at).await?)
}

/// Everybody of the tenant who could do something at a time, by id.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn list_access(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    at: Timestamp,
    right: Option<&RightAsked>,
    after: Position,
    size: u32,
) -> Result<Chunk<PastAccess>, Error> {
    allow(by, Action::AuditRead, Target::Anything)?;
    let right = right.map(|right| match right {
        RightAsked::Role(key) => ("role", Some(key.as_str())),
        RightAsked::Section(key) => ("section", Some(key.as_str())),
        RightAsked::Administrator => ("admin", None),
    });
    let mut tx = on.store.read(tenant).await?;
    let chunk = tx.list_access_at(at, right, after, size).await?;
    let mut items = Vec::new();
    for (id, grants) in chunk.items {
        let user = tx.find_user(id).await?;
        items.push(PastAccess { id, user, grants });
    }
    Ok(Chunk {
        items,
        next: chunk.next,
    })
}
