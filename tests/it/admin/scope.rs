//! Administrators of a part: whom they see, what they may do, and what they may not give themselves.
//!
//! The use cases are asked directly, on the authority of somebody with a scope.

use rollcall::accounts::entities::{self, EntityUpdate};
use rollcall::accounts::{Accounts, Error, audit, users};
use rollcall::directory::query::PopulationFilter;
use rollcall::directory::{
    AdminScope, AuditFilter, Authority, Entity, EntityId, EntityTree, User, UserId, entity, lifecycle,
};
use uuid::Uuid;

use crate::harness::Engine;
use crate::storage::fixture::{Place, as_they_were, now, origin};

on_both_engines!(
    who_is_out_of_scope_is_not_there,
    an_administrator_who_reaches_further_is_seen_and_not_changed,
    nobody_gives_more_than_they_have,
    a_person_is_put_inside_the_own_scope_alone,
    an_empty_scope_reaches_nobody,
    the_tree_is_shown_in_part_and_changed_by_nobody_in_part,
    the_audit_log_is_for_those_who_reach_everybody,
    nobody_deletes_the_account_they_act_with,
    a_person_who_is_moved_out_of_scope_meanwhile_is_not_changed,
);

/// North over Works, and South; a person in each, one in none, and the administrator of Works, who is there.
struct Company {
    place: Place,
    accounts: Accounts,
    north: EntityId,
    works: EntityId,
    south: EntityId,
    /// By the name of where they are.
    people: Vec<(&'static str, User)>,
    admin: User,
}

impl Company {
    async fn new(engine: Engine) -> Self {
        let place = Place::new(engine).await;
        let accounts = crate::storage::fixture::accounts_on(&place.store);
        let north = create(&place, "North", None).await;
        let works = create(&place, "Works", Some(north)).await;
        let south = create(&place, "South", None).await;
        let mut people = Vec::new();
        for (name, entity) in [
            ("north", Some(north)),
            ("works", Some(works)),
            ("south", Some(south)),
            ("nowhere", None),
        ] {
            people.push((name, put(&place, name, entity).await));
        }
        let admin = put(&place, "admin", Some(works)).await;
        let company = Self {
            place,
            accounts,
            north,
            works,
            south,
            people,
            admin,
        };
        let scope = Some(AdminScope::Entities(vec![works]));
        company
            .tick(Authority::Operator, company.admin.id, scope)
            .await
            .unwrap();
        company
    }

    fn person(&self, name: &str) -> UserId {
        let found = self.people.iter().find(|(known, _)| *known == name);
        found.expect("a person of the company").1.id
    }

    /// The administrator of Works.
    fn by(&self) -> Authority {
        self.with(AdminScope::Entities(vec![self.works]))
    }

    fn with(&self, scope: AdminScope) -> Authority {
        Authority::Administrator {
            user: self.admin.id,
            scope,
        }
    }

    async fn tick(&self, by: Authority, id: UserId, scope: Option<AdminScope>) -> Result<User, Error> {
        users::set_administrator(&self.accounts, self.place.tenant, by, id, scope, origin()).await
    }

    async fn put(&self, by: Authority, id: UserId, entity: Option<EntityId>) -> Result<User, Error> {
        users::set_entity(&self.accounts, self.place.tenant, by, id, entity, origin()).await
    }

    async fn listed(&self, by: &Authority, of: PopulationFilter) -> Result<Vec<String>, Error> {
        let (on, tenant) = (&self.accounts, self.place.tenant);
        let chunk = users::list(on, tenant, by, of, now(), None, 100).await?;
        Ok(chunk.items.into_iter().map(|(user, _)| user.user_name).collect())
    }

    /// Everything that can be done with a person, tried.
    async fn everything(&self, by: &Authority, id: UserId) -> Vec<Result<(), Error>> {
        let (on, tenant) = (&self.accounts, self.place.tenant);
        let nobody = Some(AdminScope::Entities(Vec::new()));
        vec![
            users::set_blocked(on, tenant, by.clone(), id, true, origin())
                .await
                .map(drop),
            users::set_blocked(on, tenant, by.clone(), id, false, origin())
                .await
                .map(drop),
            self.put(by.clone(), id, Some(self.works)).await.map(drop),
            self.tick(by.clone(), id, nobody).await.map(drop),
            self.tick(by.clone(), id, None).await.map(drop),
            users::delete(on, tenant, by.clone(), id, origin()).await,
            users::restore(on, tenant, by.clone(), id, as_they_were(), origin())
                .await
                .map(drop),
        ]
    }
}

async fn create(place: &Place, name: &str, parent: Option<EntityId>) -> EntityId {
    let made = Entity {
        id: EntityId(Uuid::now_v7()),
        parent,
        name: name.to_owned(),
        created_at: now(),
    };
    let tree: EntityTree = place.read().await.load_entity_tree().await.unwrap();
    let id = made.id;
    place
        .apply(entity::create(made, &tree, origin()).unwrap())
        .await
        .unwrap();
    id
}

/// A person under an entity.
async fn put(place: &Place, name: &str, entity: Option<EntityId>) -> User {
    let user = place.user(name).await;
    match lifecycle::set_entity(&user, entity, origin()).unwrap() {
        Some(arrival) => {
            place.apply(arrival.change).await.unwrap();
            arrival.user
        }
        None => user,
    }
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, code: &str) {
    match result {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.code(), code),
        other => panic!("{code} was expected, not {other:?}"),
    }
}

async fn who_is_out_of_scope_is_not_there(engine: Engine) {
    let company = Company::new(engine).await;
    let (by, tenant) = (company.by(), company.place.tenant);
    let anybody = PopulationFilter::default;
    assert_eq!(company.listed(&by, anybody()).await.unwrap(), ["works", "admin"]);
    let everybody = company.listed(&Authority::Operator, anybody()).await.unwrap();
    assert_eq!(everybody, ["north", "works", "south", "nowhere", "admin"]);
    let all = company.with(AdminScope::All);
    assert_eq!(company.listed(&all, anybody()).await.unwrap(), everybody);
    let text = PopulationFilter {
        text: Some("o".to_owned()),
        ..anybody()
    };
    assert_eq!(company.listed(&by, text).await.unwrap(), ["works"]);
    for entity in [company.north, company.south] {
        let of = PopulationFilter {
            within: Some(vec![entity]),
            ..anybody()
        };
        assert_refused(company.listed(&by, of).await, "unknown_entity");
    }
    let upper = company.with(AdminScope::Entities(vec![company.north]));
    let of = PopulationFilter {
        within: Some(vec![company.works]),
        ..anybody()
    };
    assert_eq!(company.listed(&upper, of).await.unwrap(), ["works", "admin"]);

    for (name, user) in &company.people {
        let found = users::find(&company.accounts, tenant, &by, user.id).await;
        if *name == "works" {
            assert_eq!(found.unwrap().user.id, user.id);
            continue;
        }
        assert!(matches!(found, Err(Error::NotFound("user"))), "{name}");
        for result in company.everything(&by, user.id).await {
            assert!(
                matches!(result, Err(Error::NotFound("user"))),
                "{name}: {result:?}"
            );
        }
        assert_eq!(company.place.find_user(user.id).await, *user, "{name}");
    }
}

async fn an_administrator_who_reaches_further_is_seen_and_not_changed(engine: Engine) {
    let company = Company::new(engine).await;
    let by = company.by();
    let keeper = put(&company.place, "keeper", None).await;
    let all = Some(AdminScope::All);
    company
        .tick(Authority::Operator, keeper.id, all.clone())
        .await
        .unwrap();
    for scope in [
        AdminScope::All,
        AdminScope::Entities(vec![company.north]),
        AdminScope::Entities(vec![company.works, company.south]),
    ] {
        let id = company.person("works");
        company
            .tick(Authority::Operator, id, Some(scope.clone()))
            .await
            .unwrap();
        let before = company.place.find_user(id).await;
        let found = users::find(&company.accounts, company.place.tenant, &by, id).await;
        assert_eq!(found.unwrap().user.administrator, Some(scope));
        for result in company.everything(&by, id).await {
            assert_refused(result, "administrator_outside_scope");
        }
        assert_eq!(company.place.find_user(id).await, before);
    }
    // One whose scope lies inside is a person like any other.
    let id = company.person("works");
    let inside = Some(AdminScope::Entities(vec![company.works]));
    company.tick(Authority::Operator, id, inside).await.unwrap();
    company.tick(by, id, None).await.unwrap();
    assert_eq!(company.place.find_user(id).await.administrator, None);
}

async fn nobody_gives_more_than_they_have(engine: Engine) {
    let company = Company::new(engine).await;
    let (by, own) = (company.by(), company.admin.id);
    for id in [own, company.person("works")] {
        let before = company.place.find_user(id).await;
        for scope in [
            AdminScope::All,
            AdminScope::Entities(vec![company.north]),
            AdminScope::Entities(vec![company.works, company.south]),
        ] {
            assert_refused(company.tick(by.clone(), id, Some(scope)).await, "outside_scope");
        }
        let unknown = AdminScope::Entities(vec![EntityId(Uuid::now_v7())]);
        assert_refused(
            company.tick(by.clone(), id, Some(unknown)).await,
            "unknown_entity",
        );
        assert_eq!(company.place.find_user(id).await, before);
    }
    let part = Some(AdminScope::Entities(vec![company.works]));
    let given = company
        .tick(by.clone(), company.person("works"), part.clone())
        .await;
    assert_eq!(given.unwrap().administrator, part);
    let nobody = Some(AdminScope::Entities(Vec::new()));
    assert_eq!(
        company.tick(by, own, nobody.clone()).await.unwrap().administrator,
        nobody
    );
}

async fn a_person_is_put_inside_the_own_scope_alone(engine: Engine) {
    let company = Company::new(engine).await;
    let id = company.person("works");
    let below = create(&company.place, "Shop", Some(company.works)).await;
    for entity in [None, Some(company.north), Some(company.south)] {
        assert_refused(company.put(company.by(), id, entity).await, "outside_scope");
    }
    let unknown = Some(EntityId(Uuid::now_v7()));
    assert_refused(company.put(company.by(), id, unknown).await, "unknown_entity");
    assert_eq!(company.place.find_user(id).await.entity, Some(company.works));
    let moved = company.put(company.by(), id, Some(below)).await.unwrap();
    assert_eq!(moved.entity, Some(below));
    let whole = company.with(AdminScope::All);
    assert_eq!(company.put(whole, id, None).await.unwrap().entity, None);
}

async fn an_empty_scope_reaches_nobody(engine: Engine) {
    let company = Company::new(engine).await;
    let by = company.with(AdminScope::Entities(Vec::new()));
    let listed = company.listed(&by, PopulationFilter::default()).await.unwrap();
    assert_eq!(listed, Vec::<String>::new());
    let tree = entities::list(&company.accounts, company.place.tenant, &by)
        .await
        .unwrap();
    assert_eq!(tree, []);
    for id in [
        company.person("works"),
        company.person("nowhere"),
        company.admin.id,
    ] {
        for result in company.everything(&by, id).await {
            assert!(matches!(result, Err(Error::NotFound("user"))), "{result:?}");
        }
    }
}

async fn the_tree_is_shown_in_part_and_changed_by_nobody_in_part(engine: Engine) {
    let company = Company::new(engine).await;
    let (on, tenant, by) = (&company.accounts, company.place.tenant, company.by());
    let shop = create(&company.place, "Shop", Some(company.works)).await;
    let seen = entities::list(on, tenant, &by).await.unwrap();
    let seen: Vec<_> = seen.iter().map(|entity| (entity.id, entity.parent)).collect();
    assert_eq!(seen, [(company.works, None), (shop, Some(company.works))]);
    assert_eq!(
        entities::find(on, tenant, &by, company.works).await.unwrap().name,
        "Works"
    );
    let new = Entity {
        id: EntityId(Uuid::now_v7()),
        parent: Some(company.works),
        name: "New".to_owned(),
        created_at: now(),
    };
    assert_refused(
        entities::create(on, tenant, &by, new, origin()).await,
        "full_scope_required",
    );
    let rename = EntityUpdate {
        name: Some("Other".to_owned()),
        parent: None,
    };
    for (id, code) in [
        (company.works, Some("full_scope_required")),
        (shop, Some("full_scope_required")),
        (company.north, None),
        (EntityId(Uuid::now_v7()), None),
    ] {
        let updated = entities::update(on, tenant, by.clone(), id, rename.clone(), origin()).await;
        let deleted = entities::delete(on, tenant, by.clone(), id, origin()).await;
        for result in [updated.map(drop), deleted] {
            match code {
                Some(code) => assert_refused(result, code),
                None => assert!(matches!(result, Err(Error::NotFound("entity"))), "{result:?}"),
            }
        }
    }
    let whole = entities::list(on, tenant, &Authority::Operator).await.unwrap();
    let names: Vec<_> = whole.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(names, ["North", "Works", "South", "Shop"]);
}

async fn the_audit_log_is_for_those_who_reach_everybody(engine: Engine) {
    let company = Company::new(engine).await;
    let (on, tenant) = (&company.accounts, company.place.tenant);
    assert_refused(
        audit::list(on, tenant, &company.by(), &AuditFilter::default(), 0, 10).await,
        "full_scope_required",
    );
    for by in [company.with(AdminScope::All), Authority::Operator] {
        assert_eq!(
            audit::list(on, tenant, &by, &AuditFilter::default(), 0, 10)
                .await
                .unwrap()
                .len(),
            10
        );
    }
}

async fn nobody_deletes_the_account_they_act_with(engine: Engine) {
    let company = Company::new(engine).await;
    for scope in [AdminScope::All, AdminScope::Entities(vec![company.works])] {
        let by = company.with(scope);
        let own = users::delete(
            &company.accounts,
            company.place.tenant,
            by,
            company.admin.id,
            origin(),
        )
        .await;
        assert_refused(own, "cannot_delete_self");
    }
    assert_eq!(company.place.find_user(company.admin.id).await.deleted_at, None);
}

/// Whatever comes first, the person is never blocked by somebody whose scope they have left.
async fn a_person_who_is_moved_out_of_scope_meanwhile_is_not_changed(engine: Engine) {
    for round in 0..10 {
        let company = Company::new(engine).await;
        let (on, tenant, id) = (&company.accounts, company.place.tenant, company.person("works"));
        let out = company.put(Authority::Operator, id, Some(company.south));
        let block = users::set_blocked(on, tenant, company.by(), id, true, origin());
        let (moved, blocked) = tokio::join!(out, block);
        moved.unwrap();
        let rows = company.place.read().await.list_audit_of(id.0).await.unwrap();
        let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
        let is_blocked = company.place.find_user(id).await.blocked;
        match blocked {
            Ok(_) => assert!(is_blocked, "round {round}: {actions:?}"),
            Err(Error::NotFound("user")) => assert!(!is_blocked, "round {round}: {actions:?}"),
            Err(other) => panic!("round {round}: {other}"),
        }
    }
}
