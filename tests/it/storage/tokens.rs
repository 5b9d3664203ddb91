//! Bearer tokens: found by hash, felt at once when taken back, last use written down later.

use std::time::Duration;

use rollcall::auth::bearer::{NewToken, TokenKind};
use rollcall::directory::registry::TokenHash;
use rollcall::directory::{DirectoryKind, DirectoryToken, TokenId, registry};
use rollcall::storage::{Store, TokenUse};
use uuid::Uuid;

use super::fixture::{Place, now, origin};
use crate::harness::Engine;
use crate::harness::engine::open;

on_both_engines!(
    a_token_opens_its_directory,
    an_unknown_token_opens_nothing,
    several_tokens_live_at_once_and_are_listed_in_order,
    a_revoked_token_is_refused_at_the_next_request,
    the_last_use_is_written_down_when_it_is_flushed,
    an_older_use_does_not_overwrite_a_newer_one,
);

/// A token with its record.
pub struct Issued {
    pub record: DirectoryToken,
    pub hash: TokenHash,
}

/// Gives the place's directory one more token.
pub async fn issue(place: &Place, expires_at: Option<jiff::Timestamp>) -> Issued {
    let mut random = [0; 32];
    random[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    let token = NewToken::from_random(TokenKind::Directory, random);
    let record = DirectoryToken {
        id: TokenId(Uuid::now_v7()),
        directory: place.directory,
        prefix: token.prefix().to_owned(),
        created_at: now(),
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let hash = token.hash();
    let change = registry::issue_token(record.clone(), hash, origin());
    place.apply(change).await.expect("a token");
    Issued { record, hash }
}

async fn found(store: &Store, hash: TokenHash) -> Option<TokenUse> {
    store.find_token_use(&hash).await.expect("tokens are read")
}

async fn record(place: &Place, id: TokenId) -> DirectoryToken {
    let found = place.read().await.find_token(place.directory, id).await;
    found.expect("tokens are read").expect("the token is there")
}

async fn revoke(place: &Place, token: &Issued) {
    let change = registry::revoke_token(&token.record, origin()).expect("a change");
    place.apply(change).await.expect("a revocation");
}

async fn a_token_opens_its_directory(engine: Engine) {
    let place = Place::new(engine).await;
    let expires_at = now() + jiff::SignedDuration::from_hours(1);
    let token = issue(&place, Some(expires_at)).await;
    // Twice: looked up, and remembered.
    for _ in 0..2 {
        let opened = found(&place.store, token.hash).await.unwrap();
        assert_eq!(opened.token, token.record.id);
        assert_eq!(opened.directory, place.reference());
        assert_eq!(opened.directory.kind, DirectoryKind::Generic);
        assert_eq!(opened.slug, place.slug);
        assert_eq!(opened.expires_at, Some(expires_at));
    }
    assert_eq!(record(&place, token.record.id).await, token.record);
}

async fn an_unknown_token_opens_nothing(engine: Engine) {
    let place = Place::new(engine).await;
    let token = issue(&place, None).await;
    let mut other = token.hash;
    other.0[31] ^= 1;
    assert_eq!(found(&place.store, other).await, None);
    assert_eq!(found(&place.store, TokenHash([0; 32])).await, None);
}

async fn several_tokens_live_at_once_and_are_listed_in_order(engine: Engine) {
    let place = Place::new(engine).await;
    let (one, two) = (issue(&place, None).await, issue(&place, None).await);
    revoke(&place, &one).await;
    let three = issue(&place, None).await;
    assert_eq!(found(&place.store, one.hash).await, None);
    assert_eq!(found(&place.store, two.hash).await.unwrap().token, two.record.id);
    assert_eq!(
        found(&place.store, three.hash).await.unwrap().token,
        three.record.id
    );
    let listed = place.read().await.list_tokens(place.directory).await.unwrap();
    let listed: Vec<(TokenId, bool)> = listed
        .iter()
        .map(|token| (token.id, token.revoked_at.is_some()))
        .collect();
    let expected = [
        (one.record.id, true),
        (two.record.id, false),
        (three.record.id, false),
    ];
    assert_eq!(listed, expected);
}

async fn a_revoked_token_is_refused_at_the_next_request(engine: Engine) {
    let place = Place::new(engine).await;
    for _ in 0..20 {
        let token = issue(&place, None).await;
        assert!(found(&place.store, token.hash).await.is_some());
        // Look-ups on the way while it is taken back must not be remembered.
        let looking = tokio::spawn({
            let (store, hash) = (place.store.clone(), token.hash);
            async move { while found(&store, hash).await.is_some() {} }
        });
        revoke(&place, &token).await;
        assert_eq!(found(&place.store, token.hash).await, None);
        looking.await.unwrap();
        assert_eq!(found(&place.store, token.hash).await, None);
    }
}

/// Two nodes on one database: PostgreSQL alone, since a SQLite file has one process.
#[test]
fn a_token_revoked_on_one_node_is_refused_on_the_other_within_a_second() {
    crate::harness::run(async {
        let database = Engine::Postgres.new_database().await;
        let (here, there) = (open(&database).await, open(&database).await);
        let place = Place::in_store(here.clone()).await;
        // Both listeners are up when both remember tokens; give them a moment.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for _ in 0..5 {
            let token = issue(&place, None).await;
            for store in [&here, &there] {
                assert!(found(store, token.hash).await.is_some());
            }
            revoke(&place, &token).await;
            assert_eq!(found(&here, token.hash).await, None);
            let refused = async {
                while found(&there, token.hash).await.is_some() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let refused = tokio::time::timeout(Duration::from_secs(1), refused).await;
            refused.expect("the other node forgets within a second");
        }
        here.close().await;
        there.close().await;
    });
}

async fn the_last_use_is_written_down_when_it_is_flushed(engine: Engine) {
    // A store of its own: another test must not flush what this one notes.
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let (used, unused) = (issue(&place, None).await, issue(&place, None).await);
    let at = now();
    place.store.note_token_use(place.tenant, used.record.id, at);
    assert_eq!(record(&place, used.record.id).await.last_used_at, None);
    place.store.flush_token_uses().await.unwrap();
    assert_eq!(record(&place, used.record.id).await.last_used_at, Some(at));
    assert_eq!(record(&place, unused.record.id).await.last_used_at, None);
    place.store.close().await;
}

async fn an_older_use_does_not_overwrite_a_newer_one(engine: Engine) {
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let token = issue(&place, None).await.record.id;
    let newer = now();
    let older = newer - jiff::SignedDuration::from_secs(60);
    for at in [newer, older] {
        place.store.note_token_use(place.tenant, token, at);
        place.store.flush_token_uses().await.unwrap();
        assert_eq!(record(&place, token).await.last_used_at, Some(newer));
    }
    place.store.close().await;
}
