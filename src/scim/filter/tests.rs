//! The grammar, the typing and the meaning of filters.

use serde_json::{Value, json};

use super::*;
use crate::scim::error::ScimType;
use crate::scim::resource::Resource;
use crate::scim::schema::{ENTERPRISE_URN, USER_URN, group, user};

fn ann() -> Resource {
    let ann = json!({
        "schemas": [USER_URN, ENTERPRISE_URN],
        "id": "2f1c", "externalId": "Ext-1", "userName": "Ann@Example.com", "active": true,
        "name": {"givenName": "Zoë", "familyName": "Straße"}, "title": "",
        "emails": [
            {"type": "work", "value": "ann@example.com", "primary": true},
            {"type": "home", "value": "ann@home.example"}
        ],
        "roles": [{"value": "Admin", "primary": false}],
        "x509Certificates": [{"value": "QUJD"}],
        "groups": [{"value": "g1", "display": "Staff"}],
        ENTERPRISE_URN: {"employeeNumber": "007", "manager": {"value": "m1"}},
        "meta": {"resourceType": "User", "lastModified": "2024-05-01T12:00:00.1234567Z"}
    });
    ann.as_object().cloned().unwrap()
}

fn holds(text: &str) -> bool {
    parse(text, user())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .matches(&ann())
}

fn check(wanted: bool, filters: &[&str]) {
    for text in filters {
        assert_eq!(holds(text), wanted, "{text}");
    }
}

fn refusal(text: &str) -> String {
    let error = parse(text, user()).expect_err(text);
    assert_eq!(
        (error.status, error.scim_type),
        (400, Some(ScimType::InvalidFilter)),
        "{text}"
    );
    error.detail
}

#[test]
fn text_is_compared_with_case_only_where_the_attribute_says_so() {
    check(
        true,
        &[
            "userName eq \"ANN@EXAMPLE.COM\"",
            "USERNAME Eq \"ann@example.com\"",
            "externalId eq \"Ext-1\"",
            "id eq \"2f1c\"",
            "name.familyName eq \"STRASSE\"",
            "name.givenName eq \"ZOË\"",
            "name.givenName sw \"ZO\"",
            "userName co \"@EXAMPLE\"",
            "userName ew \".COM\"",
            "userName gt \"ANM\"",
            "userName ge \"ann@example.com\"",
            "userName lt \"B\"",
            "userName le \"ann@example.com\"",
            "externalId lt \"a\"",
            "title eq \"\"",
        ],
    );
    check(
        false,
        &[
            "externalId eq \"ext-1\"",
            "externalId ne \"Ext-1\"",
            "id eq \"2F1C\"",
            "userName ne \"ANN@example.com\"",
            "userName co \"q\"",
            "userName gt \"ann@example.com\"",
            "externalId gt \"a\"",
            "nickName eq \"\"",
        ],
    );
}

#[test]
fn not_binds_tighter_than_and_and_that_tighter_than_or() {
    check(
        true,
        &[
            "active eq true or active eq false and active eq false",
            "not (active eq false) and active eq true",
            "not(active eq false)and(active eq true)",
            "active eq false or (active eq true and (title eq \"\"))",
            "  active eq true  ",
            "active eq true AND userName pr OR title pr",
            "((active eq true))",
        ],
    );
    check(
        false,
        &[
            "(active eq true or active eq false) and active eq false",
            "not (active eq true or active eq false)",
            "not (active eq true) and active eq true",
        ],
    );
    let parsed = parse("title pr or active eq true and not (nickName pr)", user()).unwrap();
    let Filter::Or(parts) = parsed else {
        panic!("or is outermost")
    };
    assert!(matches!(&parts[1], Filter::And(inner) if matches!(inner[1], Filter::Not(_))));
}

#[test]
fn ne_is_the_negation_of_eq_for_lists_and_for_what_is_absent() {
    check(
        true,
        &[
            "nickName ne \"x\"",
            "emails.value ne \"nobody\"",
            "entitlements.value ne \"x\"",
        ],
    );
    check(
        false,
        &[
            "emails.value ne \"ann@home.example\"",
            "emails ne \"ANN@example.com\"",
        ],
    );
}

#[test]
fn any_value_of_a_list_satisfies_a_comparison() {
    check(
        true,
        &[
            "emails.type eq \"HOME\"",
            "emails co \"@home\"",
            "emails.primary eq true",
            "groups.value eq \"g1\"",
        ],
    );
    check(false, &["emails.type eq \"other\"", "entitlements eq \"x\""]);
}

#[test]
fn null_means_not_present() {
    check(
        true,
        &[
            "nickName eq null",
            "userName ne null",
            "title eq null",
            "addresses eq null",
            "manager ne null",
            "name ne null",
        ],
    );
    check(
        false,
        &[
            "userName eq null",
            "nickName ne null",
            "emails eq null",
            "manager.displayName ne null",
        ],
    );
    assert!(refusal("userName gt null").contains("null"));
}

#[test]
fn present_is_neither_null_nor_empty() {
    check(
        true,
        &[
            "userName pr",
            "emails pr",
            "emails.primary pr",
            "name PR",
            "roles.primary pr",
            "meta.lastModified pr",
            "manager pr",
        ],
    );
    check(
        false,
        &[
            "title pr",
            "nickName pr",
            "addresses pr",
            "emails.display pr",
            "entitlements pr",
        ],
    );
}

#[test]
fn a_value_filter_wants_one_element_that_satisfies_all_of_it() {
    check(
        true,
        &[
            "emails[type eq \"work\" and value co \"@example.com\"]",
            "emails[type eq \"work\" and primary eq true]",
            "emails[not (type eq \"work\")]",
            "emails[type eq \"work\"] and userName pr",
            "manager[value eq \"m1\"]",
            "schemas[value eq \"urn:ietf:params:scim:schemas:core:2.0:user\"]",
        ],
    );
    check(
        false,
        &[
            "emails[type eq \"home\" and value co \"@example.com\"]",
            "addresses[type eq \"work\"]",
        ],
    );
}

#[test]
fn entra_puts_a_sub_attribute_behind_a_value_filter_e_2() {
    check(
        true,
        &[
            "emails[type eq \"work\"].value eq \"ANN@example.com\"",
            "emails[type eq \"work\"].value pr",
        ],
    );
    check(false, &["emails[type eq \"work\"].value eq \"ann@home.example\""]);
    assert_eq!(
        parse("emails[type eq \"work\"].value eq \"x\"", user()),
        parse("emails[type eq \"work\" and value eq \"x\"]", user())
    );
    // Rippling asks for the primary address like this.
    check(true, &["emails[primary eq true].value eq \"ann@example.com\""]);
}

#[test]
fn a_complex_attribute_without_sub_attribute_is_its_value_e_12() {
    check(
        true,
        &[
            "id eq \"2f1c\" and manager eq \"m1\"",
            "emails eq \"ann@example.com\"",
        ],
    );
    let staff = json!({"id": "g", "members": [{"value": "u"}]});
    let filter = parse("id eq \"g\" and members eq \"u\"", group()).unwrap();
    assert!(filter.matches(staff.as_object().unwrap()));
    let Ok(Filter::Compare { path, .. }) = parse("members eq \"u\"", group()) else {
        panic!("a comparison")
    };
    assert_eq!(
        (path.name.as_str(), path.sub.as_deref()),
        ("members", Some("value"))
    );
    assert!(refusal("name eq \"x\"").contains("name"));
    assert!(refusal("addresses co \"x\"").contains("addresses"));
}

#[test]
fn booleans_come_as_text_too_e_13() {
    check(
        true,
        &[
            "active eq \"True\"",
            "active eq True",
            "active ne \"FALSE\"",
            "roles[primary eq \"False\"].value pr",
        ],
    );
    check(false, &["active eq \"false\"", "active eq false"]);
    let absent = json!({"userName": "a"});
    let filter = parse("active eq false", user()).unwrap();
    assert!(!filter.matches(absent.as_object().unwrap()));
}

#[test]
fn dates_are_compared_by_instant() {
    check(
        true,
        &[
            "meta.lastModified eq \"2024-05-01T14:00:00.1234567+02:00\"",
            "meta.lastModified gt \"2024-05-01T12:00:00Z\"",
            "meta.lastModified le \"2024-05-01T12:00:00.12345670Z\"",
            "meta.created ne \"2024-05-01T12:00:00Z\"",
        ],
    );
    check(false, &["meta.lastModified lt \"2024-05-01T13:00:00+02:00\""]);
    assert!(refusal("meta.lastModified gt \"yesterday\"").contains("meta.lastModified"));
    refusal("meta.lastModified gt 5");
    refusal("meta.lastModified sw \"2024\"");
}

#[test]
fn urns_qualify_names_of_core_and_extension() {
    check(
        true,
        &[
            "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"ann\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq \"007\"",
            "urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User:manager.value eq \"m1\"",
            "employeeNumber eq \"007\"",
            "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
            "urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq \"work\"]",
        ],
    );
    refusal("urn:ietf:params:scim:schemas:core:2.0:User pr");
    refusal("urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr");
}

#[test]
fn strings_have_json_escapes() {
    let quoted = json!({"userName": "a\"b\\c😀é"});
    let matches = |text: &str| parse(text, user()).unwrap().matches(quoted.as_object().unwrap());
    assert!(matches(r#"userName eq "a\"b\\c\ud83d\ude00\u00E9""#));
    assert!(matches("userName eq \"a\\\"b\\\\c😀é\""));
    for text in [
        r#"userName eq "\ud83d""#,
        r#"userName eq "\x""#,
        r#"userName eq "\u00""#,
        r#"userName eq "a\u0000b""#,
        "userName eq \"a\nb\"",
        r#"userName eq "a"#,
        r#"userName eq "a\"#,
        "userName eq \"a\\é\"",
    ] {
        refusal(text);
    }
}

#[test]
fn malformed_filters_are_refused_with_offset_and_what_was_expected() {
    assert_eq!(
        refusal("userName eq bob").split(": ").next(),
        Some("at offset 12")
    );
    assert!(refusal("userName eq bob").contains("a string in double quotes"));
    assert!(refusal("userName xx \"a\"").contains("at offset 9: expected"));
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq ",
        "userName eq\"a\"",
        "userName pr and",
        "userName pr or or title pr",
        "userName pr title pr",
        "userName pr)",
        "(userName pr",
        "()",
        "not userName pr",
        "not",
        "not (userName pr",
        "emails[type eq \"work\"",
        "emails[]",
        "emails[type eq \"work\"]]",
        "emails[type eq \"work\"].",
        "emails[type eq \"work\"].bogus pr",
        "emails[type eq \"work\"].value",
        "emails[emails[type pr]]",
        "emails.value[type pr]",
        "userName[value eq \"a\"]",
        "eq \"a\"",
        "\"a\" eq userName",
        "userName eq \"a\"and title pr",
        "userName eq 'a'",
        "userName eq \"a\" \"b\"",
        "é pr",
        "userName\u{a0}pr",
        "userName eq truex",
        "userName prx",
    ] {
        assert!(!refusal(text).is_empty());
    }
}

#[test]
fn unknown_attributes_are_refused_by_name() {
    for (text, name) in [
        ("bogus eq \"x\"", "bogus"),
        ("name.bogus pr", "name.bogus"),
        ("urn:x:y pr", "urn:x:y"),
        ("emails[bogus eq \"x\"]", "bogus"),
        ("members pr", "members"),
    ] {
        assert!(refusal(text).contains(name));
    }
}

#[test]
fn literals_and_operators_must_fit_the_attribute() {
    for text in [
        "userName eq 5",
        "userName eq true",
        "userName co 5",
        "active eq \"yes\"",
        "active eq 1",
        "active gt true",
        "active co \"tr\"",
        "active sw true",
        "x509Certificates.value gt \"A\"",
        "emails.primary lt true",
        "userName eq 1.2.3",
    ] {
        refusal(text);
    }
    check(
        true,
        &["x509Certificates.value eq \"QUJD\"", "x509Certificates co \"UJ\""],
    );
    check(false, &["x509Certificates.value eq \"qujd\""]);
}

#[test]
fn a_password_cannot_be_searched() {
    for text in [
        "password eq \"x\"",
        "password pr",
        "not (PASSWORD pr)",
        "password eq null",
    ] {
        assert!(refusal(text).contains("password"));
    }
}

#[test]
fn numbers_are_compared_exactly() {
    use crate::scim::attribute::{Attribute, AttributeKind};
    use crate::scim::schema::Schema;
    let mut rt = user().clone();
    let part = |name: &str, kind| Attribute::new(name, kind, "");
    let attributes = vec![
        part("level", AttributeKind::Integer),
        part("score", AttributeKind::Decimal),
    ];
    rt.schema = std::sync::Arc::new(Schema::new("urn:x", "X", "", attributes));
    let data = json!({"level": 9_007_199_254_740_993_i64, "score": -2.5});
    let matches = |text: &str| parse(text, &rt).unwrap().matches(data.as_object().unwrap());
    assert!(matches("level eq 9007199254740993") && matches("level gt 9007199254740992"));
    assert!(matches("score eq -2.50") && matches("score lt -2") && matches("score ge -25e-1"));
    assert!(!matches("level eq 9007199254740992"));
    for text in [
        "level eq \"9\"",
        "level co 9",
        "level eq 01",
        "level eq -",
        "level eq 1e",
        "level eq 1x",
    ] {
        assert_eq!(
            parse(text, &rt).unwrap_err().scim_type,
            Some(ScimType::InvalidFilter),
            "{text}"
        );
    }
}

#[test]
fn length_depth_and_number_of_terms_are_limited() {
    let nested = |levels: usize| format!("{}title pr{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(MAX_FILTER_DEPTH), user()).is_ok());
    assert!(refusal(&nested(MAX_FILTER_DEPTH + 1)).contains("nested"));
    refusal(&"(".repeat(MAX_FILTER_LEN));
    refusal(&"not(".repeat(MAX_FILTER_LEN / 4));
    let terms = |count: usize| vec!["title pr"; count].join(" or ");
    assert!(parse(&terms(MAX_FILTER_TERMS), user()).is_ok());
    assert!(refusal(&terms(MAX_FILTER_TERMS + 1)).contains("comparisons"));
    refusal(&format!("title eq \"{}\"", "x".repeat(MAX_FILTER_LEN)));
}

#[test]
fn literals_are_folded_once_for_attributes_without_case() {
    let literal = |text: &str| match parse(text, user()) {
        Ok(Filter::Compare { value, .. }) => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        literal("userName eq \"STRAßE\""),
        Literal::String("strasse".to_owned())
    );
    assert_eq!(
        literal("externalId eq \"AbC\""),
        Literal::String("AbC".to_owned())
    );
}

#[test]
fn values_of_an_unexpected_type_do_not_match() {
    let odd = json!({"userName": 5, "active": "true", "emails": {"value": "a"}, "meta": {"created": "x"}});
    let matches = |text: &str| parse(text, user()).unwrap().matches(odd.as_object().unwrap());
    assert!(!matches("userName eq \"5\"") && !matches("active eq true"));
    assert!(!matches("meta.created gt \"2020-01-01T00:00:00Z\""));
    assert!(matches("emails eq \"A\""));
}

/// Text that looks like a filter often enough to reach every branch of the parser.
fn filter_like() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let token = prop::sample::select(vec![
        "userName",
        "emails",
        "emails.value",
        "active",
        "meta.created",
        "manager",
        "name",
        "bogus",
        "not",
        "and",
        "or",
        "(",
        ")",
        "[",
        "]",
        ".",
        "value",
        "type",
        "eq",
        "ne",
        "co",
        "gt",
        "pr",
        "\"a\"",
        "\"",
        "\\",
        "null",
        "true",
        "5",
        "-",
        "é",
        " ",
        "\u{0}",
        "urn:ietf:params:scim:schemas:core:2.0:User:title",
    ]);
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.join(" "))
}

proptest::proptest! {
    #[test]
    fn no_text_panics_the_parser(text in "\\PC{0,60}") {
        let _ = parse(&text, user());
    }

    #[test]
    fn no_mixture_of_tokens_panics_parser_or_evaluator(text in filter_like(), cut in 0_usize..80) {
        let cut = text.char_indices().nth(cut).map_or(text.len(), |(index, _)| index);
        if let Ok(filter) = parse(&text[..cut], user()) {
            let negated = Filter::Not(Box::new(filter.clone()));
            proptest::prop_assert_ne!(filter.matches(&ann()), negated.matches(&ann()));
        }
    }

    #[test]
    fn every_string_is_found_by_its_own_json_form(text in "[^\\x00]{0,20}") {
        let filter = parse(&format!("userName eq {}", Value::from(text.as_str())), user()).unwrap();
        let resource = json!({"userName": text});
        proptest::prop_assert!(filter.matches(resource.as_object().unwrap()));
    }
}
