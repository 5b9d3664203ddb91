//! People who are made by hand.

use std::collections::BTreeMap;

use rollcall::accounts::activation::Start;
use rollcall::accounts::invitations::Token;
use rollcall::accounts::invite::{self, NewPerson, Who};
use rollcall::accounts::{self};
use rollcall::auth::bearer::{NewToken, TokenKind};
use rollcall::directory::edit::NameEdit;
use rollcall::directory::grant::SaidRights;
use rollcall::directory::{
    AccessWindow, Authority, InvitationId, Refusal, SignIn, Tenant as TenantRecord, UserId,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{eml, rows};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Tenant, random_name};
use crate::scim::message::user_with;
use crate::storage::fixture::{Place, accounts_on, origin};

on_both_engines!(
    a_person_is_made_whole_and_invited_by_mail,
    an_administrator_is_made_by_hand,
    an_address_belongs_to_one_person,
    of_many_requests_for_one_address_one_makes_the_person,
    a_failure_at_the_last_step_leaves_nothing,
    single_sign_on_blocks_accounts_by_hand_before_the_body_is_read,
    single_sign_on_that_came_meanwhile_blocks_too,
    many_are_made_and_one_that_is_refused_loses_no_other,
    all_or_nothing_makes_nobody_when_one_is_refused,
);

/// A body that is accepted, for an address.
pub fn person(email: &str) -> Value {
    json!({"kind": "external", "first_name": "Ada", "last_name": "Lovelace", "email": email,
           "email_confirmation": email})
}

fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// An address that no other test uses.
pub fn address() -> String {
    format!("{}@acme.example", random_name("ada"))
}

async fn a_person_is_made_whole_and_invited_by_mail(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address().replace("ada", "Ada");
    let more = json!({
        "email_confirmation": format!("  {} ", email.to_uppercase()), "phone_landline": "+33 (0)1 23.45.67.89",
        "phone_mobile": "0033 6 12-34-56-78", "access_start": "2020-01-02", "access_end": "2999-12-30",
        "sections": {}, "locale": null, "role": "user", "entity_id": null, "contact_tags": ["hvac", "roof", "hvac"],
        "temporary_password": null,
    });
    let body = with(person(&email), &more);
    let made = tenant.call_with("POST", "/users", &body).await.expect(201).json;
    for (name, value) in [
        ("user_name", json!(email)),
        ("email", json!(email)),
        ("display_name", json!("Ada Lovelace")),
        ("kind", json!("external")),
        ("source", json!("manual")),
        ("status", json!("pending")),
        ("access_start", json!("2020-01-02")),
        ("access_end", json!("2999-12-30")),
        ("contact_tags", json!(["hvac", "roof"])),
        ("administrator", json!(false)),
        ("directory_id", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}: {made}");
    }
    let id = made["id"].as_str().expect("an id");
    let mut view = tenant.call("GET", &format!("/users/{id}")).await.expect(200).json;
    view["invitation"] = made["invitation"].clone();
    for (name, value) in made.as_object().expect("an object") {
        assert_eq!(view[name], *value, "{name}: {view}");
    }
    let moment = |name: &str| {
        let text = made["invitation"][name].as_str().expect(name);
        text.parse::<jiff::Timestamp>().expect("a time")
    };
    let week = std::time::Duration::from_hours(7 * 24);
    assert_eq!(moment("sent_at") + week, moment("expires_at"));

    let mail = eml::wait_for(&gateway.data, &email, 1).await;
    assert_eq!(mail.header("subject"), format!("Your access to {}", tenant.slug));
    assert!(
        mail.header("from").contains("<rollcall@localhost>"),
        "{}",
        mail.header("from")
    );
    let until = moment("expires_at").strftime("%-d %B %Y, %H:%M UTC").to_string();
    for part in [&mail.text, &mail.html] {
        for said in ["Hello Ada Lovelace,", &until, &email, "Choose a password"] {
            assert!(part.contains(said), "{said}: {part}");
        }
    }
    let token = mail.token(&gateway.base());
    let hash: String = rollcall::auth::bearer::hash(&token)
        .0
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let sql = if gateway.database.starts_with("sqlite") {
        "SELECT count(*) FROM invitations WHERE tenant_id = $1 AND lower(hex(hash)) = $2"
    } else {
        "SELECT count(*) FROM invitations WHERE tenant_id = $1 AND encode(hash, 'hex') = $2"
    };
    assert_eq!(rows::number(&gateway.database, sql, &tenant.id, &hash).await, 1);
    let phones = "SELECT count(*) FROM users WHERE tenant_id = $1 AND profile LIKE $2";
    let kept = "%\"phoneNumbers\":[{\"value\":\"+33123456789\",\"type\":\"work\"},\
                {\"value\":\"+33612345678\",\"type\":\"mobile\"}]%";
    assert_eq!(rows::number(&gateway.database, phones, &tenant.id, kept).await, 1);
    for action in ["user.created", "invitation.sent"] {
        let sql = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND action = $2";
        assert_eq!(
            rows::number(&gateway.database, sql, &tenant.id, action).await,
            1,
            "{action}"
        );
    }
    // The link is nowhere in the database, neither before nor after the mail is out.
    let sealed = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND after_json LIKE $2";
    let found = rows::number(&gateway.database, sealed, &tenant.id, &format!("%{token}%")).await;
    assert_eq!(found, 0);
    let sql = "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND recipient = $2 AND message IS NULL \
               AND sent_at IS NOT NULL AND due_at IS NULL AND attempts = 1";
    for _ in 0..100 {
        if rows::number(&gateway.database, sql, &tenant.id, &email).await == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the mail is not noted as sent");
}

async fn an_administrator_is_made_by_hand(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let today = || jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let before = today();
    let body = with(person(&address()), &json!({"role": "administrator"}));
    let made = tenant.call_with("POST", "/users", &body).await.expect(201).json;
    assert_eq!(
        (&made["administrator"], &made["scope"]),
        (&json!(true), &json!("all"))
    );
    assert_eq!(
        (&made["status"], &made["access_end"]),
        (&json!("pending"), &Value::Null)
    );
    let start = made["access_start"].as_str().expect("a day");
    assert!([before, today()].iter().any(|day| day == start), "{start}");
}

async fn an_address_belongs_to_one_person(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.named_directory("okta", "Okta of the north").await;
    let mine = address();
    tenant
        .call_with("POST", "/users", &person(&mine))
        .await
        .expect(201);
    let named = address();
    directory
        .post("/Users", &user_with(&named, json!({})))
        .await
        .expect(201);
    let written = address();
    let body = user_with(&random_name("someone"), json!({"emails": [{"value": written}]}));
    directory.post("/Users", &body).await.expect(201);
    let before = rows::people(&gateway.database, &tenant.id).await;
    for (email, holder) in [
        (mine.to_uppercase(), "local account"),
        (named, "Okta of the north"),
        (written, "Okta of the north"),
    ] {
        let answer = tenant.call_with("POST", "/users", &person(&email)).await;
        assert_problem(&answer, 409, "email_in_use", holder);
        assert!(answer.text().contains("has an account"), "{}", answer.text());
        assert_eq!(answer.json["errors"][0]["field"], "email");
    }
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, before);
    // Another tenant is another matter.
    let other = gateway.tenant().await;
    other
        .call_with("POST", "/users", &person(&mine))
        .await
        .expect(201);
}

async fn of_many_requests_for_one_address_one_makes_the_person(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address();
    let body = person(&email);
    let requests = (0..12).map(|_| tenant.call_with("POST", "/users", &body));
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in futures_util::future::join_all(requests).await {
        *statuses.entry(answer.status).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 1), (409, 11)]));
    // A person, an address, an invitation, a mail, and the audit of the person.
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, 5);
    eml::wait_for(&gateway.data, &email, 1).await;
}

/// An administrator of everybody who is invited, with these bits for the token.
pub fn new_person(email: &str, random: [u8; 32]) -> NewPerson {
    NewPerson {
        id: UserId(Uuid::now_v7()),
        who: Who::External(NameEdit::Full("Ada Lovelace".to_owned())),
        email: email.to_owned(),
        phone_landline: None,
        phone_mobile: None,
        locale: None,
        access: AccessWindow::default(),
        rights: SaidRights {
            role: Some("administrator".to_owned()),
            sections: Vec::new(),
        },
        access_code: None,
        entity: None,
        contact_tags: Vec::new(),
        mfa_required: false,
        start: Start::Invitation {
            id: InvitationId(Uuid::now_v7()),
            token: Token {
                random,
                nonce: [1; 12],
            },
        },
    }
}

async fn record(place: &Place) -> TenantRecord {
    let found = place.read().await.find_tenant().await;
    found.expect("a tenant is read").expect("the tenant is there")
}

/// Two invitations cannot have one token: the second person fails when everything but the invitation is written.
async fn a_failure_at_the_last_step_leaves_nothing(engine: Engine) {
    let place = Place::new(engine).await;
    let (on, tenant) = (accounts_on(&place.store), record(&place).await);
    let random = *Uuid::new_v4().as_bytes();
    let random: [u8; 32] = [random, random].concat().try_into().expect("32 bytes");
    let create = |email: &str| {
        invite::create(
            &on,
            &tenant,
            &Authority::Operator,
            new_person(email, random),
            origin(),
        )
    };
    let first = create("first@acme.example").await.expect("a person");
    let second = new_person("second@acme.example", random);
    let id = second.id;
    let failed = invite::create(&on, &tenant, &Authority::Operator, second, origin()).await;
    assert!(matches!(failed, Err(accounts::Error::Storage(_))), "{failed:?}");
    assert!(place.has("first@acme.example").await && !place.has("second@acme.example").await);
    let mut view = place.read().await;
    assert!(view.find_user(id).await.expect("people are read").is_none());
    assert!(view.list_grants(id).await.expect("grants are read").is_empty());
    assert_eq!(view.list_audit_of(id.0).await.expect("audit is read").len(), 0);
    let invited = view
        .list_open_invitations(None, 10)
        .await
        .expect("invitations are read");
    assert_eq!(invited.items.len(), 1);
    assert_eq!(Some(&invited.items[0].invitation), first.invitation.as_ref());
    assert!(
        NewToken::from_random(TokenKind::Invitation, random)
            .expose()
            .starts_with("rollcall_inv_")
    );
}

async fn sso_tenant(engine: Engine) -> Tenant {
    let tenant = engine.gateway().await.tenant().await;
    let mode = json!({"mode": "sso", "force": true});
    tenant.call_with("PUT", "/sign-in", &mode).await.expect(200);
    tenant
}

async fn single_sign_on_blocks_accounts_by_hand_before_the_body_is_read(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = sso_tenant(engine).await;
    let valid = person(&address()).to_string();
    for rest in ["/users", "/users/bulk"] {
        let address = tenant.path(rest);
        for body in ["", "{", "[]", "\u{fffd}", "{\"no_such_field\":1}", &valid] {
            let call = gateway.operator("POST", &address).bytes("application/json", body);
            assert_problem(
                &call.send().await,
                409,
                "manual_creation_blocked",
                "single sign-on",
            );
        }
        // A huge body is announced and never comes: whoever waits for it answers nothing.
        let head = format!(
            "POST {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: 4000000000\r\n\r\n{{",
            crate::harness::OPERATOR_TOKEN
        );
        let answer = String::from_utf8_lossy(&gateway.raw(head.as_bytes()).await).into_owned();
        assert!(
            answer.starts_with("HTTP/1.1 409 ") && answer.contains("manual_creation_blocked"),
            "{answer}"
        );
    }
    // A stranger learns nothing of the mode.
    let stranger = gateway.anonymous("POST", &tenant.path("/users")).send().await;
    assert_eq!(stranger.status, 401);
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, 0);
}

async fn single_sign_on_that_came_meanwhile_blocks_too(engine: Engine) {
    let place = Place::new(engine).await;
    let (on, tenant) = (accounts_on(&place.store), record(&place).await);
    let change = rollcall::directory::tenant::set_sign_in(&tenant, SignIn::Sso, &[], &[], true, origin());
    place
        .apply(change.expect("forced").expect("a change"))
        .await
        .expect("the mode");
    // What the door has seen is the mode of before.
    let refused = invite::create(
        &on,
        &tenant,
        &Authority::Operator,
        new_person("late@acme.example", [3; 32]),
        origin(),
    )
    .await;
    assert!(
        matches!(
            refused,
            Err(accounts::Error::Refused(Refusal::ManualCreationBlocked))
        ),
        "{refused:?}"
    );
    assert!(!place.has("late@acme.example").await);
}

async fn many_are_made_and_one_that_is_refused_loses_no_other(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (first, second, unknown) = (address(), address(), Uuid::now_v7());
    let users = json!([
        person(&first),
        person("maintenance@acme.example"),
        with(person(&address()), &json!({"email_confirmation": "other@acme.example", "role": "king"})),
        {"kind": "external", "surname": "x"},
        person(&first.to_uppercase()),
        with(person(&address()), &json!({"entity_id": unknown})),
        person(&second),
        7,
    ]);
    let answer = tenant
        .call_with("POST", "/users/bulk", &json!({"users": users}))
        .await
        .expect(207)
        .json;
    assert_eq!(answer["created"], 2);
    let results = answer["results"].as_array().expect("results");
    let told: Vec<(u64, u64, &str)> = results
        .iter()
        .map(|row| {
            let code = row["problem"]["code"].as_str().unwrap_or("made");
            (
                row["index"].as_u64().unwrap(),
                row["status"].as_u64().unwrap(),
                code,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (0, 201, "made"),
            (1, 422, "departmental_mailbox"),
            (2, 422, "invalid"),
            (3, 422, "invalid"),
            (4, 409, "email_in_use"),
            (5, 422, "unknown_entity"),
            (6, 201, "made"),
            (7, 422, "invalid"),
        ]
    );
    assert_eq!(results[2]["problem"]["errors"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&results[0]["user"]["source"], &results[0]["user"]["status"]),
        (&json!("bulk"), &json!("pending"))
    );
    assert!(results[6]["user"]["invitation"]["id"].is_string());
    for email in [&first, &second] {
        eml::wait_for(&gateway.data, email, 1).await;
    }
    let list = tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    for users in [json!([]), json!(vec![person(&address()); 201])] {
        let answer = tenant
            .call_with("POST", "/users/bulk", &json!({"users": users}))
            .await;
        crate::admin::problem::assert_invalid_fields(&answer, &["users"]);
    }
}

async fn all_or_nothing_makes_nobody_when_one_is_refused(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (first, second) = (address(), address());
    for bad in [person("info@acme.example"), person(&first)] {
        let body = json!({"users": [person(&first), bad, person(&second)], "all_or_nothing": true});
        let answer = tenant
            .call_with("POST", "/users/bulk", &body)
            .await
            .expect(207)
            .json;
        let codes: Vec<&Value> = answer["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|row| &row["problem"]["code"])
            .collect();
        assert_eq!(answer["created"], 0);
        assert_eq!(
            (codes[0], codes[2]),
            (&json!("given_up"), &json!("given_up")),
            "{answer}"
        );
        assert_eq!(rows::people(&gateway.database, &tenant.id).await, 0);
    }
    let body = json!({"users": [person(&first), person(&second)], "all_or_nothing": true});
    let answer = tenant
        .call_with("POST", "/users/bulk", &body)
        .await
        .expect(201)
        .json;
    assert_eq!(answer["created"], 2);
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, 10);
}
