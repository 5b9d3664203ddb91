//! What ends the access of a guest, here and at home.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Guest, assert_refused, view};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Tenant};
use crate::local::fixture::{Account, OTHER, PASSWORD, audit, own_gateway, post};

on_both_engines!(
    removing_a_guest_ends_the_sessions_of_this_tenant_alone,
    whoever_is_blocked_or_deleted_at_home_is_out_everywhere_at_the_next_request,
    access_that_ends_by_its_date_at_home_ends_elsewhere_too,
    the_guests_of_a_suspended_tenant_are_out_until_it_is_not,
    a_new_password_at_home_ends_the_sessions_of_the_guest,
    of_who_is_erased_at_home_no_guest_is_left,
    who_is_erased_at_home_is_named_by_no_refused_sign_in_of_the_host,
);

/// The addresses of the refused sign-ins of a tenant.
async fn refused_addresses(tenant: &Tenant) -> Vec<Value> {
    let list = tenant.call("GET", "/access-errors").await.expect(200).json;
    let items = list["items"].as_array().expect("items").iter();
    items.map(|one| one["email"].clone()).collect()
}

async fn who_is_erased_at_home_is_named_by_no_refused_sign_in_of_the_host(engine: Engine) {
    let guest = Guest::new(engine).await;
    let (home, host) = (&guest.account.tenant, &guest.host);
    let own = Account::new(guest.gateway, host).await;
    let forced = json!({"mode": "sso", "force": true});
    host.call_with("PUT", "/sign-in", &forced).await.expect(200);
    for email in [&guest.account.email, &own.email] {
        let refused = crate::local::fixture::sign_in(guest.gateway, &host.slug, email, PASSWORD).await;
        assert_refused(&refused, 403, "local_sign_in_disabled");
    }
    let mut named = refused_addresses(host).await;
    named.sort_by_key(Value::to_string);
    let mut expected = vec![json!(guest.account.email), json!(own.email)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(named, expected);
    home.call("DELETE", &guest.account.path("")).await.expect(204);
    let confirm = json!({"confirm": guest.account.email});
    home.call_with("POST", &guest.account.path("/erase"), &confirm)
        .await
        .expect(204);
    let mut left = refused_addresses(host).await;
    left.retain(|one| !one.is_null());
    assert_eq!(left, [json!(own.email)]);
}

async fn removing_a_guest_ends_the_sessions_of_this_tenant_alone(engine: Engine) {
    let guest = Guest::new(engine).await;
    let other = guest.gateway.tenant().await;
    super::admit(&other, &guest.account, &json!({})).await.expect(201);
    let (here, at_home) = (guest.enter().await, guest.stay().await);
    let there = crate::local::fixture::sign_in(guest.gateway, &other.slug, &guest.account.email, PASSWORD)
        .await
        .expect(200);
    let there = crate::local::fixture::SignedIn::of(guest.gateway, &there);
    for browser in [&here, &at_home, &there] {
        browser.me().await.expect(200);
    }
    guest.host.call("DELETE", &guest.path()).await.expect(204);
    here.me().await.expect(401);
    at_home.me().await.expect(200);
    there.me().await.expect(200);
    let refused = guest.sign_in(PASSWORD).await;
    assert_refused(&refused, 401, "invalid_credentials");
    guest.stay().await.me().await.expect(200);
}

async fn whoever_is_blocked_or_deleted_at_home_is_out_everywhere_at_the_next_request(engine: Engine) {
    let guest = Guest::new(engine).await;
    let home = &guest.account.tenant;
    let (here, at_home) = (guest.enter().await, guest.stay().await);
    home.call("POST", &guest.account.path("/deactivate"))
        .await
        .expect(200);
    here.me().await.expect(401);
    at_home.me().await.expect(401);
    assert_eq!(guest.view().await["status"], "inactive");
    let refused = guest.sign_in(PASSWORD).await;
    assert_refused(&refused, 403, "account_inactive");
    home.call("POST", &guest.account.path("/activate"))
        .await
        .expect(200);
    // What was ended stays so; who has access again may come again.
    here.me().await.expect(401);
    let here = guest.enter().await;
    assert_eq!(guest.view().await["status"], "active");
    home.call("DELETE", &guest.account.path("")).await.expect(204);
    here.me().await.expect(401);
    assert_eq!(guest.view().await["status"], "inactive");
    let refused = guest.sign_in(PASSWORD).await;
    assert!(
        refused.status == 401 || refused.status == 403,
        "{}",
        refused.text()
    );
}

/// The day of the gateway's clock, so many days from now.
fn day(ahead: i64) -> String {
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * ahead);
    now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

async fn access_that_ends_by_its_date_at_home_ends_elsewhere_too(engine: Engine) {
    let gateway: &'static _ = Box::leak(Box::new(own_gateway(engine).await));
    let account = Account::new(gateway, &gateway.tenant().await).await;
    let guest = Guest::of(gateway, account, gateway.tenant().await).await;
    let home = &guest.account.tenant;
    let body = json!({"access_end": day(1)});
    home.call_with("PATCH", &guest.account.path(""), &body)
        .await
        .expect(200);
    assert_eq!(guest.view().await["access_end"], day(1));
    let here = guest.enter().await;
    let me = here.me().await.expect(200).json;
    assert_eq!(me["user"]["source"], "guest");
    gateway.advance(Duration::from_hours(49));
    here.me().await.expect(401);
    assert_eq!(guest.view().await["status"], "expired");
    let refused = guest.sign_in(PASSWORD).await;
    assert_refused(&refused, 403, "access_expired");
}

async fn suspend(tenant: &Tenant, suspended: bool) {
    tenant
        .call_with("PATCH", "", &json!({"suspended": suspended}))
        .await
        .expect(200);
}

async fn the_guests_of_a_suspended_tenant_are_out_until_it_is_not(engine: Engine) {
    let guest = Guest::new(engine).await;
    let home = &guest.account.tenant;
    let here = guest.enter().await;
    suspend(home, true).await;
    here.me().await.expect(401);
    assert_eq!(guest.view().await["status"], "inactive");
    let refused = guest.sign_in(PASSWORD).await;
    assert_refused(&refused, 403, "tenant_suspended");
    // Whatever happens to them meanwhile does not let them in.
    let path = guest.account.path("");
    home.call_with("PATCH", &path, &json!({"first_name": "Augusta"}))
        .await
        .expect(200);
    assert_eq!(guest.view().await["status"], "inactive");
    suspend(home, false).await;
    assert_eq!(guest.view().await["status"], "active");
    here.me().await.expect(200);
    // And one that is suspended itself lets no guest in.
    suspend(&guest.host, true).await;
    here.me().await.expect(401);
    let refused = guest.sign_in(PASSWORD).await;
    assert!(refused.status == 403, "{}", refused.text());
    guest.stay().await.me().await.expect(200);
}

async fn a_new_password_at_home_ends_the_sessions_of_the_guest(engine: Engine) {
    let guest = Guest::new(engine).await;
    let (here, at_home) = (guest.enter().await, guest.stay().await);
    let body = json!({"current_password": PASSWORD, "password": OTHER});
    at_home
        .call("POST", "/api/v1/me/password", Some(&body))
        .await
        .expect(204);
    here.me().await.expect(401);
    at_home.me().await.expect(200);
    let refused = guest.sign_in(PASSWORD).await;
    assert_refused(&refused, 401, "invalid_credentials");
    guest.sign_in(OTHER).await.expect(200);
    // The password of a guest is nobody's to change here.
    let here = guest.sign_in(OTHER).await;
    let here = crate::local::fixture::SignedIn::of(guest.gateway, &here);
    let refused = here.call("POST", "/api/v1/me/password", Some(&body)).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let reset = json!({"tenant": guest.host.slug, "email": guest.account.email});
    post(guest.gateway, "/api/v1/password-reset", &reset)
        .await
        .expect(202);
    let mails = crate::mail::eml::to(&guest.gateway.data, &guest.account.email);
    let link = format!("{}/reset?token=", guest.gateway.base());
    assert!(
        !mails.iter().any(|mail| mail.text.contains(&link)),
        "no link by the host"
    );
}

async fn of_who_is_erased_at_home_no_guest_is_left(engine: Engine) {
    let guest = Guest::new(engine).await;
    let home = &guest.account.tenant;
    let body = json!({"role": "administrator"});
    guest
        .host
        .call_with("PATCH", &guest.path(), &body)
        .await
        .expect(200);
    let here = guest.enter().await;
    home.call("DELETE", &guest.account.path("")).await.expect(204);
    let confirm = json!({"confirm": guest.account.email});
    home.call_with("POST", &guest.account.path("/erase"), &confirm)
        .await
        .expect(204);
    here.me().await.expect(401);
    let gone = guest.host.call("GET", &format!("/users/{}", guest.id)).await;
    assert_problem(&gone, 404, "not_found", "user");
    let listed = guest.host.call("GET", "/guests").await.expect(200).json;
    assert_eq!(listed["items"], json!([]));
    let removed = audit(&guest.host, "guest.removed").await;
    assert_eq!(removed.len(), 1);
    assert_eq!(
        (
            &removed[0]["actor"],
            &removed[0]["target"]["id"],
            &removed[0]["before"]["home_user_id"]
        ),
        (&json!("gateway"), &json!(guest.id), &json!(guest.account.id))
    );
    // What they could do stays on record, under an id and no name.
    let rows: Value = guest.host.call("GET", "/audit?limit=500").await.expect(200).json;
    let text = rows.to_string();
    assert!(
        text.contains(&guest.id) && !text.contains(&guest.account.email),
        "{text}"
    );
    // Nobody else is touched.
    let own = Account::new(guest.gateway, &guest.host).await;
    assert_eq!(view(&guest.host, &own.id).await["status"], "active");
}
