//! What an explanation says of people's access: the sessions that would end.

use std::time::Duration;

use rollcall::directory::registry::TokenHash;
use rollcall::directory::session::{self, IDLE};
use rollcall::directory::{ConnectionId, IdentityKey, Origin, Proof, Said, SessionId, User, UserId};
use rollcall::provisioning::explain::{Answered, Explanation, explain_write};
use rollcall::provisioning::{Error, Precondition, ResourceKind, Write};
use serde_json::json;
use uuid::Uuid;

use super::asking::patch;
use crate::harness::Engine;
use crate::storage::fixture::{Place, now, origin, provisioning_on};

on_both_engines!(
    live_sessions_of_a_leaver_are_counted,
    the_last_administrator_is_refused_in_an_explanation_too,
    explanations_beside_writes_take_nothing_back,
);

async fn explain(place: &Place, write: Write) -> Explanation {
    let (on, service) = (provisioning_on(&place.store), place.service());
    let told = explain_write(
        &on,
        &service,
        ResourceKind::User,
        write,
        Precondition::default(),
        origin(),
    );
    told.await.expect("an explanation")
}

async fn sign_in(place: &Place, user: &User, ago: Duration) {
    let random = *Uuid::new_v4().as_bytes();
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&random);
    let proof = Proof::Sso {
        identity: IdentityKey {
            connection: ConnectionId(Uuid::now_v7()),
            issuer: "https://idp.example".to_owned(),
            subject: user.user_name.clone(),
        },
        sid: None,
        logout_hint: None,
        said: Said::default(),
    };
    let origin = Origin {
        at: now() - ago,
        ..origin()
    };
    let id = SessionId(Uuid::now_v7());
    let (_, change) = session::open(id, TokenHash(hash), user, proof, None, origin);
    place.apply(change).await.expect("a session");
}

fn deactivation(id: UserId) -> Write {
    let operations = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    Write::Patch(id.to_string(), patch(&operations))
}

async fn live_sessions_of_a_leaver_are_counted(engine: Engine) {
    let place = Place::new(engine).await;
    let (ada, bob) = (place.user("ada").await, place.user("bob").await);
    for ago in [
        Duration::ZERO,
        Duration::from_mins(5),
        IDLE + Duration::from_mins(1),
    ] {
        sign_in(&place, &ada, ago).await;
    }
    sign_in(&place, &bob, Duration::ZERO).await;
    for write in [deactivation(ada.id), Write::Delete(ada.id.to_string())] {
        let told = explain(&place, write).await;
        let effect = &told.written.effect;
        assert_eq!(effect.access_ends, [ada.id.to_string()]);
        // The third has not been used for too long.
        assert_eq!(effect.sessions_ended, Some(2));
    }
    let title = json!([{"op": "replace", "path": "title", "value": "Dr"}]);
    let told = explain(&place, Write::Patch(ada.id.to_string(), patch(&title))).await;
    assert_eq!(told.written.effect.sessions_ended, Some(0));
    assert_eq!(told.written.effect.access_ends, Vec::<String>::new());
    place
        .send(ResourceKind::User, deactivation(ada.id), origin())
        .await
        .expect("a leaver");
    let on = &mut place.read().await;
    assert_eq!(on.count_live_sessions(ada.id, now()).await.expect("a number"), 0);
    assert_eq!(on.count_live_sessions(bob.id, now()).await.expect("a number"), 1);
}

async fn the_last_administrator_is_refused_in_an_explanation_too(engine: Engine) {
    use rollcall::accounts::users;
    use rollcall::directory::{AdminScope, Authority, Refusal};
    let place = Place::new(engine).await;
    let ada = place.user("ada").await;
    let accounts = crate::storage::fixture::accounts_on(&place.store);
    let all = Some(AdminScope::All);
    users::set_administrator(
        &accounts,
        place.tenant,
        Authority::Operator,
        ada.id,
        all,
        origin(),
    )
    .await
    .expect("an administrator");
    let told = explain(&place, deactivation(ada.id)).await;
    assert!(
        matches!(told.outcome, Err(Error::Refused(Refusal::LastAdministrator))),
        "{:?}",
        told.outcome
    );
    assert_eq!(told.target.map(|target| target.id), Some(ada.id.to_string()));
    assert!(told.written.changes.is_empty());
}

/// On SQLite they share batches with writes: one that is refused must not roll its batch back, nor keep a lock.
async fn explanations_beside_writes_take_nothing_back(engine: Engine) {
    let place = Place::new(engine).await;
    let ada = place.user("ada").await;
    let create = |name: String| Write::Create(Uuid::now_v7(), json!({"userName": name}));
    let explained = (0..20).map(|round| {
        let write = match round % 4 {
            0 => create("ada".to_owned()),
            1 => create(format!("new-{round}")),
            2 => deactivation(ada.id),
            _ => Write::Delete(ada.id.to_string()),
        };
        explain(&place, write)
    });
    let written = (0..20).map(|round| {
        let name = create(format!("written-{round}"));
        place.send(ResourceKind::User, name, origin())
    });
    let (told, outcomes) = tokio::join!(
        futures_util::future::join_all(explained),
        futures_util::future::join_all(written)
    );
    for (round, told) in told.iter().enumerate() {
        assert_eq!(
            told.outcome.is_err(),
            round % 4 == 0,
            "{round}: {:?}",
            told.outcome
        );
        assert!(!matches!(told.outcome, Ok(Answered::Page { .. })));
    }
    for outcome in outcomes {
        outcome.expect("a write that nothing disturbs");
    }
    for round in 0..20 {
        assert!(place.has(&format!("written-{round}")).await, "{round}");
        assert!(!place.has(&format!("new-{round}")).await, "{round}");
    }
    assert!(place.find_user(ada.id).await.has_access(now()));
}
