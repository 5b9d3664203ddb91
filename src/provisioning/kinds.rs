//! The two kinds of resource, as far as a list needs to know.

use std::collections::HashMap;

use super::error::Error;
use super::filter::{Lowered, lower_group, lower_user};
use super::render::GroupRecord;
use super::resource::{full_group, full_user};
use super::service::Service;
use crate::directory::query::{GroupTerm, Predicate, Sorting, UserTerm, Window};
use crate::directory::{DirectoryRef, Group, GroupId, Member, User, UserId};
use crate::scim::Resource;
use crate::scim::filter::Filter;
use crate::scim::projection::Projection;
use crate::storage::{Chunk, GroupRef, Position, ReadTx, UserRecord};

/// One of the two kinds of resource, as far as a list needs to know.
pub(super) trait Kind {
    type Item: Clone + Send;
    type Term: Send + Sync;
    /// What is kept apart from the row: groups of a person, members of a group.
    const APART: &'static str;

    fn lower(filter: &Filter) -> Lowered<Self::Term>;
    fn by_ids(ids: Vec<uuid::Uuid>) -> Predicate<Self::Term>;
    fn id(item: &Self::Item) -> uuid::Uuid;
    async fn count(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
    ) -> Result<u64, Error>;
    async fn list(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<Self::Item>, Error>;
    async fn walk(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<Self::Item>, Error>;
    /// The items as a filter sees them; what is kept apart is loaded when `apart` asks for it.
    async fn full(
        tx: &mut ReadTx,
        items: &[Self::Item],
        service: &Service,
        apart: bool,
    ) -> Result<Vec<Resource>, Error>;
    async fn write(
        tx: &mut ReadTx,
        items: Vec<Self::Item>,
        service: &Service,
        projection: &Projection,
    ) -> Result<String, Error>;
}

/// `/Users`.
pub(super) struct Users;
/// `/Groups`.
pub(super) struct Groups;

impl Kind for Users {
    type Item = User;
    type Term = UserTerm;
    const APART: &'static str = "groups";

    fn lower(filter: &Filter) -> Lowered<UserTerm> {
        lower_user(filter)
    }

    fn by_ids(ids: Vec<uuid::Uuid>) -> Predicate<UserTerm> {
        Predicate::Term(UserTerm::IdIn(ids))
    }

    fn id(item: &User) -> uuid::Uuid {
        item.id.0
    }

    async fn count(tx: &mut ReadTx, directory: DirectoryRef, of: &Predicate<UserTerm>) -> Result<u64, Error> {
        Ok(tx.count_users(directory.id, of).await?)
    }

    async fn list(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<UserTerm>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<User>, Error> {
        Ok(tx.list_users(directory.id, of, sorting, window).await?)
    }

    async fn walk(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<UserTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<User>, Error> {
        Ok(tx.walk_users(directory.id, of, after, size).await?)
    }

    async fn full(
        tx: &mut ReadTx,
        items: &[User],
        service: &Service,
        apart: bool,
    ) -> Result<Vec<Resource>, Error> {
        let mut groups = if apart {
            groups_of(tx, items).await?
        } else {
            HashMap::new()
        };
        Ok(items
            .iter()
            .map(|user| full_user(user, &groups.remove(&user.id).unwrap_or_default(), service))
            .collect())
    }

    async fn write(
        tx: &mut ReadTx,
        items: Vec<User>,
        service: &Service,
        projection: &Projection,
    ) -> Result<String, Error> {
        let mut groups = if projection.wants(Self::APART) {
            groups_of(tx, &items).await?
        } else {
            HashMap::new()
        };
        let mut out = String::with_capacity(items.len() * 1_500);
        for (position, user) in items.into_iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            let groups = groups.remove(&user.id).unwrap_or_default();
            service.write_user(&mut out, &UserRecord { user, groups }, projection);
        }
        Ok(out)
    }
}

impl Kind for Groups {
    type Item = Group;
    type Term = GroupTerm;
    const APART: &'static str = "members";

    fn lower(filter: &Filter) -> Lowered<GroupTerm> {
        lower_group(filter)
    }

    fn by_ids(ids: Vec<uuid::Uuid>) -> Predicate<GroupTerm> {
        Predicate::Term(GroupTerm::IdIn(ids))
    }

    fn id(item: &Group) -> uuid::Uuid {
        item.id.0
    }

    async fn count(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
    ) -> Result<u64, Error> {
        Ok(tx.count_groups(directory.id, of).await?)
    }

    async fn list(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
        sorting: Sorting,
        window: Window,
    ) -> Result<Vec<Group>, Error> {
        Ok(tx.list_groups(directory.id, of, sorting, window).await?)
    }

    async fn walk(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
        after: Position,
        size: u64,
    ) -> Result<Chunk<Group>, Error> {
        Ok(tx.walk_groups(directory.id, of, after, size).await?)
    }

    async fn full(
        tx: &mut ReadTx,
        items: &[Group],
        service: &Service,
        apart: bool,
    ) -> Result<Vec<Resource>, Error> {
        let mut members = if apart {
            members_of(tx, items).await?
        } else {
            HashMap::new()
        };
        Ok(items
            .iter()
            .map(|group| full_group(group, &members.remove(&group.id).unwrap_or_default(), service))
            .collect())
    }

    async fn write(
        tx: &mut ReadTx,
        items: Vec<Group>,
        service: &Service,
        projection: &Projection,
    ) -> Result<String, Error> {
        let mut members = if projection.wants(Self::APART) {
            members_of(tx, &items).await?
        } else {
            HashMap::new()
        };
        let mut out = String::new();
        for (position, group) in items.into_iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            let members = members.remove(&group.id).unwrap_or_default();
            service.write_group(&mut out, &GroupRecord { group, members }, projection);
        }
        Ok(out)
    }
}

async fn groups_of(tx: &mut ReadTx, users: &[User]) -> Result<HashMap<UserId, Vec<GroupRef>>, Error> {
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let mut groups: HashMap<UserId, Vec<GroupRef>> = HashMap::new();
    for (user, group) in tx.list_groups_of(&ids).await? {
        groups.entry(user).or_default().push(group);
    }
    Ok(groups)
}

async fn members_of(tx: &mut ReadTx, groups: &[Group]) -> Result<HashMap<GroupId, Vec<Member>>, Error> {
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
    let mut members: HashMap<GroupId, Vec<Member>> = HashMap::new();
    for (group, member) in tx.list_members_of(&ids).await? {
        members.entry(group).or_default().push(member);
    }
    Ok(members)
}
