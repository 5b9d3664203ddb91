//! The creation form, complete.

use serde_json::{Value, json};

use super::{address, audited, create, external, set, view, with};
use crate::admin::problem::assert_problem;
use crate::harness::{Browser, Engine, Gateway};
use crate::local::fixture::Invited;
use crate::mail::{eml, rows};

on_both_engines!(
    a_name_may_come_in_one_piece,
    telephone_numbers_are_kept_in_one_form_and_found_by_their_digits,
    days_are_those_of_the_tenants_time_zone,
    an_access_code_is_kept_as_a_hash_and_never_shown,
    the_language_of_a_person_and_of_the_tenant_is_that_of_the_mail,
    a_section_that_there_is_not_leaves_nothing_behind,
    what_became_of_an_invitation_is_shown_in_lists_and_in_detail,
    when_the_link_of_an_invitation_was_first_followed_is_shown,
);

async fn a_name_may_come_in_one_piece(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let mut body = external(&address());
    for part in ["first_name", "last_name"] {
        body.as_object_mut().expect("an object").remove(part);
    }
    body["full_name"] = json!("María José Carreño Quiñones");
    let made = create(&tenant, &body).await.expect(201).json;
    assert_eq!(made["display_name"], "María José Carreño Quiñones");
    assert_eq!(
        (&made["first_name"], &made["last_name"]),
        (&Value::Null, &Value::Null)
    );
    let both = with(external(&address()), &json!({"full_name": "Ada"}));
    let answer = create(&tenant, &both).await;
    assert_problem(&answer, 422, "invalid", "either full_name");
}

async fn telephone_numbers_are_kept_in_one_form_and_found_by_their_digits(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let phones = json!({"phone_landline": "01 23 45 67 89", "phone_mobile": "06.12.34.56.78"});
    let answer = create(&tenant, &with(external(&address()), &phones)).await;
    assert_problem(&answer, 422, "invalid", "country");
    set(&tenant, &json!({"country": "fr"})).await.expect(200);
    let made = create(&tenant, &with(external(&address()), &phones))
        .await
        .expect(201)
        .json;
    assert_eq!(made["phone_landline"], "+33123456789");
    assert_eq!(made["phone_mobile"], "+33612345678");
    let abroad = json!({"phone_landline": "", "phone_mobile": "+44 20 7946 0958"});
    let other = create(&tenant, &with(external(&address()), &abroad))
        .await
        .expect(201)
        .json;
    assert_eq!(
        (&other["phone_landline"], &other["phone_mobile"]),
        (&Value::Null, &json!("+442079460958"))
    );
    for (text, found) in [
        ("06%2012%2034", Some(&made)),
        ("%2B33%206%2012", Some(&made)),
        ("0033612345678", Some(&made)),
        ("7946%200958", Some(&other)),
        ("99999", None),
    ] {
        let list = tenant
            .call("GET", &format!("/users?q={text}"))
            .await
            .expect(200)
            .json;
        let ids: Vec<_> = list["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|one| &one["id"])
            .collect();
        assert_eq!(
            ids,
            found.iter().map(|one| &one["id"]).collect::<Vec<_>>(),
            "{text}"
        );
    }
}

async fn days_are_those_of_the_tenants_time_zone(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    // A day that is over in Kiritimati (UTC+14) is never the same as in Pago Pago (UTC-11).
    let mut todays = Vec::new();
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        set(&tenant, &json!({"time_zone": zone})).await.expect(200);
        let there = || {
            let zone = jiff::tz::TimeZone::get(zone).expect("a zone");
            jiff::Timestamp::now().to_zoned(zone).date().to_string()
        };
        let before = there();
        let made = create(&tenant, &external(&address())).await.expect(201).json;
        let start = made["access_start"].as_str().expect("a day").to_owned();
        assert!([before, there()].contains(&start), "{zone}: {start}");
        todays.push(start);
        assert_eq!(made["access_end"], Value::Null, "without limit");
    }
    assert_ne!(todays[0], todays[1]);
    let dated = json!({"access_start": "2026-03-28", "access_end": "2026-03-29"});
    set(&tenant, &json!({"time_zone": "Europe/Paris"}))
        .await
        .expect(200);
    let made = create(&tenant, &with(external(&address()), &dated))
        .await
        .expect(201)
        .json;
    assert_eq!(
        (&made["access_start"], &made["access_end"]),
        (&dated["access_start"], &dated["access_end"])
    );
    let id = made["id"].as_str().expect("an id").to_owned();
    let rows = audited(&tenant, &id, "user.created").await;
    assert_eq!(rows[0]["after"]["access_start"], "2026-03-27T23:00:00Z");
    assert_eq!(rows[0]["after"]["access_end"], "2026-03-29T22:00:00Z");
    gateway.stop().await;
}

async fn an_access_code_is_kept_as_a_hash_and_never_shown(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let code = "73910482";
    let made = create(
        &tenant,
        &with(external(&address()), &json!({"access_code": code})),
    )
    .await
    .expect(201);
    assert_eq!(made.json["access_code_set"], true);
    assert!(!made.text().contains(code));
    let other = create(&tenant, &external(&address())).await.expect(201);
    assert_eq!(other.json["access_code_set"], false);
    let twin = create(
        &tenant,
        &with(external(&address()), &json!({"access_code": code})),
    )
    .await
    .expect(201);
    let (id, twin) = (made.id(), twin.id());
    for path in [
        format!("/users/{id}"),
        "/users".to_owned(),
        "/audit?limit=500".to_owned(),
    ] {
        assert!(
            !tenant.call("GET", &path).await.expect(200).text().contains(code),
            "{path}"
        );
    }
    let sql =
        "SELECT count(*) FROM users WHERE tenant_id = $1 AND access_code IS NOT NULL AND access_code <> $2";
    assert_eq!(rows::number(&gateway.database, sql, &tenant.id, code).await, 2);
    let sql = "SELECT count(DISTINCT access_code) FROM users WHERE tenant_id = $1 AND user_name <> $2";
    assert_eq!(
        rows::number(&gateway.database, sql, &tenant.id, "x").await,
        2,
        "equal codes look different: {twin}"
    );
}

async fn the_language_of_a_person_and_of_the_tenant_is_that_of_the_mail(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    for (locale, own, greeting) in [
        ("en", Value::Null, "Hello Ada"),
        ("fr", Value::Null, "Bonjour Ada"),
        ("fr", json!("en"), "Hello Ada"),
        ("en", json!("fr"), "Bonjour Ada"),
    ] {
        set(&tenant, &json!({"locale": locale})).await.expect(200);
        let email = address();
        let made = create(&tenant, &with(external(&email), &json!({"locale": own})))
            .await
            .expect(201)
            .json;
        assert_eq!(made["locale"], own);
        let mail = eml::wait_for(&gateway.data, &email, 1).await;
        assert!(mail.text.contains(greeting), "{}", mail.text);
    }
}

async fn a_section_that_there_is_not_leaves_nothing_behind(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    tenant
        .call_with("PUT", "/sections/billing", &json!({"name_en": "Billing"}))
        .await
        .expect(200);
    let before = rows::people(&gateway.database, &tenant.id).await;
    let body = with(
        external(&address()),
        &json!({"sections": {"billing": true, "roof": false}, "role": "king"}),
    );
    let answer = create(&tenant, &body).await;
    assert_eq!(answer.status, 422);
    let errors = answer.json["errors"].as_array().expect("errors").iter();
    let told: Vec<_> = errors.map(|error| (&error["field"], &error["code"])).collect();
    assert_eq!(
        told,
        [
            (&json!("sections.roof"), &json!("unknown_section")),
            (&json!("role"), &json!("unknown_role"))
        ]
    );
    assert_eq!(rows::people(&gateway.database, &tenant.id).await, before);
}

async fn what_became_of_an_invitation_is_shown_in_lists_and_in_detail(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    let email = address();
    let made = create(&tenant, &external(&email)).await.expect(201).json;
    let id = made["id"].as_str().expect("an id");
    assert_eq!(
        (
            &made["invitation"]["status"],
            &made["invitation"]["delivery"]["state"]
        ),
        (&json!("sent"), &json!("queued"))
    );
    eml::wait_for(&gateway.data, &email, 1).await;
    let mut seen = view(&tenant, id).await;
    for _ in 0..100 {
        if seen["invitation"]["delivery"]["state"] == "sent" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen = view(&tenant, id).await;
    }
    let delivery = &seen["invitation"]["delivery"];
    assert_eq!(
        (&delivery["state"], &delivery["attempts"], &delivery["last_error"]),
        (&json!("sent"), &json!(1), &Value::Null)
    );
    assert_eq!(seen["invitation"]["id"], made["invitation"]["id"]);
    let list = tenant.call("GET", "/users").await.expect(200).json;
    assert_eq!(list["items"][0]["invitation"], seen["invitation"]);
    gateway.advance(std::time::Duration::from_hours(7 * 24));
    assert_eq!(view(&tenant, id).await["invitation"]["status"], "expired");
    let invitation = made["invitation"]["id"].as_str().expect("an id");
    tenant
        .call("DELETE", &format!("/invitations/{invitation}"))
        .await
        .expect(204);
    let seen = view(&tenant, id).await;
    assert_eq!(
        (&seen["invitation"]["status"], &seen["status"]),
        (&json!("deleted"), &json!("deleted"))
    );
    let directory = tenant.directory("okta").await;
    let synced = directory
        .post("/Users", &crate::scim::message::user("eve@acme.example"))
        .await
        .expect(201)
        .id();
    assert_eq!(view(&tenant, &synced).await["invitation"], Value::Null);
    gateway.stop().await;
}

async fn when_the_link_of_an_invitation_was_first_followed_is_shown(engine: Engine) {
    let gateway = Gateway::start(&engine.new_database().await).await;
    let tenant = gateway.tenant().await;
    for way in ["page", "API"] {
        let invited = Invited::new(&gateway, &tenant, &json!({})).await;
        let shown = async || {
            let seen = view(&tenant, &invited.id).await["invitation"].clone();
            let list = tenant.call("GET", "/invitations").await.expect(200).json;
            let mut items = list["items"].as_array().expect("items").iter();
            let listed = items.find(|item| item["id"] == invited.invitation.as_str());
            assert_eq!(listed.expect("an invitation")["opened_at"], seen["opened_at"]);
            seen
        };
        let follow = async |token: &str| {
            if way == "page" {
                let url = format!("{}/invitation?token={token}", gateway.base());
                Browser::new().get(&url).await.expect(200);
            } else {
                let look = gateway.anonymous("POST", "/api/v1/invitations/look");
                let body = json!({"token": token});
                look.json("application/json", &body).send().await.expect(200);
            }
        };
        assert_eq!(shown().await["opened_at"], Value::Null, "{way}");
        follow(&invited.token).await;
        let first = shown().await;
        assert!(first["opened_at"].is_string(), "{way}: {first}");
        gateway.advance(std::time::Duration::from_mins(1));
        follow(&invited.token).await;
        assert_eq!(shown().await, first, "{way}");
        let again = format!("/invitations/{}/resend", invited.invitation);
        let answer = tenant.call("POST", &again).await.expect(200).json;
        assert_eq!(answer["opened_at"], Value::Null, "{way}");
        assert_eq!(shown().await["opened_at"], Value::Null, "{way}");
    }
    gateway.stop().await;
}
