//! What the groups of a directory give to their members: an ordered list of rules, by the ids of groups, so that a
//! name does not count. Direct members have it; who is in a group of the group has not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::admin::AdminScope;
use super::audit::Origin;
use super::change::{Change, Fact, RegistryFact};
use super::entity::EntityTree;
use super::grant::{
    Grant, GrantSource, GroupRule, administrator_of, align, follow_groups, follow_groups_or_hold, rights_of,
};
use super::id::{DirectoryId, GroupId, UserId};
use super::refusal::Refusal;
use super::user::User;

/// How many rules a directory may have.
pub const MOST_RULES: usize = 500;

/// How many people one transaction aligns itself; more are left to a job.
pub const MOST_AT_ONCE: usize = 1000;

/// A rule of a directory.
pub type MappingRule = GroupRule<GroupId>;

/// A person whose grants follow groups of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// The person.
    pub user: User,
    /// All that they may do, from any source.
    pub grants: Vec<Grant>,
    /// The groups with a rule that they are a direct member of.
    pub groups: Vec<GroupId>,
}

/// People to align, and who besides them keeps the tenant manageable.
#[derive(Debug, Clone, Default)]
pub struct Followers {
    /// The people, each once.
    pub people: Vec<Follower>,
    /// How many others are administrators with scope "all" and with access. Not counted, and 0, when none of the people
    /// is one.
    pub other_full_administrators: u64,
}

impl Followers {
    /// Whether somebody keeps the tenant manageable with these rules in force.
    fn keeps_manageable(&self, rules: &[MappingRule], source: GrantSource, origin: &Origin) -> u64 {
        let stays = |person: &&Follower| {
            let delta = align(&person.grants, source, rights_of(rules, &person.groups));
            let administrator = administrator_of(delta.rights_after(&person.grants));
            let after = User {
                administrator,
                ..person.user.clone()
            };
            after.is_full_administrator(origin.at)
        };
        let own = self.people.iter().filter(stays).count();
        self.other_full_administrators + u64::try_from(own).unwrap_or(u64::MAX)
    }
}

/// Checks what rules name: groups of the directory, each once, and entities of the tenant.
///
/// # Errors
/// [`Refusal::UnknownGroup`], [`Refusal::GroupMappedTwice`], [`Refusal::UnknownScope`], each with the rule's position.
pub fn check(rules: &[MappingRule], groups: &BTreeSet<GroupId>, tree: &EntityTree) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for (rule, said) in rules.iter().enumerate() {
        let id = said.group;
        if !groups.contains(&id) {
            return Err(Refusal::UnknownGroup { rule, id });
        }
        if !seen.insert(id) {
            return Err(Refusal::GroupMappedTwice { rule, id });
        }
        if let Some(AdminScope::Entities(ids)) = &said.admin_scope
            && let Some(id) = ids.iter().copied().find(|id| !tree.has(*id))
        {
            return Err(Refusal::UnknownScope { rule, id });
        }
    }
    Ok(())
}

/// Replaces the rules of a directory. `None` when they are so already.
#[must_use]
pub fn set(
    directory: DirectoryId,
    before: &[MappingRule],
    after: &[MappingRule],
    origin: Origin,
) -> Option<Change> {
    if before == after {
        return None;
    }
    let fact = RegistryFact::GroupMappingSet {
        directory,
        rules: after.to_vec(),
    };
    Some(changed(fact, directory, before, after, origin))
}

fn changed(
    fact: RegistryFact,
    directory: DirectoryId,
    before: &[MappingRule],
    after: &[MappingRule],
    origin: Origin,
) -> Change {
    Change::new(
        Fact::Registry(fact),
        origin,
        "directory.group_mapping_set",
        ("directory", directory.0),
        Some(view(before)),
        Some(view(after)),
    )
}

/// Takes the rule of a group that is being deleted out of the list. `None` when there is none.
#[must_use]
pub fn remove(
    directory: DirectoryId,
    before: &[MappingRule],
    group: GroupId,
    origin: Origin,
) -> Option<Change> {
    let after: Vec<MappingRule> = before
        .iter()
        .filter(|rule| rule.group != group)
        .cloned()
        .collect();
    (after.len() < before.len()).then(|| {
        let fact = RegistryFact::GroupUnmapped { group };
        changed(fact, directory, before, &after, origin)
    })
}

/// Leaves everybody whom the mapping concerns to the job that aligns grants: they are too many for one request.
#[must_use]
pub fn queue(directory: DirectoryId, origin: Origin) -> Change {
    let fact = RegistryFact::AlignmentQueued {
        directory,
        request_id: origin.request_id.clone(),
        at: origin.at,
    };
    Change::new(
        Fact::Registry(fact),
        origin,
        "directory.alignment_queued",
        ("directory", directory.0),
        None,
        None,
    )
}

/// Gives people what the rules give for their groups, and takes what they do not give any more. Nobody's grants of
/// another source change.
///
/// # Errors
/// [`Refusal::LastAdministrator`]: all of them together, nobody would keep the tenant manageable.
pub fn follow(
    followers: &Followers,
    rules: &[MappingRule],
    directory: DirectoryId,
    origin: &Origin,
) -> Result<Vec<Change>, Refusal> {
    let source = GrantSource::Directory(directory);
    let others = followers.keeps_manageable(rules, source, origin);
    let mut changes = Vec::new();
    for Follower { user, grants, groups } in &followers.people {
        let rights = rights_of(rules, groups);
        let arrival = follow_groups(user, grants, source, rights, others, origin.clone())?;
        changes.extend(arrival.map(|arrival| arrival.change));
    }
    Ok(changes)
}

/// What aligning without anybody to ask comes to.
#[derive(Debug, Clone, Default)]
pub struct Aligned {
    /// What changes.
    pub changes: Vec<Change>,
    /// The last administrator, if a tick was left that the rules do not give any more.
    pub held: Vec<UserId>,
}

/// The same, but the last administrator keeps the tick and is named.
///
/// # Errors
/// As [`follow_groups_or_hold`].
pub fn follow_or_hold(
    followers: &Followers,
    rules: &[MappingRule],
    directory: DirectoryId,
    origin: &Origin,
) -> Result<Aligned, Refusal> {
    let source = GrantSource::Directory(directory);
    let mut others = followers.keeps_manageable(rules, source, origin);
    let mut aligned = Aligned::default();
    for Follower { user, grants, groups } in &followers.people {
        let rights = rights_of(rules, groups);
        let (arrival, is_held) = follow_groups_or_hold(user, grants, source, rights, others, origin)?;
        aligned.changes.extend(arrival.map(|arrival| arrival.change));
        if is_held {
            aligned.held.push(user.id);
            others += 1;
        }
    }
    Ok(aligned)
}

fn view(rules: &[MappingRule]) -> Value {
    let rule = |rule: &MappingRule| json!({"group_id": rule.group, "role": rule.role, "sections": rule.sections, "admin_scope": rule.admin_scope});
    json!({"rules": rules.iter().map(rule).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests;
