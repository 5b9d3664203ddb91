//! What a plan does to people's access: sessions, grants, memberships.

use jiff::Timestamp;

use super::Before;
use crate::directory::grant::Right;
use crate::directory::{Fact, User, UserFact};
use crate::provisioning::error::Error;
use crate::provisioning::plan::{Outcome, Plan};
use crate::storage::{GroupRef, Tx};

/// Of how many people the grants are told one by one.
pub(super) const MOST_PEOPLE: usize = 100;

/// What a request does to access.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effect {
    /// The person's status before, as administrators see it; `None` for a group and for somebody new.
    pub status_before: Option<&'static str>,
    /// The same after.
    pub status_after: Option<&'static str>,
    /// Whose access ends, by id.
    pub access_ends: Vec<String>,
    /// How many of their sessions end with it; `None` when that cannot be told any more. Uses of the last minutes may not
    /// be known yet.
    pub sessions_ended: Option<u64>,
    /// The groups that a deleted person leaves.
    pub memberships_ended: Vec<GroupRef>,
    /// Grants that come and go, for at most 100 people.
    pub grants: Vec<GrantChange>,
    /// How many people's grants change.
    pub people_with_grants: usize,
}

/// What changes among one person's grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantChange {
    /// The person's id.
    pub user: String,
    /// New rights: `role:manager`, `section:billing`, `administrator`.
    pub added: Vec<String>,
    /// Rights that end.
    pub ended: Vec<String>,
}

pub(super) async fn of(tx: &mut Tx, before: &Before, plan: &Plan, now: Timestamp) -> Result<Effect, Error> {
    let mut effect = Effect {
        sessions_ended: Some(0),
        ..Effect::default()
    };
    if let Before::User(user) = before {
        effect.status_before = Some(user.status(now).as_str());
    }
    if let Outcome::User(record) = &plan.outcome {
        effect.status_after = Some(record.user.status(now).as_str());
    }
    for change in &plan.changes {
        let Fact::User(fact) = change.fact() else { continue };
        match fact {
            UserFact::Updated { user, revoke, .. } => end_access(tx, &mut effect, user, *revoke, now).await?,
            UserFact::Deleted { user } => {
                effect.status_after = Some(user.status(now).as_str());
                end_access(tx, &mut effect, user, true, now).await?;
                let groups = tx.list_groups_of(&[user.id]).await?;
                effect
                    .memberships_ended
                    .extend(groups.into_iter().map(|(_, group)| group));
            }
            UserFact::Granted {
                user, delta, revoke, ..
            } => {
                end_access(tx, &mut effect, user, *revoke, now).await?;
                effect.people_with_grants += 1;
                if effect.grants.len() < MOST_PEOPLE {
                    let held = tx.list_grants(user.id).await?;
                    let ended = held.iter().filter(|grant| delta.ended.contains(&grant.id));
                    effect.grants.push(GrantChange {
                        user: user.id.to_string(),
                        added: delta.added.iter().map(|(right, _)| name_of(right)).collect(),
                        ended: ended.map(|grant| name_of(&grant.right)).collect(),
                    });
                }
            }
            UserFact::Created { .. }
            | UserFact::Restored { .. }
            | UserFact::BreakGlassSet { .. }
            | UserFact::BreakGlassUsed { .. }
            | UserFact::AddressChanged { .. }
            // No request of a directory comes to these.
            | UserFact::Converted { .. }
            | UserFact::DatePassed { .. }
            | UserFact::ToldErased(_)
            | UserFact::Removed { .. } => {}
        }
    }
    Ok(effect)
}

async fn end_access(
    tx: &mut Tx,
    effect: &mut Effect,
    user: &User,
    revoke: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let id = user.id.to_string();
    if revoke && !effect.access_ends.contains(&id) {
        let ended = tx.count_live_sessions(user.id, now).await?;
        effect.sessions_ended = effect.sessions_ended.map(|count| count + ended);
        effect.access_ends.push(id);
    }
    Ok(())
}

pub(super) fn name_of(right: &Right) -> String {
    match right {
        Right::Role(key) => format!("role:{key}"),
        Right::Section(key) => format!("section:{key}"),
        Right::Withheld(key) => format!("withheld:{key}"),
        Right::Admin(scope) if scope.is_full() => "administrator".to_owned(),
        Right::Admin(_) => "administrator of entities".to_owned(),
    }
}
