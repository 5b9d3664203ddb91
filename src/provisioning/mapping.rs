//! What a change of a group's members means for what they may do, where the directory's group mapping names the group.

use std::collections::HashSet;

use uuid::Uuid;

use super::error::Error;
use crate::directory::group_mapping::{self, Followers, MOST_AT_ONCE, MappingRule};
use crate::directory::{Change, DirectoryId, GroupId, MemberDelta, MemberKind, Origin, UserId};
use crate::storage::Tx;

/// The rules that are in force for a group.
#[derive(Debug)]
pub(super) struct Mapping {
    directory: DirectoryId,
    group: GroupId,
    /// All rules of the directory if one of them names the group, and none otherwise.
    rules: Vec<MappingRule>,
}

impl Mapping {
    /// Reads them, in one statement. The group is locked already: that keeps its rule as it is until the commit.
    pub(super) async fn find(tx: &mut Tx, directory: DirectoryId, group: GroupId) -> Result<Self, Error> {
        Ok(Self {
            directory,
            group,
            rules: tx.list_group_rules_if_mapped(directory, group).await?,
        })
    }

    /// Whether who is in the group decides of what they may do.
    pub(super) fn is_in_force(&self) -> bool {
        !self.rules.is_empty()
    }

    /// What follows from a change of the group's members.
    ///
    /// # Errors
    /// [`Refusal::LastAdministrator`](crate::directory::Refusal::LastAdministrator).
    pub(super) async fn follow(
        &self,
        tx: &mut Tx,
        delta: &MemberDelta,
        origin: &Origin,
    ) -> Result<Vec<Change>, Error> {
        let added = delta.add.iter().filter(|member| member.kind == MemberKind::User);
        let added: HashSet<Uuid> = added.map(|member| member.id).collect();
        let ids: Vec<Uuid> = added.iter().chain(&delta.remove).copied().collect();
        self.align(tx, &ids, &added, &self.rules, origin).await
    }

    /// What follows when the group and its rule are deleted.
    ///
    /// # Errors
    /// [`Refusal::LastAdministrator`](crate::directory::Refusal::LastAdministrator).
    pub(super) async fn end(&self, tx: &mut Tx, origin: &Origin) -> Result<Vec<Change>, Error> {
        if !self.is_in_force() {
            return Ok(Vec::new());
        }
        let rest: Vec<MappingRule> = self
            .rules
            .iter()
            .filter(|rule| rule.group != self.group)
            .cloned()
            .collect();
        let members = tx.list_member_ids(self.group).await?;
        let aligned = self.align(tx, &members, &HashSet::new(), &rest, origin).await?;
        let unmapped = group_mapping::remove(self.directory, &self.rules, self.group, origin.clone());
        Ok(unmapped.into_iter().chain(aligned).collect())
    }

    /// `ids` are those who come and go, people or groups; `added` are in the group afterwards.
    async fn align(
        &self,
        tx: &mut Tx,
        ids: &[Uuid],
        added: &HashSet<Uuid>,
        rules: &[MappingRule],
        origin: &Origin,
    ) -> Result<Vec<Change>, Error> {
        if !self.is_in_force() || ids.is_empty() {
            return Ok(Vec::new());
        }
        // One transaction may hold many operations of a bulk request.
        if tx.count_followers() + ids.len() > MOST_AT_ONCE {
            return Ok(vec![group_mapping::queue(self.directory, origin.clone())]);
        }
        let ids: Vec<UserId> = ids.iter().copied().map(UserId).collect();
        let mut followers: Followers = tx
            .load_followers_for_update(self.directory, &ids, origin.at)
            .await?;
        for person in &mut followers.people {
            person.groups.retain(|id| *id != self.group);
            if added.contains(&person.user.id.0) {
                person.groups.push(self.group);
            }
        }
        Ok(group_mapping::follow(&followers, rules, self.directory, origin)?)
    }
}
