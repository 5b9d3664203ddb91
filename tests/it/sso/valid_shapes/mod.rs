//! What real providers send and careful ones might refuse: all of it has to work.

mod documents;
mod tokens;

use serde_json::Value;

use super::fixture::House;
use crate::harness::Browser;
use crate::harness::rogue::Script;

/// Signs in with a new browser and a provider that behaves but for one change. Gives who is signed in.
pub async fn signs_in_after(house: &House, case: &str, change: impl FnOnce(&mut Script)) -> Value {
    house.rogue.change(|script| {
        *script = Script::default();
        change(script);
    });
    signs_in(house, case).await
}

/// Signs in with a new browser. Gives who is signed in.
pub async fn signs_in(house: &House, case: &str) -> Value {
    let browser = Browser::new();
    let back = house.sign_in(&browser).await;
    assert_eq!(back.answer.status, 303, "{case}: {}", back.answer.text());
    house.me(&browser).await.expect(200).json
}

/// The gateway forgets what it knows of the provider.
pub async fn forget(house: &House) {
    let path = format!("/connections/{}/refresh", house.connection.id);
    house.tenant.call("POST", &path).await.expect(204);
}
