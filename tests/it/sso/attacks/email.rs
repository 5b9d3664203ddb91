//! An e-mail address is a claim: who may say it, in which form, and whom it finds (nOAuth).

use serde_json::{Value, json};

use super::{is_refused_after, people};
use crate::harness::rogue::Script;
use crate::harness::{Browser, Directory, Engine, Rogue};
use crate::sso::fixture::{Connection, House};

on_both_engines!(
    an_address_that_is_not_verified_finds_nobody,
    an_address_that_is_not_verified_makes_nobody,
    an_address_in_another_form_is_none,
    an_address_of_a_look_alike_domain_is_outside,
    trust_ends_at_the_verified_domains,
    the_letters_of_a_domain_do_not_matter,
    letters_that_fold_to_the_same_are_another_address,
    two_people_of_one_address_are_not_told_apart_by_it,
    a_person_of_another_subject_is_not_taken_over,
    a_person_of_another_provider_is_not_taken_over,
    an_address_beside_another_email_is_not_verified,
    an_id_at_the_provider_does_not_make_up_for_an_unproven_address,
    the_claim_mail_alone_is_what_the_provider_has_verified,
    the_last_check_is_the_one_that_refused,
);

/// `email_verified` as it must not count; `None` is absent.
fn spellings() -> [Option<Value>; 12] {
    [
        Some(json!("true")),
        Some(json!("TRUE")),
        Some(json!(1)),
        Some(json!("1")),
        Some(json!([true])),
        Some(json!({"email": true})),
        Some(json!(null)),
        Some(json!(false)),
        Some(json!("false")),
        Some(json!("")),
        Some(json!(1.0)),
        None,
    ]
}

/// Eve, who calls herself by the address of another.
fn eve(email: impl Into<Value>, verified: Option<Value>) -> Value {
    let mut person = json!({"sub": "eve-666", "name": "Eve"});
    person["email"] = email.into();
    if let Some(verified) = verified {
        person["email_verified"] = verified;
    }
    person
}

/// A person whom the tenant's directory made.
async fn provision(directory: &Directory, user_name: &str, email: &str) -> String {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name,
        "active": true,
        "emails": [{"value": email, "primary": true}],
    });
    directory.post("/Users", &body).await.expect(201).id()
}

async fn an_address_that_is_not_verified_finds_nobody(engine: Engine) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    let ada = provision(&directory, "ada@acme.example", "ada@acme.example").await;
    for verified in spellings() {
        let case = format!("email_verified {verified:?}");
        is_refused_after(&house, &case, "email_not_verified", |script| {
            script.person = eve("ada@acme.example", verified);
        })
        .await;
    }
    // Nothing was linked by any of them: who proves the address is Ada, and Eve still is not.
    house
        .rogue
        .change(|script| script.person = eve("ada@acme.example", Some(json!(true))));
    house
        .rogue
        .change(|script| script.person["sub"] = "ada-1815".into());
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    assert_eq!(
        house.me(&browser).await.expect(200).json["user"]["id"],
        json!(ada)
    );
    is_refused_after(&house, "Eve after Ada", "email_not_verified", |script| {
        script.person = eve("ada@acme.example", None);
    })
    .await;
}

async fn an_address_that_is_not_verified_makes_nobody(engine: Engine) {
    let house = House::new(engine).await;
    for verified in spellings() {
        is_refused_after(&house, "nobody is here yet", "email_not_verified", |script| {
            script.person = eve("eve@acme.example", verified);
        })
        .await;
    }
    assert_eq!(people(&house).await, json!([[], []]));
}

async fn an_address_in_another_form_is_none(engine: Engine) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    provision(&directory, "ada@acme.example", "ada@acme.example").await;
    for email in [
        json!(["ada@acme.example"]),
        json!({"value": "ada@acme.example"}),
        json!(true),
        json!(null),
        json!(""),
        json!("   "),
        json!("Ada <ada@acme.example>"),
        json!("ada@acme.example (Ada)"),
        json!("\"ada\"@acme.example"),
        json!("ada@acme.example,eve@evil.example"),
        json!("eve@evil.example,ada@acme.example"),
        json!("eve@evil.example@acme.example"),
        json!("ada@acme.example\nBcc: eve@evil.example"),
        json!("ada@acme.example."),
        json!("ada@[127.0.0.1]"),
        json!("ada@acme"),
        json!("@acme.example"),
        json!("ada"),
        json!(format!("{}@acme.example", "a".repeat(300))),
    ] {
        let says_nothing = email.is_null() || email.as_str().is_some_and(|text| text.trim().is_empty());
        let code = if says_nothing {
            "email_missing"
        } else {
            "email_malformed"
        };
        is_refused_after(&house, &format!("{email:.60}"), code, |script| {
            script.person = eve(email, Some(json!(true)));
        })
        .await;
    }
    is_refused_after(&house, "none", "email_missing", |script| {
        script.person = json!({"sub": "eve-666", "email_verified": true});
    })
    .await;
}

async fn an_address_of_a_look_alike_domain_is_outside(engine: Engine) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    provision(&directory, "ada@acme.example", "ada@acme.example").await;
    for email in [
        "ada@evil.example",
        "ada@\u{430}cme.example",
        "ada@acm\u{435}.example",
        "ada@acme.ex\u{430}mple",
        "ada@\u{ff41}cme.example",
        "ada@xn--cme-5cd.example",
        "ada@sub.acme.example",
        "ada@acme.example.evil.example",
        "ada@evilacme.example",
        "ada@acme-example.example",
    ] {
        is_refused_after(&house, email, "email_outside_domains", |script| {
            script.person = eve(email, Some(json!(true)));
        })
        .await;
    }
}

async fn trust_ends_at_the_verified_domains(engine: Engine) {
    let house = House::new(engine).await;
    house
        .connection
        .patch(&house.tenant, &json!({"trust_email": true}))
        .await
        .expect(200);
    for email in [
        "eve@evil.example",
        "eve@sub.acme.example",
        "eve@\u{430}cme.example",
    ] {
        is_refused_after(&house, email, "email_not_verified", |script| {
            script.person = eve(email, Some(json!(false)));
        })
        .await;
    }
}

async fn the_letters_of_a_domain_do_not_matter(engine: Engine) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    let ada = provision(&directory, "ada@acme.example", "ada@acme.example").await;
    house
        .rogue
        .change(|script| script.person["email"] = "Ada@ACME.Example".into());
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    let me = house.me(&browser).await.expect(200).json;
    assert_eq!(me["user"]["id"], json!(ada));
    assert_eq!(people(&house).await[0].as_array().map(Vec::len), Some(1));
}

async fn two_people_of_one_address_are_not_told_apart_by_it(engine: Engine) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    provision(&directory, "ada", "shared@acme.example").await;
    provision(&directory, "grace", "shared@acme.example").await;
    for email in ["shared@acme.example", "SHARED@acme.example"] {
        is_refused_after(&house, email, "identity_conflict", |script| {
            script.person["email"] = email.into();
        })
        .await;
    }
    // Also where the address is the userName of one of them.
    let other = House::new(engine).await;
    let directory = other.tenant.directory("generic").await;
    provision(&directory, "shared@acme.example", "shared@acme.example").await;
    provision(&directory, "grace", "shared@acme.example").await;
    is_refused_after(&other, "userName too", "identity_conflict", |script| {
        script.person["email"] = "shared@acme.example".into();
    })
    .await;
}

async fn a_person_of_another_subject_is_not_taken_over(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    // The provider gives Ada's address to somebody else.
    is_refused_after(&house, "a recycled address", "identity_conflict", |script| {
        script.person["sub"] = "eve-666".into();
    })
    .await;
    house.me(&browser).await.expect(200);
}

/// `email_verified` speaks of the claim `email`; an address that stands elsewhere was never verified.
async fn an_address_beside_another_email_is_not_verified(engine: Engine) {
    let house = House::new(engine).await;
    is_refused_after(
        &house,
        "mail beside another email",
        "email_not_verified",
        |script| {
            script.person = eve("", Some(json!(true)));
            script.person["mail"] = "ada@acme.example".into();
        },
    )
    .await;
}

async fn a_person_of_another_provider_is_not_taken_over(engine: Engine) {
    let house = House::new(engine).await;
    let browser = Browser::new();
    house.sign_in(&browser).await.expect(303);
    let ada = house.me(&browser).await.expect(200).json["user"]["id"].clone();
    // A second provider of the same tenant says the same subject and the same address.
    let rogue = Rogue::start().await;
    let script = Script::default();
    let client = (script.client_id.as_str(), script.client_secret.as_str());
    let connection = Connection::create(&house.tenant, &rogue.issuer, client, &["acme.example"]).await;
    let house = House {
        rogue,
        connection,
        ..house
    };
    is_refused_after(&house, "the same person", "account_link_required", |_| ()).await;
    // The same subject alone is somebody else.
    house
        .rogue
        .change(|script| script.person["email"] = "eve@acme.example".into());
    let other = Browser::new();
    house.sign_in(&other).await.expect(303);
    assert_ne!(house.me(&other).await.expect(200).json["user"]["id"], ada);
}

/// The subject is that of a directory's person by chance or by choice; nobody mapped it to externalId.
async fn an_id_at_the_provider_does_not_make_up_for_an_unproven_address(engine: Engine) {
    let house = House::new(engine).await;
    let directory = house.tenant.directory("generic").await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada",
        "externalId": "eve-666",
        "active": true,
        "emails": [{"value": "ada@acme.example", "primary": true}],
    });
    directory.post("/Users", &body).await.expect(201);
    for (email, verified) in [
        ("eve@evil.example", false),
        ("eve@evil.example", true),
        ("eve@acme.example", false),
    ] {
        let code = if verified {
            "email_outside_domains"
        } else {
            "email_not_verified"
        };
        is_refused_after(&house, email, code, |script| {
            script.person = eve(email, Some(json!(verified)));
        })
        .await;
    }
}

async fn the_claim_mail_alone_is_what_the_provider_has_verified(engine: Engine) {
    let house = House::new(engine).await;
    house.rogue.change(|script| {
        script.person = json!({"sub": "eve-666", "mail": "eve@acme.example", "email_verified": true});
    });
    let browser = Browser::new();
    assert_eq!(house.sign_in(&browser).await.answer.status, 303);
    let me = house.me(&browser).await.expect(200).json;
    assert_eq!(me["user"]["email"], "eve@acme.example");
}

async fn the_last_check_is_the_one_that_refused(engine: Engine) {
    let house = House::new(engine).await;
    let report = is_refused_after(&house, "unverified", "email_not_verified", |script| {
        script.person = eve("eve@acme.example", Some(json!(false)));
    })
    .await;
    let last = report["trace"]
        .as_array()
        .and_then(|trace| trace.last())
        .expect("a check");
    assert_eq!(last["check"], "email_verified", "{report}");
}

async fn letters_that_fold_to_the_same_are_another_address(engine: Engine) {
    for (theirs, claimed) in [
        ("kim@acme.example", "\u{212a}im@acme.example"),
        ("sam@acme.example", "\u{17f}am@acme.example"),
        ("strasse@acme.example", "stra\u{df}e@acme.example"),
    ] {
        let house = House::new(engine).await;
        let directory = house.tenant.directory("generic").await;
        provision(&directory, theirs, theirs).await;
        is_refused_after(&house, claimed, "email_malformed", |script| {
            script.person = eve(claimed, Some(json!(true)));
        })
        .await;
        let mapping = json!({"attribute_mapping": {"user_name": "preferred_username"}});
        house.connection.patch(&house.tenant, &mapping).await.expect(200);
        is_refused_after(&house, claimed, "identity_conflict", |script| {
            script.person = eve("eve@acme.example", Some(json!(true)));
            script.person["preferred_username"] = claimed.into();
        })
        .await;
    }
}
