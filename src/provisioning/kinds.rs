//! The two kinds of resource, as far as a list needs to know.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::command::ResourceKind;
use super::document::Document;
use super::error::Error;
use super::filter::{Lowered, lower_group, lower_user};
use super::resource::{full_group, full_user};
use super::service::Service;
use crate::directory::query::{GroupTerm, Place, Predicate, Seek, SortKey, Sorting, UserTerm, Window};
use crate::directory::{DirectoryRef, Group, GroupId, User, UserId};
use crate::scim::Resource;
use crate::scim::filter::Filter;
use crate::scim::projection::Projection;
use crate::storage::{ReadTx, Totals};

/// One of the two kinds of resource, as far as a list needs to know.
pub(super) trait Kind {
    const KIND: ResourceKind;
    type Item: Clone + Send;
    type Term: Send + Sync;
    /// What is kept apart from the row: groups of a person, members of a group.
    const APART: &'static str;

    fn lower(filter: &Filter) -> Lowered<Self::Term>;
    fn by_ids(ids: Vec<uuid::Uuid>) -> Predicate<Self::Term>;
    fn id(item: &Self::Item) -> uuid::Uuid;
    fn place(item: &Self::Item, by: SortKey) -> Place;
    fn total(totals: &Totals) -> u64;
    async fn count(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
    ) -> Result<u64, Error>;
    async fn seek(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<Self::Term>,
        sorting: Sorting,
        seek: &Seek,
        window: Window,
    ) -> Result<Vec<Self::Item>, Error>;
    /// The items as a filter sees them. What is kept apart is loaded when there is a `budget` for it, and taken from
    /// that; `None` when there is more of it.
    async fn full(
        tx: &mut ReadTx,
        items: &[Self::Item],
        service: &Service,
        budget: Option<&mut usize>,
    ) -> Result<Option<Vec<Resource>>, Error>;
    fn write(document: &mut Document, item: &Self::Item, service: &Service, projection: &Arc<Projection>);
}

/// `/Users`.
pub(super) struct Users;
/// `/Groups`.
pub(super) struct Groups;

impl Kind for Users {
    const KIND: ResourceKind = ResourceKind::User;
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

    fn place(item: &User, by: SortKey) -> Place {
        Place::of_user(item, by)
    }

    fn total(totals: &Totals) -> u64 {
        totals.users
    }

    async fn count(tx: &mut ReadTx, directory: DirectoryRef, of: &Predicate<UserTerm>) -> Result<u64, Error> {
        Ok(tx.count_users(directory.id, of).await?)
    }

    async fn seek(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<UserTerm>,
        sorting: Sorting,
        seek: &Seek,
        window: Window,
    ) -> Result<Vec<User>, Error> {
        Ok(tx.seek_users(directory.id, of, sorting, seek, window).await?)
    }

    async fn full(
        tx: &mut ReadTx,
        items: &[User],
        service: &Service,
        budget: Option<&mut usize>,
    ) -> Result<Option<Vec<Resource>>, Error> {
        let mut groups = HashMap::new();
        if let Some(budget) = budget {
            let ids: Vec<UserId> = items.iter().map(|user| user.id).collect();
            let Some(pairs) = tx.list_few_groups_of(&ids, *budget).await? else {
                return Ok(None);
            };
            *budget -= pairs.len();
            groups = by_owner(pairs);
        }
        let full = |user: &User| full_user(user, &groups.remove(&user.id).unwrap_or_default(), service);
        Ok(Some(items.iter().map(full).collect()))
    }

    fn write(document: &mut Document, item: &User, service: &Service, projection: &Arc<Projection>) {
        document.push_user(service, item, projection);
    }
}

impl Kind for Groups {
    const KIND: ResourceKind = ResourceKind::Group;
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

    fn place(item: &Group, by: SortKey) -> Place {
        Place::of_group(item, by)
    }

    fn total(totals: &Totals) -> u64 {
        totals.groups
    }

    async fn count(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
    ) -> Result<u64, Error> {
        Ok(tx.count_groups(directory.id, of).await?)
    }

    async fn seek(
        tx: &mut ReadTx,
        directory: DirectoryRef,
        of: &Predicate<GroupTerm>,
        sorting: Sorting,
        seek: &Seek,
        window: Window,
    ) -> Result<Vec<Group>, Error> {
        Ok(tx.seek_groups(directory.id, of, sorting, seek, window).await?)
    }

    async fn full(
        tx: &mut ReadTx,
        items: &[Group],
        service: &Service,
        budget: Option<&mut usize>,
    ) -> Result<Option<Vec<Resource>>, Error> {
        let mut members = HashMap::new();
        if let Some(budget) = budget {
            let ids: Vec<GroupId> = items.iter().map(|group| group.id).collect();
            let Some(pairs) = tx.list_few_members_of(&ids, *budget).await? else {
                return Ok(None);
            };
            *budget -= pairs.len();
            members = by_owner(pairs);
        }
        let full = |group: &Group| full_group(group, &members.remove(&group.id).unwrap_or_default(), service);
        Ok(Some(items.iter().map(full).collect()))
    }

    fn write(document: &mut Document, item: &Group, service: &Service, projection: &Arc<Projection>) {
        document.push_group(service, item, projection);
    }
}

fn by_owner<K: Eq + Hash, V>(pairs: Vec<(K, V)>) -> HashMap<K, Vec<V>> {
    let mut lists: HashMap<K, Vec<V>> = HashMap::new();
    for (owner, element) in pairs {
        lists.entry(owner).or_default().push(element);
    }
    lists
}
