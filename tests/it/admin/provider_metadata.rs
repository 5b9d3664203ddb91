//! The daily look at the metadata of SAML providers: it offers what has changed, and changes nobody that is trusted.

use std::time::Duration;

use jiff::Timestamp;
use rollcall::accounts::connections::keys::NewServiceKey;
use rollcall::accounts::connections::metadata::{self, MetadataSource, accept_offer, check_due};
use rollcall::accounts::connections::{
    self, ConnectionPatch, NewConnection, NewProtocol, NewSaml, SamlPatch,
};
use rollcall::accounts::{Accounts, Error};
use rollcall::directory::{Authority, Connection, ConnectionId, MetadataOffer, Refusal};
use rollcall::sso::saml::key::NewKey;
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::{assert_invalid_fields, assert_problem};
use super::saml_connections::{audited, path_of, post, read};
use crate::harness::engine::open;
use crate::harness::{Engine, Gateway, IdpMetadata, MetadataServer, Tenant, new_key};
use crate::storage::fixture::{Place, accounts_on, now, origin};

on_both_engines!(
    a_changed_certificate_is_offered_and_taken_over_the_api,
    each_address_is_asked_once_a_day_whoever_asks,
    an_offer_says_who_signed_it_and_goes_with_the_difference,
    what_fails_is_noted_and_tried_again_within_the_hour,
    whoever_changes_the_metadata_by_hand_has_answered_the_offer,
    the_order_of_certificates_is_no_change,
    a_refresh_that_was_overtaken_says_so_and_takes_nothing,
);

const DAY: Duration = Duration::from_hours(25);

/// A connection whose metadata is followed, in a database of its own: the job is one for all tenants.
struct Followed {
    place: Place,
    on: Accounts,
    server: MetadataServer,
    id: ConnectionId,
    /// The provider's key.
    key: NewKey,
}

impl Followed {
    async fn new(engine: Engine) -> Self {
        let place = Place::in_store(open(&engine.new_database().await).await).await;
        let on = accounts_on(&place.store);
        let key = new_key("first");
        let server = MetadataServer::start(&IdpMetadata::of(&key).xml()).await;
        let saml = NewSaml {
            metadata: MetadataSource::Url(server.url.clone()),
            entity_id: None,
            key: NewServiceKey {
                id: Uuid::now_v7(),
                common_name: "id.example".to_owned(),
                nonce: [1; 12],
            },
        };
        let new = NewConnection {
            id: ConnectionId(Uuid::now_v7()),
            name: "IdP".to_owned(),
            domains: Vec::new(),
            protocol: NewProtocol::Saml(saml),
        };
        let made = connections::create(&on, place.tenant, &Authority::Operator, new, origin());
        let id = made.await.expect("a connection").id;
        Self {
            place,
            on,
            server,
            id,
            key,
        }
    }

    async fn connection(&self) -> Connection {
        let found = connections::find(&self.on, self.place.tenant, &Authority::Operator, self.id);
        found.await.expect("the connection")
    }

    /// Looks for changes at this time; how many addresses were asked.
    async fn look(&self, at: Timestamp) -> usize {
        check_due(&self.on, at).await.expect("the database answers")
    }

    async fn offer(&self) -> Option<MetadataOffer> {
        self.connection().await.metadata.offer
    }

    /// Accepts what was offered at this time.
    async fn accept(&self, found_at: Timestamp) -> Result<Connection, Error> {
        let full = Authority::Operator;
        accept_offer(&self.on, self.place.tenant, &full, self.id, found_at, origin()).await
    }

    /// The actions of the audit of this connection, oldest first.
    async fn actions(&self) -> Vec<String> {
        let rows = self.place.read().await.list_audit_of(self.id.0).await;
        let rows = rows.expect("the audit").into_iter();
        rows.map(|row| row.action).collect()
    }
}

fn subjects(certificates: &[String]) -> Vec<String> {
    let described = metadata::describe_certificates(certificates);
    described.into_iter().map(|one| one.subject).collect()
}

async fn a_changed_certificate_is_offered_and_taken_over_the_api(engine: Engine) {
    let database = engine.new_database().await;
    let private = [("ROLLCALL_ALLOW_PRIVATE_IDP", "true")];
    let gateway = Gateway::start_with(&database, &private).await;
    let tenant = gateway.tenant().await;
    let (old, new) = (new_key("old"), new_key("new"));
    let server = MetadataServer::start(&IdpMetadata::of(&old).xml()).await;
    let made = post(&tenant, json!({"idp_metadata_url": server.url}))
        .await
        .expect(201)
        .json;
    let path = path_of(&made, "/accept-offer");
    let accept = async |tenant: &Tenant, body: Value| tenant.call_with("POST", &path, &body).await;
    let nothing = accept(&tenant, json!({"found_at": "2026-11-22T09:00:00Z"})).await;
    assert_problem(&nothing, 409, "nothing_offered", "nothing");
    for unnamed in [
        json!({}),
        json!({"found_at": "yesterday"}),
        json!({"found_at": null}),
    ] {
        assert_invalid_fields(&accept(&tenant, unnamed).await, &["found_at"]);
    }
    gateway.stop().await;

    // A day later, by the job of two nodes.
    server.answer(200, IdpMetadata::of(&old).with(&[&new]).signed(&old));
    let store = open(&database).await;
    let (one, other) = (accounts_on(&store), accounts_on(&store));
    let later = Timestamp::now() + DAY;
    let looked = tokio::join!(check_due(&one, later), check_due(&other, later));
    let looked = looked.0.expect("one") + looked.1.expect("the other");
    assert_eq!(
        (looked, server.seen().len()),
        (1, 2),
        "made, then looked at by one node"
    );
    drop((one, other));
    store.close().await;

    let gateway = Gateway::start_with(&database, &private).await;
    let tenant = tenant.at(&gateway);
    let seen = read(&tenant, &made).await;
    assert_eq!(seen["idp"], made["idp"], "nobody else is trusted");
    let offer = &seen["idp_metadata"]["offer"];
    assert_eq!(offer["signed_by_known"], true, "{offer}");
    let [change] = offer["changes"].as_array().expect("changes").as_slice() else {
        panic!("{offer}");
    };
    let fingerprint = offer["idp"]["certificates"][1]["fingerprint"]
        .as_str()
        .expect("one");
    let words = change.as_str().expect("words");
    assert!(
        words.starts_with("new signing certificate \"new\"") && words.contains(fingerprint),
        "{words}"
    );
    let unseen = accept(&tenant, json!({"found_at": "2026-11-22T09:00:00Z"})).await;
    let found_at = offer["found_at"].as_str().expect("a time");
    assert_problem(&unseen, 409, "offer_changed", found_at);
    assert_eq!(read(&tenant, &made).await, seen, "what was not seen is not taken");
    let taken = accept(&tenant, json!({"found_at": found_at}))
        .await
        .expect(200)
        .json;
    assert_eq!(taken["idp"], offer["idp"]);
    assert_eq!(taken["idp_metadata"]["offer"], Value::Null);
    let actions: Vec<_> = audited(&tenant, &made)
        .await
        .iter()
        .map(|row| row["action"].clone())
        .collect();
    assert_eq!(
        actions,
        [
            "connection.created",
            "connection.metadata_changed",
            "connection.metadata_accepted"
        ]
    );
    gateway.stop().await;
}

async fn each_address_is_asked_once_a_day_whoever_asks(engine: Engine) {
    let site = Followed::new(engine).await;
    let start = now();
    let hours = |hours| start + Duration::from_hours(hours);
    assert_eq!(site.look(hours(21)).await, 0, "not due yet");
    assert_eq!(site.look(hours(24)).await, 1);
    assert_eq!(site.look(hours(24)).await, 0, "not due any more");
    assert_eq!(site.look(hours(45)).await, 0);
    assert_eq!(site.look(hours(48)).await, 1);
    assert_eq!(site.server.seen().len(), 3);
    assert_eq!(site.connection().await.metadata.checked_at, Some(hours(48)));
    assert_eq!(site.actions().await, ["connection.created"]);
}

async fn an_offer_says_who_signed_it_and_goes_with_the_difference(engine: Engine) {
    let site = Followed::new(engine).await;
    let (start, second) = (now(), new_key("second"));
    let day = |day: u32| start + DAY * day;
    let trusted = site.connection().await.settings;
    let changed = IdpMetadata {
        sign_on: vec![("POST", "https://idp.example/post".to_owned())],
        ..IdpMetadata::of(&second)
    };
    // Signed by the key that it brings itself: that says nothing.
    site.server.answer(200, changed.signed(&second));
    site.look(day(1)).await;
    let offer = site.offer().await.expect("an offer");
    assert_eq!((offer.found_at, offer.signed_by_known), (day(1), false));
    assert_eq!(subjects(&offer.provider.certificates), ["second"]);
    for (change, begins) in offer
        .changes
        .iter()
        .zip(["new signing", "missing signing", "sign-in by post"])
    {
        assert!(change.starts_with(begins), "{change}");
    }
    assert_eq!(offer.changes.len(), 3, "{:?}", offer.changes);
    // The same is told once, and one who vouches for it is news.
    site.look(day(2)).await;
    assert_eq!(site.offer().await, Some(offer.clone()));
    site.server.answer(200, changed.signed(&site.key));
    site.look(day(3)).await;
    let vouched = site.offer().await.expect("an offer");
    assert!(vouched.signed_by_known && vouched.provider == offer.provider);
    assert_eq!(site.connection().await.settings, trusted);
    let refused = site.accept(day(1)).await.expect_err("another offer was seen");
    assert!(
        matches!(refused, Error::Refused(Refusal::OfferChanged { found_at }) if found_at == day(3)),
        "{refused}"
    );
    // What it was an offer of is gone again.
    site.server.answer(200, IdpMetadata::of(&site.key).xml());
    site.look(day(4)).await;
    assert_eq!(site.offer().await, None);
    let refused = site.accept(day(3)).await.expect_err("nothing is offered");
    assert!(
        matches!(refused, Error::Refused(Refusal::NothingOffered)),
        "{refused}"
    );
    assert_eq!(site.connection().await.settings, trusted);
    assert_eq!(
        site.actions().await,
        [
            "connection.created",
            "connection.metadata_changed",
            "connection.metadata_changed",
            "connection.metadata_restored"
        ]
    );
}

async fn what_fails_is_noted_and_tried_again_within_the_hour(engine: Engine) {
    let site = Followed::new(engine).await;
    let trusted = site.connection().await.settings;
    let first = now() + DAY;
    site.server.answer(500, "");
    assert_eq!(site.look(first).await, 1);
    let noted = site.connection().await.metadata;
    assert_eq!(noted.checked_at, Some(first));
    assert!(noted.error.is_some_and(|error| error.contains("500")));
    assert_eq!(site.look(first + Duration::from_mins(59)).await, 0);
    // Without a certificate it is nothing that could be offered.
    let none = IdpMetadata {
        certificates: Vec::new(),
        ..IdpMetadata::of(&site.key)
    };
    site.server.answer(200, none.xml());
    let second = first + Duration::from_hours(1);
    assert_eq!(site.look(second).await, 1);
    let noted = site.connection().await.metadata;
    assert!(noted.offer.is_none() && noted.error.is_some_and(|error| error.contains("certificate")));
    site.server.answer(200, IdpMetadata::of(&site.key).xml());
    assert_eq!(site.look(second + Duration::from_hours(1)).await, 1);
    let after = site.connection().await;
    assert_eq!((after.metadata.error, after.settings), (None, trusted));
    assert_eq!(site.actions().await, ["connection.created"]);
}

async fn whoever_changes_the_metadata_by_hand_has_answered_the_offer(engine: Engine) {
    let site = Followed::new(engine).await;
    let (start, second, third) = (now(), new_key("second"), new_key("third"));
    let (tenant, operator) = (site.place.tenant, Authority::Operator);
    let found = async |key: &NewKey, day: u32| {
        site.server.answer(200, IdpMetadata::of(key).xml());
        site.look(start + DAY * day).await;
        assert!(site.offer().await.is_some());
    };
    found(&second, 1).await;
    connections::refresh(&site.on, tenant, &operator, site.id, origin())
        .await
        .expect("metadata");
    let refreshed = site.connection().await;
    assert_eq!(refreshed.metadata.offer, None);
    let provider = &refreshed.settings.protocol.saml().expect("SAML").provider;
    assert_eq!(subjects(&provider.certificates), ["second"]);
    found(&third, 3).await;
    let patch = ConnectionPatch {
        saml: SamlPatch {
            metadata: Some(MetadataSource::Xml(IdpMetadata::of(&site.key).xml())),
            ..SamlPatch::default()
        },
        ..ConnectionPatch::default()
    };
    connections::update(&site.on, tenant, &operator, site.id, patch, origin())
        .await
        .expect("metadata");
    assert_eq!(site.offer().await, None);
    // And nothing is asked any more.
    assert_eq!(site.look(start + DAY * 9).await, 0);
}

async fn the_order_of_certificates_is_no_change(engine: Engine) {
    let site = Followed::new(engine).await;
    let second = new_key("second");
    site.server
        .answer(200, IdpMetadata::of(&site.key).with(&[&second]).xml());
    let start = now();
    site.look(start + DAY).await;
    let taken = site.accept(start + DAY).await.expect("an offer");
    assert_eq!(taken.tested_at, None);
    site.server
        .answer(200, IdpMetadata::of(&second).with(&[&site.key]).xml());
    assert_eq!(site.look(start + DAY * 2).await, 1);
    assert_eq!(site.offer().await, None);
}

async fn a_refresh_that_was_overtaken_says_so_and_takes_nothing(engine: Engine) {
    let site = Followed::new(engine).await;
    let (tenant, operator) = (site.place.tenant, Authority::Operator);
    let change = async |patch: SamlPatch| {
        let asked = site.server.seen().len();
        let held = site.server.hold().await;
        let overtaken = async {
            while site.server.seen().len() == asked {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let patch = ConnectionPatch {
                saml: patch,
                ..ConnectionPatch::default()
            };
            let changed = connections::update(&site.on, tenant, &operator, site.id, patch, origin());
            let changed = changed.await.expect("a change");
            drop(held);
            changed
        };
        let refresh = connections::refresh(&site.on, tenant, &operator, site.id, origin());
        let (refreshed, changed) = tokio::join!(refresh, overtaken);
        (refreshed, changed)
    };
    // What does not touch where metadata comes from is no reason to drop it.
    site.server.answer(200, IdpMetadata::of(&new_key("second")).xml());
    let (refreshed, _) = change(SamlPatch {
        require_gcm: Some(true),
        ..SamlPatch::default()
    })
    .await;
    refreshed.expect("metadata");
    let saml = site.connection().await.settings.protocol;
    let saml = saml.saml().expect("SAML");
    assert!(saml.require_gcm);
    assert_eq!(subjects(&saml.provider.certificates), ["second"]);
    // Its end is.
    let (refreshed, changed) = change(SamlPatch {
        metadata_url: Some(None),
        ..SamlPatch::default()
    })
    .await;
    let refused = refreshed.expect_err("the address is gone");
    assert!(
        matches!(refused, Error::Refused(Refusal::MetadataSourceChanged)),
        "{refused}"
    );
    assert_eq!(site.connection().await, changed);
}
