//! Groups that are too large to be handled in one piece: written as sets, read in pieces, removed in parts.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use rollcall::directory::{GroupId, Member, MemberDelta, User, group, lifecycle};
use rollcall::jobs::group_purge::purge_all;
use rollcall::provisioning::search::{Page, search};
use rollcall::provisioning::{self, Document, Outcome, Pieces, ResourceKind, Scope, Write};
use rollcall::scim::message::SearchRequest;
use rollcall::scim::projection::Projection;
use rollcall::storage::{Error, Swept, Tx};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::fixture::{Place, arrival, new_group, now, origin, person, provisioning_on, said};
use crate::harness::Engine;
use crate::harness::engine::open;

on_both_engines!(
    ten_thousand_members_come_change_and_go_by_requests,
    ten_thousand_operations_of_one_member_each_are_one_change,
    a_long_list_is_written_in_bounded_pieces_and_is_the_whole_set,
    whoever_stays_is_written_once_while_others_come_and_go,
    a_group_that_is_deleted_in_the_middle_of_its_list_breaks_the_answer_off,
    a_page_of_groups_of_every_size_holds_each_list_whole,
    members_are_projected_as_they_are_written,
    judging_too_many_members_in_memory_is_refused,
    members_are_removed_by_their_kind_however_many_there_are,
    a_large_group_is_gone_at_once_and_its_rows_go_in_parts_also_after_a_restart,
    two_nodes_remove_what_is_left_of_a_group_side_by_side,
    a_person_in_thousands_of_groups_is_shown_with_all_and_leaves_all,
);

const MANY: usize = 10_000;

/// A tenant with [`MANY`] people, which tests of an engine share; they make groups of their own in it.
async fn crowd(engine: Engine) -> (&'static Place, &'static [Member]) {
    static CROWDS: [OnceCell<(Place, Vec<Member>)>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
    let (place, people) = CROWDS[engine as usize]
        .get_or_init(|| async move {
            let place = Place::new(engine).await;
            let people = make_people(&place, MANY).await;
            (place, people.iter().map(person).collect())
        })
        .await;
    (place, people)
}

async fn make_people(place: &Place, many: usize) -> Vec<User> {
    let arrivals = (0..many).map(|number| arrival(place.directory, said(&format!("user-{number}"))));
    let (people, changes): (Vec<_>, Vec<_>) = arrivals.unzip();
    for chunk in changes.chunks(500) {
        let chunk = chunk.to_vec();
        let write = place.store.write(place.tenant, async move |tx: &mut Tx| {
            for change in chunk {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        });
        write.await.expect("people are made");
    }
    people
}

fn ids(members: &[Member]) -> BTreeSet<Uuid> {
    members.iter().map(|member| member.id).collect()
}

fn list(members: &[Member]) -> Value {
    members.iter().map(|member| json!({"value": member.id})).collect()
}

fn operations(operations: Value) -> Value {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]});
    body["Operations"] = operations;
    body
}

async fn send(place: &Place, write: Write) -> Result<Outcome, provisioning::Error> {
    place.send(ResourceKind::Group, write, origin()).await
}

async fn version_of(place: &Place, id: Uuid) -> i64 {
    place.find_group(GroupId(id)).await.version
}

/// The names of members that audit rows of a group hold, and the longest row in bytes.
async fn audit_of(place: &Place, id: Uuid) -> (Vec<Value>, usize) {
    let rows = place.read().await.list_audit_of(id).await.expect("audit rows");
    let texts = rows.iter().filter_map(|row| row.after_json.as_deref());
    let longest = texts.clone().map(str::len).max().unwrap_or_default();
    (
        texts
            .map(|text| serde_json::from_str(text).expect("JSON"))
            .collect(),
        longest,
    )
}

async fn ten_thousand_members_come_change_and_go_by_requests(engine: Engine) {
    let (place, people) = crowd(engine).await;
    let id = Uuid::now_v7();
    let body = json!({"displayName": "by requests", "members": list(people)});
    send(place, Write::Create(id, body)).await.expect("a group");
    assert_eq!(ids(&place.members(GroupId(id)).await), ids(people));

    // What is already so is no change, however much of it there is.
    let body = json!({"displayName": "by requests", "members": list(people)});
    send(place, Write::Replace(id.to_string(), body))
        .await
        .expect("no change");
    assert_eq!(version_of(place, id).await, 1);

    let half = &people[MANY / 2..];
    let body = json!({"displayName": "by requests", "members": list(half)});
    send(place, Write::Replace(id.to_string(), body))
        .await
        .expect("a smaller group");
    assert_eq!(ids(&place.members(GroupId(id)).await), ids(half));

    let add = operations(json!([{"op": "add", "path": "members", "value": list(&people[..MANY - 1_000])}]));
    send(place, Write::Patch(id.to_string(), add))
        .await
        .expect("a larger group");
    assert_eq!(ids(&place.members(GroupId(id)).await), ids(people));

    let clear = operations(json!([{"op": "remove", "path": "members"}]));
    send(place, Write::Patch(id.to_string(), clear))
        .await
        .expect("an empty group");
    assert!(place.members(GroupId(id)).await.is_empty());
    assert_eq!(version_of(place, id).await, 4);

    let (seen, longest) = audit_of(place, id).await;
    let counts: Vec<Value> = seen
        .iter()
        .map(|row| {
            let names = ["members", "members_added", "members_removed"];
            names
                .iter()
                .map(|name| row[format!("{name}_count")].clone())
                .collect()
        })
        .collect();
    let half = MANY / 2;
    let expected = [
        json!([MANY, null, null]),
        json!([null, 0, half]),
        json!([null, half, 0]),
        json!([null, 0, MANY]),
    ];
    assert_eq!(counts, expected);
    assert!(longest < 45_000, "an audit row of {longest} bytes");
}

async fn ten_thousand_operations_of_one_member_each_are_one_change(engine: Engine) {
    let (place, people) = crowd(engine).await;
    let group = place.group("one by one", &people[..5_000]).await;
    let one_by_one: Vec<Value> = (0..5_000)
        .flat_map(|number| {
            let (gone, new) = (people[number].id, people[5_000 + number].id);
            [
                json!({"op": "remove", "path": format!("members[value eq \"{gone}\"]")}),
                json!({"op": "add", "path": "members", "value": [{"value": new}]}),
            ]
        })
        .collect();
    let body = operations(json!(one_by_one));
    send(place, Write::Patch(group.id.to_string(), body))
        .await
        .expect("a change");
    assert_eq!(ids(&place.members(group.id).await), ids(&people[5_000..]));
    assert_eq!(place.find_group(group.id).await.version, 2);
}

fn pieces_of(place: &Place, document: Document) -> Pieces {
    Pieces::new(&provisioning_on(&place.store), &place.service(), document)
}

/// A document of a group, as an answer without query parameters shows it.
async fn document(place: &Place, id: GroupId, excluded: Option<&str>, asked: Option<&str>) -> Document {
    let service = place.service();
    let projection = Projection::parse(asked, excluded, &service.types.group).expect("a projection");
    Document::of_group(&service, &place.find_group(id).await, &Arc::new(projection))
}

fn members_in(group: &Value) -> Vec<Uuid> {
    let members = group["members"].as_array().cloned().unwrap_or_default();
    let values = members
        .iter()
        .map(|member| member["value"].as_str().expect("a value").parse());
    values.collect::<Result<_, _>>().expect("ids")
}

async fn a_long_list_is_written_in_bounded_pieces_and_is_the_whole_set(engine: Engine) {
    let (place, people) = crowd(engine).await;
    let group = place.group("in pieces", people).await;
    let mut pieces = pieces_of(place, document(place, group.id, None, None).await);
    let (mut text, mut longest, mut count) = (String::new(), 0, 0);
    while let Some(piece) = pieces.next().await.unwrap() {
        longest = longest.max(piece.len());
        count += 1;
        text.push_str(&piece);
    }
    assert!(count >= 5, "{count} pieces");
    assert!(
        longest < text.len() / 4,
        "a piece of {longest} of {} bytes",
        text.len()
    );
    let written: Value = serde_json::from_str(&text).expect("JSON");
    let found = members_in(&written);
    assert_eq!(found.len(), MANY, "nobody is written twice");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), ids(people));
    assert_eq!(written["meta"]["version"], "W/\"1\"");

    let mut pieces = pieces_of(place, document(place, group.id, Some("members"), None).await);
    let text = pieces.next().await.unwrap().expect("a piece");
    assert!(pieces.is_done(), "without its members a group is one piece");
    assert!(!text.contains("members"), "{text}");
}

async fn whoever_stays_is_written_once_while_others_come_and_go(engine: Engine) {
    let (place, people) = crowd(engine).await;
    // Every second one stays throughout; of the others, some are there at first and some later.
    let staying: Vec<Member> = people.iter().copied().step_by(2).collect();
    let passing: Vec<Member> = people.iter().copied().skip(1).step_by(2).collect();
    let (first, later) = passing.split_at(passing.len() / 2);
    let mut all = staying.clone();
    all.extend(first);
    let mut group = place.group("while it changes", &all).await;
    let mut pieces = pieces_of(place, document(place, group.id, None, None).await);
    let mut text = String::new();
    let (mut leaving, mut coming) = (first.chunks(700), later.chunks(700));
    while let Some(piece) = pieces.next().await.unwrap() {
        text.push_str(&piece);
        let delta = MemberDelta {
            add: coming.next().unwrap_or_default().to_vec(),
            remove: leaving
                .next()
                .unwrap_or_default()
                .iter()
                .map(|member| member.id)
                .collect(),
        };
        if !delta.is_empty() {
            group = place.change_members(&group, delta).await;
        }
    }
    assert!(group.version > 3, "nothing changed in between");
    let found = members_in(&serde_json::from_str(&text).expect("JSON"));
    let set: HashSet<Uuid> = found.iter().copied().collect();
    assert_eq!(set.len(), found.len(), "somebody is written twice");
    assert!(
        staying.iter().all(|member| set.contains(&member.id)),
        "somebody is missing"
    );
    assert!(set.iter().all(|id| people.iter().any(|member| member.id == *id)));
}

async fn a_group_that_is_deleted_in_the_middle_of_its_list_breaks_the_answer_off(engine: Engine) {
    let (place, people) = crowd(engine).await;
    let group = place.group("broken off", &people[..5_000]).await;
    let mut pieces = pieces_of(place, document(place, group.id, None, None).await);
    assert!(pieces.next().await.unwrap().is_some());
    place.apply(group::delete(&group, origin())).await.unwrap();
    let error = pieces.next().await.expect_err("half a list is no answer");
    assert!(matches!(error, provisioning::Error::NotFound { .. }), "{error}");
}

async fn page_of(place: &Place, request: &SearchRequest) -> Result<Page, provisioning::Error> {
    let on = provisioning_on(&place.store);
    search(&on, &place.service(), Scope::Groups, request, now()).await
}

async fn a_page_of_groups_of_every_size_holds_each_list_whole(engine: Engine) {
    let place = Place::new(engine).await;
    let people: Vec<Member> = make_people(&place, 4_500).await.iter().map(person).collect();
    let sizes = [3, 0, 4_500, 1, 2_000, 2_001, 0, 5, 700, 700, 700, 4_000, 1];
    for (number, size) in sizes.iter().enumerate() {
        place.group(&format!("g{number:02}"), &people[..*size]).await;
    }
    for number in sizes.len()..200 {
        place
            .group(&format!("g{number:02}"), &people[number..number + 2])
            .await;
    }
    let sorts = [None, Some("displayName"), Some("id")];
    for (sort_by, sort_order) in sorts
        .into_iter()
        .flat_map(|by| [(by, "ascending"), (by, "descending")])
    {
        let request = SearchRequest {
            sort_by: sort_by.map(str::to_owned),
            sort_order: sort_by.map(|_| sort_order.to_owned()),
            count: Some(1_000),
            ..SearchRequest::default()
        };
        let page = page_of(&place, &request).await.unwrap();
        assert_eq!(page.items, 200);
        let mut pieces = pieces_of(&place, page.resources);
        let (mut text, mut longest) = (String::new(), 0);
        while let Some(piece) = pieces.next().await.unwrap() {
            longest = longest.max(piece.len());
            text.push_str(&piece);
        }
        assert!(
            longest < 1_200_000,
            "a piece of {longest} of {} bytes",
            text.len()
        );
        let groups: Vec<Value> = serde_json::from_str(&format!("[{text}]")).expect("JSON");
        for group in &groups {
            let name = group["displayName"].as_str().expect("a name");
            let number: usize = name[1..].parse().expect("a number");
            let expected = match sizes.get(number) {
                Some(size) => &people[..*size],
                None => &people[number..number + 2],
            };
            let found = members_in(group);
            assert_eq!(found.len(), expected.len(), "{name} sorted by {sort_by:?}");
            assert_eq!(
                found.into_iter().collect::<BTreeSet<_>>(),
                ids(expected),
                "{name}"
            );
        }
    }
}

async fn members_are_projected_as_they_are_written(engine: Engine) {
    let (place, people) = crowd(engine).await;
    let group = place.group("projected", &people[..4_500]).await;
    let read = async |excluded, asked| {
        let text = place.text(document(place, group.id, excluded, asked).await).await;
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let found = read(None, Some("members.value")).await;
    assert_eq!(members_in(&found).len(), 4_500);
    let keys: BTreeSet<&String> = found.as_object().expect("an object").keys().collect();
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["id", "members", "schemas"]);
    assert_eq!(
        found["members"][4_499].as_object().map(serde_json::Map::len),
        Some(1)
    );

    let found = read(Some("members.$ref,meta"), None).await;
    assert_eq!(members_in(&found).len(), 4_500);
    assert!(found.get("meta").is_none());
    assert_eq!(found["members"][0].get("$ref"), None);
    assert_eq!(found["members"][0]["type"], "User");

    // Nothing has a display, so nothing is left of any member.
    let found = read(None, Some("members.display")).await;
    assert_eq!(found.get("members"), None);
}

async fn judging_too_many_members_in_memory_is_refused(engine: Engine) {
    let place = Place::new(engine).await;
    let people: Vec<Member> = make_people(&place, 2_000).await.iter().map(person).collect();
    let mut groups = Vec::new();
    for name in 'a'..='z' {
        groups.push(place.group(&name.to_string(), &people).await);
    }
    let filtered = |filter: &str| SearchRequest {
        filter: Some(filter.to_owned()),
        excluded_attributes: Some(vec!["members".to_owned()]),
        ..SearchRequest::default()
    };
    let error = page_of(&place, &filtered("members.value co \"zzz\""))
        .await
        .expect_err("52,000 members");
    assert!(error.to_string().contains("members.value by eq"), "{error}");
    // What the database judges has no such limit.
    for (filter, total) in [
        (format!("members.value eq \"{}\"", people[9].id), 26),
        ("members.type eq \"user\"".to_owned(), 26),
        ("members[type eq \"Group\"]".to_owned(), 0),
        ("members pr and displayName sw \"b\"".to_owned(), 1),
        ("displayName eq \"c\" and members.value co \"zzz\"".to_owned(), 0),
    ] {
        let page = page_of(&place, &filtered(&filter)).await;
        assert_eq!(
            page.unwrap_or_else(|error| panic!("{filter}: {error}")).total,
            Some(total),
            "{filter}"
        );
    }

    let many = |operations_of: usize| {
        let one =
            |number: usize| json!({"op": "remove", "path": format!("members[value co \"{number}zzz\"]")});
        operations((0..operations_of).map(one).collect())
    };
    let body = many(26);
    let error = send(&place, Write::Patch(groups[0].id.to_string(), body))
        .await
        .expect_err("52,000 members");
    assert!(error.to_string().contains("50000 members"), "{error}");
    let body = many(25);
    send(&place, Write::Patch(groups[0].id.to_string(), body))
        .await
        .expect("no change");
    assert_eq!(place.find_group(groups[0].id).await.version, 1);
}

async fn members_are_removed_by_their_kind_however_many_there_are(engine: Engine) {
    let (place, people) = crowd(engine).await;
    let inner = place.group("kinds: inner", &[]).await;
    let nested = Member {
        id: inner.id.0,
        kind: rollcall::directory::MemberKind::Group,
    };
    let mut all = people.to_vec();
    all.push(nested);
    let group = place.group("kinds", &all).await;
    let path = format!(
        "members[type eq \"user\" and not (value eq \"{}\")]",
        people[7].id
    );
    let body = operations(json!([{"op": "remove", "path": path}]));
    send(place, Write::Patch(group.id.to_string(), body))
        .await
        .expect("a change");
    assert_eq!(ids(&place.members(group.id).await), ids(&[people[7], nested]));
}

async fn a_large_group_is_gone_at_once_and_its_rows_go_in_parts_also_after_a_restart(engine: Engine) {
    let database = engine.new_database().await;
    let mut place = Place::in_store(open(&database).await).await;
    let people = make_people(&place, 7_000).await;
    let members: Vec<Member> = people.iter().map(person).collect();
    let group = place.group("large", &members).await;
    let nested = Member {
        id: group.id.0,
        kind: rollcall::directory::MemberKind::Group,
    };
    let outer = place.group("outer", &[nested, members[0]]).await;
    place.apply(group::delete(&group, origin())).await.unwrap();

    // Nothing of it is seen from now on.
    let last = people[6_999].id;
    let mut tx = place.read().await;
    assert!(tx.find_group(place.directory, group.id).await.unwrap().is_none());
    let record = tx.find_user_record(place.directory, last).await.unwrap();
    assert!(record.expect("a person").groups.is_empty());
    assert!(tx.list_groups_of(&[last]).await.unwrap().is_empty());
    assert!(tx.walk_groups_of(last, None, 10).await.unwrap().items.is_empty());
    assert!(tx.list_member_ids(group.id).await.unwrap().is_empty());
    let among = tx.find_members_among(group.id, &[last.0]).await;
    assert!(among.unwrap().is_empty());
    let few = tx.list_few_members_of(&[group.id], 10_000).await.unwrap();
    assert_eq!(few, Some(Vec::new()));
    drop(tx);
    assert!(place.members(group.id).await.is_empty());
    assert_eq!(place.members(outer.id).await, [members[0]]);
    assert_eq!(place.find_group(outer.id).await.version, 2);
    for (scope, filter) in [
        (Scope::Users, format!("groups.value eq \"{}\"", group.id)),
        (Scope::Groups, format!("members.value eq \"{last}\"")),
    ] {
        let request = SearchRequest {
            filter: Some(filter),
            ..SearchRequest::default()
        };
        let on = provisioning_on(&place.store);
        let page = search(&on, &place.service(), scope, &request, now())
            .await
            .unwrap();
        assert_eq!((page.total, page.items), (Some(0), 0), "{scope:?}");
    }
    place.group("LARGE", &[]).await;

    // One part went with the group; the others go one at a time, and on after a restart.
    let part = async |place: &Place| place.store.purge_deleted_group(place.tenant, group.id).await;
    assert!(part(&place).await.unwrap());
    place.store.close().await;
    place.store = open(&database).await;
    assert!(part(&place).await.unwrap());
    // Under the same id again, the group would show what is left.
    let (again, change) = new_group(place.directory, "again", &[]);
    assert_ne!(again.id, group.id, "ids are not given out twice");
    place.apply(change).await.unwrap();
    let swept = purge_all(&place.store).await.unwrap();
    assert_eq!(swept, Swept { done: 1, failed: 0 });
    assert_eq!(purge_all(&place.store).await.unwrap(), Swept::default());
    let back = rollcall::directory::Group {
        display_name: "back".to_owned(),
        ..group
    };
    place
        .apply(group::create(back.clone(), Vec::new(), origin()))
        .await
        .unwrap();
    assert!(place.members(back.id).await.is_empty(), "rows were left behind");
    place.store.close().await;
}

async fn two_nodes_remove_what_is_left_of_a_group_side_by_side(engine: Engine) {
    let database = engine.new_database().await;
    let place = Place::in_store(open(&database).await).await;
    let members: Vec<Member> = make_people(&place, 4_500).await.iter().map(person).collect();
    let mut groups = Vec::new();
    for name in ["a", "b", "c"] {
        groups.push(place.group(name, &members).await);
    }
    let stays = place.group("stays", &members).await;
    for group in &groups {
        place.apply(group::delete(group, origin())).await.unwrap();
    }
    // SQLite has one node, so there it is one store twice.
    let other = match engine {
        Engine::Sqlite => place.store.clone(),
        Engine::Postgres => open(&database).await,
    };
    let (one, two) = tokio::join!(purge_all(&place.store), purge_all(&other));
    one.unwrap();
    two.unwrap();
    assert_eq!(purge_all(&place.store).await.unwrap(), Swept::default());
    for group in groups {
        place
            .apply(group::create(group.clone(), Vec::new(), origin()))
            .await
            .unwrap();
        assert!(place.members(group.id).await.is_empty(), "rows were left behind");
    }
    assert_eq!(place.members(stays.id).await.len(), 4_500);
    place.store.close().await;
    other.close().await;
}

async fn a_person_in_thousands_of_groups_is_shown_with_all_and_leaves_all(engine: Engine) {
    let place = Place::new(engine).await;
    let (ada, grace) = (place.user("ada").await, place.user("grace").await);
    let made: Vec<_> = (0..2_500)
        .map(|number| {
            new_group(
                place.directory,
                &format!("group {number}"),
                &[person(&ada), person(&grace)],
            )
        })
        .collect();
    for chunk in made.chunks(500) {
        let changes: Vec<_> = chunk.iter().map(|(_, change)| change.clone()).collect();
        let write = place.store.write(place.tenant, async move |tx: &mut Tx| {
            for change in changes {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        });
        write.await.unwrap();
    }
    let everybody = SearchRequest::default();
    let on = provisioning_on(&place.store);
    let page = search(&on, &place.service(), Scope::Users, &everybody, now())
        .await
        .unwrap();
    let text = place.text(page.resources).await;
    let people: Vec<Value> = serde_json::from_str(&format!("[{text}]")).expect("JSON");
    assert_eq!(people.len(), 2);
    for person in &people {
        let groups: BTreeSet<&str> = person["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .filter_map(|group| group["value"].as_str())
            .collect();
        assert_eq!(groups.len(), 2_500);
    }
    // Two who share them all are deleted at once.
    let delete = |user: &User| {
        let deleted = lifecycle::delete(user, 0, origin()).expect("a change");
        place.apply(deleted)
    };
    let (one, two) = tokio::join!(delete(&ada), delete(&grace));
    one.unwrap();
    two.unwrap();
    for (group, _) in made.iter().step_by(250) {
        assert_eq!(place.find_group(group.id).await.version, 3);
        assert!(place.members(group.id).await.is_empty());
    }
    let mut tx = place.read().await;
    assert!(tx.list_groups_of(&[ada.id, grace.id]).await.unwrap().is_empty());
}
