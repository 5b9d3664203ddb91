use proptest::prelude::*;
use proptest::sample::subsequence;
use uuid::Uuid;

use super::*;
use crate::directory::grant::{Right, leave_directories, set_administrator};
use crate::directory::sample::{self, DIRECTORY, at, origin};
use crate::directory::{Entity, EntityId, Fact, GrantId, UserFact, lifecycle};

const SOURCE: GrantSource = GrantSource::Directory(DIRECTORY);

fn group(number: u128) -> GroupId {
    GroupId(Uuid::from_u128(0x9000 + number))
}

fn entity(number: u128) -> EntityId {
    EntityId(Uuid::from_u128(0xe000 + number))
}

fn part(numbers: &[u128]) -> AdminScope {
    AdminScope::Entities(numbers.iter().copied().map(entity).collect())
}

fn rule(number: u128, role: Option<&str>, sections: &[&str], admin_scope: Option<AdminScope>) -> MappingRule {
    MappingRule {
        group: group(number),
        role: role.map(str::to_owned),
        sections: sections.iter().map(ToString::to_string).collect(),
        admin_scope,
    }
}

fn follower(number: u128, grants: Vec<Grant>, groups: &[u128]) -> Follower {
    Follower {
        user: User {
            administrator: administrator_of(grants.iter().map(|grant| &grant.right)),
            ..sample::provisioned(number, &format!("user{number}"))
        },
        grants,
        groups: groups.iter().copied().map(group).collect(),
    }
}

fn tick(id: u128, scope: AdminScope, source: GrantSource) -> Grant {
    Grant {
        id: GrantId(Uuid::from_u128(id)),
        right: Right::Admin(scope),
        source,
    }
}

fn followers(people: Vec<Follower>, others: u64) -> Followers {
    Followers {
        people,
        other_full_administrators: others,
    }
}

/// Who has the tick after changes, by the person's number.
fn ticks(changes: Vec<Change>) -> Vec<(u128, Option<AdminScope>)> {
    let tick = |change: Change| match change.into_parts().0 {
        Fact::User(UserFact::Granted { user, .. }) => (user.id.0.as_u128(), user.administrator),
        other => panic!("{other:?}"),
    };
    changes.into_iter().map(tick).collect()
}

#[test]
fn what_a_list_of_rules_names_has_to_be_there_and_each_group_once() {
    let groups = BTreeSet::from([group(1), group(2)]);
    let tree = EntityTree::new(&[Entity {
        id: entity(1),
        parent: None,
        name: "North".to_owned(),
        created_at: at(1),
    }]);
    let check = |rules: &[MappingRule]| check(rules, &groups, &tree);
    let good = [
        rule(2, None, &[], Some(part(&[1]))),
        rule(1, None, &[], Some(AdminScope::All)),
    ];
    assert_eq!(check(&good), Ok(()));
    assert_eq!(check(&[]), Ok(()));
    let unknown = Refusal::UnknownGroup {
        rule: 1,
        id: group(3),
    };
    assert_eq!(check(&[good[0].clone(), rule(3, None, &[], None)]), Err(unknown));
    let twice = Refusal::GroupMappedTwice {
        rule: 2,
        id: group(2),
    };
    assert_eq!(
        check(&[good[0].clone(), good[1].clone(), good[0].clone()]),
        Err(twice)
    );
    let scope = Refusal::UnknownScope {
        rule: 0,
        id: entity(2),
    };
    assert_eq!(check(&[rule(1, None, &[], Some(part(&[1, 2])))]), Err(scope));
}

#[test]
fn the_same_rules_are_no_change_and_the_same_ones_in_another_order_are() {
    let rules = [
        rule(1, Some("user"), &[], None),
        rule(2, Some("administrator"), &[], None),
    ];
    assert!(set(DIRECTORY, &rules, &rules, origin()).is_none());
    let turned = vec![rules[1].clone(), rules[0].clone()];
    let (fact, audit) = set(DIRECTORY, &rules, &turned, origin()).unwrap().into_parts();
    let Fact::Registry(RegistryFact::GroupMappingSet { directory, rules }) = fact else {
        panic!("{fact:?}");
    };
    assert_eq!((directory, rules), (DIRECTORY, turned));
    assert_eq!(audit.action, "directory.group_mapping_set");
    assert_eq!(audit.target_id, DIRECTORY.0);
    let roles = |seen: Option<Value>| {
        let seen = seen.unwrap();
        ["0", "1"].map(|position| seen.pointer(&format!("/rules/{position}/role")).unwrap().clone())
    };
    assert_eq!(roles(audit.before), ["user", "administrator"]);
    assert_eq!(roles(audit.after), ["administrator", "user"]);
}

#[test]
fn a_group_that_is_deleted_takes_its_own_rule_out_of_the_list() {
    let rules = [rule(1, Some("user"), &[], None), rule(2, None, &["a"], None)];
    assert!(remove(DIRECTORY, &rules, group(3), origin()).is_none());
    let (fact, audit) = remove(DIRECTORY, &rules, group(1), origin())
        .unwrap()
        .into_parts();
    assert!(matches!(fact, Fact::Registry(RegistryFact::GroupUnmapped { group: id }) if id == group(1)));
    assert_eq!(audit.after.unwrap(), view(&rules[1..]));
}

#[test]
fn of_several_administrators_who_leave_together_one_has_to_stay() {
    let rules = [rule(1, Some("administrator"), &[], None)];
    let leaving = || {
        vec![
            follower(1, vec![tick(1, AdminScope::All, SOURCE)], &[]),
            follower(2, vec![tick(2, AdminScope::All, SOURCE)], &[]),
        ]
    };
    let follow = |people, others| follow(&followers(people, others), &rules, DIRECTORY, &origin());
    assert_eq!(
        follow(leaving(), 0).unwrap_err(),
        Refusal::LastAdministrator,
        "neither counts on the other"
    );
    assert_eq!(ticks(follow(leaving(), 1).unwrap()), [(1, None), (2, None)]);
    // Whoever comes with them counts, wherever they stand in the list.
    let mut with_another = leaving();
    with_another.push(follower(3, Vec::new(), &[1]));
    let changed = ticks(follow(with_another, 0).unwrap());
    assert_eq!(changed, [(1, None), (2, None), (3, Some(AdminScope::All))]);
    // A tick by hand is enough.
    let mut one_by_hand = leaving();
    one_by_hand[1]
        .grants
        .push(tick(3, AdminScope::All, GrantSource::Manual));
    let changed = ticks(follow(one_by_hand, 0).unwrap());
    assert_eq!(changed, [(1, None), (2, Some(AdminScope::All))]);
}

#[test]
fn where_nobody_can_be_asked_the_last_administrator_is_held_and_named_and_the_others_follow() {
    let rules = [rule(1, None, &["a"], None)];
    let people = vec![
        follower(1, vec![tick(1, AdminScope::All, SOURCE)], &[1]),
        follower(2, vec![tick(2, AdminScope::All, SOURCE)], &[1]),
    ];
    let hold = |others| {
        let aligned = follow_or_hold(&followers(people.clone(), others), &rules, DIRECTORY, &origin());
        let aligned = aligned.unwrap();
        (aligned.held, ticks(aligned.changes))
    };
    let (held, changed) = hold(0);
    assert_eq!(held, [people[0].user.id]);
    // The section came for both of them.
    assert_eq!(changed, [(1, Some(AdminScope::All)), (2, None)]);
    let (held, changed) = hold(1);
    assert_eq!((held, changed), (vec![], vec![(1, None), (2, None)]));
}

/// A person of a small world.
#[derive(Debug, Clone)]
struct Somebody {
    user: User,
    grants: Vec<Grant>,
    groups: BTreeSet<u128>,
    /// The tick that an administrator has given by hand.
    by_hand: Option<AdminScope>,
}

#[derive(Debug, Clone)]
struct World {
    people: Vec<Somebody>,
    rules: Vec<MappingRule>,
    next_grant: u128,
}

#[derive(Debug, Clone)]
enum Step {
    /// Some come into a group and others leave it, with one request.
    Members(u128, Vec<usize>, Vec<usize>),
    Rules(Vec<MappingRule>),
    /// So many people that a job does it.
    RulesByJob(Vec<MappingRule>),
    DeleteGroup(u128),
    Tick(usize, Option<AdminScope>),
    Delete(usize),
    Restore(usize),
}

fn any_scope() -> impl Strategy<Value = AdminScope> {
    prop_oneof![
        Just(AdminScope::All),
        subsequence(vec![1, 2], 0..=2).prop_map(|ids| part(&ids))
    ]
}

fn any_rules() -> impl Strategy<Value = Vec<MappingRule>> {
    let given = (
        prop::option::of(prop::sample::select(vec!["user", "administrator", "auditor"])),
        subsequence(vec!["a", "b", "c"], 0..=3),
        prop::option::weighted(0.4, any_scope()),
    );
    let groups = subsequence(vec![1, 2, 3], 0..=3).prop_shuffle();
    (groups, prop::collection::vec(given, 3)).prop_map(|(groups, given)| {
        let pairs = groups.into_iter().zip(given);
        pairs
            .map(|(number, (role, sections, scope))| rule(number, role, &sections, scope))
            .collect()
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    let person = 0..4_usize;
    let some = || subsequence(vec![0, 1, 2, 3], 0..=3);
    prop_oneof![
        6 => (1..=3_u128, some(), some()).prop_map(|(group, add, remove)| Step::Members(group, add, remove)),
        3 => any_rules().prop_map(Step::Rules),
        1 => any_rules().prop_map(Step::RulesByJob),
        1 => (1..=3_u128).prop_map(Step::DeleteGroup),
        2 => (person.clone(), prop::option::of(any_scope())).prop_map(|(who, scope)| Step::Tick(who, scope)),
        1 => person.clone().prop_map(Step::Delete),
        1 => person.prop_map(Step::Restore),
    ]
}

impl World {
    fn new() -> Self {
        let somebody = |number| Somebody {
            user: sample::provisioned(number, &format!("user{number}")),
            grants: Vec::new(),
            groups: BTreeSet::new(),
            by_hand: None,
        };
        Self {
            people: (1..=4).map(somebody).collect(),
            rules: Vec::new(),
            next_grant: 1,
        }
    }

    fn others(&self, besides: &[usize]) -> u64 {
        let people = self.people.iter().enumerate();
        let full = people
            .filter(|(who, person)| !besides.contains(who) && person.user.is_full_administrator(origin().at));
        u64::try_from(full.count()).unwrap()
    }

    /// As storage has them: with the groups that have a rule.
    fn followers(&self, who: &[usize]) -> Followers {
        let mapped: BTreeSet<GroupId> = self.rules.iter().map(|rule| rule.group).collect();
        let person = |who: &usize| {
            let person = &self.people[*who];
            let groups = person.groups.iter().copied().map(group);
            Follower {
                user: person.user.clone(),
                grants: person.grants.clone(),
                groups: groups.filter(|id| mapped.contains(id)).collect(),
            }
        };
        let live = who
            .iter()
            .filter(|who| self.people[**who].user.deleted_at.is_none());
        followers(live.map(person).collect(), self.others(who))
    }

    fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change.into_parts().0 {
                Fact::User(UserFact::Granted { user, delta, .. }) => {
                    let person = self.people.iter_mut().find(|person| person.user.id == user.id);
                    let person = person.unwrap();
                    person.grants.retain(|grant| !delta.ended.contains(&grant.id));
                    for (right, source) in delta.added {
                        let id = GrantId(Uuid::from_u128(self.next_grant));
                        self.next_grant += 1;
                        person.grants.push(Grant { id, right, source });
                    }
                    person.user = user;
                }
                Fact::User(UserFact::Deleted { user } | UserFact::Restored { user, .. }) => {
                    let person = self.people.iter_mut().find(|person| person.user.id == user.id);
                    let person = person.unwrap();
                    person.user = user;
                    person.groups.clear();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn take(&mut self, step: Step) -> Result<Vec<UserId>, Refusal> {
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        match step {
            Step::Members(number, add, remove) => {
                for who in &everybody {
                    let person = &mut self.people[*who];
                    if person.user.deleted_at.is_none() && add.contains(who) {
                        person.groups.insert(number);
                    } else if remove.contains(who) {
                        person.groups.remove(&number);
                    }
                }
                // What the use case asks first: a group without a rule decides of nothing.
                if self.rules.iter().any(|rule| rule.group == group(number)) {
                    let moved: Vec<usize> = everybody
                        .into_iter()
                        .filter(|who| add.contains(who) || remove.contains(who))
                        .collect();
                    let people = self.followers(&moved);
                    let changes = follow(&people, &self.rules, DIRECTORY, &origin())?;
                    self.apply(changes);
                }
            }
            Step::Rules(rules) => {
                self.rules = rules;
                let people = self.followers(&everybody);
                let changes = follow(&people, &self.rules, DIRECTORY, &origin())?;
                self.apply(changes);
            }
            Step::RulesByJob(rules) => {
                self.rules = rules;
                let mut held = Vec::new();
                for chunk in everybody.chunks(2) {
                    let people = self.followers(chunk);
                    let aligned = follow_or_hold(&people, &self.rules, DIRECTORY, &origin())?;
                    self.apply(aligned.changes);
                    held.extend(aligned.held);
                }
                return Ok(held);
            }
            Step::DeleteGroup(number) => {
                let members: Vec<usize> = everybody
                    .into_iter()
                    .filter(|who| self.people[*who].groups.contains(&number))
                    .collect();
                self.rules.retain(|rule| rule.group != group(number));
                for person in &mut self.people {
                    person.groups.remove(&number);
                }
                let people = self.followers(&members);
                let changes = follow(&people, &self.rules, DIRECTORY, &origin())?;
                self.apply(changes);
            }
            Step::Tick(who, scope) => {
                let person = &self.people[who];
                let arrival = set_administrator(
                    &person.user,
                    &person.grants,
                    scope.as_ref(),
                    self.others(&[who]),
                    origin(),
                )?;
                self.people[who].by_hand = scope;
                self.apply(arrival.map(|arrival| arrival.change).into_iter().collect());
            }
            Step::Delete(who) => {
                let Somebody { user, grants, .. } = self.people[who].clone();
                if user.deleted_at.is_some() {
                    return Ok(Vec::new());
                }
                let mut changes = vec![lifecycle::delete(&user, self.others(&[who]), origin())?];
                changes.extend(leave_directories(&user, &grants, origin()));
                self.apply(changes);
            }
            Step::Restore(who) => {
                let user = self.people[who].user.clone();
                let change = lifecycle::restore(&user, &lifecycle::Clashes::default(), origin())?.change;
                self.apply(vec![change]);
            }
        }
        Ok(Vec::new())
    }

    /// What the rules give to somebody, thought of once more.
    fn expected(&self, person: &Somebody) -> Vec<Right> {
        let mut expected = Vec::new();
        let mut has_role = false;
        for rule in &self.rules {
            if !person.groups.iter().any(|number| group(*number) == rule.group) {
                continue;
            }
            if let (Some(role), false) = (&rule.role, has_role) {
                has_role = true;
                expected.push(Right::Role(role.clone()));
                if role == "administrator" {
                    expected.push(Right::Admin(AdminScope::All));
                }
            }
            expected.extend(rule.sections.iter().cloned().map(Right::Section));
            expected.extend(rule.admin_scope.clone().map(Right::Admin));
        }
        if expected.contains(&Right::Admin(AdminScope::All)) {
            expected.retain(|right| !matches!(right, Right::Admin(AdminScope::Entities(_))));
        }
        expected
    }

    fn check(&self, held: &[UserId]) -> Result<(), TestCaseError> {
        for person in &self.people {
            let of = |manual: bool| {
                let grants = person.grants.iter();
                let grants = grants.filter(move |grant| (grant.source == GrantSource::Manual) == manual);
                grants.map(|grant| grant.right.clone()).collect::<Vec<_>>()
            };
            let by_hand: Vec<Right> = person.by_hand.clone().map(Right::Admin).into_iter().collect();
            prop_assert_eq!(of(true), by_hand);
            let given = of(false);
            let expected = if person.user.deleted_at.is_some() {
                Vec::new()
            } else {
                self.expected(person)
            };
            if !held.contains(&person.user.id) {
                prop_assert!(given.iter().all(|right| expected.contains(right)), "{:?}", person);
            }
            prop_assert!(expected.iter().all(|right| given.contains(right)), "{:?}", person);
            let rights = person.grants.iter().map(|grant| &grant.right);
            prop_assert_eq!(&person.user.administrator, &administrator_of(rights));
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn whatever_happens_everybody_has_what_the_rules_give_and_what_was_given_by_hand(
        steps in prop::collection::vec(any_step(), 1..20)
    ) {
        let mut world = World::new();
        let mut held = Vec::new();
        for step in steps {
            let before = world.clone();
            let had_one = world.others(&[]) > 0;
            match world.take(step.clone()) {
                Ok(now_held) => {
                    // Who was held stays so until they are aligned again.
                    if let Step::RulesByJob(_) | Step::Rules(_) = step {
                        held.clear();
                    }
                    held.extend(now_held);
                }
                Err(_) => world = before,
            }
            prop_assert!(!had_one || world.others(&[]) > 0, "nobody is left after {:?}", step);
            world.check(&held)?;
        }
    }
}
