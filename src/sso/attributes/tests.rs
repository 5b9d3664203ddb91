use super::*;
use serde_json::json;

fn identity(documents: &[Value]) -> VerifiedIdentity {
    let mut objects = documents
        .iter()
        .map(|document| document.as_object().unwrap().clone());
    let identity = VerifiedIdentity::new(
        "https://idp.example".to_owned(),
        "ada".to_owned(),
        None,
        objects.next().unwrap(),
    );
    objects.fold(identity, VerifiedIdentity::with_document)
}

fn read(documents: &[Value]) -> Attributes {
    AttributeMapping::default().read(&identity(documents))
}

fn email(document: Value) -> Option<(String, bool)> {
    read(&[document])
        .email
        .map(|email| (email.address, email.verified))
}

fn reasons(attributes: &Attributes) -> Vec<String> {
    let text = |ignored: &IgnoredClaim| format!("{} {}", ignored.claim, ignored.reason);
    attributes.ignored.iter().map(text).collect()
}

#[test]
fn the_default_mapping_knows_standard_claims_ldap_names_and_the_uris_of_entra() {
    let expected = |attributes: &Attributes| {
        assert_eq!(attributes.email.as_ref().unwrap().address, "ada@acme.example");
        assert_eq!(attributes.first_name.as_deref(), Some("Ada"));
        assert_eq!(attributes.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(attributes.display_name.as_deref(), Some("Ada L."));
        assert_eq!(attributes.groups, Some(vec!["staff".to_owned()]));
        assert_eq!(attributes.user_name, None);
        assert_eq!(attributes.ignored, []);
    };
    let standard = json!({"sub": "ada", "email": "ada@acme.example", "given_name": "Ada", "family_name": "Lovelace",
        "name": "Ada L.", "groups": ["staff"]});
    expected(&read(&[standard]));
    let ldap = json!({"sub": "ada", "mail": "ada@acme.example", "givenName": "Ada", "sn": "Lovelace",
        "displayName": "Ada L.", "groups": "staff"});
    expected(&read(&[ldap]));
    let uris = json!({"sub": "ada",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "ada@acme.example",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "Ada",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname": "Lovelace",
        "http://schemas.microsoft.com/identity/claims/displayname": "Ada L.",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": ["staff"]});
    expected(&read(&[uris]));
}

#[test]
fn an_email_counts_as_verified_for_the_boolean_true_and_for_nothing_that_looks_like_it() {
    let with = |verified: Value| json!({"email": "ada@acme.example", "email_verified": verified});
    assert_eq!(
        email(with(json!(true))),
        Some(("ada@acme.example".to_owned(), true))
    );
    for other in [
        json!(false),
        json!("true"),
        json!("True"),
        json!(1),
        json!("1"),
        json!([true]),
        json!({"value": true}),
        json!(null),
        json!("yes"),
    ] {
        assert_eq!(
            email(with(other.clone())),
            Some(("ada@acme.example".to_owned(), false)),
            "{other}"
        );
    }
    assert_eq!(
        email(json!({"email": "ada@acme.example"})),
        Some(("ada@acme.example".to_owned(), false))
    );
    assert_eq!(
        email(json!({"email": "ada@acme.example", "Email_Verified": true, "xms_edov": true})),
        Some(("ada@acme.example".to_owned(), false))
    );
}

#[test]
fn the_verification_stands_in_the_document_of_the_address() {
    let verified = |documents: &[Value]| read(documents).email.unwrap().verified;
    let address = json!({"email": "ada@acme.example"});
    let word = json!({"sub": "ada", "email_verified": true});
    assert!(!verified(&[address.clone(), word.clone()]));
    assert!(!verified(&[word, address.clone()]));
    let both = json!({"email": "other@acme.example", "email_verified": true});
    let mixed = read(&[address, both.clone()]).email.unwrap();
    assert_eq!(
        (mixed.address.as_str(), mixed.verified),
        ("ada@acme.example", false)
    );
    let filled = read(&[json!({"sub": "ada"}), both]).email.unwrap();
    assert_eq!(
        (filled.address.as_str(), filled.verified),
        ("other@acme.example", true)
    );
}

#[test]
fn a_verification_of_one_address_says_nothing_of_another() {
    let mapping: AttributeMapping = serde_json::from_value(json!({"email": "upn"})).unwrap();
    let verified = |document: Value| mapping.read(&identity(&[document])).email.unwrap().verified;
    assert!(!verified(
        json!({"upn": "boss@acme.example", "email": "eve@evil.example", "email_verified": true})
    ));
    assert!(!verified(
        json!({"upn": "boss@acme.example", "email": ["boss@acme.example"], "email_verified": true})
    ));
    assert!(verified(
        json!({"upn": "Boss@acme.example", "email": "boss@acme.example", "email_verified": true})
    ));
    assert!(verified(
        json!({"upn": "boss@acme.example", "email_verified": true})
    ));
}

#[test]
fn what_is_not_one_plain_address_is_no_email_and_nothing_takes_its_place() {
    for wrong in [
        json!(["ada@acme.example"]),
        json!(["eve@evil.example", "ada@acme.example"]),
        json!({"value": "ada@acme.example"}),
        json!(7),
        json!("ada"),
        json!("@acme.example"),
        json!("ada@"),
        json!("ada@localhost"),
        json!("ada@acme.example@evil.example"),
        json!("ada@evil.example,ada@acme.example"),
        json!("ada@evil.example;ada@acme.example"),
        json!("\"ada@evil.example\"@acme.example"),
        json!("Ada <ada@acme.example>"),
        json!("ada(x)@acme.example"),
        json!("ada@[127.0.0.1]"),
        json!("ada@acme.example."),
        json!("ada@acme..example"),
        json!("ada@-acme.example"),
        json!("ada @acme.example"),
        json!("ada@acme.example\r\nBcc: eve@evil.example"),
        json!("ada@acme\u{200b}.example"),
        json!(format!("{}@acme.example", "a".repeat(65))),
        json!(format!("ada@{}.example", "a.".repeat(130))),
    ] {
        let attributes =
            read(&[json!({"email": wrong, "mail": "other@acme.example", "email_verified": true})]);
        assert_eq!(attributes.email, None, "{wrong}");
        assert_eq!(attributes.ignored.len(), 1, "{wrong}");
    }
    for sound in [
        "o'brien+x@sub.acme-1.example",
        "ADA@ACME.EXAMPLE",
        "zoë@société.example",
        "a@1.io",
    ] {
        assert_eq!(email(json!({"email": sound})).unwrap().0, sound);
    }
    assert_eq!(
        email(json!({"email": " ada@acme.example "})).unwrap().0,
        "ada@acme.example"
    );
}

#[test]
fn empty_claims_are_absent_and_let_the_next_one_speak() {
    for empty in [json!(null), json!(""), json!("  "), json!([])] {
        let attributes = read(&[json!({"email": empty, "mail": "ada@acme.example", "given_name": empty})]);
        assert_eq!(attributes.email.unwrap().address, "ada@acme.example");
        assert_eq!((attributes.first_name, attributes.ignored), (None, Vec::new()));
    }
}

#[test]
fn the_id_token_speaks_before_userinfo() {
    let attributes = read(&[
        json!({"given_name": "Ada", "displayName": "Ada L."}),
        json!({"given_name": "Eve", "family_name": "Lovelace", "name": "Eve"}),
    ]);
    assert_eq!(attributes.first_name.as_deref(), Some("Ada"));
    assert_eq!(attributes.last_name.as_deref(), Some("Lovelace"));
    assert_eq!(attributes.display_name.as_deref(), Some("Ada L."));
}

#[test]
fn a_name_that_cannot_be_kept_is_told() {
    let attributes =
        read(&[json!({"given_name": "A\u{7}da", "family_name": "x".repeat(257), "name": ["Ada"]})]);
    assert_eq!(
        (
            &attributes.first_name,
            &attributes.last_name,
            &attributes.display_name
        ),
        (&None, &None, &None)
    );
    assert_eq!(
        reasons(&attributes),
        [
            "given_name holds a control character",
            "family_name is longer than 256 characters",
            "name is an array instead of a string"
        ]
    );
}

#[test]
fn candidates_for_the_external_id_are_all_texts_that_the_mapping_names() {
    let candidates = |document: Value| read(&[document]).external_id;
    assert_eq!(
        candidates(json!({"sub": "pairwise", "oid": "0-1-2"})),
        ["0-1-2", "pairwise"]
    );
    assert_eq!(candidates(json!({"sub": "same", "oid": "same"})), ["same"]);
    assert_eq!(candidates(json!({"sub": "ada", "oid": 7})), ["ada"]);
    assert_eq!(candidates(json!({"sub": "ada", "oid": "x".repeat(256)})), ["ada"]);
}

#[test]
fn groups_are_a_list_or_one_text_with_semicolons() {
    let groups = |value: Value| read(&[json!({"groups": value})]).groups;
    let both = Some(vec!["staff".to_owned(), "CN=a, OU=b".to_owned()]);
    assert_eq!(groups(json!(["staff", "CN=a, OU=b", "staff"])), both);
    assert_eq!(groups(json!("staff; CN=a, OU=b;")), both);
    assert_eq!(groups(json!("staff")), Some(vec!["staff".to_owned()]));
    assert_eq!(groups(json!([])), Some(Vec::new()));
    assert_eq!(groups(json!("")), Some(Vec::new()));
    let many: Vec<String> = (0..MAX_GROUPS).map(|number| format!("g{number}")).collect();
    assert_eq!(groups(json!(many)).unwrap().len(), MAX_GROUPS);
}

#[test]
fn groups_that_are_not_known_are_not_no_groups() {
    assert_eq!(read(&[json!({})]).groups, None);
    assert_eq!(read(&[json!({"groups": null})]).groups, None);
    for (wrong, reason) in [
        (json!(["a", 1]), "holds a number among its strings"),
        (json!([{"name": "a"}]), "holds an object among its strings"),
        (json!(true), "is a boolean instead of a list of strings"),
        (
            json!(["a\u{0}b"]),
            "holds a name that is too long or has a control character in it",
        ),
        (
            json!(["x".repeat(1_025)]),
            "holds a name that is too long or has a control character in it",
        ),
        (
            json!(vec!["a"; MAX_GROUPS + 1]),
            "holds 10001 names; at most 10000 are read",
        ),
    ] {
        let attributes = read(&[json!({"groups": wrong})]);
        assert_eq!(attributes.groups, None, "{reason}");
        assert_eq!(reasons(&attributes), [format!("groups {reason}")]);
    }
}

#[test]
fn the_overage_of_entra_leaves_the_groups_unknown() {
    let overage = json!({"_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://graph.windows.net/x/getMemberObjects"}}});
    let attributes = read(&[overage]);
    assert_eq!(attributes.groups, None);
    assert_eq!(
        reasons(&attributes),
        ["groups is not there; another place to ask for it is named instead"]
    );
}

#[test]
fn a_mapping_is_read_from_lists_and_single_names_and_keeps_its_defaults() {
    let mapping: AttributeMapping =
        serde_json::from_value(json!({"email": "upn", "groups": [], "user_name": ["a", "b"]})).unwrap();
    let written = serde_json::to_value(&mapping).unwrap();
    assert_eq!(written["email"], json!(["upn"]));
    assert_eq!(written["groups"], json!([]));
    assert_eq!(written["user_name"], json!(["a", "b"]));
    assert_eq!(mapping.external_id, AttributeMapping::default().external_id);
    assert_eq!(
        serde_json::from_value::<AttributeMapping>(written).unwrap(),
        mapping
    );
    let attributes = mapping.read(&identity(&[
        json!({"upn": "ada@acme.example", "email": "x@y.example", "groups": ["a"], "b": "ada"}),
    ]));
    assert_eq!(attributes.email.unwrap().address, "ada@acme.example");
    assert_eq!(
        (attributes.groups, attributes.user_name.as_deref()),
        (None, Some("ada"))
    );
    for wrong in [
        json!({"e_mail": "upn"}),
        json!({"email": [""]}),
        json!({"email": ["a\nb"]}),
        json!({"email": 7}),
        json!({"email": "x".repeat(MAX_CLAIM_NAME + 1)}),
        json!({"email": vec!["x"; MAX_CLAIM_NAMES + 1]}),
    ] {
        assert!(
            serde_json::from_value::<AttributeMapping>(wrong.clone()).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn the_documents_name_every_claim_of_the_default_mapping() {
    let page = include_str!("../../../docs/sso.md");
    let mapping = serde_json::to_value(AttributeMapping::default()).unwrap();
    for (attribute, names) in mapping.as_object().unwrap() {
        let names: Vec<String> = names
            .as_array()
            .unwrap()
            .iter()
            .map(|name| format!("`{}`", name.as_str().unwrap()))
            .collect();
        let row = format!("| `{attribute}` | {}", names.join(", "));
        assert!(page.contains(&row), "{row}");
    }
}
