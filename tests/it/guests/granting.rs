//! Guests as the operator makes them, and as administrators of the tenant see and change them.

use serde_json::json;

use super::{Guest, admit, view};
use crate::admin::problem::{assert_invalid_fields, assert_problem};
use crate::harness::{Engine, random_name};
use crate::local::fixture::{Account, audit};
use crate::scim::message::{patch_one, user};

on_both_engines!(
    the_operator_makes_a_guest_who_is_listed_with_the_tenant_they_belong_to,
    a_guest_is_named_as_at_home_from_the_moment_they_are_named_anew_there,
    what_a_guest_may_do_here_changes_nothing_at_home,
    a_guest_is_neither_changed_nor_deleted_like_the_tenants_own,
    nobody_is_a_guest_twice_or_where_they_belong,
    only_who_has_access_at_home_is_made_a_guest,
    a_guest_who_manages_everything_does_not_keep_the_tenant_manageable,
    who_is_removed_and_made_a_guest_again_begins_anew,
    what_is_wrong_with_a_guest_is_told_by_field,
);

async fn the_operator_makes_a_guest_who_is_listed_with_the_tenant_they_belong_to(engine: Engine) {
    let guest = Guest::new(engine).await;
    let shown = guest.view().await;
    assert_eq!(
        (
            &shown["origin"],
            &shown["source"],
            &shown["kind"],
            &shown["status"]
        ),
        (
            &json!("external"),
            &json!("guest"),
            &json!("external"),
            &json!("active")
        )
    );
    let home = &guest.account.tenant;
    assert_eq!(
        shown["home_tenant"],
        json!({"slug": home.slug, "name": home.slug})
    );
    assert_eq!(shown["email"], guest.account.email);
    assert_eq!(
        (&shown["role"], &shown["auth_method"]),
        (&json!("user"), &json!("home"))
    );
    assert_eq!(shown["mfa"]["managed_by"], "home");
    let own = Account::new(guest.gateway, &guest.host).await;
    let listed = guest.host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"].as_array().expect("items").len(), 1, "{listed}");
    assert_eq!(
        (
            &listed["items"][0]["id"],
            &listed["items"][0]["home_tenant"]["slug"]
        ),
        (&json!(guest.id), &json!(home.slug))
    );
    // In the list of everybody they are told apart, and are found by what they are called at home.
    let path = format!("/users?q={}", guest.account.email);
    let found = guest.host.call("GET", &path).await.expect(200).json;
    assert_eq!(found["items"][0]["id"], guest.id);
    let mine = view(&guest.host, &own.id).await;
    assert_eq!(
        (&mine["origin"], &mine["home_tenant"]),
        (&json!("home"), &json!(null))
    );
    let rows = audit(&guest.host, "guest.admitted").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["after"]["home_user_id"], guest.account.id);
    assert!(!rows[0].to_string().contains(&guest.account.email), "{}", rows[0]);
}

async fn a_guest_is_named_as_at_home_from_the_moment_they_are_named_anew_there(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let directory = home.directory("generic").await;
    let name = random_name("ada");
    let mut body = user(&name);
    body["displayName"] = json!("Ada Lovelace");
    body["emails"] = json!([{"value": format!("{name}@acme.example"), "primary": true}]);
    let person = directory.post("/Users", &body).await.expect(201).id();
    let asked = json!({"user_id": person, "home_tenant": home.slug});
    let guest = host.call_with("POST", "/guests", &asked).await.expect(201).id();
    assert_eq!(view(&host, &guest).await["display_name"], "Ada Lovelace");
    let other = format!("{name}@other.example");
    body["displayName"] = json!("Ada King");
    body["emails"] = json!([{"value": other, "primary": true}]);
    directory
        .put(&format!("/Users/{person}"), &body)
        .await
        .expect(200);
    let shown = view(&host, &guest).await;
    assert_eq!(
        (&shown["display_name"], &shown["email"]),
        (&json!("Ada King"), &json!(other))
    );
    assert_eq!(shown["modified_at"], view(&home, &person).await["modified_at"]);
    for (text, found) in [(other, 1), (format!("{name}@acme.example"), 0)] {
        let list = host
            .call("GET", &format!("/users?q={text}"))
            .await
            .expect(200)
            .json;
        assert_eq!(list["items"].as_array().expect("items").len(), found, "{text}");
    }
    // A name that is taken at the host is no matter: the guest's is not one of the host's.
    let taken = host.directory("generic").await;
    taken.post("/Users", &user("grace")).await.expect(201);
    let rename = patch_one("replace", "userName", json!("grace"));
    directory
        .patch(&format!("/Users/{person}"), &rename)
        .await
        .expect(200);
    assert_eq!(view(&host, &guest).await["user_name"], "grace");
}

async fn what_a_guest_may_do_here_changes_nothing_at_home(engine: Engine) {
    let guest = Guest::new(engine).await;
    let before = view(&guest.account.tenant, &guest.account.id).await;
    let browser = guest.enter().await;
    assert_eq!(browser.me().await.expect(200).json["administrator"], false);
    let changed = guest
        .host
        .call_with("PATCH", &guest.path(), &json!({"role": "administrator"}))
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&changed["role"], &changed["scope"]),
        (&json!("administrator"), &json!("all"))
    );
    // At once, in the session that is open.
    assert_eq!(browser.me().await.expect(200).json["administrator"], true);
    let listed = browser.call("GET", &guest.host.path("/users"), None).await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    let at_home = guest.account.tenant.path("/users");
    let elsewhere = browser.call("GET", &at_home, None).await;
    assert_eq!(elsewhere.status, 404, "{}", elsewhere.text());
    assert_eq!(view(&guest.account.tenant, &guest.account.id).await, before);
    let narrowed = json!({"administrator": true, "scope": {"entities": []}});
    let path = format!("/users/{}/admin", guest.id);
    guest.host.call_with("PUT", &path, &narrowed).await.expect(200);
    let section = json!({"name_en": "Billing", "name_fr": "Facturation", "position": 1});
    guest
        .host
        .call_with("PUT", "/sections/billing", &section)
        .await
        .expect(200);
    let body = json!({"role": "user", "sections": {"billing": true}});
    let changed = guest
        .host
        .call_with("PATCH", &guest.path(), &body)
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&changed["role"], &changed["sections"]["billing"]),
        (&json!("user"), &json!(true))
    );
    assert_eq!(browser.me().await.expect(200).json["sections"]["billing"], true);
    assert_eq!(view(&guest.account.tenant, &guest.account.id).await, before);
}

async fn a_guest_is_neither_changed_nor_deleted_like_the_tenants_own(engine: Engine) {
    let guest = Guest::new(engine).await;
    let browser = guest.enter().await;
    let before = guest.view().await;
    for (method, rest, body) in [
        ("DELETE", "", None),
        ("PATCH", "", Some(json!({"first_name": "Augusta"}))),
        ("PATCH", "", Some(json!({"role": "administrator"}))),
        ("POST", "/activate", None),
        ("POST", "/deactivate", None),
        ("POST", "/restore", None),
        ("POST", "/erase", Some(json!({"confirm": guest.account.email}))),
        ("PUT", "/entity", Some(json!({"entity_id": null}))),
        ("PUT", "/contact-tags", Some(json!({"contact_tags": ["billing"]}))),
        ("PUT", "/break-glass", Some(json!({"enabled": true}))),
        ("PUT", "/mfa", Some(json!({"required": true}))),
        ("POST", "/mfa/reset", None),
    ] {
        let path = format!("/users/{}{rest}", guest.id);
        let answer = match &body {
            Some(body) => guest.host.call_with(method, &path, body).await,
            None => guest.host.call(method, &path).await,
        };
        assert_eq!(answer.status, 409, "{method} {rest}: {}", answer.text());
        assert_problem(&answer, 409, "guest_account", "guests/{id}");
    }
    let path = format!("/users/{}/password", guest.id);
    let body = json!({"password": "violet otter, 7 lamps", "temporary": false});
    let answer = guest.host.call_with("PUT", &path, &body).await;
    assert_problem(&answer, 409, "guest_account", "home tenant");
    let own = browser
        .call("PATCH", "/api/v1/me", Some(&json!({"locale": "fr"})))
        .await;
    assert_problem(&own, 409, "guest_account", "home tenant");
    assert_eq!(guest.view().await, before);
    // And the tenant's own are no guests.
    let own = Account::new(guest.gateway, &guest.host).await;
    let path = format!("/guests/{}", own.id);
    let answer = guest.host.call("DELETE", &path).await;
    assert_problem(&answer, 404, "not_found", "guest");
    let answer = guest
        .host
        .call_with("PATCH", &path, &json!({"role": "user"}))
        .await;
    assert_problem(&answer, 404, "not_found", "guest");
}

async fn nobody_is_a_guest_twice_or_where_they_belong(engine: Engine) {
    let guest = Guest::new(engine).await;
    let again = admit(&guest.host, &guest.account, &json!({})).await;
    assert_problem(&again, 409, "already_guest", "already");
    let at_home = admit(&guest.account.tenant, &guest.account, &json!({})).await;
    assert_problem(&at_home, 409, "already_in_organization", "already");
    // Of a guest there are no guests.
    let third = guest.gateway.tenant().await;
    let of_guest = json!({"user_id": guest.id, "home_tenant": guest.host.slug});
    let refused = third.call_with("POST", "/guests", &of_guest).await;
    assert_problem(&refused, 404, "not_found", "user");
    // Whose address somebody of the tenant has is not made a guest beside them, nor the other way about.
    let other = guest.gateway.tenant().await;
    let body = crate::mail::by_hand::person(&guest.account.email);
    other.call_with("POST", "/users", &body).await.expect(201);
    let refused = admit(&other, &guest.account, &json!({})).await;
    assert_problem(&refused, 409, "already_in_organization", "address");
    let refused = guest.host.call_with("POST", "/users", &body).await;
    assert_problem(&refused, 409, "email_in_use", &guest.account.email);
}

async fn only_who_has_access_at_home_is_made_a_guest(engine: Engine) {
    let gateway = engine.gateway().await;
    let (home, host) = (gateway.tenant().await, gateway.tenant().await);
    let account = Account::new(gateway, &home).await;
    home.call("POST", &account.path("/deactivate")).await.expect(200);
    let refused = admit(&host, &account, &json!({})).await;
    assert_problem(&refused, 409, "not_active_at_home", "home tenant");
    home.call("DELETE", &account.path("")).await.expect(204);
    let refused = admit(&host, &account, &json!({})).await;
    assert_problem(&refused, 404, "not_found", "user");
    let listed = host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"], json!([]));
}

async fn a_guest_who_manages_everything_does_not_keep_the_tenant_manageable(engine: Engine) {
    let guest = Guest::new(engine).await;
    let own = Account::administrator(guest.gateway, &guest.host).await;
    let body = json!({"role": "administrator"});
    guest
        .host
        .call_with("PATCH", &guest.path(), &body)
        .await
        .expect(200);
    let refused = guest.host.call("POST", &own.path("/deactivate")).await;
    assert_problem(&refused, 409, "last_administrator", "last administrator");
    // The guest's own end is nobody's loss.
    guest.host.call("DELETE", &guest.path()).await.expect(204);
}

async fn who_is_removed_and_made_a_guest_again_begins_anew(engine: Engine) {
    let guest = Guest::new(engine).await;
    let body = json!({"role": "administrator"});
    guest
        .host
        .call_with("PATCH", &guest.path(), &body)
        .await
        .expect(200);
    guest.host.call("DELETE", &guest.path()).await.expect(204);
    let gone = guest.host.call("DELETE", &guest.path()).await;
    assert_problem(&gone, 404, "not_found", "user");
    let shown = guest.host.call("GET", &format!("/users/{}", guest.id)).await;
    assert_problem(&shown, 404, "not_found", "user");
    let again = admit(&guest.host, &guest.account, &json!({})).await.expect(201);
    assert_ne!(again.id(), guest.id);
    assert_eq!(
        (
            &again.json["role"],
            &again.json["administrator"],
            &again.json["grants"]
        ),
        (&json!("user"), &json!(false), &json!([]))
    );
    let rows = audit(&guest.host, "guest.removed").await;
    assert_eq!((rows.len(), &rows[0]["actor"]), (1, &json!("operator")));
}

async fn what_is_wrong_with_a_guest_is_told_by_field(engine: Engine) {
    let gateway = engine.gateway().await;
    let host = gateway.tenant().await;
    let wrong = json!({"email": "nobody", "home_tenant": "no-such-tenant", "role": "king",
                       "sections": {"nowhere": true}});
    let refused = host.call_with("POST", "/guests", &wrong).await;
    assert_problem(&refused, 422, "invalid", "email");
    let errors = refused.json["errors"].as_array().expect("errors").iter();
    let named: Vec<_> = errors.map(|error| error["field"].clone()).collect();
    assert_eq!(named, ["email", "role", "sections.nowhere", "home_tenant"]);
    let id = "01900000-0000-7000-8000-000000000000";
    let both = json!({"email": "ada@acme.example", "user_id": id, "home_tenant": host.slug});
    for body in [both, json!({"home_tenant": host.slug})] {
        let refused = host.call_with("POST", "/guests", &body).await;
        assert_invalid_fields(&refused, &["email"]);
    }
    let refused = host.call("GET", "/guests?limit=0&cursor=x").await;
    assert_invalid_fields(&refused, &["limit", "cursor"]);
}
