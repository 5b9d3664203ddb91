use super::*;
use crate::directory::sample::{self, now, origin};
use crate::directory::{Profile, account};

fn ada() -> User {
    let attributes = account::attributes(Some("Ada"), Some("Byron"), None, "ada.byron@acme.example");
    User {
        external_id: Some("emp-0042".to_owned()),
        profile: Profile::from_attributes(&attributes),
        ..sample::provisioned(1, "ada@acme.example")
    }
}

fn names() -> Identifiers {
    let mut names = Identifiers::default();
    names.add_user(&ada());
    names
}

#[test]
fn a_person_is_told_apart_by_what_is_theirs_alone() {
    let expected = [
        "ada byron",
        "ada.byron@acme.example",
        "ada@acme.example",
        "emp-0042",
    ];
    assert_eq!(names().iter().collect::<Vec<_>>(), expected);
    for named in [
        "ADA@ACME.EXAMPLE",
        "userName \"ada@acme.example\" is in use",
        "Ada Byron",
    ] {
        assert!(names().are_in(named), "{named}");
    }
    for other in ["Ada", "Byron", "bob@acme.example", "acme.example", ""] {
        assert!(!names().are_in(other), "{other}");
    }
}

#[test]
fn what_the_log_told_before_names_the_person_too() {
    let mut names = Identifiers::default();
    names.add_told(&json!({
        "userName": "ada.king@acme.example", "recipient": "lady@acme.example", "externalId": "old-id-1",
        "emails": [{"value": "countess@acme.example"}], "phoneNumbers": [{"value": "+33 1 23 45 67 89"}],
        "displayName": "Ada King", "title": "Countess", "active": true,
    }));
    names.add_told(&json!("no object"));
    assert_eq!(names.iter().count(), 6);
    assert!(!names.are_in("Countess"), "a title is nobody's alone");
}

#[test]
fn of_a_row_about_the_person_only_its_structure_stays() {
    let mut told = json!({
        "userName": "ada@acme.example", "name": {"givenName": "Ada"}, "emails": [{"value": "x", "primary": true}],
        "nickName": null, "active": true, "kind": "external", "entity_id": "e", "employeeNumber": 42,
        "added": [{"role": "user", "source": "manual"}],
    });
    assert!(redact_told(&mut told));
    let expected = json!({
        "userName": ERASED, "name": {"givenName": ERASED}, "emails": [{"value": ERASED, "primary": true}],
        "nickName": null, "active": true, "kind": "external", "entity_id": "e", "employeeNumber": ERASED,
        "added": [{"role": "user", "source": "manual"}],
    });
    assert_eq!(told, expected);
    assert!(!redact_told(&mut told), "nothing is left to be taken");
    assert!(!redact_told(&mut json!(null)));
}

#[test]
fn of_a_row_by_the_person_only_what_names_them_goes() {
    let told = |text: &str| [None, Some(json!({"note": text, "title": "Engineer"}))];
    let row = ErasedRow::of(4, told("asked by Ada Byron"), false, &names()).unwrap();
    assert_eq!((row.seq, row.before), (4, None));
    assert_eq!(
        row.after,
        Some(json!({"note": ERASED, "title": "Engineer"}).to_string())
    );
    assert_eq!(ErasedRow::of(4, told("asked by Bob"), false, &names()), None);
    assert_eq!(ErasedRow::of(4, [None, None], true, &names()), None);
}

#[test]
fn the_address_of_a_request_keeps_its_path() {
    let names = names();
    for (path, expected) in [
        (
            "/Users?filter=userName+eq+%22ADA%40acme.example%22",
            Some("/Users?erased"),
        ),
        (
            "/Users?filter=displayName%20eq%20%22Ada+Byron%22&count=1",
            Some("/Users?erased"),
        ),
        ("/Users?filter=userName+eq+%22bob%40acme.example%22", None),
        ("/Users/1?attributes=%zz%", None),
        ("/Users/1", None),
    ] {
        assert_eq!(redact_address(path, &names).as_deref(), expected, "{path}");
    }
}

#[test]
fn only_who_is_deleted_is_removed_and_the_row_says_what_stands_where() {
    let live = ada();
    assert_eq!(
        purge(&live, Vec::new(), origin()).err(),
        Some(Refusal::NotDeleted)
    );
    let refused = erase(live.id, Some(&live), Vec::new(), Vec::new(), origin());
    assert_eq!(refused.err(), Some(Refusal::NotDeleted));
    let gone = User {
        deleted_at: Some(now()),
        ..live
    };
    assert_eq!(confirmation(gone.id.0, Some(&gone)), "ada@acme.example");
    assert_eq!(confirmation(gone.id.0, None), gone.id.to_string());
    let row = ErasedRow {
        seq: 3,
        before: None,
        after: Some("{}".to_owned()),
    };
    let change = erase(gone.id, Some(&gone), vec![[1; 16]], vec![row], origin()).unwrap();
    let audit = change.into_parts().1;
    let said = rows_of(&audit.after.unwrap().to_string());
    assert_eq!(said, [(3, hex(&digest(&[], None, Some("{}"))))]);
    assert_eq!(audit.action, ACTION);
    let purged = purge(&gone, Vec::new(), origin()).unwrap().into_parts().1;
    assert_eq!(purged.action, "user.purged");
    assert!(!purged.after.unwrap().to_string().contains("ada"));
    assert_eq!(rows_of("nonsense"), []);
}

#[test]
fn a_part_of_a_longer_word_or_address_names_nobody() {
    let mut names = Identifiers::default();
    for name in [
        "a@x.eu",
        "neil@acme.example",
        "Ann Lee",
        "emp-0042",
        "+33123456789",
        "adamus",
    ] {
        names.add(name);
    }
    for named in [
        "a@x.eu",
        "mailto:A@X.EU",
        "to <a@x.eu>, and others",
        "It went to a@x.eu.",
        "ba@x.eu and a@x.eu",
        "a@x.eu's mailbox",
        "'neil@acme.example'",
        "(Ann Lee)",
        "Ann Lee's",
        "d'Ann Lee",
        "hann lee ann lee",
        "tel:+33123456789",
        "emp-0042: Adamus",
    ] {
        assert!(names.are_in(named), "{named}");
    }
    for other in [
        "ba@x.eu",
        "b.a@x.eu",
        "b+a@x.eu",
        "a@x.eu.example",
        "a@x.europe",
        "o'neil@acme.example",
        "Ann Leeds",
        "Joann Lee",
        "Ann Lee-Byron",
        "emp-00421",
        "emp-0042-b",
        "temp-0042",
        "+331234567890",
        "adamus@acme.example",
    ] {
        assert!(!names.are_in(other), "{other}");
    }
    assert!(names.has(" A@x.eu ") && !names.has("to a@x.eu"));
}

#[test]
fn a_document_is_searched_by_its_values() {
    let mut names = Identifiers::default();
    names.add("ada@acme.example");
    names.add("123456");
    for named in [
        r#"{"emails": [{"value": "x\nada@acme.example"}]}"#,
        r#"{"filter": "userName eq \"\u0061da@acme.example\""}"#,
        r#"{"employeeNumber": 123456}"#,
        r#"{"emails": [{"value": "ada@acme.example", "#,
        r#"{"value": {"emails[value eq \"ada@acme.example\"].primary": true}}"#,
    ] {
        assert!(names.are_in_document(named), "{named}");
    }
    for other in [
        r#"{"ada@acme.example": true}"#,
        r#"{"value": "bada@acme.example"}"#,
        "[1234567]",
    ] {
        assert!(!names.are_in_document(other), "{other}");
    }
}

#[test]
fn ids_and_words_of_ours_stay_whatever_somebody_is_called() {
    let id = "01900000-0000-7000-8000-000000000000";
    let mut names = Identifiers::default();
    for name in ["external", "auditor", "billing", id] {
        names.add(name);
    }
    let told = json!({
        "kind": "external", "role": "auditor", "added": [{"section": "billing", "source": "manual"}], "entity_id": id,
        "billing": 1, "externalId": id, "note": "the auditor", "manager_id": "auditor",
    });
    let row = ErasedRow::of(4, [None, Some(told)], false, &names).unwrap();
    let expected = json!({
        "kind": "external", "role": "auditor", "added": [{"section": "billing", "source": "manual"}], "entity_id": id,
        "billing": 1, "externalId": ERASED, "note": ERASED, "manager_id": ERASED,
    });
    assert_eq!(row.after, Some(expected.to_string()));
}
