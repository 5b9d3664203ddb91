//! A directory with random people and groups.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rollcall::directory::{Origin, Source};
use rollcall::provisioning::resource::{full_group, full_user};
use rollcall::provisioning::{Error, Outcome, Provisioning, ResourceKind, Service, Write, groups, users};
use rollcall::scim::Resource;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::harness::Engine;
use crate::storage::fixture::{Place, origin, provisioning_on};

pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Texts that are easily taken for one another, or for syntax.
pub const TEXTS: [&str; 28] = [
    "a",
    "A",
    "b",
    "ab",
    "AB",
    "a b",
    "abc",
    "Straße",
    "STRASSE",
    "straße",
    "ﬃ",
    "FFI",
    "Σίσυφος",
    "ΣΊΣΥΦΟΣ",
    "\u{212A}",
    "k",
    "İ",
    "i\u{307}",
    "é",
    "e\u{301}",
    "a%",
    "a_",
    "'",
    "\"",
    "\\",
    "\u{1F600}",
    "a\u{10FFFF}",
    "\u{D7FF}z",
];

/// What a random person is made of.
#[derive(Debug, Clone)]
pub struct NewPerson {
    attributes: Map<String, Value>,
    /// Microseconds after the beginning, so that instants meet and miss one another.
    created: i64,
    modified: i64,
    /// The directory takes `active` away after all.
    without_active: bool,
}

/// What a random group is made of; members are chosen among the people and groups before it.
#[derive(Debug, Clone)]
pub struct NewGroup {
    attributes: Map<String, Value>,
    created: i64,
    members: Vec<Index>,
}

/// A directory with everything that a filter could see of it.
pub struct Population {
    pub place: Place,
    pub provisioning: Provisioning,
    pub service: Service,
    /// In the order of ids.
    pub people: Vec<(Uuid, Resource)>,
    /// In the order of ids.
    pub groups: Vec<(Uuid, Resource)>,
}

pub fn beginning() -> Timestamp {
    "2024-02-29T23:59:59.999Z".parse().expect("a time")
}

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(TEXTS.to_vec()).prop_map(str::to_owned),
        2 => (select(TEXTS.to_vec()), select(TEXTS.to_vec())).prop_map(|(a, b)| format!("{a}{b}")),
        1 => "[a-cA-C]{1,3}",
    ]
}

/// A text, an empty one now and then.
fn text_or_empty() -> impl Strategy<Value = String> {
    prop_oneof![9 => text(), 1 => Just(String::new())]
}

/// Some of the members of an object, each there or not.
fn some_of(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Map<String, Value>> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| {
            let there = (Just(name.to_owned()), value).prop_map(Some);
            prop_oneof![2 => there, 1 => Just(None)].boxed()
        })
        .collect();
    members.prop_map(|members| members.into_iter().flatten().collect())
}

fn value_of(text: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Value> {
    text.prop_map(Value::from).boxed()
}

fn emails() -> BoxedStrategy<Value> {
    let element = some_of(vec![
        ("value", value_of(text_or_empty())),
        (
            "type",
            select(vec!["work", "Work", "home", "straße", ""])
                .prop_map(Value::from)
                .boxed(),
        ),
        ("display", value_of(text())),
    ]);
    // At most one is primary.
    let primary = proptest::option::of((any::<Index>(), any::<bool>()));
    (proptest::collection::vec(element, 0..4), primary)
        .prop_map(|(mut elements, primary)| {
            if let (Some((index, primary)), false) = (primary, elements.is_empty()) {
                let element = index.index(elements.len());
                elements[element].insert("primary".to_owned(), primary.into());
            }
            elements.into_iter().map(Value::Object).collect()
        })
        .boxed()
}

pub fn person() -> impl Strategy<Value = NewPerson> {
    let name = some_of(vec![
        ("familyName", value_of(text_or_empty())),
        ("givenName", value_of(text())),
    ]);
    let manager = some_of(vec![("value", value_of(text_or_empty()))]);
    let enterprise = some_of(vec![
        ("manager", manager.prop_map(Value::Object).boxed()),
        ("department", value_of(text())),
    ]);
    let attributes = some_of(vec![
        ("externalId", value_of(text_or_empty())),
        ("displayName", value_of(text_or_empty())),
        ("nickName", value_of(text_or_empty())),
        ("active", any::<bool>().prop_map(Value::from).boxed()),
        ("emails", emails()),
        ("name", name.prop_map(Value::Object).boxed()),
        (ENTERPRISE, enterprise.prop_map(Value::Object).boxed()),
    ]);
    let without_active = proptest::bool::weighted(0.2);
    (text(), attributes, 0..4_i64, 0..4_i64, without_active).prop_map(
        |(user_name, mut attributes, created, later, without_active)| {
            attributes.insert("userName".to_owned(), user_name.into());
            NewPerson {
                attributes,
                created,
                modified: created + later,
                without_active,
            }
        },
    )
}

pub fn group() -> impl Strategy<Value = NewGroup> {
    let attributes = some_of(vec![("externalId", value_of(text_or_empty()))]);
    let members = proptest::collection::vec(any::<Index>(), 0..5);
    (text(), attributes, 0..4_i64, members).prop_map(|(name, mut attributes, created, members)| {
        attributes.insert("displayName".to_owned(), name.into());
        NewGroup {
            attributes,
            created,
            members,
        }
    })
}

fn at(micros: i64) -> Origin {
    Origin {
        source: Source::Scim,
        at: beginning() + SignedDuration::from_micros(micros),
        ..origin()
    }
}

/// Whether it was made. A clash of random names and a value that the schema refuses are no fault.
fn made<T>(result: Result<T, Error>) -> bool {
    match result {
        Ok(_) => true,
        Err(Error::Refused(_) | Error::Protocol(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

impl Population {
    /// Makes the people and then the groups in a tenant of their own, and reads them back one by one.
    pub async fn make(engine: Engine, people: Vec<NewPerson>, groups: Vec<NewGroup>) -> Self {
        let place = Place::new(engine).await;
        let mut population = Self {
            provisioning: provisioning_on(&place.store),
            service: place.service(),
            place,
            people: Vec::new(),
            groups: Vec::new(),
        };
        let mut ids = Vec::new();
        for person in people {
            ids.extend(population.add_person(person).await);
        }
        let people = ids.clone();
        for group in groups {
            ids.extend(population.add_group(group, &ids).await);
        }
        for id in ids {
            if people.contains(&id) {
                let resource = population.read_person(id).await;
                population.people.push((id, resource));
            } else {
                let resource = population.read_group(id).await;
                population.groups.push((id, resource));
            }
        }
        population
    }

    async fn add_person(&self, person: NewPerson) -> Option<Uuid> {
        let id = Uuid::now_v7();
        let mut body = person.attributes;
        let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]);
        body.insert("schemas".to_owned(), schemas);
        let created = self
            .send(
                ResourceKind::User,
                Write::Create(id, body.clone().into()),
                person.created,
            )
            .await;
        // Who is made again while they are inactive comes back under the id that they have.
        let comes_back = matches!(&created, Ok(made) if made.id() != Some(id.to_string()));
        if !made(created) || comes_back {
            return None;
        }
        let text = id.to_string();
        if person.modified > person.created {
            body.insert("title".to_owned(), "changed".into());
            let write = Write::Replace(text.clone(), body.into());
            let changed = self.send(ResourceKind::User, write, person.modified).await;
            assert!(made(changed));
        }
        if person.without_active {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "remove", "path": "active"}],
            });
            let changed = self
                .send(ResourceKind::User, Write::Patch(text, body), person.modified)
                .await;
            assert!(made(changed));
        }
        Some(id)
    }

    async fn add_group(&self, group: NewGroup, before: &[Uuid]) -> Option<Uuid> {
        let id = Uuid::now_v7();
        let mut body = group.attributes;
        body.insert(
            "schemas".to_owned(),
            json!(["urn:ietf:params:scim:schemas:core:2.0:Group"]),
        );
        if !before.is_empty() {
            let mut members: Vec<Uuid> = group.members.iter().map(|index| *index.get(before)).collect();
            members.sort();
            members.dedup();
            let members: Vec<Value> = members
                .iter()
                .map(|id| json!({"value": id.to_string()}))
                .collect();
            body.insert("members".to_owned(), members.into());
        }
        let created = self
            .send(ResourceKind::Group, Write::Create(id, body.into()), group.created)
            .await;
        made(created).then_some(id)
    }

    async fn send(&self, kind: ResourceKind, write: Write, time: i64) -> Result<Outcome, Error> {
        self.place.send(kind, write, at(time)).await
    }

    async fn read_person(&self, id: Uuid) -> Resource {
        let record = users::find(&self.provisioning, &self.service, &id.to_string()).await;
        let record = record.expect("a person that was made");
        full_user(&record.user, &record.groups, &self.service)
    }

    async fn read_group(&self, id: Uuid) -> Resource {
        let found = groups::find(&self.provisioning, &self.service, &id.to_string()).await;
        let group = found.expect("a group that was made");
        let members = self.place.members(group.id).await;
        full_group(&group, &members, &self.service)
    }
}
