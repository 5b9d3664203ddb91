//! Groups and their members: rows, changed as sets.

use std::collections::{HashMap, HashSet};

use rollcall::directory::query::{MemberTerm, Predicate};
use rollcall::directory::{DirectoryId, Group, Member, MemberDelta, MemberKind, Profile, group, lifecycle};
use rollcall::storage::{Error, Tx};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Place, arrival, object, origin, person, said};
use crate::harness::Engine;

on_both_engines!(
    a_group_is_read_as_it_was_written,
    every_column_of_a_group_follows_an_update,
    members_are_added_removed_and_cleared,
    members_are_told_apart_by_kind_for_one_group_and_for_several,
    ten_thousand_members_come_and_go_in_one_change,
    a_deleted_group_takes_its_memberships_along,
    candidates_are_told_from_members_and_strangers,
    a_person_who_is_being_deleted_is_not_added,
);

async fn a_group_is_read_as_it_was_written(engine: Engine) {
    let place = Place::new(engine).await;
    let made = place.group("Écoles \u{1F600}", &[]).await;
    assert_eq!(place.find_group(made.id).await, made);
    let mut tx = place.read().await;
    let found = tx.find_group_by_name(place.directory, "éCOLES \u{1F600}").await;
    assert_eq!(found.unwrap(), Some(made));
}

async fn every_column_of_a_group_follows_an_update(engine: Engine) {
    let place = Place::new(engine).await;
    let before = place.group("before", &[]).await;
    let wanted = Group {
        display_name: "After".to_owned(),
        external_id: Some("g-1".to_owned()),
        profile: Profile::from_attributes(&object(json!({"x": 1}))),
        ..before.clone()
    };
    let (after, change) = group::update(&before, wanted, MemberDelta::default(), origin()).unwrap();
    place.apply(change).await.unwrap();
    assert_eq!(after.version, 2);
    assert_eq!(place.find_group(before.id).await, after);
    let mut tx = place.read().await;
    assert_eq!(
        tx.find_group_by_name(place.directory, "before").await.unwrap(),
        None
    );
    assert_eq!(
        tx.find_group_by_name(place.directory, "AFTER").await.unwrap(),
        Some(after)
    );
}

async fn member_ids(place: &Place, group: &Group) -> HashSet<Uuid> {
    let members = place.members(group.id).await;
    let ids: Vec<Uuid> = members.iter().map(|member| member.id).collect();
    assert!(ids.is_sorted(), "members come by id");
    ids.into_iter().collect()
}

fn delta(add: &[Member], remove: &[Uuid]) -> MemberDelta {
    MemberDelta {
        add: add.to_vec(),
        remove: remove.to_vec(),
    }
}

async fn members_are_added_removed_and_cleared(engine: Engine) {
    let place = Place::new(engine).await;
    let (a, b, c) = (
        place.user("a").await,
        place.user("b").await,
        place.user("c").await,
    );
    let nested = place.group("Nested", &[]).await;
    let inner = Member {
        id: nested.id.0,
        kind: MemberKind::Group,
    };
    let group = place.group("Staff", &[person(&a), inner]).await;
    assert_eq!(
        member_ids(&place, &group).await,
        HashSet::from([a.id.0, nested.id.0])
    );
    let added = delta(&[person(&b), person(&c)], &[a.id.0]);
    let group = place.change_members(&group, added).await;
    assert_eq!(
        member_ids(&place, &group).await,
        HashSet::from([b.id.0, c.id.0, nested.id.0])
    );
    assert_eq!(place.find_group(group.id).await, group);
    assert_eq!(group.version, 2);
    let listed = place.read().await.list_member_ids(group.id).await.unwrap();
    assert_eq!(listed.len(), 3);
    let group = place.change_members(&group, delta(&[], &listed)).await;
    assert!(member_ids(&place, &group).await.is_empty());
    // Nobody else was touched.
    assert_eq!(place.find_group(nested.id).await, nested);
    assert_eq!(place.find_user(b.id).await, b);
}

async fn members_are_told_apart_by_kind_for_one_group_and_for_several(engine: Engine) {
    let place = Place::new(engine).await;
    let user = place.user("ada").await;
    let nested = place.group("Nested", &[]).await;
    let inner = Member {
        id: nested.id.0,
        kind: MemberKind::Group,
    };
    let staff = place.group("Staff", &[person(&user), inner]).await;
    let other = place.group("Other", &[person(&user)]).await;
    let mut tx = place.read().await;
    let kinds: HashSet<(Uuid, MemberKind)> = place
        .members(staff.id)
        .await
        .iter()
        .map(|member| (member.id, member.kind))
        .collect();
    let expected = HashSet::from([(user.id.0, MemberKind::User), (nested.id.0, MemberKind::Group)]);
    assert_eq!(kinds, expected);
    let groups = [staff.id, other.id, nested.id];
    let pairs = tx.list_few_members_of(&groups, 3).await.unwrap();
    let pairs = pairs.expect("three are not more than three");
    assert_eq!(tx.list_few_members_of(&groups, 2).await.unwrap(), None);
    for (kind, id) in [(MemberKind::User, user.id.0), (MemberKind::Group, nested.id.0)] {
        let of = Predicate::Term(MemberTerm::Kind(kind));
        let chunk = tx.walk_members(staff.id, &of, None, 10).await.unwrap();
        assert_eq!(chunk.items, [Member { id, kind }]);
    }
    let of = |id| pairs.iter().filter(|(group, _)| *group == id).count();
    assert_eq!((of(staff.id), of(other.id), of(nested.id)), (2, 1, 0));
    assert!(pairs.iter().any(|(_, member)| member.kind == MemberKind::Group));
}

async fn ten_thousand_members_come_and_go_in_one_change(engine: Engine) {
    let place = Place::new(engine).await;
    let mut people = Vec::new();
    let mut changes = Vec::new();
    for number in 0..10_000 {
        let (user, change) = arrival(place.directory, said(&format!("user-{number}")));
        people.push(person(&user));
        changes.push(change);
    }
    for chunk in changes.chunks(500) {
        let chunk = chunk.to_vec();
        place
            .store
            .write(place.tenant, async move |tx: &mut Tx| {
                for change in chunk {
                    tx.apply(change).await?;
                }
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
    }
    let group = place.group("Everybody", &[]).await;
    let group = place.change_members(&group, delta(&people, &[])).await;
    assert_eq!(member_ids(&place, &group).await.len(), 10_000);
    let ids: Vec<Uuid> = people.iter().map(|member| member.id).collect();
    let mut tx = place.read().await;
    assert_eq!(tx.find_members_among(group.id, &ids).await.unwrap().len(), 10_000);
    drop(tx);
    let group = place.change_members(&group, delta(&[], &ids)).await;
    assert!(member_ids(&place, &group).await.is_empty());
    assert_eq!(group.version, 3);
}

async fn a_deleted_group_takes_its_memberships_along(engine: Engine) {
    let place = Place::new(engine).await;
    let user = place.user("ada").await;
    let group = place.group("Staff", &[person(&user)]).await;
    let inner = Member {
        id: group.id.0,
        kind: MemberKind::Group,
    };
    let outer = place.group("Outer", &[inner, person(&user)]).await;
    place.apply(group::delete(&group, origin())).await.unwrap();
    let mut tx = place.read().await;
    assert_eq!(tx.find_group(place.directory, group.id).await.unwrap(), None);
    assert!(place.members(group.id).await.is_empty());
    let record = tx
        .find_user_record(place.directory, user.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        record.groups.iter().map(|group| group.id).collect::<Vec<_>>(),
        [outer.id]
    );
    drop(tx);
    assert_eq!(member_ids(&place, &outer).await, HashSet::from([user.id.0]));
    assert_eq!(place.find_group(outer.id).await.version, 2);
    assert_eq!(place.find_user(user.id).await, user);
    // The name is free again.
    place.group("STAFF", &[]).await;
}

async fn candidates_are_told_from_members_and_strangers(engine: Engine) {
    let place = Place::new(engine).await;
    let (member, free, gone) = (
        place.user("m").await,
        place.user("f").await,
        place.user("g").await,
    );
    let nested = place.group("Nested", &[]).await;
    let group = place.group("Staff", &[person(&member)]).await;
    let other: DirectoryId = place.another_directory().await;
    let (foreign, change) = arrival(other, said("foreign"));
    place.apply(change).await.unwrap();
    place
        .apply(lifecycle::delete(&gone, 0, origin()).unwrap())
        .await
        .unwrap();
    let ids = [
        member.id.0,
        free.id.0,
        gone.id.0,
        foreign.id.0,
        nested.id.0,
        Uuid::nil(),
    ];
    let members = place.read().await.find_members_among(group.id, &ids).await;
    assert_eq!(members.unwrap(), HashSet::from([member.id.0]));
    let directory = place.directory;
    let found = place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.find_candidates_for_update(directory, &ids, false).await
        })
        .await
        .unwrap();
    let expected = [
        (member.id.0, MemberKind::User),
        (free.id.0, MemberKind::User),
        (nested.id.0, MemberKind::Group),
    ];
    assert_eq!(found, HashMap::from(expected));
}

/// One transaction adds a person to a group while another deletes that person: afterwards nobody who is
/// deleted is a member.
async fn a_person_who_is_being_deleted_is_not_added(engine: Engine) {
    let place = Place::new(engine).await;
    for round in 0..20 {
        let user = place.user(&format!("user-{round}")).await;
        let staff = place.group(&format!("group-{round}"), &[]).await;
        let (directory, group_id, member) = (place.directory, staff.id, person(&user));
        let add = place.store.write(place.tenant, async move |tx: &mut Tx| {
            let group = tx
                .find_group_for_update(directory, group_id)
                .await?
                .expect("a group");
            let found = tx
                .find_candidates_for_update(directory, &[member.id], false)
                .await?;
            if found.contains_key(&member.id) {
                let delta = delta(&[member], &[]);
                let (_, change) = group::update(&group, group.clone(), delta, origin()).expect("a change");
                tx.apply(change).await?;
            }
            Ok::<_, Error>(())
        });
        let delete = place.store.write(place.tenant, async move |tx: &mut Tx| {
            let user = tx.find_user_for_update(user.id).await?.expect("a person");
            tx.apply(lifecycle::delete(&user, 0, origin())?).await
        });
        let (added, deleted) = tokio::join!(add, delete);
        added.unwrap();
        deleted.unwrap();
        assert!(member_ids(&place, &staff).await.is_empty(), "round {round}");
    }
}
