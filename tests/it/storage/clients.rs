//! OAuth clients: found in their directory alone, their access tokens beside the static ones and gone with what they
//! came of.

use jiff::{SignedDuration, Timestamp};
use rollcall::auth::bearer::{NewToken, TokenKind};
use rollcall::directory::client::{self, Credential};
use rollcall::directory::registry::TokenHash;
use rollcall::directory::{
    Client, ClientId, ClientSecret, ClientSecretId, DirectoryId, TokenId, TokenLifetime, TrustedIssuer,
    TrustedIssuerId,
};
use rollcall::storage::{Error, Tx};
use uuid::Uuid;

use super::fixture::{Place, now, origin};
use super::tokens::issue;
use crate::harness::Engine;
use crate::harness::engine::open;

on_both_engines!(
    what_is_written_of_a_client_is_read_back,
    a_client_of_another_directory_or_tenant_is_not_found,
    an_access_token_stands_beside_the_static_ones_and_is_no_static_one,
    access_tokens_are_purged_when_they_have_expired_and_static_ones_never,
);

struct Made {
    client: Client,
    secret: ClientSecret,
    hash: TokenHash,
    issuer: TrustedIssuer,
}

fn random() -> [u8; 32] {
    let mut random = [0; 32];
    random[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    random
}

async fn make(place: &Place) -> Made {
    let client = Client {
        id: ClientId(Uuid::now_v7()),
        directory: place.directory,
        name: Some("Entra".to_owned()),
        token_lifetime: TokenLifetime::from_seconds(7_200).expect("a lifetime"),
        created_at: now(),
        revoked_at: None,
    };
    let token = NewToken::from_random(TokenKind::ClientSecret, random());
    let secret = ClientSecret {
        id: ClientSecretId(Uuid::now_v7()),
        client: client.id,
        prefix: token.prefix().to_owned(),
        created_at: now(),
        expires_at: now() + SignedDuration::from_hours(24),
        revoked_at: None,
        last_used_at: None,
    };
    let issuer = TrustedIssuer {
        id: TrustedIssuerId(Uuid::now_v7()),
        client: client.id,
        issuer: "https://idp.example".to_owned(),
        subject: "workload".to_owned(),
        audience: Some("api://a".to_owned()),
        jwks_uri: None,
        created_at: now(),
        revoked_at: None,
        last_used_at: None,
    };
    let hash = token.hash();
    for change in [
        client::create(client.clone(), origin()),
        client::issue_secret(&client, secret.clone(), hash, &[], origin()).expect("room"),
        client::trust_issuer(&client, issuer.clone(), &[], origin()).expect("room"),
    ] {
        place.apply(change).await.expect("a change");
    }
    Made {
        client,
        secret,
        hash,
        issuer,
    }
}

/// Gives an access token and tells what it hashes to.
async fn give(place: &Place, made: &Made, credential: &Credential) -> TokenHash {
    let token = NewToken::from_random(TokenKind::Access, random());
    let new = (TokenId(Uuid::now_v7()), token.prefix(), token.hash());
    let change = client::issue_token(&made.client, credential, new, origin()).expect("good");
    place.apply(change).await.expect("a token");
    token.hash()
}

async fn opens(place: &Place, hash: TokenHash) -> Option<Timestamp> {
    let found = place.store.find_token_use(&hash).await.expect("tokens are read");
    found.map(|found| found.expires_at.expect("an access token expires"))
}

async fn what_is_written_of_a_client_is_read_back(engine: Engine) {
    let place = Place::new(engine).await;
    let made = make(&place).await;
    let mut tx = place.read().await;
    let found = tx.list_clients(place.directory).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&made.client));
    let found = tx.list_client_secrets(place.directory).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&made.secret));
    let found = tx.list_trusted_issuers(place.directory).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&made.issuer));
    drop(tx);
    let before = now();
    let hash = give(&place, &made, &Credential::Secret(made.secret.clone())).await;
    let expires_at = opens(&place, hash).await.expect("it opens");
    assert!(expires_at >= before + SignedDuration::from_secs(7_200));
    let secrets = place
        .read()
        .await
        .list_client_secrets(place.directory)
        .await
        .unwrap();
    assert_eq!(
        secrets[0].last_used_at,
        Some(expires_at - SignedDuration::from_secs(7_200))
    );
    let revoked = client::revoke(&made.client, origin()).expect("a change");
    place.apply(revoked).await.unwrap();
    assert_eq!(opens(&place, hash).await, None);
    let clients = place.read().await.list_clients(place.directory).await.unwrap();
    assert!(clients[0].revoked_at.is_some());
}

async fn a_client_of_another_directory_or_tenant_is_not_found(engine: Engine) {
    let place = Place::new(engine).await;
    let made = make(&place).await;
    let sister = place.another_directory().await;
    let stranger = Place::in_store(place.store.clone()).await;
    for (there, directory) in [
        (&place, sister),
        (&stranger, place.directory),
        (&stranger, stranger.directory),
    ] {
        assert_eq!(found_there(there, directory, &made).await, 0);
    }
    assert_eq!(found_there(&place, place.directory, &made).await, 5);
}

/// How many of the reads find something of a client.
async fn found_there(place: &Place, directory: DirectoryId, made: &Made) -> usize {
    let (id, hash) = (made.client.id, made.hash);
    let read = place.store.write(place.tenant, async move |tx: &mut Tx| {
        Ok::<_, Error>([
            tx.find_client_for_update(directory, id).await?.is_some(),
            tx.find_client_secret(directory, id, hash).await?.is_some(),
            !tx.list_clients(directory).await?.is_empty(),
            !tx.list_client_secrets(directory).await?.is_empty(),
            !tx.list_trusted_issuers(directory).await?.is_empty(),
        ])
    });
    read.await.unwrap().into_iter().filter(|found| *found).count()
}

async fn an_access_token_stands_beside_the_static_ones_and_is_no_static_one(engine: Engine) {
    let place = Place::new(engine).await;
    let made = make(&place).await;
    let fixed = issue(&place, None).await;
    let by_secret = give(&place, &made, &Credential::Secret(made.secret.clone())).await;
    let by_issuer = give(&place, &made, &Credential::Issuer(made.issuer.clone())).await;
    let token = place
        .store
        .find_token_use(&by_secret)
        .await
        .unwrap()
        .unwrap()
        .token;
    let mut tx = place.read().await;
    assert_eq!(tx.list_tokens(place.directory).await.unwrap().len(), 1);
    assert_eq!(tx.find_token(place.directory, token).await.unwrap(), None);
    drop(tx);
    let change = client::revoke_secret(&made.secret, origin()).expect("a change");
    place.apply(change).await.unwrap();
    assert_eq!(opens(&place, by_secret).await, None);
    assert!(opens(&place, by_issuer).await.is_some());
    let change = client::revoke_issuer(&made.issuer, origin()).expect("a change");
    place.apply(change).await.unwrap();
    assert_eq!(opens(&place, by_issuer).await, None);
    assert!(place.store.find_token_use(&fixed.hash).await.unwrap().is_some());
}

async fn access_tokens_are_purged_when_they_have_expired_and_static_ones_never(engine: Engine) {
    // A store of its own: what is purged is every tenant's.
    let place = Place::in_store(open(&engine.new_database().await).await).await;
    let made = make(&place).await;
    let soon = Some(now() + SignedDuration::from_hours(1));
    let fixed = issue(&place, soon).await;
    let hash = give(&place, &made, &Credential::Secret(made.secret.clone())).await;
    let expires_at = opens(&place, hash).await.expect("it opens");
    let long_ago = now() - SignedDuration::from_hours(24);
    let before = expires_at - SignedDuration::from_millis(1);
    assert_eq!(place.store.purge_expired(before, long_ago).await.unwrap(), 0);
    assert_eq!(place.store.purge_expired(expires_at, long_ago).await.unwrap(), 1);
    let tokens = place.read().await.list_tokens(place.directory).await.unwrap();
    assert_eq!(tokens, [fixed.record]);
    place.store.close().await;
}
