//! The cases that deserve a name.

use super::*;
use crate::directory::{Profile, account};

/// One person as a test names them.
fn scim(number: u128, user_name: &str, external_id: &str) -> User {
    User {
        external_id: Some(external_id.to_owned()),
        ..sample::provisioned(number, user_name)
    }
}

fn with_email(user: User, email: &str) -> User {
    User {
        profile: Profile::from_attributes(&account::attributes(None, None, None, email)),
        ..user
    }
}

/// What a decision comes to, without the person.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Links,
    Creates,
    Refused(Code),
}

use Outcome::{Creates, Links, Refused};

const CONFLICT: Outcome = Refused(Code::IdentityConflict);
const LINK_REQUIRED: Outcome = Refused(Code::AccountLinkRequired);

/// Whose account it is.
#[derive(Debug, Clone, Copy)]
enum Account {
    OfTheDirectory,
    OfAnotherDirectory,
    WithPassword,
    Invited,
    BreakGlass,
    FirstLogin,
    FirstLoginOfNoDirectory,
    Guest,
}

impl Account {
    fn make(self) -> User {
        let local = sample::local(1, "old@acme.example");
        match self {
            Self::OfTheDirectory => sample::provisioned(1, "old@acme.example"),
            Self::OfAnotherDirectory => User {
                directory: Some(OTHER_DIRECTORY),
                ..sample::provisioned(1, "old@acme.example")
            },
            Self::WithPassword => local,
            Self::Invited => User {
                pending: true,
                ..local
            },
            Self::BreakGlass => User {
                break_glass: true,
                ..Self::Invited.make()
            },
            Self::FirstLogin => sample::first_login(1, "old@acme.example"),
            Self::FirstLoginOfNoDirectory => User {
                source: UserSource::Jit,
                ..local
            },
            Self::Guest => User {
                source: UserSource::Guest,
                ..local
            },
        }
    }
}

#[test]
fn an_account_is_linked_by_a_name_only_where_it_has_no_other_way_in() {
    use Account::*;
    let mapped: fn(&mut World) = |world| {
        world.attributes.user_name = Some("ADA.L".to_owned());
        world.people[0].user.user_name = "ada.l".to_owned();
    };
    let user_name: fn(&mut World) = |world| world.people[0].user.user_name = "Ada@Acme.example".to_owned();
    let email: fn(&mut World) = |world| {
        let user = world.people[0].user.clone();
        world.people[0].user = with_email(user, "ADA@acme.example");
    };
    // By account: not linked; another subject of this connection leads to it; another connection does.
    let table = [
        (OfTheDirectory, [Links, CONFLICT, LINK_REQUIRED]),
        (OfAnotherDirectory, [CONFLICT; 3]),
        (WithPassword, [LINK_REQUIRED, CONFLICT, LINK_REQUIRED]),
        (Invited, [Links, CONFLICT, LINK_REQUIRED]),
        (BreakGlass, [LINK_REQUIRED, CONFLICT, LINK_REQUIRED]),
        (FirstLogin, [Links, CONFLICT, LINK_REQUIRED]),
        (FirstLoginOfNoDirectory, [Links, CONFLICT, LINK_REQUIRED]),
        (Guest, [LINK_REQUIRED, CONFLICT, LINK_REQUIRED]),
    ];
    for (name, find) in [("mapped", mapped), ("userName", user_name), ("e-mail", email)] {
        for (account, expected) in table {
            for (subjects, expected) in links().into_iter().zip(expected) {
                let mut world = world_of([unlinked(account.make())]);
                find(&mut world);
                world.people[0].subjects = subjects;
                assert_outcome(&world, expected, &format!("{account:?} by {name}"));
            }
        }
    }
}

#[test]
fn an_external_id_is_the_directorys_word_and_outweighs_a_link_through_another_connection() {
    let table = [
        (Account::OfTheDirectory, [Links, CONFLICT, Links]),
        // The id says something in its own directory only.
        (Account::OfAnotherDirectory, [Creates; 3]),
    ];
    for (account, expected) in table {
        for (subjects, expected) in links().into_iter().zip(expected) {
            let user = User {
                external_id: Some("external".to_owned()),
                ..account.make()
            };
            let world = world_of([Person { user, subjects }]);
            assert_outcome(&world, expected, &format!("{account:?}"));
        }
    }
}

/// Not linked, linked to another subject of this connection, linked through another connection.
fn links() -> [Vec<(ConnectionId, &'static str)>; 3] {
    [
        Vec::new(),
        vec![(HERE, "another subject")],
        vec![(ELSEWHERE, "subject")],
    ]
}

fn assert_outcome(world: &World, expected: Outcome, case: &str) {
    let decision = world.decide();
    let expected = match expected {
        Links => Ok(Decision::Link(world.people[0].user.clone())),
        Creates => Ok(Decision::Create {
            user_name: ADDRESS.to_owned(),
            email: ADDRESS.to_owned(),
        }),
        Refused(code) => Err(code),
    };
    assert_eq!(
        decision, expected,
        "{case}, linked to {:?}",
        world.people[0].subjects
    );
}

#[test]
fn external_id_and_user_name_of_different_people_sign_nobody_in() {
    let mut world = world_of([
        unlinked(scim(1, "grace@acme.example", "external")),
        unlinked(scim(2, ADDRESS, "other")),
    ]);
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
    world.attributes.email = Some(claim("grace@acme.example", true));
    world.attributes.user_name = Some("GRACE@acme.example".to_owned());
    let found = Decision::Link(world.people[0].user.clone());
    assert_eq!(world.decide(), Ok(found));
    world.attributes.user_name = Some(ADDRESS.to_owned());
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
}

#[test]
fn two_people_whom_the_candidates_for_an_external_id_name_sign_nobody_in() {
    let world = world_of([
        unlinked(scim(1, "grace@acme.example", "external")),
        unlinked(scim(2, "edith@acme.example", "subject")),
    ]);
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
}

#[test]
fn an_external_id_is_compared_exactly_and_a_user_name_without_case() {
    let mut world = world_of([unlinked(scim(1, "grace", "External"))]);
    assert!(matches!(world.decide(), Ok(Decision::Create { .. })));
    world.attributes.user_name = Some("GRACE".to_owned());
    assert!(matches!(world.decide(), Ok(Decision::Link(_))));
}

#[test]
fn an_address_that_two_people_share_signs_nobody_in() {
    let shared = |number, user_name| unlinked(with_email(sample::provisioned(number, user_name), ADDRESS));
    let mut world = world_of([shared(1, "ada"), shared(2, "grace")]);
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
    // Not even the one of them whose userName it is: it is an address all the same.
    world.people[0].user.user_name = ADDRESS.to_owned();
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
    // What is not an address tells them apart.
    world.attributes.user_name = Some("grace".to_owned());
    assert_eq!(world.decide(), Ok(Decision::Link(world.people[1].user.clone())));
    world.attributes.user_name = None;
    world.people[1].user.external_id = Some("external".to_owned());
    assert_eq!(
        world.decide(),
        Err(Code::IdentityConflict),
        "the userName is Ada's"
    );
    world.people[0].user.user_name = "ada".to_owned();
    assert_eq!(world.decide(), Ok(Decision::Link(world.people[1].user.clone())));
}

#[test]
fn an_address_that_is_one_persons_user_name_and_another_ones_address_signs_nobody_in() {
    let world = world_of([
        unlinked(with_email(sample::provisioned(1, ADDRESS), "other@acme.example")),
        unlinked(with_email(sample::provisioned(2, "grace"), ADDRESS)),
    ]);
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
}

#[test]
fn a_known_subject_outweighs_every_name() {
    let ada = Person {
        subjects: vec![(HERE, "subject")],
        ..unlinked(sample::provisioned(1, "ada"))
    };
    let mut world = world_of([ada, unlinked(scim(2, ADDRESS, "external"))]);
    world.attributes.user_name = Some(ADDRESS.to_owned());
    assert_eq!(world.decide(), Ok(Decision::SignIn(world.people[0].user.clone())));
    // The same subject of another connection is somebody else.
    world.people[0].subjects = vec![(ELSEWHERE, "subject")];
    assert_eq!(world.decide(), Ok(Decision::Link(world.people[1].user.clone())));
}

#[test]
fn a_known_subject_opens_an_account_whoever_owns_it() {
    for user in [
        sample::local(1, "old@acme.example"),
        Account::OfAnotherDirectory.make(),
        Account::Invited.make(),
    ] {
        let mut world = world_of([Person {
            subjects: vec![(HERE, "subject")],
            ..unlinked(user.clone())
        }]);
        world.attributes.email = None;
        world.jit = false;
        assert_eq!(world.decide(), Ok(Decision::SignIn(user)));
    }
}

#[test]
fn a_live_person_beats_a_tombstone() {
    let deleted = User {
        deleted_at: Some(at(9)),
        ..scim(1, ADDRESS, "external")
    };
    let mut world = world_of([
        Person {
            subjects: vec![(HERE, "subject")],
            ..unlinked(deleted)
        },
        unlinked(scim(2, ADDRESS, "other")),
    ]);
    assert_eq!(world.decide(), Ok(Decision::Link(world.people[1].user.clone())));
    world.people.pop();
    assert_eq!(world.decide(), Err(Code::ScimDeprovisioned));
    world.people[0].subjects.clear();
    assert_eq!(world.decide(), Err(Code::ScimDeprovisioned));
}

#[test]
fn a_mapped_user_name_names_whoever_is_made() {
    let mut world = empty_world();
    world.attributes.user_name = Some("ada.l".to_owned());
    let made = Decision::Create {
        user_name: "ada.l".to_owned(),
        email: ADDRESS.to_owned(),
    };
    assert_eq!(world.decide(), Ok(made));
}

#[test]
fn a_mapped_user_name_finds_a_person_and_links_them_with_a_proven_address_only() {
    let mut world = world_of([unlinked(sample::provisioned(1, "ada.l"))]);
    world.attributes.user_name = Some("ada.l".to_owned());
    for (email, refusal) in [
        (None, Code::EmailMissing),
        (Some(claim(ADDRESS, false)), Code::EmailNotVerified),
        (
            Some(claim("ada@elsewhere.example", true)),
            Code::EmailOutsideDomains,
        ),
    ] {
        world.attributes.email = email;
        assert_eq!(world.decide(), Err(refusal));
    }
    world.attributes.email = Some(claim(ADDRESS, true));
    assert!(matches!(world.decide(), Ok(Decision::Link(_))));
}

#[test]
fn an_unverified_address_is_no_name() {
    let mut world = world_of([unlinked(sample::provisioned(1, ADDRESS))]);
    world.attributes.email = Some(claim(ADDRESS, false));
    let names = world.names();
    assert_eq!(
        (names.user_name, names.email),
        (None, Err(Code::EmailNotVerified))
    );
    assert_eq!(world.decide(), Err(Code::EmailNotVerified));
    world.trust_email = true;
    assert_eq!(world.names().email.as_deref(), Ok(ADDRESS));
    assert!(matches!(world.decide(), Ok(Decision::Link(_))));
}

#[test]
fn what_a_saml_provider_signs_is_verified_inside_the_domains_and_nowhere_else() {
    let mut world = world_of([unlinked(sample::provisioned(1, ADDRESS))]);
    world.saml = true;
    world.attributes.email = Some(claim(ADDRESS, false));
    let (decision, trace) = world.decide_with_trace();
    assert!(matches!(decision, Ok(Decision::Link(_))));
    let check = trace
        .checks()
        .iter()
        .find(|check| check.check == "email_verified");
    assert_eq!(check.unwrap().received.as_deref(), Some("signed by the provider"));
    for trust_email in [false, true] {
        world.trust_email = trust_email;
        for foreign in [
            "ada@elsewhere.example",
            "ada@unproven.example",
            "ada@acme.example.evil.example",
            "ada@sub.acme.example",
        ] {
            world.attributes.email = Some(claim(foreign, false));
            assert_eq!(world.decide(), Err(Code::EmailOutsideDomains), "{foreign}");
        }
    }
}

#[test]
fn an_unverified_address_is_no_name_either_where_it_is_mapped_to_the_user_name() {
    let mut world = world_of([unlinked(sample::provisioned(1, ADDRESS))]);
    world.attributes.email = Some(claim(ADDRESS, false));
    world.attributes.user_name = Some("Ada@ACME.example".to_owned());
    assert_eq!(world.names().user_name, None);
    assert!(!world.names().user_name_is_mapped);
    assert_eq!(world.decide(), Err(Code::EmailNotVerified));
    // Whoever has deleted accounts here is not told either.
    world.people[0].user.deleted_at = Some(at(9));
    assert_eq!(world.decide(), Err(Code::EmailNotVerified));
    world.people[0].user.deleted_at = None;
    world.attributes.email = Some(claim(ADDRESS, true));
    assert!(matches!(world.decide(), Ok(Decision::Link(_))));
}

#[test]
fn a_connection_that_meets_no_directory_meets_local_people_only() {
    let mut world = world_of([unlinked(scim(1, ADDRESS, "external"))]);
    world.directory = None;
    assert_eq!(world.decide(), Err(Code::IdentityConflict));
    world.people = vec![unlinked(Account::Invited.make())];
    world.people[0].user.user_name = ADDRESS.to_owned();
    assert!(matches!(world.decide(), Ok(Decision::Link(_))));
    world.people.clear();
    assert!(matches!(world.decide(), Ok(Decision::Create { .. })));
}

#[test]
fn what_is_read_of_an_address_is_traced() {
    let mut world = empty_world();
    let mut checks = |email| {
        world.attributes.email = email;
        let mut trace = Trace::default();
        let domain = Domain {
            name: "acme.example".to_owned(),
            verified_at: Some(at(1)),
            created_at: at(1),
        };
        let names = Names::read(&world.attributes, &world.connection(), &[domain]);
        names.check_email(&mut trace).ok();
        trace
            .checks()
            .iter()
            .map(|check| (check.check.to_string(), check.passed))
            .collect::<Vec<_>>()
    };
    let check = |name: &str, passed| (name.to_owned(), passed);
    assert_eq!(checks(None), [check("email", false)]);
    assert_eq!(
        checks(Some(claim(ADDRESS, false))),
        [check("email_verified", false)]
    );
    assert_eq!(
        checks(Some(claim("ada@acme.example.evil.example", true))),
        [check("email_verified", true), check("email_domain", false)]
    );
    assert_eq!(
        checks(Some(claim(ADDRESS, true))),
        [check("email_verified", true), check("email_domain", true)]
    );
}

#[test]
fn a_domain_is_compared_whole_and_without_case() {
    let mut world = empty_world();
    for (address, inside) in [
        ("ada@ACME.Example", true),
        ("ada@sub.acme.example", false),
        ("ada@notacme.example", false),
        ("ada@acme.example.evil.example", false),
        ("ada@unproven.example", false),
        ("ada@acme", false),
    ] {
        world.attributes.email = Some(claim(address, true));
        let expected = if inside {
            Ok(address.to_owned())
        } else {
            Err(Code::EmailOutsideDomains)
        };
        assert_eq!(world.names().email, expected, "{address}");
    }
}
