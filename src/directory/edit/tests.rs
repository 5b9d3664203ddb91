use super::*;
use crate::directory::sample::{self, at, now, origin};
use crate::directory::{AdminScope, Country, Fact, PersonId, phone};
use uuid::Uuid;

#[expect(clippy::unnecessary_wraps, reason = "as it stands in what is said")]
fn day(text: &str) -> Option<Option<Date>> {
    Some(Some(text.parse().unwrap()))
}

#[expect(clippy::unnecessary_wraps, reason = "as it stands in what is said")]
fn full_name(text: &str) -> Option<NameEdit> {
    Some(NameEdit::Full(text.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "as it stands in what is said")]
fn first_name(text: &str) -> Option<NameEdit> {
    Some(NameEdit::Parts {
        first: Some(text.to_owned()),
        last: None,
    })
}

fn edit(before: &User, said: Edit) -> Result<Option<Arrival>, Refusal> {
    decide(before, said, &Zone::default(), 1, origin())
}

fn external() -> User {
    let said = Edit {
        name: Some(NameEdit::Parts {
            first: Some("Ada".to_owned()),
            last: Some("Lovelace".to_owned()),
        }),
        phone_mobile: Some(phone::normalise("0612345678", Country::parse("FR"))),
        ..Edit::default()
    };
    User {
        profile: Profile::from_attributes(&describe_new(&said, "ada@acme.example")),
        ..sample::local(1, "ada@acme.example")
    }
}

#[test]
fn what_is_not_said_stays_and_what_is_so_already_is_no_change() {
    let ada = external();
    assert!(edit(&ada, Edit::default()).unwrap().is_none());
    let same = Edit {
        name: first_name("Ada"),
        email: Some("ada@acme.example".to_owned()),
        phone_mobile: Some(Some("+33612345678".to_owned())),
        phone_landline: Some(None),
        locale: Some(None),
        entity: Some(None),
        contact_tags: Some(Vec::new()),
        access_code: Some(None),
        access_end: Some(None),
        access_start: Some(None),
    };
    assert!(edit(&ada, same).unwrap().is_none());
}

#[test]
fn each_field_changes_what_it_names() {
    let said = Edit {
        name: first_name("Augusta"),
        email: Some("Augusta@acme.example".to_owned()),
        phone_landline: Some(Some("+33123456789".to_owned())),
        phone_mobile: Some(None),
        locale: Some(Some(Language::French)),
        access_end: day("2999-12-31"),
        contact_tags: Some(vec!["billing".to_owned()]),
        ..Edit::default()
    };
    let Arrival { user, change } = edit(&external(), said).unwrap().unwrap();
    let attributes = user.profile.attributes();
    assert_eq!(
        attributes["name"],
        json!({"givenName": "Augusta", "familyName": "Lovelace"})
    );
    assert_eq!(attributes["displayName"], "Augusta Lovelace");
    assert_eq!(user.email().as_deref(), Some("Augusta@acme.example"));
    assert_eq!(user.user_name, "Augusta@acme.example");
    assert_eq!(user.phone("work").as_deref(), Some("+33123456789"));
    assert_eq!(user.phone("mobile"), None);
    assert_eq!(user.own_language(), Some(Language::French));
    assert_eq!(
        user.access.last_day(&Zone::default()).unwrap().to_string(),
        "2999-12-31"
    );
    assert_eq!((user.version, user.modified_at), (2, now()));
    let (fact, audit) = change.into_parts();
    let Fact::User(UserFact::Updated {
        facets,
        standing,
        revoke,
        ..
    }) = fact
    else {
        panic!("{fact:?}");
    };
    assert_eq!(
        (facets.unwrap().phone_digits.as_deref(), standing, revoke),
        (Some(" 33123456789"), true, false)
    );
    assert_eq!(audit.action, "user.updated");
    assert_eq!(audit.before.unwrap()["userName"], "ada@acme.example");
    let after = audit.after.unwrap();
    assert_eq!(after["contact_tags"], json!(["billing"]));
    assert!(after.get("entity_id").is_none(), "only what differs is told");
}

#[test]
fn a_name_in_one_piece_takes_the_place_of_its_parts() {
    let said = Edit {
        name: full_name("Ada King"),
        ..Edit::default()
    };
    let user = edit(&external(), said).unwrap().unwrap().user;
    let attributes = user.profile.attributes();
    assert_eq!(attributes["name"], json!({"formatted": "Ada King"}));
    assert_eq!(attributes["displayName"], "Ada King");
}

#[test]
fn what_scim_does_not_show_leaves_the_version_alone() {
    let said = Edit {
        contact_tags: Some(vec!["billing".to_owned()]),
        ..Edit::default()
    };
    for person in [
        external(),
        sample::provisioned(1, "ada"),
        sample::first_login(1, "ada"),
    ] {
        let arrival = edit(&person, said.clone()).unwrap().unwrap();
        assert_eq!((arrival.user.version, arrival.user.modified_at), (1, at(1)));
        let (fact, _) = arrival.change.into_parts();
        assert!(matches!(
            fact,
            Fact::User(UserFact::Updated {
                facets: None,
                standing: true,
                ..
            })
        ));
    }
}

#[test]
fn what_a_directory_says_is_changed_there_and_the_fields_are_named() {
    let said = Edit {
        name: full_name("Other"),
        email: Some("other@acme.example".to_owned()),
        phone_mobile: Some(Some("+33612345678".to_owned())),
        locale: Some(Some(Language::French)),
        access_end: day("2999-12-31"),
        ..Edit::default()
    };
    for managed in [sample::provisioned(1, "ada"), sample::first_login(1, "ada")] {
        let refusal = edit(&managed, said.clone()).unwrap_err();
        let fields = vec!["full_name", "email", "phone_mobile", "locale"];
        assert_eq!(refusal, Refusal::ManagedFields(fields));
        // The form comes back as it was filled.
        let filled = Edit {
            email: managed.email(),
            access_end: day("2999-12-31"),
            ..Edit::default()
        };
        assert!(edit(&managed, filled).unwrap().is_some());
    }
}

#[test]
fn the_roster_names_employees_and_the_invited_keep_their_address() {
    let employee = User {
        person: Some(PersonId(Uuid::from_u128(5))),
        ..external()
    };
    for name in [first_name("Eve"), full_name("Eve")] {
        let said = Edit {
            name,
            ..Edit::default()
        };
        assert_eq!(edit(&employee, said).unwrap_err(), Refusal::NamesFromRoster);
    }
    let renamed = follow_roster(&employee, "Augusta", "King", origin()).unwrap();
    assert_eq!(renamed.user.profile.attributes()["displayName"], "Augusta King");
    assert!(follow_roster(&renamed.user, "Augusta", "King", origin()).is_none());
    let invited = User {
        pending: true,
        ..external()
    };
    let address = |email: &str| Edit {
        email: Some(email.to_owned()),
        ..Edit::default()
    };
    assert_eq!(
        edit(&invited, address("other@acme.example")).unwrap_err(),
        Refusal::DeleteAndRecreate
    );
    assert!(edit(&invited, address("ada@acme.example")).unwrap().is_none());
    let named = Edit {
        name: first_name("Eve"),
        ..Edit::default()
    };
    assert!(edit(&invited, named).unwrap().is_some());
}

#[test]
fn an_end_that_has_passed_ends_access_at_once_but_not_the_last_administrators() {
    let said = || Edit {
        access_end: day("1970-01-11"),
        ..Edit::default()
    };
    let Arrival { user, change } = edit(&external(), said()).unwrap().unwrap();
    assert!(!user.has_access(now()));
    let (fact, _) = change.into_parts();
    assert!(matches!(fact, Fact::User(UserFact::Updated { revoke: true, .. })));
    let administrator = User {
        administrator: Some(AdminScope::All),
        ..external()
    };
    let alone = decide(&administrator, said(), &Zone::default(), 0, origin());
    assert_eq!(alone.unwrap_err(), Refusal::LastAdministrator);
    assert!(edit(&administrator, said()).unwrap().is_some());
    let later = Edit {
        access_start: day("1970-01-13"),
        ..Edit::default()
    };
    let alone = decide(&administrator, later, &Zone::default(), 0, origin());
    assert_eq!(alone.unwrap_err(), Refusal::LastAdministrator);
}

#[test]
fn dates_are_judged_together_and_unsaid_ones_keep_their_moment() {
    let zone = Zone::parse("Europe/Paris").unwrap();
    let before = User {
        access: AccessWindow {
            from: Some(at(100)),
            until: Some(at(10_000_000)),
        },
        ..external()
    };
    let decide = |said| decide(&before, said, &zone, 1, origin());
    let said = Edit {
        access_end: day("1969-12-31"),
        ..Edit::default()
    };
    assert_eq!(decide(said).unwrap_err(), Refusal::AccessDatesReversed);
    let said = Edit {
        access_end: day("1970-03-01"),
        ..Edit::default()
    };
    let after = decide(said).unwrap().unwrap().user.access;
    assert_eq!(after.from, before.access.from, "a moment inside of a day");
    assert_eq!(after.until, zone.beginning_of("1970-03-02".parse().unwrap()));
    let said = Edit {
        access_start: Some(None),
        access_end: Some(None),
        ..Edit::default()
    };
    assert_eq!(
        decide(said).unwrap().unwrap().user.access,
        AccessWindow::default()
    );
}

#[test]
fn an_access_code_is_told_of_and_never_told() {
    let code = |text: &str| Some(Some(AccessCode::from_hash(text.to_owned())));
    let set = |before: &User, access_code| {
        let said = Edit {
            access_code,
            ..Edit::default()
        };
        let arrival = edit(before, said).unwrap().unwrap();
        let (_, audit) = arrival.change.into_parts();
        let told = (audit.before.unwrap(), audit.after.unwrap());
        (arrival.user, told)
    };
    let (first, told) = set(&external(), code("hash one"));
    assert_eq!(
        told,
        (json!({"access_code": "none"}), json!({"access_code": "set"}))
    );
    let (second, told) = set(&first, code("hash two"));
    assert_eq!(
        told,
        (json!({"access_code": "set"}), json!({"access_code": "set anew"}))
    );
    let (_, told) = set(&second, Some(None));
    assert_eq!(
        told,
        (json!({"access_code": "set"}), json!({"access_code": "none"}))
    );
    assert!(!format!("{second:?}").contains("hash two"));
}

#[test]
fn nobody_edits_who_is_deleted() {
    let deleted = User {
        deleted_at: Some(at(5)),
        ..external()
    };
    assert_eq!(edit(&deleted, Edit::default()).unwrap_err(), Refusal::Deleted);
}
