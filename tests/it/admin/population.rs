//! The list of people with its conditions, and one person with everything that belongs to them.

use rollcall::accounts::users;
use rollcall::directory::connection::{self, Jit};
use rollcall::directory::query::PopulationFilter;
use rollcall::directory::{
    AccessWindow, Authority, Connection, ConnectionId, ConnectionSettings, GrantSource, IdentityKey,
    MetadataState, OidcSettings, Protocol, Right, User, UserId, UserKind, UserSource, UserStatus, account,
    grant,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::entities::{create_entity, place};
use super::problem::assert_problem;
use crate::harness::{Engine, Tenant};
use crate::scim::message::{create_group, create_user, user_with};
use crate::storage::fixture::{Place, now, origin};

on_both_engines!(
    people_are_found_by_a_part_of_what_they_are_called,
    conditions_combine,
    people_are_found_by_entity_with_what_lies_below,
    a_list_by_conditions_comes_page_by_page,
    a_person_is_shown_with_everything_that_belongs_to_them,
    every_condition_of_storage_tells_people_apart,
    a_person_is_shown_with_who_they_are_at_the_providers,
);

/// The userNames that a query finds, by id.
async fn found(tenant: &Tenant, query: &str) -> Vec<String> {
    let answer = tenant.call("GET", &format!("/users?{query}")).await.expect(200);
    let items = answer.json["items"].as_array().expect("items");
    let names = items
        .iter()
        .map(|item| item["user_name"].as_str().unwrap().to_owned());
    names.collect()
}

async fn people_are_found_by_a_part_of_what_they_are_called(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    for (name, display_name, email) in [
        ("ada", "Ada Lovelace", "countess@lovelace.example"),
        ("Grace", "Grace Hopper", "g_h@navy.example"),
        ("straße", "Zoë 100%", "z@x.example"),
        ("plain", "", ""),
    ] {
        let further = json!({"displayName": display_name, "emails": [{"value": email}]});
        directory
            .post("/Users", &user_with(name, further))
            .await
            .expect(201);
    }
    let none: &[&str] = &[];
    for (q, names) in [
        ("DA", &["ada"][..]),
        ("lovelace", &["ada"]),
        ("ada love", &["ada"]),
        ("COUNTESS%40", &["ada"]),
        ("ace", &["ada", "Grace"]),
        ("STRASSE", &["straße"]),
        ("zo%C3%8B", &["straße"]),
        // What means anything in a pattern is looked for as it stands.
        ("%25", &["straße"]),
        ("_", &["Grace"]),
        ("~", none),
        ("%5C", none),
        ("'", none),
        ("nobody", none),
        ("", &["ada", "Grace", "straße", "plain"]),
        ("%20+", &["ada", "Grace", "straße", "plain"]),
    ] {
        assert_eq!(found(&tenant, &format!("q={q}")).await, names, "{q}");
    }
}

async fn conditions_combine(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    for name in ["ada", "adam", "bob"] {
        create_user(&directory, name).await;
    }
    let blocked = create_user(&directory, "adelaide").await;
    tenant
        .call("POST", &format!("/users/{blocked}/deactivate"))
        .await
        .expect(200);
    let gone = create_user(&directory, "adrian").await;
    directory.delete(&format!("/Users/{gone}")).await.expect(204);
    let none: &[&str] = &[];
    for (query, names) in [
        ("q=ad", &["ada", "adam", "adelaide"][..]),
        ("q=ad&status=active", &["ada", "adam"]),
        ("q=ad&status=inactive", &["adelaide"]),
        ("q=ad&status=inactive,deleted", &["adelaide", "adrian"]),
        ("status=inactive&q=ad&status=deleted", &["adelaide", "adrian"]),
        ("status=deleted,deleted", &["adrian"]),
        ("status=pending&status=scheduled&status=expired", none),
        ("kind=employee&source=scim&status=active", &["ada", "adam", "bob"]),
        ("kind=external", none),
        ("source=jit", none),
        // Everybody is a user.
        ("role=user&q=ad", &["ada", "adam", "adelaide"]),
        ("role=administrator", none),
    ] {
        assert_eq!(found(&tenant, query).await, names, "{query}");
    }
}

async fn people_are_found_by_entity_with_what_lies_below(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let north = create_entity(&tenant, "North", None).await;
    let works = create_entity(&tenant, "Works", Some(&north)).await;
    let shop = create_entity(&tenant, "Shop", Some(&works)).await;
    let south = create_entity(&tenant, "South", None).await;
    for (name, entity) in [("n", &north), ("s", &shop), ("w", &works), ("z", &south)] {
        let id = create_user(&directory, name).await;
        place(&tenant, &id, Some(entity)).await.expect(200);
    }
    create_user(&directory, "nowhere").await;
    for (entity, names) in [
        (&north, &["n", "s", "w"][..]),
        (&works, &["s", "w"]),
        (&shop, &["s"]),
        (&south, &["z"]),
    ] {
        assert_eq!(found(&tenant, &format!("entity={entity}")).await, names);
    }
    assert_eq!(found(&tenant, &format!("q=w&entity={north}")).await, ["w"]);
    let other = gateway.tenant().await;
    for id in [
        &create_entity(&other, "North", None).await,
        "01900000-0000-7000-8000-000000000000",
    ] {
        let answer = tenant.call("GET", &format!("/users?entity={id}")).await;
        assert_problem(&answer, 422, "unknown_entity", "entity");
    }
}

async fn a_list_by_conditions_comes_page_by_page(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let mut wanted = crate::scim::message::create_users(&directory, "even", 5).await;
    crate::scim::message::create_users(&directory, "odd", 5).await;
    wanted.sort();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..10 {
        let path = format!("/users?q=even&status=active&limit=2{cursor}");
        let page = tenant.call("GET", &path).await.expect(200).json;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, wanted);
}

async fn a_person_is_shown_with_everything_that_belongs_to_them(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("okta").await;
    let further = json!({
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"value": "ada@x.example", "primary": true}],
    });
    let made = directory.post("/Users", &user_with("ada", further)).await;
    let id = made.expect(201).id();
    let staff = create_group(&directory, "Staff", &[&id]).await;
    let north = create_entity(&tenant, "North", None).await;
    place(&tenant, &id, Some(&north)).await.expect(200);
    let scope = json!({"administrator": true, "scope": {"entities": [north]}});
    let answer = tenant
        .call_with("PUT", &format!("/users/{id}/admin"), &scope)
        .await;
    let view = tenant.call("GET", &format!("/users/{id}")).await.expect(200).json;
    assert_eq!(answer.expect(200).json, view);
    for (name, value) in [
        ("first_name", json!("Ada")),
        ("last_name", json!("Lovelace")),
        ("email", json!("ada@x.example")),
        ("kind", json!("employee")),
        ("source", json!("scim")),
        ("auth_method", json!("scim")),
        ("entity", json!({"id": north, "name": "North"})),
        ("administrator", json!(true)),
        ("scope", json!({"entities": [north]})),
        ("access_start", Value::Null),
        ("access_end", Value::Null),
        ("groups", json!([{"id": staff, "name": "Staff"}])),
        (
            "grants",
            json!([{"admin_scope": {"entities": [north]}, "source": "manual"}]),
        ),
        ("identities", json!([])),
    ] {
        assert_eq!(view[name], value, "{name}: {view}");
    }
}

/// A connection with this id, its name and nothing that matters.
fn new_connection(id: ConnectionId) -> Connection {
    Connection {
        id,
        name: "Entra".to_owned(),
        enabled: true,
        settings: ConnectionSettings {
            protocol: Protocol::Oidc(OidcSettings {
                issuer: "https://idp.example".to_owned(),
                client_id: "client".to_owned(),
                allowed_hosts: Vec::new(),
                algorithms: vec!["RS256".to_owned()],
            }),
            domains: Vec::new(),
            directory_id: None,
            jit: Jit {
                enabled: true,
                default_entity_id: None,
            },
            attribute_mapping: std::collections::BTreeMap::new(),
            group_mapping: Vec::new(),
            trust_email: false,
        },
        client_secret: None,
        keys: Vec::new(),
        metadata: MetadataState::default(),
        revision: 1,
        tested_at: None,
        created_at: now(),
        modified_at: now(),
    }
}

/// People of other kinds and sources, with dates, roles and an identity: what only sign-ins and invitations make.
struct Society {
    here: Place,
    connection: ConnectionId,
    identity: IdentityKey,
    jit: User,
    soon: User,
}

impl Society {
    async fn new(engine: Engine) -> Self {
        let here = Place::new(engine).await;
        let connection = ConnectionId(Uuid::now_v7());
        let made = connection::create(new_connection(connection), origin());
        here.apply(made).await.unwrap();
        let hour = jiff::SignedDuration::from_hours(1);
        let (past, future) = (now() - hour, now() + hour);
        let mut people = Vec::new();
        for (name, kind, source, pending, from, until) in [
            ("jit", UserKind::Employee, UserSource::Jit, false, None, None),
            (
                "invited",
                UserKind::External,
                UserSource::Manual,
                true,
                None,
                None,
            ),
            (
                "soon",
                UserKind::External,
                UserSource::Manual,
                false,
                Some(future),
                None,
            ),
            (
                "over",
                UserKind::External,
                UserSource::Csv,
                true,
                None,
                Some(past),
            ),
            (
                "inside",
                UserKind::External,
                UserSource::Bulk,
                false,
                Some(past),
                Some(future),
            ),
        ] {
            let new = account::NewAccount {
                id: UserId(Uuid::now_v7()),
                directory: None,
                kind,
                source,
                pending,
                user_name: name.to_owned(),
                attributes: account::attributes(None, None, None, "x@x.example"),
                contact_tags: Vec::new(),
                person: None,
                access_code: None,
                entity: None,
                access: AccessWindow { from, until },
            };
            let arrival = account::create(new, origin());
            people.push(arrival.user.clone());
            here.apply(arrival.change).await.unwrap();
        }
        let identity = IdentityKey {
            connection,
            issuer: "https://idp.example".to_owned(),
            subject: "42".to_owned(),
        };
        let linked = connection::link(identity.clone(), people[0].id, origin());
        here.apply(linked).await.unwrap();
        let society = Self {
            here,
            connection,
            identity,
            jit: people[0].clone(),
            soon: people[2].clone(),
        };
        society.follow(&society.jit, &["auditor"]).await;
        // A role that has ended counts no more.
        society.follow(&society.soon, &["auditor"]).await;
        society.follow(&society.soon, &[]).await;
        society
    }

    /// Gives a person these roles by the connection's groups, and takes the others.
    async fn follow(&self, user: &User, roles: &[&str]) {
        let grants = self.here.read().await.list_grants(user.id).await.unwrap();
        let rights = roles.iter().map(|role| Right::Role((*role).to_owned())).collect();
        let source = GrantSource::Connection(self.connection);
        let arrival = grant::follow_groups(user, &grants, source, rights, 0, origin());
        self.here.apply(arrival.unwrap().unwrap().change).await.unwrap();
    }
}

async fn every_condition_of_storage_tells_people_apart(engine: Engine) {
    let here = Society::new(engine).await.here;
    let any = PopulationFilter::default;
    let statuses = |of: &[UserStatus]| PopulationFilter {
        statuses: of.to_vec(),
        ..any()
    };
    let by_role = |key: &str| PopulationFilter {
        role: Some(key.to_owned()),
        ..any()
    };
    for (of, names) in [
        (any(), &["jit", "invited", "soon", "over", "inside"][..]),
        (statuses(&[UserStatus::Pending]), &["invited"]),
        (statuses(&[UserStatus::Scheduled]), &["soon"]),
        (statuses(&[UserStatus::Expired]), &["over"]),
        (statuses(&[UserStatus::Active]), &["jit", "inside"]),
        (
            statuses(&[UserStatus::Expired, UserStatus::Pending]),
            &["invited", "over"],
        ),
        (
            PopulationFilter {
                kind: Some(UserKind::Employee),
                ..any()
            },
            &["jit"],
        ),
        (
            PopulationFilter {
                source: Some(UserSource::Csv),
                ..any()
            },
            &["over"],
        ),
        (by_role("auditor"), &["jit"]),
        (by_role("Auditor"), &[]),
        (
            PopulationFilter {
                within: Some(Vec::new()),
                ..any()
            },
            &[],
        ),
    ] {
        let chunk = here
            .read()
            .await
            .list_population(&of, now(), None, 100)
            .await
            .unwrap();
        let seen: Vec<_> = chunk.items.iter().map(|user| user.user_name.as_str()).collect();
        assert_eq!(seen, names, "{of:?}");
        // What a status means is said twice, in SQL and in the rule.
        for user in &chunk.items {
            assert!(of.statuses.is_empty() || of.statuses.contains(&user.status(now())));
        }
    }
}

async fn a_person_is_shown_with_who_they_are_at_the_providers(engine: Engine) {
    let society = Society::new(engine).await;
    let accounts = crate::storage::fixture::accounts_on(&society.here.store);
    let (tenant, id) = (society.here.tenant, society.jit.id);
    let detail = users::find(&accounts, tenant, &Authority::Operator, id)
        .await
        .unwrap();
    assert_eq!(detail.identities.len(), 1);
    assert_eq!(detail.identities[0].key, society.identity);
    assert_eq!(detail.identities[0].connection_name, "Entra");
    assert_eq!(detail.grants.len(), 1);
    assert_eq!(
        detail.grants[0].source,
        GrantSource::Connection(society.connection)
    );
    let scim = society.here.user("scim").await;
    for (user, linked, method) in [
        (&society.jit, true, "sso"),
        (&society.jit, false, "sso"),
        (&society.soon, false, "local"),
        (&society.soon, true, "sso"),
        (&scim, true, "scim+sso"),
        (&scim, false, "scim"),
    ] {
        assert_eq!(user.auth_method(linked).as_str(), method);
    }
}
