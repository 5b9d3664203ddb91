//! How new people get their password: by an invitation, or handed over by an administrator.

use serde_json::{Value, json};

use super::{address, assert_names, audited, create, edit, employee, enter, external, set, view, with};
use crate::admin::problem::{assert_invalid_fields, assert_problem};
use crate::harness::{Engine, Gateway, Tenant};
use crate::keys::Key;
use crate::local::fixture::{OTHER, SignedIn, post, sign_in};
use crate::mail::{eml, rows};
use crate::scim::message::user;

on_both_engines!(
    a_temporary_password_opens_the_account_and_is_changed_at_the_first_sign_in,
    the_letter_to_somebody_who_is_handed_a_password_does_not_say_it,
    a_tenant_offers_the_ways_in_which_people_get_a_password,
    a_temporary_password_is_judged_like_any_other,
    many_are_handed_passwords_and_each_is_judged_apart,
    who_needs_a_second_factor_is_said_in_the_form,
    a_key_hands_over_no_password_and_changes_no_second_factor,
    a_list_of_people_shows_name_address_status_and_belongs_to_one_tenant,
);

const TEMPORARY: &str = "seven borrowed keys 12";

fn given(email: &str, more: &Value) -> Value {
    with(
        with(external(email), &json!({"temporary_password": TEMPORARY})),
        more,
    )
}

async fn change(gateway: &Gateway, ticket: &Value) -> SignedIn {
    let body = json!({"ticket": ticket, "password": OTHER});
    let done = post(gateway, "/api/v1/login/change-password", &body).await;
    SignedIn::of(gateway, &done.expect(200))
}

async fn people(gateway: &Gateway, tenant: &Tenant) -> i64 {
    rows::people(&gateway.database, &tenant.id).await
}

async fn a_temporary_password_opens_the_account_and_is_changed_at_the_first_sign_in(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address();
    let made = create(&tenant, &given(&email, &json!({"role": "administrator"}))).await;
    let made = made.expect(201);
    assert_eq!(
        (
            &made.json["status"],
            &made.json["invitation"],
            &made.json["administrator"]
        ),
        (&json!("active"), &Value::Null, &json!(true))
    );
    let id = made.id();
    let detail = view(&tenant, &id).await;
    assert_eq!(
        (&detail["auth_method"], &detail["role"], &detail["invitation"]),
        (&json!("local"), &json!("administrator"), &Value::Null)
    );
    let open = tenant.call("GET", "/invitations").await.expect(200).json;
    assert_eq!(open["items"], json!([]));
    let step = sign_in(gateway, &tenant.slug, &email, TEMPORARY)
        .await
        .expect(200);
    assert_eq!(step.json["next"], "change_password");
    assert!(step.headers.get("set-cookie").is_none(), "nobody is signed in");
    let browser = change(gateway, &step.json["ticket"]).await;
    let me = browser.me().await.expect(200).json;
    assert_eq!(
        (&me["user"]["id"], &me["user"]["auth_method"]),
        (&json!(id), &json!("local"))
    );
    sign_in(gateway, &tenant.slug, &email, TEMPORARY)
        .await
        .expect(401);
    sign_in(gateway, &tenant.slug, &email, OTHER).await.expect(200);
    let set = audited(&tenant, &id, "user.password_set").await;
    let by: Vec<&Value> = set.iter().map(|row| &row["after"]).collect();
    assert!(
        by.contains(&&json!({"by": "administrator", "temporary": true})),
        "{by:?}"
    );
    assert_eq!(
        audited(&tenant, &id, "user.created").await[0]["after"]["pending"],
        false
    );
    let audit = tenant.call("GET", "/audit?limit=500").await.expect(200);
    assert!(!audit.text().contains(TEMPORARY) && !made.text().contains(TEMPORARY));
}

async fn the_letter_to_somebody_who_is_handed_a_password_does_not_say_it(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let page = format!("{}/login/{}", gateway.base(), tenant.slug);
    for (locale, contact, said) in [
        (
            "en",
            json!("start@acme.example"),
            ["Hello Ada Lovelace,", "start@acme.example", "Sign in"],
        ),
        (
            "fr",
            Value::Null,
            ["Bonjour Ada Lovelace,", "mot de passe temporaire", "Se connecter"],
        ),
    ] {
        set(&tenant, &json!({"onboarding_contact": contact}))
            .await
            .expect(200);
        let email = address();
        create(&tenant, &given(&email, &json!({"locale": locale})))
            .await
            .expect(201);
        let mail = eml::wait_for(&gateway.data, &email, 1).await;
        for part in [&mail.text, &mail.html] {
            for said in said.iter().copied().chain([page.as_str(), email.as_str()]) {
                assert!(part.contains(said), "{said}: {part}");
            }
            assert!(!part.contains(TEMPORARY) && !part.contains("token="), "{part}");
        }
    }
}

async fn a_tenant_offers_the_ways_in_which_people_get_a_password(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    // Both at first: whoever is given no password is invited, and a blank field of a form gives none.
    for none in [
        json!({}),
        json!({"temporary_password": null}),
        json!({"temporary_password": ""}),
    ] {
        let made = create(&tenant, &with(external(&address()), &none))
            .await
            .expect(201)
            .json;
        assert_eq!(
            (&made["status"], &made["invitation"]["status"]),
            (&json!("pending"), &json!("sent"))
        );
    }
    let before = people(gateway, &tenant).await;
    set(&tenant, &json!({"activation": ["invitation"]}))
        .await
        .expect(200);
    let refused = create(&tenant, &given(&address(), &json!({}))).await;
    assert_problem(&refused, 422, "temporary_password_not_offered", "invitation");
    assert_names(&refused, "temporary_password");
    set(&tenant, &json!({"activation": ["temporary_password"]}))
        .await
        .expect(200);
    for none in [json!({}), json!({"temporary_password": ""})] {
        let refused = create(&tenant, &with(external(&address()), &none)).await;
        assert_problem(&refused, 422, "temporary_password_required", "no invitations");
        assert_names(&refused, "temporary_password");
    }
    assert_eq!(people(gateway, &tenant).await, before);
    create(&tenant, &given(&address(), &json!({}))).await.expect(201);
}

async fn a_temporary_password_is_judged_like_any_other(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let person = enter(&tenant, "Grace", "Hopperton").await;
    let before = people(gateway, &tenant).await;
    let password = |text: &str| json!({"temporary_password": text});
    for (body, code) in [
        (
            with(external(&address()), &password("short")),
            "password_too_short",
        ),
        (
            with(external(&address()), &password("aaaaaaaaaaaaaaaa")),
            "password_trivial",
        ),
        (
            with(external(&address()), &password("lovelace-2026")),
            "password_personal",
        ),
        // What an employee is called is the roster's to say.
        (
            with(employee(&person, &address()), &password("hopperton-2026")),
            "password_personal",
        ),
    ] {
        let refused = create(&tenant, &body).await;
        assert_problem(&refused, 422, code, "");
        assert_names(&refused, "temporary_password");
        assert!(!refused.text().contains("2026"), "{}", refused.text());
    }
    assert_eq!(people(gateway, &tenant).await, before);
    let email = address();
    let made = create(&tenant, &with(employee(&person, &email), &password(TEMPORARY))).await;
    assert_eq!(made.expect(201).json["status"], "active");
    let step = sign_in(gateway, &tenant.slug, &email, TEMPORARY)
        .await
        .expect(200);
    assert_eq!(step.json["next"], "change_password");
}

async fn many_are_handed_passwords_and_each_is_judged_apart(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let person = enter(&tenant, "Grace", "Hopperton").await;
    let email = address();
    let personal = json!({"temporary_password": "hopperton-2026"});
    let users = json!([
        given(&email, &json!({})),
        external(&address()),
        with(external(&address()), &json!({"temporary_password": "short"})),
        with(employee(&person, &address()), &personal),
    ]);
    for (all, expected) in [
        (
            true,
            [
                (424, "given_up"),
                (424, "given_up"),
                (422, "password_too_short"),
                (424, "given_up"),
            ],
        ),
        (
            false,
            [
                (201, "active"),
                (201, "pending"),
                (422, "password_too_short"),
                (422, "password_personal"),
            ],
        ),
    ] {
        let body = json!({"users": users, "all_or_nothing": all});
        let answer = tenant
            .call_with("POST", "/users/bulk", &body)
            .await
            .expect(207)
            .json;
        let rows = answer["results"].as_array().expect("results").iter();
        let told: Vec<(u64, &str)> = rows
            .map(|row| {
                let word = row["user"]["status"].as_str().or(row["problem"]["code"].as_str());
                (row["status"].as_u64().expect("a status"), word.expect("a word"))
            })
            .collect();
        assert_eq!(told, expected, "{answer}");
    }
    let step = sign_in(gateway, &tenant.slug, &email, TEMPORARY)
        .await
        .expect(200);
    assert_eq!(step.json["next"], "change_password");
    // One that is refused only when it is hashed gives the others up too.
    let users = json!([
        given(&address(), &json!({})),
        with(employee(&person, &address()), &personal)
    ]);
    let body = json!({"users": users, "all_or_nothing": true});
    let answer = tenant
        .call_with("POST", "/users/bulk", &body)
        .await
        .expect(207)
        .json;
    assert_eq!(
        (
            &answer["created"],
            &answer["results"][0]["problem"]["code"],
            &answer["results"][1]["problem"]["code"]
        ),
        (&json!(0), &json!("given_up"), &json!("password_personal"))
    );
    let many: Vec<Value> = (0..51).map(|_| given(&address(), &json!({}))).collect();
    let answer = tenant
        .call_with("POST", "/users/bulk", &json!({"users": many}))
        .await;
    assert_invalid_fields(&answer, &["users"]);
    assert!(answer.text().contains("50"), "{}", answer.text());
}

async fn who_needs_a_second_factor_is_said_in_the_form(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let email = address();
    let made = create(&tenant, &given(&email, &json!({"mfa_required": true}))).await;
    let id = made.expect(201).id();
    let mfa = async || view(&tenant, &id).await["mfa"].clone();
    assert_eq!(mfa().await, json!({"required": true, "enrolled": false}));
    let next = async || {
        sign_in(gateway, &tenant.slug, &email, TEMPORARY)
            .await
            .expect(200)
            .json["next"]
            .clone()
    };
    assert_eq!(next().await, "mfa_enrol");
    edit(&tenant, &id, &json!({"mfa_required": true}))
        .await
        .expect(200);
    let off = edit(&tenant, &id, &json!({"mfa_required": false, "last_name": "King"})).await;
    let off = off.expect(200).json;
    assert_eq!(
        (&off["mfa"]["required"], &off["last_name"]),
        (&json!(false), &json!("King"))
    );
    assert_eq!(next().await, "change_password");
    edit(&tenant, &id, &json!({"last_name": "Lovelace"}))
        .await
        .expect(200);
    assert_eq!(mfa().await["required"], false);
    let rows = audited(&tenant, &id, "user.mfa_required_set").await;
    assert_eq!(rows.len(), 2, "what is so already is no change");
    // Whoever a directory owns has their second factor there, and nothing else of the request is done.
    let directory = tenant.directory("okta").await;
    let grace = directory
        .post("/Users", &user("grace@acme.example"))
        .await
        .expect(201)
        .id();
    let both = json!({"mfa_required": true, "access_end": "2999-12-31"});
    let refused = edit(&tenant, &grace, &both).await;
    assert_problem(&refused, 409, "mfa_managed_by_identity_provider", "");
    let grace = view(&tenant, &grace).await;
    assert_eq!(
        (&grace["access_end"], &grace["mfa"]["managed_by"]),
        (&Value::Null, &json!("identity_provider"))
    );
}

async fn a_key_hands_over_no_password_and_changes_no_second_factor(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let key = Key::new(&tenant, &["users.write"], &json!("all")).await;
    let send = async |method: &str, rest: &str, body: &Value| {
        key.call(gateway, method, &tenant.path(rest), Some(body)).await
    };
    let id = create(&tenant, &given(&address(), &json!({})))
        .await
        .expect(201)
        .id();
    let path = format!("/users/{id}");
    let before = people(gateway, &tenant).await;
    for (method, rest, body) in [
        ("POST", "/users", given(&address(), &json!({}))),
        (
            "PATCH",
            path.as_str(),
            json!({"password": OTHER, "last_name": "King"}),
        ),
        (
            "PATCH",
            path.as_str(),
            json!({"mfa_required": true, "last_name": "King"}),
        ),
    ] {
        let refused = send(method, rest, &body).await;
        assert_problem(&refused, 403, "not_for_api_keys", "");
    }
    let bulk = json!({"users": [given(&address(), &json!({}))]});
    let row = send("POST", "/users/bulk", &bulk).await.expect(207).json;
    assert_eq!(row["results"][0]["problem"]["code"], "not_for_api_keys");
    assert_eq!(people(gateway, &tenant).await, before);
    assert_eq!(view(&tenant, &id).await["last_name"], "Lovelace");
    // What the form has besides is the key's to write, and what is so already needs no permission.
    let made = send(
        "POST",
        "/users",
        &with(external(&address()), &json!({"mfa_required": true})),
    )
    .await;
    assert_eq!(made.expect(201).json["status"], "pending");
    let same = json!({"password": "", "mfa_required": false, "last_name": "King"});
    assert_eq!(
        send("PATCH", &path, &same).await.expect(200).json["last_name"],
        "King"
    );
}

async fn a_list_of_people_shows_name_address_status_and_belongs_to_one_tenant(engine: Engine) {
    let gateway = engine.gateway().await;
    let (tenant, other) = (gateway.tenant().await, gateway.tenant().await);
    let (active, pending, blocked) = (address(), address(), address());
    create(&tenant, &given(&active, &json!({}))).await.expect(201);
    create(&tenant, &external(&pending)).await.expect(201);
    let id = create(&tenant, &given(&blocked, &json!({})))
        .await
        .expect(201)
        .id();
    tenant
        .call("POST", &format!("/users/{id}/deactivate"))
        .await
        .expect(200);
    let list = async |tenant: &Tenant, query: &str| {
        let found = tenant
            .call("GET", &format!("/users{query}"))
            .await
            .expect(200)
            .json;
        let items = found["items"].as_array().expect("items").clone();
        let row = |one: &Value| {
            assert_eq!(
                (&one["display_name"], &one["kind"]),
                (&json!("Ada Lovelace"), &json!("external"))
            );
            let text = |name: &str| one[name].as_str().expect(name).to_owned();
            (text("email"), text("status"))
        };
        let mut rows: Vec<(String, String)> = items.iter().map(row).collect();
        rows.sort();
        rows
    };
    let wanted = |rows: &[(&String, &str)]| {
        let mut rows: Vec<_> = rows
            .iter()
            .map(|(email, word)| ((*email).clone(), (*word).to_owned()))
            .collect();
        rows.sort();
        rows
    };
    let (a, p, b) = ((&active, "active"), (&pending, "pending"), (&blocked, "inactive"));
    for (query, expected) in [
        ("", wanted(&[a, p, b])),
        ("?status=active", wanted(&[a])),
        ("?status=pending,inactive", wanted(&[p, b])),
        ("?status=pending&status=active", wanted(&[a, p])),
        ("?status=expired", wanted(&[])),
        (
            "?status=active,inactive&q=lovelace&source=manual",
            wanted(&[a, b]),
        ),
    ] {
        assert_eq!(list(&tenant, query).await, expected, "{query}");
    }
    // A person is of one tenant: the other one neither lists them nor finds them.
    assert!(list(&other, "").await.is_empty());
    other.call("GET", &format!("/users/{id}")).await.expect(404);
    other
        .call("POST", &format!("/users/{id}/activate"))
        .await
        .expect(404);
}
