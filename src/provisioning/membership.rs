//! What the operations of a PATCH or the list of a PUT come to among a group's members, without loading the
//! member list unless an operation is about all of it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::render::Endpoint;
use super::resource::member_object;
use crate::directory::{DirectoryId, GroupId, Member, MemberDelta, Refusal, UserId};
use crate::scim::filter::Filter;
use crate::scim::patch::MemberChange;
use crate::storage::Tx;

/// Where the operations lead: what becomes of the members there are, and of those who are named.
#[derive(Debug, Default)]
struct Wish {
    /// Everybody who is not named goes.
    clear: bool,
    /// Named people: whether they are to be members in the end. In order of first mention.
    named: Vec<Uuid>,
    wanted: HashMap<Uuid, bool>,
}

impl Wish {
    fn want(&mut self, id: Uuid, wanted: bool) {
        if self.wanted.insert(id, wanted).is_none() {
            self.named.push(id);
        }
    }

    fn clear(&mut self) {
        self.clear = true;
        self.wanted.clear();
        self.named.clear();
    }
}

/// Decides what really changes. Where membership decides of rights, whoever is named is locked as somebody who changes.
///
/// # Errors
/// [`Refusal::UnknownMember`] and [`Refusal::MemberOfItself`].
pub(super) async fn decide(
    tx: &mut Tx,
    directory: DirectoryId,
    group: GroupId,
    changes: &[MemberChange],
    decides_of_rights: bool,
) -> Result<MemberDelta, Error> {
    let mut wish = Wish::default();
    for change in changes {
        match change {
            MemberChange::Add(ids) => add(&mut wish, ids, group)?,
            MemberChange::Remove(ids) => remove(&mut wish, ids),
            MemberChange::Clear => wish.clear(),
            MemberChange::Replace(ids) => {
                wish.clear();
                add(&mut wish, ids, group)?;
            }
            MemberChange::RemoveMatching(filter) => remove_matching(tx, group, &mut wish, filter).await?,
        }
    }
    let candidates = tx
        .find_candidates_for_update(directory, group, &wish.named, decides_of_rights)
        .await?;
    let mut delta = MemberDelta::default();
    for id in &wish.named {
        let candidate = candidates.get(id);
        let is_member = candidate.is_some_and(|candidate| candidate.is_member);
        match (wish.wanted.get(id).copied().unwrap_or(false), is_member) {
            (true, false) => {
                let kind = candidate.and_then(|candidate| candidate.kind);
                let kind = kind.ok_or_else(|| Refusal::UnknownMember(id.to_string()))?;
                delta.add.push(Member { id: *id, kind });
            }
            (false, true) if !wish.clear => delta.remove.push(*id),
            _ => {}
        }
    }
    if wish.clear {
        let kept: HashSet<Uuid> = wish
            .wanted
            .iter()
            .filter(|(_, wanted)| **wanted)
            .map(|(id, _)| *id)
            .collect();
        let members = tx.list_member_ids(group).await?;
        delta.remove = members.into_iter().filter(|id| !kept.contains(id)).collect();
    }
    Ok(delta)
}

fn add(wish: &mut Wish, ids: &[String], group: GroupId) -> Result<(), Refusal> {
    for text in ids {
        let id = parse_id(text).ok_or_else(|| Refusal::UnknownMember(text.clone()))?;
        if id.0 == group.0 {
            return Err(Refusal::MemberOfItself);
        }
        wish.want(id.0, true);
    }
    Ok(())
}

/// `members.value` is compared without case (RFC 7643 section 8.7.1), in every form that names a member.
fn parse_id(text: &str) -> Option<UserId> {
    text.to_ascii_lowercase().parse().ok()
}

/// Removing somebody who is not a member is no error: the identity provider has what it wants.
fn remove(wish: &mut Wish, ids: &[String]) {
    for id in ids.iter().filter_map(|text| parse_id(text)) {
        wish.want(id.0, false);
    }
}

async fn remove_matching(tx: &mut Tx, group: GroupId, wish: &mut Wish, filter: &Filter) -> Result<(), Error> {
    // The addresses in `$ref` are relative here: a filter on them names a path, not a host.
    let endpoint = Endpoint::new(String::new());
    let members = tx.list_members(group).await?;
    for member in members {
        let gone = if wish.clear {
            wish.wanted.get(&member.id) != Some(&true)
        } else {
            wish.wanted.get(&member.id) == Some(&false)
        };
        if !gone
            && let Value::Object(element) = member_object(&member, &endpoint)
            && filter.matches(&element)
        {
            wish.want(member.id, false);
        }
    }
    Ok(())
}
