//! What guests are called is their home tenant's word, and keeps nobody of the host out.

use serde_json::json;

use super::view;
use crate::harness::{Browser, Engine, random_name};
use crate::mail::by_hand::person;
use crate::scim::message::{user, user_with};
use crate::sso::fixture::Certified;

on_both_engines!(a_guest_who_is_renamed_at_home_keeps_nobody_of_the_host_out);

async fn a_guest_who_is_renamed_at_home_keeps_nobody_of_the_host_out(engine: Engine) {
    let site = Certified::new(engine).await;
    let (host, home) = (&site.tenant, engine.gateway().await.tenant().await);
    let (away, okta) = (home.directory("generic").await, host.directory("okta").await);
    // By the name alone, by a directory and the name, and beside a person of the directory who has the address second.
    for way in ["first sign-in", "directory", "address"] {
        let name = random_name("mallory");
        let stranger = away.post("/Users", &user(&name)).await.expect(201).id();
        let asked = json!({"user_id": stranger, "home_tenant": home.slug});
        let guest = host.call_with("POST", "/guests", &asked).await.expect(201).id();
        let email = format!("{}@acme.example", random_name("ada"));
        let more = json!({"emails": [{"value": email, "primary": true}]});
        let renamed = user_with(&email, more.clone());
        away.put(&format!("/Users/{stranger}"), &renamed)
            .await
            .expect(200);
        assert_eq!(view(host, &guest).await["email"], email);
        let own = match way {
            "directory" => Some(okta.post("/Users", &renamed).await.expect(201).id()),
            "address" => {
                let other = user_with(&random_name("ada"), more);
                Some(okta.post("/Users", &other).await.expect(201).id())
            }
            _ => None,
        };
        let filter = format!("emails.value eq \"{email}\"");
        let found = okta.list("/Users", &[("filter", &filter)]).await.expect(200).json;
        assert_eq!(found["totalResults"], u64::from(own.is_some()), "{way}");
        let sub = site.person(&json!({"email": email})).await;
        let page = site.sign_in(&Browser::new(), &sub).await;
        assert_eq!(page.answer.status, 303, "{way}: {}", page.answer.text());
        let (_, me) = site.signed_in(&sub).await;
        let id = me["user"]["id"].as_str().expect("an id");
        assert_ne!(id, guest, "{way}");
        if let Some(own) = own {
            assert_eq!(id, own, "{way}");
        }
    }
    // An account by hand is another matter: who is invited under an address is not beside a guest of that address.
    let local = engine.gateway().await.tenant().await;
    let email = format!("{}@acme.example", random_name("ada"));
    let stranger = away
        .post(
            "/Users",
            &user_with(&email, json!({"emails": [{"value": email}]})),
        )
        .await
        .expect(201)
        .id();
    let asked = json!({"user_id": stranger, "home_tenant": home.slug});
    local.call_with("POST", "/guests", &asked).await.expect(201);
    local
        .call_with("POST", "/users", &person(&email))
        .await
        .expect(409);
}
