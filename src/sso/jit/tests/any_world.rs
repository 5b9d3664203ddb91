//! What holds of every sign-in, in worlds that nobody has thought of.
//!
//! Nothing here knows how a decision is come to. It looks at who got in, and asks whether anything was against it.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::directory::{AccessWindow, Profile, account};

const ADDRESSES: [&str; 5] = [
    ADDRESS,
    "Ada@acme.example",
    "grace@acme.example",
    "info@acme.example",
    "ada@elsewhere.example",
];
const DEPARTMENTS: [&str; 1] = ["info@acme.example"];
const FOREIGN: [&str; 1] = ["ada@elsewhere.example"];
const NAMES: [&str; 6] = [
    ADDRESS,
    "Ada@acme.example",
    "grace@acme.example",
    "info@acme.example",
    "ada",
    "grace",
];
const IDS: [&str; 3] = ["external", "subject", "third"];

fn any_user() -> impl Strategy<Value = User> {
    let mostly = |yes: bool| prop::bool::weighted(0.85).prop_map(move |usual| usual == yes);
    let account = (
        select(NAMES.as_slice()),
        select(ADDRESSES.as_slice()),
        prop::option::of(select(IDS.as_slice())),
        prop_oneof![
            3 => Just(Some(DIRECTORY)), 1 => Just(Some(OTHER_DIRECTORY)), 2 => Just(None)
        ],
        select(vec![UserSource::Jit, UserSource::Manual, UserSource::Scim]),
    );
    let standing = (
        prop_oneof![6 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)],
        mostly(false),
        any::<bool>(),
        prop_oneof![6 => Just(None), 1 => Just(Some(at(1))), 1 => Just(Some(at(2_000_000)))],
        prop_oneof![6 => Just(None), 1 => Just(Some(at(2))), 1 => Just(Some(at(3_000_000)))],
        mostly(false),
    );
    (account, standing).prop_map(|(account, standing)| {
        let (user_name, email, external_id, directory, source) = account;
        let (active, blocked, pending, from, until, is_deleted) = standing;
        User {
            directory,
            source,
            provisioned: source == UserSource::Scim,
            external_id: external_id.map(str::to_owned),
            active,
            blocked,
            pending,
            access: AccessWindow { from, until },
            profile: Profile::from_attributes(&account::attributes(None, None, None, email)),
            deleted_at: is_deleted.then(|| at(9)),
            ..sample::local(0, user_name)
        }
    })
}

fn any_person() -> impl Strategy<Value = Person> {
    let subjects = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec![(HERE, "subject")]),
        1 => Just(vec![(HERE, "another subject")]),
        1 => Just(vec![(ELSEWHERE, "subject")]),
    ];
    (any_user(), subjects).prop_map(|(user, subjects)| Person { user, subjects })
}

fn any_world() -> impl Strategy<Value = World> {
    let rarely = || prop::bool::weighted(0.1);
    let email = prop::option::weighted(0.9, (select(ADDRESSES.as_slice()), any::<bool>()));
    let said = (
        email,
        prop::option::weighted(0.3, select(NAMES.as_slice())),
        prop::sample::subsequence(IDS.to_vec(), 0..=2),
    );
    (
        prop::collection::vec(any_person(), 0..4),
        (
            rarely(),
            rarely(),
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            rarely(),
        ),
        said,
    )
        .prop_map(
            |(people, (suspended, disabled, jit, trust_email, saml, no_directory), said)| {
                let (email, user_name, external_ids) = said;
                World {
                    suspended,
                    enabled: !disabled,
                    jit,
                    trust_email,
                    saml,
                    directory: (!no_directory).then_some(DIRECTORY),
                    people: apart(people),
                    attributes: Attributes {
                        email: email.map(|(address, verified)| claim(address, verified)),
                        user_name: user_name.map(str::to_owned),
                        external_id: external_ids.into_iter().map(str::to_owned).collect(),
                        ..Attributes::default()
                    },
                    ..empty_world()
                }
            },
        )
}

/// Leaves out whom a tenant cannot have beside the others: names of the living are unique, a subject leads to one.
fn apart(people: Vec<Person>) -> Vec<Person> {
    let mut kept: Vec<Person> = Vec::new();
    for (number, mut person) in (1..).zip(people) {
        person.user.id.0 = Uuid::from_u128(number);
        let clashes = kept.iter().any(|other| {
            let (one, two) = (&person.user, &other.user);
            let both_live = one.deleted_at.is_none() && two.deleted_at.is_none();
            let same_id = one.external_id.is_some()
                && one.external_id == two.external_id
                && one.directory == two.directory;
            (both_live && (same_id || fold(&one.user_name) == fold(&two.user_name)))
                || person
                    .subjects
                    .iter()
                    .any(|subject| other.subjects.contains(subject))
        });
        if !clashes {
            kept.push(person);
        }
    }
    kept
}

impl World {
    /// The address, where it may be taken for the person's.
    fn proven_address(&self) -> Option<&str> {
        let email = self.attributes.email.as_ref()?;
        let is_foreign = FOREIGN.contains(&email.address.as_str());
        (!is_foreign && (email.verified || self.trust_email || self.saml)).then_some(&email.address)
    }

    /// The mapped userName, unless it is only the address once more, and nobody vouches for that.
    fn user_name(&self) -> Option<&str> {
        let name = self.attributes.user_name.as_deref()?;
        let email = self.attributes.email.as_ref();
        let is_hearsay = email.is_some_and(|email| {
            !email.verified
                && !self.saml
                && self.proven_address().is_none()
                && fold(&email.address) == fold(name)
        });
        (!is_hearsay).then_some(name)
    }

    fn is_known(&self, person: &Person) -> bool {
        person.subjects.contains(&(HERE, self.subject))
    }

    fn claims_id_of(&self, person: &Person) -> bool {
        let id = person.user.external_id.as_ref();
        id.is_some_and(|id| self.attributes.external_id.contains(id))
            && person.user.directory.is_some()
            && person.user.directory == self.directory
    }

    fn claims_user_name_of(&self, person: &Person) -> bool {
        let name = self.user_name().or(self.proven_address());
        name.is_some_and(|name| fold(name) == fold(&person.user.user_name))
    }

    fn claims_address_of(&self, person: &Person) -> bool {
        let address = self.proven_address();
        address.is_some_and(|address| fold(address) == fold(&person.user.email().unwrap()))
    }
}

type AgainstPerson = fn(&World, &Person) -> bool;
type AgainstAnybody = fn(&World) -> bool;

/// What is against letting this person in, whatever speaks for it.
const AGAINST_ENTRY: [(&str, AgainstPerson); 7] = [
    ("the tenant is suspended", |world, _| world.suspended),
    ("the connection is off", |world, _| !world.enabled),
    ("deleted", |_, person| person.user.deleted_at.is_some()),
    ("not called active", |_, person| person.user.active != Some(true)),
    ("blocked", |_, person| person.user.blocked),
    ("access has not begun", |_, person| {
        person.user.access.from.is_some_and(|from| from > now())
    }),
    ("access has ended", |_, person| {
        person.user.access.until.is_some_and(|until| until <= now())
    }),
];

/// What is against linking the subject to this person.
const AGAINST_LINK: [(&str, AgainstPerson); 9] = [
    ("an address that is not proven", |world, _| {
        world.proven_address().is_none()
    }),
    ("nothing leads there", |world, person| {
        !world.claims_id_of(person) && !world.claims_user_name_of(person) && !world.claims_address_of(person)
    }),
    ("another subject of this provider leads there", |_, person| {
        person.subjects.iter().any(|(connection, _)| *connection == HERE)
    }),
    ("the id is also somebody else's", |world, person| {
        world.others(person).any(|other| world.claims_id_of(other))
    }),
    (
        "the id is theirs and the userName somebody else's",
        |world, person| {
            world.claims_id_of(person) && world.others(person).any(|other| world.claims_user_name_of(other))
        },
    ),
    ("a name, and there is a password", |world, person| {
        let user = &person.user;
        let is_invited_or_first_login = user.pending || user.source == UserSource::Jit;
        !world.claims_id_of(person) && user.directory.is_none() && !is_invited_or_first_login
    }),
    ("a name, and another provider leads there", |world, person| {
        !world.claims_id_of(person) && !person.subjects.is_empty()
    }),
    ("a name, and another directory's", |world, person| {
        let user = &person.user;
        !world.claims_id_of(person) && user.directory.is_some() && user.directory != world.directory
    }),
    ("an address, and it is also somebody else's", |world, person| {
        let by_mapped_name = world.user_name().is_some() && world.claims_user_name_of(person);
        !world.claims_id_of(person)
            && !by_mapped_name
            && world.others(person).any(|other| world.claims_address_of(other))
    }),
];

/// What is against making somebody.
const AGAINST_CREATION: [(&str, AgainstAnybody); 7] = [
    ("the tenant is suspended", |world| world.suspended),
    ("the connection is off", |world| !world.enabled),
    ("only the directory makes people", |world| !world.jit),
    ("the address is not proven", |world| {
        world.proven_address().is_none()
    }),
    ("the address is a department's", |world| {
        world
            .proven_address()
            .is_some_and(|address| DEPARTMENTS.contains(&address))
    }),
    ("somebody has one of the names", |world| {
        world.living().any(|person| {
            world.is_known(person)
                || world.claims_id_of(person)
                || world.claims_user_name_of(person)
                || world.claims_address_of(person)
        })
    }),
    ("somebody who had one of the names was deleted", |world| {
        world.deleted().any(|person| {
            world.is_known(person) || world.claims_id_of(person) || world.claims_user_name_of(person)
        })
    }),
];

impl World {
    /// Everybody here but this person.
    fn others<'w>(&'w self, person: &'w Person) -> impl Iterator<Item = &'w Person> {
        self.living().filter(|other| other.user.id != person.user.id)
    }
}

#[test]
fn nobody_gets_in_where_anything_is_against_it() {
    let mut runner = TestRunner::deterministic();
    let mut decisions = [0; 4];
    for _ in 0..20_000 {
        let world = any_world().new_tree(&mut runner).unwrap().current();
        let decision = world.decide();
        let entering = match &decision {
            Ok(Decision::SignIn(user) | Decision::Link(user)) => {
                world.people.iter().find(|person| person.user == *user)
            }
            _ => None,
        };
        for (why, is_against) in AGAINST_ENTRY {
            let wrong = entering.is_some_and(|person| is_against(&world, person));
            assert!(!wrong, "{why}, and yet {decision:?} in {world:?}");
        }
        let kind = match &decision {
            Ok(Decision::SignIn(_)) => {
                assert!(world.is_known(entering.unwrap()), "{decision:?} in {world:?}");
                0
            }
            Ok(Decision::Link(_)) => {
                for (why, is_against) in AGAINST_LINK {
                    let wrong = is_against(&world, entering.unwrap());
                    assert!(!wrong, "{why}, and yet {decision:?} in {world:?}");
                }
                1
            }
            Ok(Decision::Create { user_name, email }) => {
                for (why, is_against) in AGAINST_CREATION {
                    assert!(!is_against(&world), "{why}, and yet {decision:?} in {world:?}");
                }
                let mapped = world.attributes.user_name.as_deref();
                assert_eq!(Some(email.as_str()), world.proven_address());
                assert_eq!(user_name, mapped.unwrap_or(email));
                2
            }
            Err(_) => 3,
        };
        decisions[kind] += 1;
    }
    assert!(
        decisions.iter().all(|count| *count > 500),
        "every kind of decision is met often: {decisions:?}"
    );
}
