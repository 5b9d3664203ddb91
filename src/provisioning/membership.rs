//! What the operations of a PATCH or the list of a PUT come to among a group's members, without loading the
//! member list unless an operation is about all of it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::filter::lower_member;
use super::render::Endpoint;
use super::resource::member_object;
use super::search::SCAN_BUDGET;
use crate::directory::{DirectoryId, GroupId, Member, MemberDelta, Refusal, UserId};
use crate::scim::error::ScimError;
use crate::scim::filter::Filter;
use crate::scim::patch::MemberChange;
use crate::storage::Tx;

/// How many members are in memory at a time while they are judged.
const CHUNK: u64 = 2_000;

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

    fn wants(&self, id: Uuid) -> bool {
        self.wanted.get(&id) == Some(&true)
    }

    /// Whether a member there is now is one still.
    fn keeps(&self, id: Uuid) -> bool {
        self.wanted.get(&id).copied().unwrap_or(!self.clear)
    }

    /// What changes, the members being what they are.
    async fn settle(
        self,
        tx: &mut Tx,
        directory: DirectoryId,
        group: GroupId,
        decides_of_rights: bool,
    ) -> Result<MemberDelta, Error> {
        let members: HashSet<Uuid> = if self.clear {
            tx.list_member_ids(group).await?.into_iter().collect()
        } else {
            tx.find_members_among(group, &self.named).await?
        };
        let new = |id: &Uuid| self.wants(*id) && !members.contains(id);
        let named: Vec<Uuid> = self.named.iter().copied().filter(new).collect();
        let candidates = tx
            .find_candidates_for_update(directory, &named, decides_of_rights)
            .await?;
        let mut delta = MemberDelta::default();
        for id in named {
            let kind = candidates.get(&id).copied();
            let kind = kind.ok_or_else(|| Refusal::UnknownMember(id.to_string()))?;
            delta.add.push(Member { id, kind });
        }
        delta.remove = members.into_iter().filter(|id| !self.keeps(*id)).collect();
        delta.remove.sort_unstable();
        Ok(delta)
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
    let mut budget = SCAN_BUDGET;
    for change in changes {
        match change {
            MemberChange::Add(ids) => add(&mut wish, ids, group)?,
            MemberChange::Remove(ids) => remove(&mut wish, ids),
            MemberChange::Clear => wish.clear(),
            MemberChange::Replace(ids) => {
                wish.clear();
                add(&mut wish, ids, group)?;
            }
            MemberChange::RemoveMatching(filter) => {
                remove_matching(tx, group, &mut wish, filter, &mut budget).await?;
            }
        }
    }
    wish.settle(tx, directory, group, decides_of_rights).await
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

/// What of the filter the database can judge, it does. The rest is judged here over what is left, within a budget.
async fn remove_matching(
    tx: &mut Tx,
    group: GroupId,
    wish: &mut Wish,
    filter: &Filter,
    budget: &mut u64,
) -> Result<(), Error> {
    // The addresses in `$ref` are relative here: a filter on them names a path, not a host.
    let endpoint = Endpoint::new(String::new());
    let lowered = lower_member(filter);
    let mut after = None;
    loop {
        let chunk = tx.walk_members(group, &lowered.predicate, after, CHUNK).await?;
        if !lowered.exact {
            let judged = chunk.items.len() as u64;
            *budget = budget.checked_sub(judged).ok_or_else(too_many_members)?;
        }
        for member in chunk
            .items
            .iter()
            .filter(|member| wish.keeps(member.id))
            .collect::<Vec<_>>()
        {
            let matches = lowered.exact
                || matches!(member_object(member, &endpoint), Value::Object(element) if filter.matches(&element));
            if matches {
                wish.want(member.id, false);
            }
        }
        match chunk.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn too_many_members() -> Error {
    let detail = format!(
        "the filters on members have to be judged over more than {SCAN_BUDGET} members; select by value eq or type eq"
    );
    ScimError::too_many(detail).into()
}
