//! Grants: what a person may do, each with where it comes from.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::admin::AdminScope;
use super::audit::Origin;
use super::change::{Change, UserFact};
use super::id::{ConnectionId, DirectoryId, GrantId, UserId};
use super::lifecycle::{Act, Arrival, check_may_step_down, check_move, ends_access};
use super::permission::{ADMINISTRATOR, USER};
use super::refusal::Refusal;
use super::user::User;

/// One right of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// What it gives.
    pub right: Right,
    /// Where it comes from.
    pub source: GrantSource,
}

/// A grant as an interval: when it was given, and when it ended if it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastGrant {
    /// Whose it was.
    pub user: UserId,
    /// The grant.
    pub grant: Grant,
    /// From when on.
    pub granted_at: Timestamp,
    /// Until when; `None` when it is in force.
    pub ended_at: Option<Timestamp>,
}

/// What a grant gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// A permission group, by its key.
    Role(String),
    /// A section of the product, by its key.
    Section(String),
    /// A section that is kept closed, whatever else opens it, by its key.
    Withheld(String),
    /// The Administrator tick.
    Admin(AdminScope),
}

/// Where a grant comes from. A sync never takes what was given by hand, and what a mapping gave goes when the group
/// goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantSource {
    /// An administrator's hand.
    Manual,
    /// The groups that a connection's identity provider names.
    Connection(ConnectionId),
    /// The groups of a directory.
    Directory(DirectoryId),
}

impl GrantSource {
    /// The word in storage and in JSON.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Manual => "manual".to_owned(),
            Self::Connection(id) => format!("connection:{id}"),
            Self::Directory(id) => format!("directory:{id}"),
        }
    }

    /// Reads what [`GrantSource::to_text`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "manual" => Some(Self::Manual),
            Some(("connection", id)) => id.parse().ok().map(Self::Connection),
            Some(("directory", id)) => id.parse().ok().map(Self::Directory),
            _ => None,
        }
    }
}

/// A rule of an ordered list: who is in a group has these rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule<G = String> {
    /// The group: of a connection the value of the groups claim, compared exactly; of a directory the group's id.
    pub group: G,
    /// A permission group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Sections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
    /// The Administrator tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_scope: Option<AdminScope>,
}

/// What changes among a person's grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantDelta {
    /// New ones; storage names them.
    pub added: Vec<(Right, GrantSource)>,
    /// Those that end.
    pub ended: Vec<GrantId>,
}

impl GrantDelta {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.ended.is_empty()
    }

    /// The rights as they are afterwards.
    pub fn rights_after<'g>(&'g self, before: &'g [Grant]) -> impl Iterator<Item = &'g Right> {
        let kept = before.iter().filter(|grant| !self.ended.contains(&grant.id));
        let added = self.added.iter().map(|(right, _)| right);
        kept.map(|grant| &grant.right).chain(added)
    }
}

/// What an ordered list of rules gives to somebody in these groups, each right once. The first rule that names a role
/// decides the role; sections and scopes of all rules come together.
#[must_use]
pub fn rights_of<G: Ord>(rules: &[GroupRule<G>], groups: &[G]) -> Vec<Right> {
    let groups: BTreeSet<&G> = groups.iter().collect();
    let matching: Vec<_> = rules.iter().filter(|rule| groups.contains(&rule.group)).collect();
    let role = matching.iter().find_map(|rule| rule.role.as_ref());
    let sections = matching.iter().flat_map(|rule| &rule.sections);
    let scopes = matching.iter().filter_map(|rule| rule.admin_scope.as_ref());
    // Whoever is in the permission group of administrators has the tick with the scope of everybody.
    let is_full = role.is_some_and(|role| role == ADMINISTRATOR) || scopes.clone().any(AdminScope::is_full);
    let scopes: Vec<AdminScope> = if is_full {
        vec![AdminScope::All]
    } else {
        scopes.cloned().collect()
    };
    let role = role.cloned().map(Right::Role);
    let sections = sections.cloned().map(Right::Section);
    let mut rights = Vec::new();
    for right in role
        .into_iter()
        .chain(sections)
        .chain(scopes.into_iter().map(Right::Admin))
    {
        if !rights.contains(&right) {
            rights.push(right);
        }
    }
    rights
}

/// Makes the grants of one source what they should be; those of other sources stay.
#[must_use]
pub fn align(before: &[Grant], source: GrantSource, wanted: Vec<Right>) -> GrantDelta {
    let own: Vec<&Grant> = before.iter().filter(|grant| grant.source == source).collect();
    let ended = own.iter().filter(|grant| !wanted.contains(&grant.right));
    let ended = ended.map(|grant| grant.id).collect();
    let added = wanted
        .into_iter()
        .filter(|right| !own.iter().any(|grant| grant.right == *right))
        .map(|right| (right, source))
        .collect();
    GrantDelta { added, ended }
}

/// The Administrator tick that rights come to together.
#[must_use]
pub fn administrator_of<'g>(rights: impl Iterator<Item = &'g Right>) -> Option<AdminScope> {
    let scopes = rights.filter_map(|right| match right {
        Right::Admin(scope) => Some(scope.clone()),
        _ => None,
    });
    scopes.reduce(AdminScope::join)
}

/// Gives, narrows or takes the Administrator tick by hand. `Ok(None)` when it is so already.
///
/// # Errors
/// [`Refusal::Deleted`]; [`Refusal::LastAdministrator`]; [`Refusal::BreakGlassAccount`]; [`Refusal::GrantedByGroup`]: a group of the identity
/// provider gives more, so what is asked would not be so.
pub fn set_administrator(
    user: &User,
    grants: &[Grant],
    wanted: Option<&AdminScope>,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    check_move(user, Act::Change, origin.at)?;
    // What else was given by hand stays, but for the permission group that stands for the tick.
    let is_ticked = |right: &Right| matches!(right, Right::Admin(_));
    let is_group = |right: &Right| matches!(right, Right::Role(key) if key == ADMINISTRATOR);
    let mut rights = by_hand(grants);
    rights.retain(|right| !is_ticked(right) && (wanted.is_some() || !is_group(right)));
    rights.extend(wanted.cloned().map(Right::Admin));
    let delta = align(grants, GrantSource::Manual, rights);
    let is_as_wanted = match (administrator_of(delta.rights_after(grants)), wanted) {
        (Some(scope), Some(wanted)) => scope.is_same_as(wanted),
        (None, None) => true,
        _ => false,
    };
    if !is_as_wanted {
        return Err(Refusal::GrantedByGroup(mapped_ticks(grants)));
    }
    change(
        user,
        grants,
        delta,
        "user.administrator_set",
        other_full_administrators,
        origin,
    )
}

fn by_hand(grants: &[Grant]) -> Vec<Right> {
    let by_hand = grants.iter().filter(|grant| grant.source == GrantSource::Manual);
    by_hand.map(|grant| grant.right.clone()).collect()
}

/// The permission group that somebody has by hand; [`USER`] without one.
#[must_use]
pub fn role_by_hand(grants: &[Grant]) -> &str {
    let by_hand = grants.iter().filter(|grant| grant.source == GrantSource::Manual);
    let role = by_hand.rev().find_map(|grant| match &grant.right {
        Right::Role(key) => Some(key.as_str()),
        _ => None,
    });
    role.unwrap_or(USER)
}

/// What the form says of a person's rights. What is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidRights {
    /// A permission group. Choosing [`ADMINISTRATOR`] sets the Administrator tick with the scope of everybody, and
    /// choosing another one instead takes it.
    pub role: Option<String>,
    /// Sections opened and closed; `None` leaves a section to the groups.
    pub sections: Vec<(String, Option<bool>)>,
}

/// Sets permission group and sections by hand. `Ok(None)` when they are so already.
///
/// # Errors
/// [`Refusal::DeleteAndRecreate`]: the role of somebody who is invited; [`Refusal::LastAdministrator`];
/// [`Refusal::BreakGlassAccount`].
pub fn set_rights(
    user: &User,
    grants: &[Grant],
    said: &SaidRights,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    let mut rights = by_hand(grants);
    let before = role_by_hand(grants);
    if let Some(role) = said.role.as_deref().filter(|role| *role != before) {
        if user.pending {
            return Err(Refusal::DeleteAndRecreate);
        }
        choose_role(&mut rights, before, role);
    }
    toggle(&mut rights, &said.sections);
    let delta = align(grants, GrantSource::Manual, rights);
    change(
        user,
        grants,
        delta,
        "user.rights_set",
        other_full_administrators,
        origin,
    )
}

/// What a new person has by hand.
#[must_use]
pub fn first_rights(user: &User, said: &SaidRights, origin: Origin) -> Option<Arrival> {
    let mut rights = Vec::new();
    if let Some(role) = said.role.as_deref().filter(|role| *role != USER) {
        choose_role(&mut rights, USER, role);
    }
    toggle(&mut rights, &said.sections);
    let delta = align(&[], GrantSource::Manual, rights);
    (!delta.is_empty()).then(|| arrive(user, &[], delta, "user.rights_set", origin))
}

fn choose_role(rights: &mut Vec<Right>, before: &str, role: &str) {
    let moves_tick = before == ADMINISTRATOR || role == ADMINISTRATOR;
    rights.retain(|right| match right {
        Right::Role(_) => false,
        Right::Admin(_) => !moves_tick,
        _ => true,
    });
    if role != USER {
        rights.push(Right::Role(role.to_owned()));
    }
    if role == ADMINISTRATOR {
        rights.push(Right::Admin(AdminScope::All));
    }
}

fn toggle(rights: &mut Vec<Right>, sections: &[(String, Option<bool>)]) {
    for (section, toggle) in sections {
        rights.retain(|right| !matches!(right, Right::Section(key) | Right::Withheld(key) if key == section));
        match toggle {
            Some(true) => rights.push(Right::Section(section.clone())),
            Some(false) => rights.push(Right::Withheld(section.clone())),
            None => {}
        }
    }
}

/// Gives what the groups of an identity provider give now, and takes what they gave and do not give any more.
/// `Ok(None)` when it is so already.
///
/// # Errors
/// [`Refusal::LastAdministrator`].
pub fn follow_groups(
    user: &User,
    grants: &[Grant],
    source: GrantSource,
    rights: Vec<Right>,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    let delta = align(grants, source, rights);
    change(
        user,
        grants,
        delta,
        "user.grants_set",
        other_full_administrators,
        origin,
    )
}

/// The same, but the last administrator stays it, whatever the groups say; everything else follows them. Whether
/// somebody was held so comes with it.
///
/// # Errors
/// [`Refusal::BreakGlassAccount`]; groups give nothing to such an account, whom no provider and no directory knows.
pub fn follow_groups_or_hold(
    user: &User,
    grants: &[Grant],
    source: GrantSource,
    mut rights: Vec<Right>,
    other_full_administrators: u64,
    origin: &Origin,
) -> Result<(Option<Arrival>, bool), Refusal> {
    let follow = |rights| {
        follow_groups(
            user,
            grants,
            source,
            rights,
            other_full_administrators,
            origin.clone(),
        )
    };
    match follow(rights.clone()) {
        Err(Refusal::LastAdministrator) => {
            let held = grants.iter().filter(|grant| grant.source == source);
            let ticks = held.filter(|grant| matches!(grant.right, Right::Admin(_)));
            rights.extend(ticks.map(|grant| grant.right.clone()));
            Ok((follow(rights)?, true))
        }
        followed => Ok((followed?, false)),
    }
}

/// Takes what groups of directories gave a person who is being deleted, and with it leaves every group: nothing of it
/// comes back with them. `None` when they gave nothing. Whether the tenant stays manageable is judged by the deletion.
#[must_use]
pub fn leave_directories(user: &User, grants: &[Grant], origin: Origin) -> Option<Change> {
    let user = User {
        deleted_at: Some(origin.at),
        ..user.clone()
    };
    let mapped = |grant: &&Grant| matches!(grant.source, GrantSource::Directory(_));
    let delta = GrantDelta {
        added: Vec::new(),
        ended: grants.iter().filter(mapped).map(|grant| grant.id).collect(),
    };
    (!delta.is_empty()).then(|| arrive(&user, grants, delta, "user.grants_set", origin).change)
}

/// Which mappings give the tick.
fn mapped_ticks(grants: &[Grant]) -> Vec<GrantSource> {
    let mut sources = Vec::new();
    for grant in grants {
        let is_mapped = grant.source != GrantSource::Manual && matches!(grant.right, Right::Admin(_));
        if is_mapped && !sources.contains(&grant.source) {
            sources.push(grant.source);
        }
    }
    sources
}

fn change(
    user: &User,
    grants: &[Grant],
    delta: GrantDelta,
    action: &'static str,
    other_full_administrators: u64,
    origin: Origin,
) -> Result<Option<Arrival>, Refusal> {
    if delta.is_empty() {
        return Ok(None);
    }
    let at = origin.at;
    let arrival = arrive(user, grants, delta, action, origin);
    check_may_step_down(user, &arrival.user, other_full_administrators, at)?;
    Ok(Some(arrival))
}

fn arrive(user: &User, grants: &[Grant], delta: GrantDelta, action: &'static str, origin: Origin) -> Arrival {
    let after = User {
        administrator: administrator_of(delta.rights_after(grants)),
        ..user.clone()
    };
    let ended = grants.iter().filter(|grant| delta.ended.contains(&grant.id));
    let ended: Vec<Value> = ended.map(|grant| view(&grant.right, grant.source)).collect();
    let added: Vec<Value> = delta
        .added
        .iter()
        .map(|(right, source)| view(right, *source))
        .collect();
    let seen_before = json!({"administrator": user.administrator, "ended": ended});
    let seen_after = json!({"administrator": after.administrator, "added": added});
    let id = after.id.0;
    let fact = UserFact::Granted {
        at: origin.at,
        revoke: ends_access(user, &after, origin.at),
        user: after.clone(),
        delta,
    };
    let change = Change::user(fact, origin, action, id, Some(seen_before), Some(seen_after));
    Arrival { user: after, change }
}

fn view(right: &Right, source: GrantSource) -> Value {
    let source = source.to_text();
    match right {
        Right::Role(key) => json!({"role": key, "source": source}),
        Right::Section(key) => json!({"section": key, "source": source}),
        Right::Withheld(key) => json!({"withheld": key, "source": source}),
        Right::Admin(scope) => json!({"admin_scope": scope, "source": source}),
    }
}

/// The right that an audit row names, in `before.ended` or `after.added`; `None` for anything else.
#[must_use]
pub fn right_in_audit(seen: &Value) -> Option<Right> {
    let key = |name: &str| seen.get(name)?.as_str().map(str::to_owned);
    let scope = || AdminScope::deserialize(seen.get("admin_scope")?).ok();
    key("role")
        .map(Right::Role)
        .or_else(|| key("section").map(Right::Section))
        .or_else(|| key("withheld").map(Right::Withheld))
        .or_else(|| scope().map(Right::Admin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, origin};
    use crate::directory::{EntityId, Fact};
    use uuid::Uuid;

    fn rule(group: &str, sections: &[&str], admin_scope: Option<AdminScope>) -> GroupRule {
        GroupRule {
            group: group.to_owned(),
            role: None,
            sections: sections.iter().map(ToString::to_string).collect(),
            admin_scope,
        }
    }

    fn section(key: &str) -> Right {
        Right::Section(key.to_owned())
    }

    #[test]
    fn rights_come_from_the_groups_that_are_named_exactly() {
        let rules = [
            rule("staff", &["a", "b"], None),
            rule("Admins", &["b"], Some(AdminScope::All)),
        ];
        assert_eq!(
            rights_of(&rules, &["staff".to_owned()]),
            [section("a"), section("b")]
        );
        assert_eq!(rights_of(&rules, &["admins".to_owned()]), []);
        let all = rights_of(&rules, &["staff".to_owned(), "Admins".to_owned()]);
        assert_eq!(all, [section("a"), section("b"), Right::Admin(AdminScope::All)]);
    }

    #[test]
    fn the_first_rule_that_names_a_role_decides_it_and_everything_else_comes_together() {
        let with_role = |group: &str, role: &str, scope| GroupRule {
            role: Some(role.to_owned()),
            ..rule(group, &[], scope)
        };
        let rules = [
            rule("staff", &["a"], Some(entities(&[1]))),
            with_role("sales", "user", None),
            with_role("it", "administrator", Some(entities(&[2]))),
            rule("audit", &["b", "a"], Some(entities(&[1]))),
        ];
        let of = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
            rights_of(&rules, &groups)
        };
        let role = |key: &str| Right::Role(key.to_owned());
        let (one, all) = (Right::Admin(entities(&[1])), Right::Admin(AdminScope::All));
        assert_eq!(of(&["audit", "staff"]), [section("a"), section("b"), one.clone()]);
        // The order of the list counts, not that of the groups.
        let two = Right::Admin(entities(&[2]));
        assert_eq!(of(&["it", "sales"]), [role("user"), two]);
        assert_eq!(of(&["it"]), [role("administrator"), all.clone()]);
        assert_eq!(of(&["staff", "it"]), [role("administrator"), section("a"), all]);
        assert_eq!(of(&["sales", "staff"]), [role("user"), section("a"), one]);
        assert_eq!(of(&["Sales"]), []);
    }

    #[test]
    fn who_is_deleted_leaves_what_groups_of_directories_gave_and_keeps_the_rest() {
        let directory = GrantSource::Directory(sample::DIRECTORY);
        let before = grants(&[
            (Right::Admin(AdminScope::All), directory),
            (section("a"), directory),
            (section("a"), CONNECTION),
            (Right::Admin(entities(&[1])), GrantSource::Manual),
        ]);
        let (fact, _) = leave_directories(&person(&before), &before, origin())
            .unwrap()
            .into_parts();
        let Fact::User(UserFact::Granted { user, delta, .. }) = fact else {
            panic!("{fact:?}");
        };
        assert_eq!(user.administrator, Some(entities(&[1])));
        assert_eq!(user.deleted_at, Some(origin().at));
        assert_eq!(delta.ended, [before[0].id, before[1].id]);
        assert!(delta.added.is_empty());
        assert!(leave_directories(&person(&before[2..]), &before[2..], origin()).is_none());
    }

    #[test]
    fn a_sync_takes_only_what_its_own_source_gave() {
        let connection = GrantSource::Connection(ConnectionId(Uuid::from_u128(9)));
        let grant = |id, key, source| Grant {
            id: GrantId(Uuid::from_u128(id)),
            right: section(key),
            source,
        };
        let before = [
            grant(1, "a", GrantSource::Manual),
            grant(2, "a", connection),
            grant(3, "b", connection),
        ];
        let delta = align(&before, connection, vec![section("b"), section("c")]);
        assert_eq!(delta.ended, [before[1].id]);
        assert_eq!(delta.added, [(section("c"), connection)]);
        let after: Vec<_> = delta.rights_after(&before).cloned().collect();
        assert_eq!(after, [section("a"), section("b"), section("c")]);
        assert!(align(&before, connection, vec![section("b"), section("a")]).is_empty());
    }

    #[test]
    fn scopes_join() {
        let (one, two) = (entities(&[1]), entities(&[1, 2]));
        let rights = [Right::Admin(one.clone()), section("a"), Right::Admin(two.clone())];
        assert_eq!(administrator_of(rights.iter()), Some(two));
        assert_eq!(one.join(AdminScope::All), AdminScope::All);
        assert_eq!(administrator_of([].iter()), None);
    }

    #[test]
    fn a_right_reads_back_from_the_audit() {
        for right in [
            Right::Role("user".to_owned()),
            section("a"),
            Right::Admin(AdminScope::All),
            Right::Admin(entities(&[1, 2])),
        ] {
            assert_eq!(right_in_audit(&view(&right, CONNECTION)), Some(right));
        }
        assert_eq!(right_in_audit(&json!({"source": "manual"})), None);
    }

    #[test]
    fn a_source_reads_back() {
        for source in [
            GrantSource::Manual,
            GrantSource::Connection(ConnectionId(Uuid::from_u128(5))),
            GrantSource::Directory(sample::DIRECTORY),
        ] {
            assert_eq!(GrantSource::parse(&source.to_text()), Some(source));
        }
        assert_eq!(GrantSource::parse("group:x"), None);
    }

    const CONNECTION: GrantSource = GrantSource::Connection(ConnectionId(Uuid::from_u128(0xc1)));

    fn entity(number: u128) -> EntityId {
        EntityId(Uuid::from_u128(number))
    }

    fn entities(numbers: &[u128]) -> AdminScope {
        AdminScope::Entities(numbers.iter().copied().map(entity).collect())
    }

    /// Grants with ids from 1, in order.
    fn grants(of: &[(Right, GrantSource)]) -> Vec<Grant> {
        (1..)
            .zip(of)
            .map(|(id, (right, source))| Grant {
                id: GrantId(Uuid::from_u128(id)),
                right: right.clone(),
                source: *source,
            })
            .collect()
    }

    /// A person whose tick is what the grants come to.
    fn person(grants: &[Grant]) -> User {
        User {
            administrator: administrator_of(grants.iter().map(|grant| &grant.right)),
            ..sample::local(1, "ada")
        }
    }

    fn delta_of(arrival: Arrival) -> (GrantDelta, bool) {
        match arrival.change.into_parts().0 {
            Fact::User(UserFact::Granted {
                user,
                delta,
                revoke,
                at: _,
            }) => {
                assert_eq!(user, arrival.user);
                (delta, revoke)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_tick_is_given_narrowed_and_taken_and_what_else_was_given_by_hand_stays() {
        let (role, all) = (Right::Role("user".to_owned()), Right::Admin(AdminScope::All));
        let narrow = Right::Admin(entities(&[1]));
        let by_hand = |rights: &[&Right]| -> Vec<Grant> {
            let pairs: Vec<_> = rights
                .iter()
                .map(|right| ((*right).clone(), GrantSource::Manual))
                .collect();
            grants(&pairs)
        };
        let set = |before: &[Grant], wanted: Option<AdminScope>| {
            set_administrator(&person(before), before, wanted.as_ref(), 1, origin()).unwrap()
        };

        let before = by_hand(&[&role]);
        let given = set(&before, Some(AdminScope::All)).unwrap();
        assert_eq!(given.user.administrator, Some(AdminScope::All));
        let (delta, revoke) = delta_of(given);
        assert_eq!(delta.added, [(all.clone(), GrantSource::Manual)]);
        assert!(
            delta.ended.is_empty() && !revoke,
            "nobody is signed out by a right"
        );

        let before = by_hand(&[&role, &all]);
        let narrowed = set(&before, Some(entities(&[1]))).unwrap();
        assert_eq!(narrowed.user.administrator, Some(entities(&[1])));
        let (delta, _) = delta_of(narrowed);
        assert_eq!(delta.added, [(narrow, GrantSource::Manual)]);
        assert_eq!(delta.ended, [before[1].id]);

        let taken = set(&before, None).unwrap();
        assert_eq!(taken.user.administrator, None);
        let (delta, _) = delta_of(taken);
        assert_eq!((delta.added, delta.ended), (vec![], vec![before[1].id]));

        assert!(set(&before, Some(AdminScope::All)).is_none());
        assert!(set(&by_hand(&[&role]), None).is_none());
    }

    #[test]
    fn nobody_is_told_that_a_tick_is_gone_which_a_group_still_gives() {
        let group = |scope: AdminScope| grants(&[(Right::Admin(scope), CONNECTION)]);
        let set = |before: &[Grant], wanted: Option<AdminScope>| {
            set_administrator(&person(before), before, wanted.as_ref(), 1, origin()).map(|arrival| {
                let administrator = arrival.map(|arrival| arrival.user.administrator);
                administrator.flatten()
            })
        };
        let all = group(AdminScope::All);
        for wanted in [None, Some(entities(&[1])), Some(entities(&[]))] {
            assert_eq!(set(&all, wanted), Err(Refusal::GrantedByGroup(vec![CONNECTION])));
        }
        assert_eq!(set(&all, Some(AdminScope::All)), Ok(Some(AdminScope::All)));
        let second = group(entities(&[2]));
        assert_eq!(set(&second, None), Err(Refusal::GrantedByGroup(vec![CONNECTION])));
        assert_eq!(
            set(&second, Some(entities(&[1]))),
            Err(Refusal::GrantedByGroup(vec![CONNECTION]))
        );
        assert_eq!(set(&second, Some(AdminScope::All)), Ok(Some(AdminScope::All)));
        // What comes out is what is asked, in another order.
        assert_eq!(set(&second, Some(entities(&[1, 2]))), Ok(Some(entities(&[2, 1]))));
    }

    #[test]
    fn the_refusal_names_every_mapping_that_gives_the_tick() {
        let directory = GrantSource::Directory(sample::DIRECTORY);
        let before = grants(&[
            (Right::Admin(AdminScope::All), directory),
            (Right::Admin(entities(&[1])), directory),
            (Right::Admin(AdminScope::All), CONNECTION),
            (Right::Admin(AdminScope::All), GrantSource::Manual),
        ]);
        let refusal = set_administrator(&person(&before), &before, None, 1, origin()).unwrap_err();
        assert_eq!(refusal, Refusal::GrantedByGroup(vec![directory, CONNECTION]));
        let text = refusal.to_string();
        assert!(
            text.contains(&format!("directory:{}", sample::DIRECTORY)),
            "{text}"
        );
    }

    #[test]
    fn the_last_administrator_is_neither_unticked_nor_narrowed_but_somebody_without_access_is_no_last_one() {
        let before = grants(&[(Right::Admin(AdminScope::All), GrantSource::Manual)]);
        let last = person(&before);
        let set = |user: &User, wanted: Option<AdminScope>, others| {
            set_administrator(user, &before, wanted.as_ref(), others, origin())
        };
        for wanted in [None, Some(entities(&[1])), Some(entities(&[]))] {
            let refusal = set(&last, wanted.clone(), 0).unwrap_err();
            assert_eq!(refusal, Refusal::LastAdministrator);
            assert_eq!(
                set(&last, wanted.clone(), 1).unwrap().unwrap().user.administrator,
                wanted
            );
            let blocked = User {
                blocked: true,
                ..last.clone()
            };
            assert_eq!(
                set(&blocked, wanted.clone(), 0)
                    .unwrap()
                    .unwrap()
                    .user
                    .administrator,
                wanted
            );
        }
        let narrow = grants(&[(Right::Admin(entities(&[1])), GrantSource::Manual)]);
        let arrival = set_administrator(&person(&narrow), &narrow, None, 0, origin());
        assert_eq!(arrival.unwrap().unwrap().user.administrator, None);
    }

    #[test]
    fn nobody_who_is_deleted_gets_the_tick() {
        let deleted = User {
            deleted_at: Some(origin().at),
            ..sample::local(1, "ada")
        };
        let refusal = set_administrator(&deleted, &[], Some(&AdminScope::All), 1, origin()).unwrap_err();
        assert_eq!(refusal, Refusal::Deleted);
    }

    #[test]
    fn groups_give_and_take_what_is_theirs_and_nothing_that_was_given_by_hand() {
        let other = GrantSource::Connection(ConnectionId(Uuid::from_u128(0xc2)));
        let before = grants(&[
            (section("a"), GrantSource::Manual),
            (section("b"), other),
            (section("c"), CONNECTION),
            (Right::Admin(entities(&[1])), CONNECTION),
            (Right::Admin(entities(&[2])), GrantSource::Manual),
        ]);
        let follow = |rights: Vec<Right>| {
            follow_groups(&person(&before), &before, CONNECTION, rights, 0, origin()).unwrap()
        };
        let arrival = follow(vec![section("a"), section("c")]).unwrap();
        assert_eq!(arrival.user.administrator, Some(entities(&[2])));
        let (delta, revoke) = delta_of(arrival);
        assert_eq!(delta.added, [(section("a"), CONNECTION)]);
        assert_eq!(delta.ended, [before[3].id]);
        assert!(!revoke);

        let (delta, _) = delta_of(follow(vec![]).unwrap());
        assert_eq!(delta.ended, [before[2].id, before[3].id]);
        let (delta, _) = delta_of(follow(vec![Right::Admin(AdminScope::All)]).unwrap());
        assert_eq!(delta.added, [(Right::Admin(AdminScope::All), CONNECTION)]);
        assert!(follow(vec![Right::Admin(entities(&[1])), section("c")]).is_none());
    }

    #[test]
    fn a_group_does_not_take_the_last_administrators_tick() {
        let before = grants(&[(Right::Admin(AdminScope::All), CONNECTION)]);
        let follow = |before: &[Grant], others| {
            follow_groups(
                &person(before),
                before,
                CONNECTION,
                vec![section("a")],
                others,
                origin(),
            )
        };
        assert_eq!(follow(&before, 0).unwrap_err(), Refusal::LastAdministrator);
        assert_eq!(follow(&before, 1).unwrap().unwrap().user.administrator, None);
        // The same tick by hand is enough to stay one.
        let also_by_hand = grants(&[
            (Right::Admin(AdminScope::All), CONNECTION),
            (Right::Admin(AdminScope::All), GrantSource::Manual),
        ]);
        let arrival = follow(&also_by_hand, 0).unwrap().unwrap();
        assert_eq!(arrival.user.administrator, Some(AdminScope::All));
    }

    #[test]
    fn the_audit_row_names_what_came_and_what_went_with_its_source() {
        let before = grants(&[(Right::Role("user".to_owned()), CONNECTION)]);
        let rights = vec![Right::Admin(entities(&[1])), section("a")];
        let arrival = follow_groups(&person(&before), &before, CONNECTION, rights, 0, origin());
        let (_, audit) = arrival.unwrap().unwrap().change.into_parts();
        let source = CONNECTION.to_text();
        assert_eq!(audit.action, "user.grants_set");
        assert_eq!(
            audit.before.unwrap(),
            json!({"administrator": null, "ended": [{"role": "user", "source": source}]})
        );
        let scope = json!({"entities": [entity(1)]});
        assert_eq!(
            audit.after.unwrap(),
            json!({"administrator": scope, "added": [
                {"admin_scope": scope, "source": source}, {"section": "a", "source": source}]})
        );
    }

    fn said(role: Option<&str>, sections: &[(&str, Option<bool>)]) -> SaidRights {
        SaidRights {
            role: role.map(str::to_owned),
            sections: sections
                .iter()
                .map(|(key, on)| ((*key).to_owned(), *on))
                .collect(),
        }
    }

    fn manual(rights: &[Right]) -> Vec<Grant> {
        let grant = |(number, right): (usize, &Right)| Grant {
            id: GrantId(Uuid::from_u128(number as u128)),
            right: right.clone(),
            source: GrantSource::Manual,
        };
        rights.iter().enumerate().map(grant).collect()
    }

    #[test]
    fn a_permission_group_is_chosen_by_hand_and_the_administrators_brings_the_tick() {
        let role = |key: &str| Right::Role(key.to_owned());
        let (all, part) = (Right::Admin(AdminScope::All), Right::Admin(entities(&[1])));
        for (before, chosen, after) in [
            (vec![], "sales", vec![role("sales")]),
            (vec![role("sales")], "user", vec![]),
            (vec![role("sales")], "lab", vec![role("lab")]),
            (vec![], "administrator", vec![role("administrator"), all.clone()]),
            (vec![role("administrator"), all.clone()], "user", vec![]),
            (
                vec![role("administrator"), part.clone()],
                "sales",
                vec![role("sales")],
            ),
            // A tick that was given apart from the permission group stays apart.
            (vec![part.clone()], "sales", vec![part.clone(), role("sales")]),
            (
                vec![section("a"), part],
                "administrator",
                vec![section("a"), role("administrator"), all],
            ),
        ] {
            let grants = manual(&before);
            let user = person(&grants);
            let arrival = set_rights(&user, &grants, &said(Some(chosen), &[]), 1, origin())
                .unwrap()
                .unwrap();
            let (fact, audit) = arrival.change.into_parts();
            let Fact::User(UserFact::Granted { delta, .. }) = fact else {
                panic!("{fact:?}");
            };
            let rights: Vec<Right> = delta.rights_after(&grants).cloned().collect();
            assert_eq!(rights, after, "{before:?} {chosen}");
            assert_eq!(arrival.user.administrator, administrator_of(after.iter()));
            assert_eq!(audit.action, "user.rights_set");
            let again = manual(&after);
            let same = set_rights(&arrival.user, &again, &said(Some(chosen), &[]), 1, origin());
            assert!(same.unwrap().is_none(), "{before:?} {chosen}");
        }
        let narrow = manual(&[role("administrator"), Right::Admin(entities(&[1]))]);
        let same = set_rights(
            &person(&narrow),
            &narrow,
            &said(Some("administrator"), &[]),
            0,
            origin(),
        );
        assert!(same.unwrap().is_none(), "a scope that was narrowed stays narrow");
    }

    #[test]
    fn the_last_administrator_keeps_the_permission_group_and_the_invited_theirs() {
        let grants = manual(&[
            Right::Role("administrator".to_owned()),
            Right::Admin(AdminScope::All),
        ]);
        let set = |user: &User, others| set_rights(user, &grants, &said(Some("user"), &[]), others, origin());
        let user = person(&grants);
        assert_eq!(set(&user, 0).unwrap_err(), Refusal::LastAdministrator);
        let invited = User {
            pending: true,
            ..user
        };
        assert_eq!(set(&invited, 1).unwrap_err(), Refusal::DeleteAndRecreate);
        let toggled = set_rights(
            &invited,
            &grants,
            &said(Some("administrator"), &[("a", Some(true))]),
            0,
            origin(),
        );
        assert!(toggled.unwrap().is_some());
    }

    #[test]
    fn sections_are_opened_closed_and_left_to_the_groups_again() {
        let withheld = |key: &str| Right::Withheld(key.to_owned());
        for (before, toggle, after) in [
            (vec![], Some(true), vec![section("a")]),
            (vec![], Some(false), vec![withheld("a")]),
            (
                vec![section("a"), section("b")],
                Some(false),
                vec![section("b"), withheld("a")],
            ),
            (vec![withheld("a")], Some(true), vec![section("a")]),
            (vec![withheld("a"), section("b")], None, vec![section("b")]),
        ] {
            let grants = manual(&before);
            let user = person(&grants);
            let arrival = set_rights(&user, &grants, &said(None, &[("a", toggle)]), 0, origin())
                .unwrap()
                .unwrap();
            let (fact, audit) = arrival.change.into_parts();
            let Fact::User(UserFact::Granted { delta, .. }) = fact else {
                panic!("{fact:?}");
            };
            assert_eq!(
                delta.rights_after(&grants).cloned().collect::<Vec<_>>(),
                after,
                "{before:?} {toggle:?}"
            );
            let told = audit.after.unwrap();
            for seen in told["added"].as_array().unwrap() {
                assert!(right_in_audit(seen).is_some(), "{seen}");
            }
        }
        let grants = manual(&[withheld("a")]);
        let same = set_rights(
            &person(&grants),
            &grants,
            &said(None, &[("a", Some(false))]),
            0,
            origin(),
        );
        assert!(same.unwrap().is_none());
    }
}
