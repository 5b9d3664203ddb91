//! The last administrator: two removals at once leave one.

use rollcall::accounts::{self, users};
use rollcall::directory::{AdminScope, Authority, Refusal, User};
use rollcall::provisioning::{ResourceKind, Write};
use rollcall::storage::Tx;
use serde_json::json;

use super::fixture::{Place, accounts_on, now, origin};
use crate::harness::Engine;

on_both_engines!(
    of_two_administrators_who_are_removed_at_once_one_stays,
    of_two_administrators_who_leave_by_different_doors_one_stays,
    administrators_are_counted_without_the_one_asked_about,
);

const ROUNDS: usize = 15;

async fn administrator(place: &Place, name: &str) -> User {
    let user = place.user(name).await;
    let accounts = accounts_on(&place.store);
    let all = Some(AdminScope::All);
    users::set_administrator(
        &accounts,
        place.tenant,
        Authority::Operator,
        user.id,
        all,
        origin(),
    )
    .await
    .expect("an administrator")
}

async fn full_administrators(place: &Place, of: &[User]) -> usize {
    let mut count = 0;
    for user in of {
        count += usize::from(place.find_user(user.id).await.is_full_administrator(now()));
    }
    count
}

async fn of_two_administrators_who_are_removed_at_once_one_stays(engine: Engine) {
    for round in 0..ROUNDS {
        let place = Place::new(engine).await;
        let accounts = accounts_on(&place.store);
        let (a, b) = (administrator(&place, "a").await, administrator(&place, "b").await);
        let remove = |user: &User| {
            users::set_administrator(
                &accounts,
                place.tenant,
                Authority::Operator,
                user.id,
                None,
                origin(),
            )
        };
        let (first, second) = tokio::join!(remove(&a), remove(&b));
        let refused: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
        assert!(
            matches!(
                refused[..],
                [accounts::Error::Refused(Refusal::LastAdministrator)]
            ),
            "round {round}: {refused:?}"
        );
        assert_eq!(full_administrators(&place, &[a, b]).await, 1, "round {round}");
    }
}

/// An identity provider deactivates or deletes one while an administrator blocks the other.
async fn of_two_administrators_who_leave_by_different_doors_one_stays(engine: Engine) {
    for round in 0..ROUNDS {
        let place = Place::new(engine).await;
        let accounts = accounts_on(&place.store);
        let (a, b) = (administrator(&place, "a").await, administrator(&place, "b").await);
        let block = users::set_blocked(&accounts, place.tenant, Authority::Operator, a.id, true, origin());
        let id = b.id.to_string();
        let write = if round % 2 == 0 {
            Write::Delete(id)
        } else {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": "active", "value": false}],
            });
            Write::Patch(id, body)
        };
        let leave = place.send(ResourceKind::User, write, origin());
        let (blocked, left) = tokio::join!(block, leave);
        let refusals = [
            blocked.err().map(|error| error.to_string()),
            left.err().map(|error| error.to_string()),
        ];
        let refusals: Vec<String> = refusals.into_iter().flatten().collect();
        assert_eq!(
            refusals,
            [Refusal::LastAdministrator.to_string()],
            "round {round}"
        );
        assert_eq!(full_administrators(&place, &[a, b]).await, 1, "round {round}");
    }
}

async fn administrators_are_counted_without_the_one_asked_about(engine: Engine) {
    let place = Place::new(engine).await;
    let (a, b) = (administrator(&place, "a").await, administrator(&place, "b").await);
    let plain = place.user("plain").await;
    let accounts = accounts_on(&place.store);
    let nobody = Some(AdminScope::Entities(Vec::new()));
    let scoped = place.user("scoped").await;
    users::set_administrator(
        &accounts,
        place.tenant,
        Authority::Operator,
        scoped.id,
        nobody,
        origin(),
    )
    .await
    .unwrap();
    users::set_blocked(&accounts, place.tenant, Authority::Operator, b.id, true, origin())
        .await
        .unwrap();
    let third = administrator(&place, "third").await;
    for (user, others) in [(&a, 1), (&third, 1), (&b, 0), (&plain, 0), (&scoped, 0)] {
        // As they stand: the rule looks at nobody else when this one keeps nothing manageable.
        let user = place.find_user(user.id).await;
        let name = user.user_name.clone();
        let counted = place
            .store
            .write(place.tenant, async move |tx: &mut Tx| {
                tx.count_other_full_administrators_for_update(&user, now()).await
            })
            .await;
        assert_eq!(counted.unwrap(), others, "{name}");
    }
}
