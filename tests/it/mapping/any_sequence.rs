//! After any sequence of requests, and after requests that race, everybody has what the rules give and what was given by
//! hand.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rollcall::accounts::{Accounts, group_mapping, users};
use rollcall::directory::group_mapping::MappingRule;
use rollcall::directory::{AdminScope, Authority, GrantSource, Group, Member, Right, User};
use rollcall::provisioning::{ResourceKind, Write};
use serde_json::{Value, json};

use crate::harness::Engine;
use crate::scim::message::{group, member_list, patch, patch_one};
use crate::storage::fixture::{Place, accounts_on, as_they_were, now, origin};

on_both_engines!(
    whatever_is_asked_for_everybody_has_what_the_rules_give,
    requests_that_race_leave_everybody_what_the_rules_give,
);

const PEOPLE: usize = 4;
const GROUPS: usize = 3;

/// A rule: the group by its number, the role, sections, the scope.
type Rule = (usize, Option<&'static str>, Vec<&'static str>, Option<AdminScope>);

/// A request, about people and groups by their numbers.
#[derive(Debug, Clone)]
enum Step {
    Change(usize, Vec<(&'static str, Vec<usize>)>),
    Replace(usize, Vec<usize>),
    Rename(usize),
    DeleteGroup(usize),
    Rules(Vec<Rule>),
    Tick(usize, bool),
    DeleteUser(usize),
    Restore(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let people = || subsequence((0..PEOPLE).collect::<Vec<_>>(), 1..=PEOPLE);
    let group = || 0..GROUPS;
    let operation = (select(vec!["add", "remove", "replace"]), people());
    let given = (
        prop::option::of(select(vec!["user", "administrator"])),
        subsequence(vec!["a", "b", "c"], 0..=2),
        prop::option::weighted(
            0.3,
            select(vec![AdminScope::All, AdminScope::Entities(Vec::new())]),
        ),
    );
    let mapped = subsequence((0..GROUPS).collect::<Vec<_>>(), 0..=GROUPS).prop_shuffle();
    let rules = (mapped, prop::collection::vec(given, GROUPS)).prop_map(|(groups, given)| {
        let pairs = groups.into_iter().zip(given);
        Step::Rules(
            pairs
                .map(|(group, (role, sections, scope))| (group, role, sections, scope))
                .collect(),
        )
    });
    prop_oneof![
        6 => (group(), prop::collection::vec(operation, 1..3)).prop_map(|(group, operations)| Step::Change(group, operations)),
        2 => (group(), people()).prop_map(|(group, people)| Step::Replace(group, people)),
        1 => group().prop_map(Step::Rename),
        1 => group().prop_map(Step::DeleteGroup),
        4 => rules,
        2 => (0..PEOPLE, any::<bool>()).prop_map(|(who, on)| Step::Tick(who, on)),
        1 => (0..PEOPLE).prop_map(Step::DeleteUser),
        1 => (0..PEOPLE).prop_map(Step::Restore),
    ]
}

struct World {
    place: Place,
    on: Accounts,
    people: Vec<User>,
    groups: Vec<Group>,
    /// Whose tick was given by hand.
    by_hand: BTreeSet<usize>,
    renamed: usize,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let place = Place::new(engine).await;
        let (mut people, mut groups) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            people.push(place.user(&format!("user{number}")).await);
        }
        for number in 0..GROUPS {
            groups.push(place.group(&format!("Group {number}"), &[]).await);
        }
        Self {
            on: accounts_on(&place.store),
            place,
            people,
            groups,
            by_hand: BTreeSet::new(),
            renamed: 0,
        }
    }

    fn members(&self, numbers: &[usize]) -> Value {
        let ids: Vec<String> = numbers
            .iter()
            .map(|number| self.people[*number].id.to_string())
            .collect();
        member_list(&ids.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Sends a write about a group; refused ones change nothing, and that is checked by what follows.
    async fn send(&self, write: Write) -> Result<(), String> {
        let sent = self.place.send(ResourceKind::Group, write, origin()).await;
        sent.map(drop).map_err(|error| error.to_string())
    }

    async fn set(&self, rules: Vec<MappingRule>) -> Result<(), String> {
        let (tenant, directory) = (self.place.tenant, self.place.directory);
        let set = group_mapping::set(&self.on, tenant, directory, rules, origin()).await;
        set.map(drop).map_err(|error| error.to_string())
    }

    async fn tick(&self, who: usize, on: bool) -> Result<(), String> {
        let (tenant, id) = (self.place.tenant, self.people[who].id);
        let scope = on.then_some(AdminScope::All);
        let set = users::set_administrator(&self.on, tenant, Authority::Operator, id, scope, origin()).await;
        set.map(drop).map_err(|error| error.to_string())
    }

    async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Change(number, operations) => {
                let operations: Vec<Value> = operations
                    .iter()
                    .map(|(op, people)| json!({"op": op, "path": "members", "value": self.members(people)}))
                    .collect();
                let id = self.groups[*number].id.to_string();
                self.send(Write::Patch(id, patch(json!(operations)))).await
            }
            Step::Replace(number, people) => {
                let mut body = group(&self.groups[*number].display_name, &[]);
                body["members"] = self.members(people);
                self.send(Write::Replace(self.groups[*number].id.to_string(), body))
                    .await
            }
            Step::Rename(number) => {
                self.renamed += 1;
                let name = format!("Renamed {}", self.renamed);
                let id = self.groups[*number].id.to_string();
                self.groups[*number].display_name.clone_from(&name);
                self.send(Write::Patch(id, patch_one("replace", "displayName", json!(name))))
                    .await
            }
            Step::DeleteGroup(number) => {
                self.send(Write::Delete(self.groups[*number].id.to_string()))
                    .await?;
                self.renamed += 1;
                let name = format!("New {}", self.renamed);
                self.groups[*number] = self.place.group(&name, &[]).await;
                Ok(())
            }
            Step::Rules(rules) => {
                let rule = |(number, role, sections, scope): &Rule| MappingRule {
                    group: self.groups[*number].id,
                    role: role.map(str::to_owned),
                    sections: sections.iter().map(ToString::to_string).collect(),
                    admin_scope: scope.clone(),
                };
                self.set(rules.iter().map(rule).collect()).await
            }
            Step::Tick(who, on) => {
                self.tick(*who, *on).await?;
                if *on {
                    self.by_hand.insert(*who);
                } else {
                    self.by_hand.remove(who);
                }
                Ok(())
            }
            Step::DeleteUser(who) => {
                let id = self.people[*who].id.to_string();
                let sent = self
                    .place
                    .send(ResourceKind::User, Write::Delete(id), origin())
                    .await;
                sent.map(drop).map_err(|error| error.to_string())
            }
            Step::Restore(who) => {
                let (tenant, id) = (self.place.tenant, self.people[*who].id);
                let restored = users::restore(
                    &self.on,
                    tenant,
                    Authority::Operator,
                    id,
                    as_they_were(),
                    origin(),
                )
                .await;
                restored.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// Holds what everybody has against the rules and the members as they are read now.
    async fn check(&self, after: &str) {
        let mut tx = self.place.read().await;
        let rules = tx.list_group_rules(self.place.directory).await.expect("rules");
        let mut members: Vec<Vec<Member>> = Vec::new();
        for rule in &rules {
            members.push(self.place.members(rule.group).await);
        }
        for (who, person) in self.people.iter().enumerate() {
            let is_in = |position: usize| members[position].iter().any(|member| member.id == person.id.0);
            let mut expected = BTreeSet::new();
            let mut role = None;
            let mut is_full = false;
            for (_, rule) in rules.iter().enumerate().filter(|(position, _)| is_in(*position)) {
                role = role.or(rule.role.as_deref());
                expected.extend(rule.sections.iter().map(|key| format!("section {key}")));
                is_full |= rule.admin_scope == Some(AdminScope::All);
                if rule.admin_scope.is_some() {
                    expected.insert("tick".to_owned());
                }
            }
            is_full |= role == Some("administrator");
            if is_full {
                expected.remove("tick");
                expected.insert("full tick".to_owned());
            }
            expected.extend(role.map(|role| format!("role {role}")));
            let grants = tx.list_grants(person.id).await.expect("grants");
            let of = |manual: bool| -> Vec<String> {
                let words = grants
                    .iter()
                    .filter(|grant| (grant.source == GrantSource::Manual) == manual)
                    .map(|grant| word(&grant.right));
                words.collect()
            };
            let given: BTreeSet<String> = of(false).into_iter().collect();
            assert_eq!(given, expected, "person {who} after {after}");
            assert_eq!(given.len(), of(false).len(), "twice: person {who} after {after}");
            let by_hand: Vec<String> = self
                .by_hand
                .contains(&who)
                .then(|| "full tick".to_owned())
                .into_iter()
                .collect();
            assert_eq!(of(true), by_hand, "person {who} after {after}");
            let user = tx.find_user(person.id).await.expect("people").expect("a person");
            let is_ticked = grants.iter().any(|grant| matches!(grant.right, Right::Admin(_)));
            assert_eq!(
                user.administrator.is_some(),
                is_ticked,
                "person {who} after {after}"
            );
        }
    }

    async fn has_administrator(&self) -> bool {
        let mut found = false;
        for person in &self.people {
            let user = self.place.find_user(person.id).await;
            found |= user.is_full_administrator(now());
        }
        found
    }
}

fn word(right: &Right) -> String {
    match right {
        Right::Role(key) => format!("role {key}"),
        Right::Section(key) => format!("section {key}"),
        Right::Withheld(key) => format!("withheld {key}"),
        Right::Admin(AdminScope::All) => "full tick".to_owned(),
        Right::Admin(AdminScope::Entities(_)) => "tick".to_owned(),
    }
}

async fn whatever_is_asked_for_everybody_has_what_the_rules_give(engine: Engine) {
    let mut runner = TestRunner::deterministic();
    let sequences = prop::collection::vec(any_step(), 40);
    let (mut done, mut refused) = (0, 0);
    for _ in 0..4 {
        let steps = sequences.new_tree(&mut runner).expect("steps").current();
        let mut world = World::new(engine).await;
        for (number, step) in steps.iter().enumerate() {
            let had_one = world.has_administrator().await;
            match world.take(step).await {
                Ok(()) => done += 1,
                Err(_) => refused += 1,
            }
            assert!(
                !had_one || world.has_administrator().await,
                "step {number}: {step:?}"
            );
            world.check(&format!("step {number}: {step:?}")).await;
        }
    }
    // Both happen, or the sequences show nothing.
    assert!(done > 80 && refused > 4, "{done} done, {refused} refused");
}

async fn requests_that_race_leave_everybody_what_the_rules_give(engine: Engine) {
    let mut world = World::new(engine).await;
    world.tick(0, true).await.expect("a keeper");
    world.by_hand.insert(0);
    let rules = |world: &World, turned: bool| -> Vec<MappingRule> {
        let mut rules: Vec<MappingRule> = world
            .groups
            .iter()
            .zip(["a", "b", "c"])
            .map(|(group, section)| MappingRule {
                group: group.id,
                role: Some("user".to_owned()),
                sections: vec![section.to_owned()],
                admin_scope: Some(AdminScope::All),
            })
            .collect();
        if turned {
            rules.reverse();
            rules.pop();
        }
        rules
    };
    for round in 0..12 {
        let change = |number: usize, op: &str| {
            let body = patch_one(op, "members", world.members(&[1, 2, 3]));
            world.send(Write::Patch(world.groups[number].id.to_string(), body))
        };
        let op = if round % 3 == 2 { "remove" } else { "add" };
        let leave = world.people[3].id.to_string();
        let deleted = async {
            if round == 6 {
                let delete = Write::Delete(leave);
                let sent = world.place.send(ResourceKind::User, delete, origin()).await;
                return sent.map(drop).map_err(|error| error.to_string());
            }
            Ok(())
        };
        let (one, two, three, set, gone) = tokio::join!(
            change(0, op),
            change(1, "add"),
            change(2, op),
            world.set(rules(&world, round % 2 == 1)),
            deleted,
        );
        assert_eq!((set, gone), (Ok(()), Ok(())), "round {round}");
        for sent in [one, two, three] {
            // Who is deleted by then is no member that could be added.
            assert!(sent.is_ok() || round >= 6, "round {round}: {sent:?}");
        }
        world.check(&format!("round {round}")).await;
    }
}
