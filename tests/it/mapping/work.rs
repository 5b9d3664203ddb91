//! Groups so large that a job gives what they give: it goes on wherever it was stopped, and asks nobody.

use std::time::Duration;

use jiff::Timestamp;
use rollcall::accounts::{group_mapping, users};
use rollcall::directory::group_mapping::MappingRule;
use rollcall::directory::{AdminScope, Authority, GrantSource, Group, Member, Right, User, UserId};
use rollcall::jobs::group_mapping::align_due;
use rollcall::provisioning::bulk::execute_bulk;
use rollcall::provisioning::{ResourceKind, Write};
use rollcall::scim::bulk::BulkRequest;
use rollcall::storage::{Store, Tx};
use serde_json::json;
use uuid::Uuid;

use crate::harness::engine::open;
use crate::harness::{Engine, Gateway, OPERATOR_TOKEN};
use crate::mail::rows;
use crate::scim::message::{member_list, patch_one};
use crate::storage::fixture::{Place, accounts_on, arrival, origin, person, provisioning_on, said};

on_both_engines!(
    fifteen_hundred_members_have_it_after_a_stop_in_the_middle,
    a_sync_of_more_than_a_thousand_leaves_them_to_the_job,
    a_bulk_request_aligns_a_thousand_in_one_transaction_at_most,
    rules_that_change_meanwhile_begin_the_work_anew,
    two_nodes_share_the_work,
    the_last_administrator_is_skipped_until_there_is_another,
);

/// A tenant in a store of its own, and its database: the job is one for all tenants.
async fn place_of_its_own(engine: Engine) -> (Place, String) {
    let database = engine.new_database().await;
    (Place::in_store(open(&database).await).await, database)
}

/// Many people in one transaction.
async fn crowd(place: &Place, many: usize) -> Vec<Member> {
    let made: Vec<_> = (0..many)
        .map(|number| arrival(place.directory, said(&format!("user{number:05}"))))
        .collect();
    let members = made.iter().map(|(user, _)| person(user)).collect();
    let changes: Vec<_> = made.into_iter().map(|(_, change)| change).collect();
    let written = place.store.write(place.tenant, async move |tx: &mut Tx| {
        for change in changes {
            tx.apply(change).await?;
        }
        Ok::<_, rollcall::storage::Error>(())
    });
    written.await.expect("people");
    members
}

fn rule(group: &Group, section: &str, admin_scope: Option<AdminScope>) -> MappingRule {
    MappingRule {
        group: group.id,
        role: None,
        sections: vec![section.to_owned()],
        admin_scope,
    }
}

async fn set(place: &Place, rules: Vec<MappingRule>) -> group_mapping::GroupMapping {
    let on = accounts_on(&place.store);
    let set = group_mapping::set(&on, place.tenant, place.directory, rules, origin());
    set.await.expect("rules")
}

async fn mapping(place: &Place) -> group_mapping::GroupMapping {
    let on = accounts_on(&place.store);
    let found = group_mapping::find(&on, place.tenant, place.directory).await;
    found.expect("the mapping")
}

/// How many of these have exactly this section from the directory.
async fn count(store: &Store, place: &Place, members: &[Member], section: &str) -> usize {
    let source = GrantSource::Directory(place.directory);
    let right = Right::Section(section.to_owned());
    let mut tx = store.read(place.tenant).await.expect("a view");
    let mut found = 0;
    for member in members {
        let grants = tx.list_grants(UserId(member.id)).await.expect("grants");
        let given: Vec<_> = grants.iter().filter(|grant| grant.source == source).collect();
        found += usize::from(given.len() == 1 && given[0].right == right);
    }
    found
}

async fn count_any(place: &Place, members: &[Member]) -> usize {
    let mut tx = place.read().await;
    let mut found = 0;
    for member in members {
        found += tx.list_grants(UserId(member.id)).await.expect("grants").len();
    }
    found
}

async fn align(store: &Store) -> bool {
    align_due(store, Timestamp::now()).await.expect("the job")
}

async fn fifteen_hundred_members_have_it_after_a_stop_in_the_middle(engine: Engine) {
    let (place, database) = place_of_its_own(engine).await;
    let members = crowd(&place, 1500).await;
    let all = place.group("All", &members).await;
    let put = set(&place, vec![rule(&all, "reports", None)]).await;
    assert!(put.pending);
    assert_eq!(count_any(&place, &members).await, 0);
    assert!(align(&place.store).await, "there is more to do");
    assert_eq!(count(&place.store, &place, &members, "reports").await, 500);
    assert!(mapping(&place).await.pending);
    place.store.close().await;
    // Another program goes on, and nobody tells it to.
    let gateway = Gateway::start(&database).await;
    let path = format!(
        "/api/v1/tenants/{}/directories/{}/group-mapping",
        place.slug.as_str(),
        place.directory
    );
    let mut pending = true;
    for _ in 0..600 {
        let answer = gateway
            .anonymous("GET", &path)
            .bearer(OPERATOR_TOKEN)
            .send()
            .await;
        pending = answer.expect(200).json["pending"] == true;
        if !pending {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!pending, "it is not done");
    // And what comes then is begun at once, without a tick.
    let body = json!({"rules": [{"group_id": all.id, "sections": ["billing"]}]});
    let put = gateway.call_with("PUT", &path, &body).await.expect(200);
    assert_eq!(put.json["pending"], true);
    for _ in 0..600 {
        if gateway.call("GET", &path).await.expect(200).json["pending"] == false {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    gateway.stop().await;
    let store = open(&database).await;
    assert_eq!(count(&store, &place, &members, "billing").await, 1500);
    store.close().await;
}

async fn a_sync_of_more_than_a_thousand_leaves_them_to_the_job(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    let members = crowd(&place, 1001).await;
    let all = place.group("All", &[]).await;
    assert!(!set(&place, vec![rule(&all, "reports", None)]).await.pending);
    let ids: Vec<String> = members.iter().map(|member| member.id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let patch =
        |op: &str, ids: &[&str]| Write::Patch(all.id.to_string(), patch_one(op, "members", member_list(ids)));
    let send = |write| place.send(ResourceKind::Group, write, origin());
    send(patch("add", &ids[..1000])).await.expect("members");
    // A thousand have it with the request.
    assert!(!mapping(&place).await.pending);
    assert_eq!(count(&place.store, &place, &members, "reports").await, 1000);
    send(patch("remove", &ids[..1000])).await.expect("members");
    assert_eq!(count_any(&place, &members).await, 0);
    send(patch("add", &ids)).await.expect("members");
    assert!(mapping(&place).await.pending);
    assert_eq!(count_any(&place, &members).await, 0);
    // Who leaves meanwhile is not given anything.
    send(patch("remove", &ids[..1])).await.expect("members");
    while align(&place.store).await {}
    assert!(!mapping(&place).await.pending);
    assert_eq!(count(&place.store, &place, &members, "reports").await, 1000);
    assert_eq!(count_any(&place, &members[..1]).await, 0);
    send(patch("add", &ids[..1])).await.expect("members");
    send(Write::Delete(all.id.to_string())).await.expect("deleted");
    let left = mapping(&place).await;
    assert!(left.pending && left.rules.is_empty());
    while align(&place.store).await {}
    assert_eq!(count_any(&place, &members).await, 0);
    assert!(!mapping(&place).await.pending);
}

async fn a_bulk_request_aligns_a_thousand_in_one_transaction_at_most(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    let members = crowd(&place, 1200).await;
    let (one, two) = (place.group("One", &[]).await, place.group("Two", &[]).await);
    set(
        &place,
        vec![rule(&one, "reports", None), rule(&two, "reports", None)],
    )
    .await;
    let ids: Vec<String> = members.iter().map(|member| member.id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let operation = |group: &Group, ids: &[&str]| {
        let data = patch_one("add", "members", member_list(ids));
        json!({"method": "PATCH", "path": format!("/Groups/{}", group.id), "data": data})
    };
    let request = BulkRequest::parse(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [operation(&one, &ids[..600]), operation(&two, &ids[600..])],
    }));
    let on = provisioning_on(&place.store);
    let fresh = vec![Uuid::now_v7(), Uuid::now_v7()];
    let results = execute_bulk(
        &on,
        &place.service(),
        request.expect("a request"),
        fresh,
        origin(),
    )
    .await;
    assert!(results.iter().all(|result| result.outcome.is_ok()), "{results:?}");
    assert_eq!(count(&place.store, &place, &members, "reports").await, 600);
    assert!(mapping(&place).await.pending);
    while align(&place.store).await {}
    assert_eq!(count(&place.store, &place, &members, "reports").await, 1200);
}

async fn rules_that_change_meanwhile_begin_the_work_anew(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    let members = crowd(&place, 1200).await;
    let all = place.group("All", &members).await;
    set(&place, vec![rule(&all, "reports", None)]).await;
    assert!(align(&place.store).await);
    set(&place, vec![rule(&all, "billing", None)]).await;
    while align(&place.store).await {}
    assert_eq!(count(&place.store, &place, &members, "billing").await, 1200);
    // Nor does a rule that is taken away in the middle leave anything.
    set(&place, vec![rule(&all, "reports", None)]).await;
    assert!(align(&place.store).await);
    set(&place, Vec::new()).await;
    while align(&place.store).await {}
    assert_eq!(count_any(&place, &members).await, 0);
}

async fn two_nodes_share_the_work(engine: Engine) {
    let (place, database) = place_of_its_own(engine).await;
    let members = crowd(&place, 1800).await;
    let all = place.group("All", &members).await;
    set(&place, vec![rule(&all, "reports", None)]).await;
    let other = open(&database).await;
    let work = async |store: &Store| {
        // A node that finds the other at it goes away, so the work is asked for until it is done.
        while mapping(&place).await.pending {
            align(store).await;
        }
    };
    tokio::join!(work(&place.store), work(&other));
    assert_eq!(count(&other, &place, &members, "reports").await, 1800);
    let sql = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND action = $2";
    let rows = rows::number(&database, sql, &place.tenant.to_string(), "user.grants_set").await;
    assert_eq!(rows, 1800, "nobody was given it twice");
    other.close().await;
}

async fn the_last_administrator_is_skipped_until_there_is_another(engine: Engine) {
    let (place, _) = place_of_its_own(engine).await;
    let members = crowd(&place, 1200).await;
    let all = place.group("All", &members).await;
    let chief = members[700];
    let chiefs = place.group("Chiefs", &[chief]).await;
    let full = rule(&chiefs, "reports", Some(AdminScope::All));
    set(&place, vec![full, rule(&all, "reports", None)]).await;
    while align(&place.store).await {}
    let id = UserId(chief.id);
    let is_full = |user: User| user.administrator == Some(AdminScope::All);
    assert!(is_full(place.find_user(id).await));
    set(&place, vec![rule(&all, "billing", None)]).await;
    while align(&place.store).await {}
    let held = mapping(&place).await;
    assert_eq!((held.pending, held.held), (false, vec![id]));
    assert!(is_full(place.find_user(id).await));
    // Everything but the tick follows the rules.
    let mut grants = place.read().await.list_grants(id).await.expect("grants");
    grants.retain(|grant| grant.right == Right::Section("billing".to_owned()));
    assert_eq!(grants.len(), 1);
    let another = UserId(members[3].id);
    let on = accounts_on(&place.store);
    let tick = Some(AdminScope::All);
    users::set_administrator(&on, place.tenant, Authority::Operator, another, tick, origin())
        .await
        .expect("an administrator");
    let later = Timestamp::now() + Duration::from_mins(2);
    while align_due(&place.store, later).await.expect("the job") {}
    assert!(mapping(&place).await.held.is_empty());
    assert_eq!(place.find_user(id).await.administrator, None);
}
