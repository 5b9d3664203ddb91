//! Another tenant's row is simply not found, by whatever door it is asked for.

use rollcall::auth::bearer::{NewToken, TokenKind};
use rollcall::directory::import::RowState;
use rollcall::directory::lifecycle::{self, Arrival};
use rollcall::directory::query::{PopulationFilter, Predicate, RosterFilter, Seek, Sorting, Window};
use rollcall::directory::registry::TokenHash;
use rollcall::directory::{
    Action, Actor, AdminScope, ApiKey, ApiKeyId, AuditFilter, Authority, Catalogue, Enrolling, Entity,
    EntityId, EntityTree, Group, Import, ImportId, ImportRow, ImportState, InvitationId, Mail, MemberDelta,
    NewFactor, OwnFactorTold, Person, PersonId, RecoveryHash, SealedSecret, Section, SessionId, TokenId,
    User, UserStatus, api_key, entity, grant, group, invitation, permission, roster, second_factor,
};
use rollcall::storage::{Error, NewImportRow, ReadTx, Totals, Tx};
use uuid::Uuid;

use super::fixture::{Place, now, origin, person, said};
use super::tokens::issue;
use crate::harness::Engine;

on_both_engines!(
    no_read_finds_a_row_of_another_tenant,
    no_locking_read_finds_a_row_of_another_tenant,
    a_change_that_names_another_tenants_rows_changes_nothing_there,
    lists_of_a_directory_show_that_directory_alone,
);

/// Everything of the fixture's tenant that can be asked for by id or by name.
struct Own {
    place: Place,
    user: User,
    deleted: User,
    group: Group,
    token: TokenId,
    entity: EntityId,
    key: ApiKeyId,
    person: PersonId,
    import: ImportId,
}

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

/// Whom a secret was shown to that waits for its first code.
const OFFERED: Enrolling = Enrolling::Session(SessionId(Uuid::from_u128(5)));

async fn own(engine: Engine) -> Own {
    let place = Place::new(engine).await;
    let mut named = said("ada");
    named.external_id = Some("00u1".to_owned());
    let user = place.provision(named).await;
    let entity = Entity {
        id: EntityId(Uuid::now_v7()),
        parent: None,
        name: "North".to_owned(),
        created_at: now(),
    };
    let made = entity::create(entity.clone(), &EntityTree::default(), origin());
    place.apply(made.unwrap()).await.unwrap();
    let employee = Person {
        id: PersonId(Uuid::now_v7()),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        employee_number: Some("7".to_owned()),
        email: None,
        entity: None,
        created_at: now(),
        modified_at: now(),
    };
    place
        .apply(roster::create(employee.clone(), origin()))
        .await
        .unwrap();
    let section = Section {
        key: "billing".to_owned(),
        name_en: "Billing".to_owned(),
        name_fr: "Facturation".to_owned(),
        position: 0,
    };
    let section = permission::set_section(place.tenant, &Catalogue::default(), section, origin());
    place.apply(section.unwrap().unwrap()).await.unwrap();
    let nobody = Some(AdminScope::Entities(Vec::new()));
    let tick = grant::set_administrator(&user, &[], nobody.as_ref(), 0, origin());
    let Arrival { user, change } = tick.unwrap().unwrap();
    place.apply(change).await.unwrap();
    let deleted = place.user("gone").await;
    let placed = lifecycle::set_entity(&deleted, Some(entity.id), origin());
    let Arrival {
        user: deleted,
        change,
    } = placed.unwrap().unwrap();
    place.apply(change).await.unwrap();
    let change = lifecycle::delete(&deleted, 0, origin());
    place.apply(change.unwrap()).await.unwrap();
    let group = place.group("Staff", &[person(&user)]).await;
    let token = issue(&place, None).await.record.id;
    let key = issue_key(&place).await;
    let factor = NewFactor {
        secret: SealedSecret("sealed".to_owned()),
        step: 1,
        recovery_codes: vec![RecoveryHash([1; 32])],
    };
    let told = OwnFactorTold {
        keep: None,
        mail: None,
        at: now(),
    };
    let enrolled = second_factor::enrol(user.id, factor, false, told, origin());
    place.apply(enrolled).await.unwrap();
    let mail = Mail {
        recipient: "ada@acme.example".to_owned(),
        template: "invitation",
        sealed: "sealed".to_owned(),
    };
    let hash = TokenHash(Uuid::new_v4().into_bytes().repeat(2).try_into().unwrap());
    let (_, invited) = invitation::send(InvitationId(Uuid::now_v7()), user.id, hash, mail, origin());
    place.apply(invited).await.unwrap();
    let owner = user.id;
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            let (secret, end) = (SealedSecret("shown".to_owned()), now() + HOUR);
            tx.offer_factor(OFFERED, owner, secret, now(), end).await
        })
        .await
        .unwrap();
    place.store.number_audit(place.tenant).await.unwrap();
    let import = import(&place).await;
    Own {
        import,
        place,
        user,
        deleted,
        group,
        token,
        entity: entity.id,
        key,
        person: employee.id,
    }
}

/// An API key.
async fn issue_key(place: &Place) -> ApiKeyId {
    let random = [place.tenant.0.into_bytes(), Uuid::new_v4().into_bytes()].concat();
    let token = NewToken::from_random(TokenKind::ApiKey, random.try_into().unwrap());
    let key = ApiKey {
        id: ApiKeyId(Uuid::now_v7()),
        name: "Payroll".to_owned(),
        prefix: token.prefix().to_owned(),
        permissions: [Action::UsersRead].into(),
        scope: AdminScope::All,
        created_by: "operator".to_owned(),
        created_at: now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let (id, tree) = (key.id, EntityTree::default());
    let made = api_key::create(&Authority::Operator, key, token.hash(), &tree, 0, origin());
    place.apply(made.unwrap()).await.unwrap();
    id
}

/// How many of the reads of a view find something of `own`.
async fn found_by_reads(tx: &mut ReadTx, own: &Own) -> Result<Vec<&'static str>, Error> {
    let (directory, user, group) = (own.place.directory, own.user.id, own.group.id);
    let (users, groups) = (Predicate::always(), Predicate::always());
    let window = Window { offset: 0, limit: 10 };
    let (all, sorting) = (Seek::default(), Sorting::default());
    let clashes = tx.find_clashes(Some(directory), "ada", Some("00u1")).await?;
    let found = [
        ("find_user", tx.find_user(user).await?.is_some()),
        (
            "find_user_record",
            tx.find_user_record(directory, user).await?.is_some(),
        ),
        ("find_clashes: userName", clashes.user_name.is_some()),
        ("find_clashes: externalId", clashes.external_id.is_some()),
        ("find_access_epoch", tx.find_access_epoch(user).await?.is_some()),
        (
            "find_tombstone",
            tx.find_tombstone(own.deleted.id).await?.is_some(),
        ),
        ("list_groups_of", !tx.list_groups_of(&[user]).await?.is_empty()),
        ("find_group", tx.find_group(directory, group).await?.is_some()),
        (
            "find_group_by_name",
            tx.find_group_by_name(directory, "staff").await?.is_some(),
        ),
        (
            "walk_members",
            !tx.walk_members(group, &Predicate::always(), None, 10)
                .await?
                .items
                .is_empty(),
        ),
        (
            "list_few_members_of",
            !tx.list_few_members_of(&[group], 10).await?.unwrap().is_empty(),
        ),
        ("list_member_ids", !tx.list_member_ids(group).await?.is_empty()),
        (
            "find_members_among",
            !tx.find_members_among(group, &[user.0]).await?.is_empty(),
        ),
        (
            "walk_groups_of",
            !tx.walk_groups_of(user, None, 10).await?.items.is_empty(),
        ),
        ("find_directory", tx.find_directory(directory).await?.is_some()),
        (
            "list_directories",
            tx.list_directories()
                .await?
                .iter()
                .any(|found| found.id == directory),
        ),
        ("find_token", tx.find_token(directory, own.token).await?.is_some()),
        ("list_tokens", !tx.list_tokens(directory).await?.is_empty()),
        ("list_audit_of", !tx.list_audit_of(user.0).await?.is_empty()),
        ("count_users", tx.count_users(directory, &users).await? > 0),
        ("count_groups", tx.count_groups(directory, &groups).await? > 0),
        (
            "list_users",
            !tx.list_users(directory, &users, sorting, window)
                .await?
                .is_empty(),
        ),
        (
            "list_groups",
            !tx.list_groups(directory, &groups, sorting, window)
                .await?
                .is_empty(),
        ),
        (
            "seek_users",
            !tx.seek_users(directory, &users, sorting, &all, window)
                .await?
                .is_empty(),
        ),
        (
            "seek_groups",
            !tx.seek_groups(directory, &groups, sorting, &all, window)
                .await?
                .is_empty(),
        ),
        (
            "find_totals",
            tx.find_totals(directory).await? != Totals::default(),
        ),
    ];
    Ok(found
        .into_iter()
        .filter(|(_, found)| *found)
        .map(|(name, _)| name)
        .collect())
}

/// The same of what administrators read.
async fn found_by_administration(tx: &mut ReadTx, own: &Own) -> Result<Vec<&'static str>, Error> {
    let (user, none) = (own.user.id, None);
    let entity = own.entity;
    let deleted = PopulationFilter {
        text: Some("GONE".to_owned()),
        statuses: vec![UserStatus::Deleted],
        within: Some(vec![entity]),
        ..PopulationFilter::default()
    };
    let found = [
        (
            "list_population",
            !tx.list_population(&PopulationFilter::default(), now(), none, 10)
                .await?
                .items
                .is_empty(),
        ),
        (
            "list_population: deleted, by a text and an entity",
            !tx.list_population(&deleted, now(), none, 10)
                .await?
                .items
                .is_empty(),
        ),
        (
            "list_entities",
            tx.list_entities().await?.iter().any(|found| found.id == entity),
        ),
        ("find_entity", tx.find_entity(entity).await?.is_some()),
        ("load_entity_tree", tx.load_entity_tree().await?.has(entity)),
        ("find_person", tx.find_person(own.person).await?.is_some()),
        (
            "list_people",
            !tx.list_people(&RosterFilter::default(), none, 10)
                .await?
                .items
                .is_empty(),
        ),
        (
            "load_catalogue",
            tx.load_catalogue().await?.section("billing").is_some(),
        ),
        ("list_grants", !tx.list_grants(user).await?.is_empty()),
        ("list_api_keys", !tx.list_api_keys().await?.is_empty()),
        ("find_api_key", tx.find_api_key(own.key).await?.is_some()),
        ("list_mail", !tx.list_mail(None, None, 10).await?.items.is_empty()),
        (
            "list_mail: to one address",
            !tx.list_mail(Some("ADA@acme.example"), None, 10)
                .await?
                .items
                .is_empty(),
        ),
        ("count_live_api_keys", tx.count_live_api_keys(now()).await? > 0),
        ("find_second_factor", tx.find_second_factor(user).await?.is_some()),
        (
            "list_recovery_codes",
            !tx.list_recovery_codes(user).await?.is_empty(),
        ),
        (
            "find_unconfirmed_factor",
            tx.find_unconfirmed_factor(OFFERED, user, now()).await?.is_some(),
        ),
        (
            "list_past_grants",
            !tx.list_past_grants(user, None).await?.is_empty(),
        ),
        (
            "list_access_at",
            !tx.list_access_at(now(), None, none, 10).await?.items.is_empty(),
        ),
        (
            "list_deleted_until",
            !tx.list_deleted_until(now(), None, 10).await?.is_empty(),
        ),
        ("find_audit_head", tx.find_audit_head().await?.seq > 5),
        (
            "list_audit_chain",
            tx.list_audit_chain(i64::MAX, 100)
                .await?
                .iter()
                .any(|row| row.target_id == user.0),
        ),
        (
            "list_audit_of_person",
            !tx.list_audit_of_person(user, None, 0, 10).await?.is_empty(),
        ),
        ("find_audit_hash", tx.find_audit_hash(5).await?.is_some()),
        ("find_audit_behind", tx.find_audit_behind(5).await?.is_some()),
        (
            "list_audit",
            tx.list_audit(&AuditFilter::default(), 1..=100, 100)
                .await?
                .iter()
                .any(|row| row.target_id == user.0),
        ),
    ];
    let found = found.into_iter().filter(|(_, found)| *found);
    Ok(found.map(|(name, _)| name).collect())
}

/// The audit log from yesterday on.
fn today() -> AuditFilter {
    AuditFilter {
        from: Some(now() - HOUR * 24),
        ..AuditFilter::default()
    }
}

/// The same of what imports read, and of a period of the log.
async fn found_by_imports(tx: &mut ReadTx, own: &Own) -> Result<Vec<&'static str>, Error> {
    let (id, names) = (own.import, ["ada".to_owned(), "7".to_owned()]);
    let found = [
        ("find_import", tx.find_import(id, now()).await?.is_some()),
        (
            "list_imports",
            !tx.list_imports(None, now(), None, 10).await?.items.is_empty(),
        ),
        ("find_audit_span", tx.find_audit_span(&today()).await?.is_some()),
        ("count_open_imports", tx.count_open_imports(now()).await? > 0),
        ("tally_import", tx.tally_import(id).await?.good > 0),
        (
            "list_import_rows",
            !tx.list_import_rows(id, 0, 10).await?.is_empty(),
        ),
        (
            "list_import_drafts",
            !tx.list_import_drafts(id, 10).await?.is_empty(),
        ),
        (
            "walk_import_texts",
            !tx.walk_import_texts(now(), (ImportId(Uuid::nil()), 0), 10)
                .await?
                .is_empty(),
        ),
        ("list_taken_names", !tx.list_taken_names(&names).await?.is_empty()),
        (
            "list_people_by_number",
            !tx.list_people_by_number(&names).await?.is_empty(),
        ),
    ];
    let found = found.into_iter().filter(|(_, found)| *found);
    Ok(found.map(|(name, _)| name).collect())
}

/// An import of one row.
async fn import(place: &Place) -> ImportId {
    let import = Import {
        id: ImportId(Uuid::now_v7()),
        state: ImportState::Preview,
        headers: Vec::new(),
        created_by: Actor::Operator,
        created_at: now(),
        expires_at: now() + HOUR,
        confirmed: None,
        stopped: None,
    };
    let row = ImportRow {
        line: 2,
        state: RowState::Good,
        email: None,
        faults: Vec::new(),
        user: None,
    };
    let rows = [NewImportRow {
        row,
        draft: Some("{}".to_owned()),
    }];
    let id = import.id;
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.begin_import(&import).await?;
            tx.add_import_rows(&import, &rows).await?;
            tx.save_import(&import).await
        })
        .await
        .unwrap();
    id
}

async fn no_read_finds_a_row_of_another_tenant(engine: Engine) {
    let own = own(engine).await;
    let other = Place::new(engine).await;
    let seen = found_by_reads(&mut own.place.read().await, &own).await.unwrap();
    assert_eq!(seen.len(), 26, "the reads find their own tenant's rows: {seen:?}");
    let seen = found_by_reads(&mut other.read().await, &own).await.unwrap();
    assert_eq!(seen, Vec::<&str>::new());
    let seen = found_by_administration(&mut own.place.read().await, &own).await;
    assert_eq!(seen.unwrap().len(), 26);
    let seen = found_by_administration(&mut other.read().await, &own).await;
    assert_eq!(seen.unwrap(), Vec::<&str>::new());
    let seen = found_by_imports(&mut own.place.read().await, &own).await;
    assert_eq!(seen.unwrap().len(), 10);
    let seen = found_by_imports(&mut other.read().await, &own).await;
    assert_eq!(seen.unwrap(), Vec::<&str>::new());
}

/// What the reads of a write transaction find of `own` from a tenant.
async fn found_for_update(from: &Place, own: &Own, administrator: &User) -> Vec<&'static str> {
    let (directory, user, group) = (own.place.directory, own.user.id, own.group.id);
    let (administrator, person) = (administrator.clone(), own.person);
    from.store
        .write(from.tenant, async move |tx: &mut Tx| {
            let ids = [user.0, group.0];
            let candidates = tx.find_candidates_for_update(directory, &ids, false).await?;
            let record = tx.find_user_record_for_update(directory, user).await?;
            let found = [
                ("record", record.is_some()),
                ("person", tx.find_person_for_update(person).await?.is_some()),
                ("user", tx.find_user_for_update(user).await?.is_some()),
                (
                    "group",
                    tx.find_group_for_update(directory, group).await?.is_some(),
                ),
                ("candidates", !candidates.is_empty()),
                (
                    "administrators",
                    tx.count_other_full_administrators_for_update(&administrator, now())
                        .await?
                        > 0,
                ),
            ];
            let found = found.into_iter().filter(|(_, found)| *found);
            Ok::<_, Error>(found.map(|(name, _)| name).collect())
        })
        .await
        .unwrap()
}

async fn no_locking_read_finds_a_row_of_another_tenant(engine: Engine) {
    let own = own(engine).await;
    let other = Place::new(engine).await;
    let promote = async |user: &User| {
        let grants = own.place.read().await.list_grants(user.id).await.unwrap();
        let promoted = grant::set_administrator(user, &grants, Some(&AdminScope::All), 0, origin());
        let promoted = promoted.unwrap().unwrap();
        own.place.apply(promoted.change).await.unwrap();
        promoted.user
    };
    promote(&own.user).await;
    let second = promote(&own.place.user("grace").await).await;
    let all = [
        "record",
        "person",
        "user",
        "group",
        "candidates",
        "administrators",
    ];
    assert_eq!(found_for_update(&own.place, &own, &second).await, all);
    assert_eq!(found_for_update(&other, &own, &second).await, Vec::<&str>::new());
}

async fn a_change_that_names_another_tenants_rows_changes_nothing_there(engine: Engine) {
    let own = own(engine).await;
    let other = Place::new(engine).await;
    let delete_user = lifecycle::delete(&own.user, 0, origin()).unwrap();
    let delta = MemberDelta {
        add: Vec::new(),
        remove: vec![own.user.id.0],
    };
    let (_, empty) = group::update(&own.group, own.group.clone(), delta, origin()).unwrap();
    for change in [delete_user, empty, group::delete(&own.group, origin())] {
        // Whether it is refused or finds no row: nothing moves in the tenant whose rows they are.
        let _ = other.apply(change).await;
    }
    assert_eq!(own.place.find_user(own.user.id).await, own.user);
    assert_eq!(own.place.find_group(own.group.id).await, own.group);
    let seen = found_by_reads(&mut own.place.read().await, &own).await.unwrap();
    assert_eq!(seen.len(), 26);
}

async fn lists_of_a_directory_show_that_directory_alone(engine: Engine) {
    let own = own(engine).await;
    let other = own.place.another_directory().await;
    let mut tx = own.place.read().await;
    let (users, groups) = (Predicate::always(), Predicate::always());
    let window = Window { offset: 0, limit: 10 };
    assert_eq!(tx.count_users(own.place.directory, &users).await.unwrap(), 1);
    assert_eq!(tx.count_users(other, &users).await.unwrap(), 0);
    assert_eq!(tx.count_groups(other, &groups).await.unwrap(), 0);
    let sorting = Sorting::default();
    assert_eq!(tx.list_users(other, &users, sorting, window).await.unwrap(), []);
    assert_eq!(tx.list_groups(other, &groups, sorting, window).await.unwrap(), []);
    assert_eq!(tx.find_group(other, own.group.id).await.unwrap(), None);
    assert_eq!(tx.find_group_by_name(other, "Staff").await.unwrap(), None);
    assert_eq!(tx.find_token(other, own.token).await.unwrap(), None);
}
