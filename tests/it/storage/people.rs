//! People: what is read is what was written, deletion and return, the access epoch.

use rollcall::directory::lifecycle::{self, Clashes};
use rollcall::directory::{AdminScope, Change, Refusal, User, UserId, UserStatus, grant};
use rollcall::scim::attribute::MAX_VALUES;
use rollcall::storage::{Error, Tx};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Place, describe, now, origin, person, said};
use crate::harness::Engine;

on_both_engines!(
    a_person_is_read_as_they_were_written,
    every_column_of_a_person_follows_an_update,
    a_record_shows_the_groups_that_a_person_is_in,
    the_groups_of_a_person_come_by_id_however_they_are_read,
    a_record_is_of_a_live_person_of_the_directory,
    a_deleted_person_leaves_a_tombstone_and_frees_the_name,
    a_restored_person_is_as_before_without_the_tombstone,
    deletion_touches_the_versions_of_the_persons_groups_alone,
    what_ends_access_moves_the_epoch_exactly_once,
    what_does_not_end_access_leaves_the_epoch,
    a_person_with_as_many_addresses_as_the_schema_allows_is_kept,
);

async fn a_person_is_read_as_they_were_written(engine: Engine) {
    let place = Place::new(engine).await;
    let mut said = said("Zoë \u{1F600} O'Neil; --");
    said.external_id = Some("\"quoted\" \\ ' %".to_owned());
    said.active = Some(false);
    describe(
        &mut said,
        json!({
            "displayName": "Zoë \u{10FFFF}",
            "emails": [{"value": "Z@Example.com", "type": "work", "primary": true}, {"type": "home"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "M-1"}},
            "x": 1.5,
        }),
    );
    let user = place.provision(said).await;
    let found = place.find_user(user.id).await;
    assert_eq!(found, user);
    // Members keep their order: the text is handed on as it is stored.
    assert_eq!(found.profile.as_json(), user.profile.as_json());
}

async fn every_column_of_a_person_follows_an_update(engine: Engine) {
    let place = Place::new(engine).await;
    let before = place.user("before").await;
    let mut said = said("After");
    said.external_id = Some("x-1".to_owned());
    said.active = Some(false);
    describe(
        &mut said,
        json!({"displayName": "New", "emails": [{"value": "new@example.com"}]}),
    );
    let arrival = lifecycle::update(&before, said, &Clashes::default(), 0, origin());
    let arrival = arrival.unwrap().unwrap();
    place.apply(arrival.change).await.unwrap();
    assert_eq!(place.find_user(before.id).await, arrival.user);
    assert!(!place.has("before").await);
    assert!(place.has("AFTER").await);
}

async fn a_record_shows_the_groups_that_a_person_is_in(engine: Engine) {
    let place = Place::new(engine).await;
    let (ada, grace) = (place.user("ada").await, place.user("grace").await);
    let staff = place.group("Staff", &[person(&ada), person(&grace)]).await;
    let admins = place.group("Admins", &[person(&ada)]).await;
    place.group("Empty", &[]).await;
    let groups = async |id: UserId| {
        let record = place.read().await.find_user_record(place.directory, id).await;
        let mut groups: Vec<(Uuid, String)> = record
            .unwrap()
            .unwrap()
            .groups
            .into_iter()
            .map(|group| (group.id.0, group.display_name))
            .collect();
        groups.sort();
        groups
    };
    let staff = (staff.id.0, "Staff".to_owned());
    assert_eq!(
        groups(ada.id).await,
        [staff.clone(), (admins.id.0, "Admins".to_owned())]
    );
    assert_eq!(groups(grace.id).await, [staff]);
    assert_eq!(groups(place.user("alone").await.id).await, []);
    let (directory, id) = (place.directory, ada.id);
    let locked = place.store.write(place.tenant, async move |tx: &mut Tx| {
        tx.find_user_record_for_update(directory, id).await
    });
    let locked = locked.await.unwrap().unwrap();
    assert_eq!((locked.user, locked.groups.len()), (ada, 2));
}

/// An order that a list is sorted by (`groups.display`) and that a client compares must be the same each time.
async fn the_groups_of_a_person_come_by_id_however_they_are_read(engine: Engine) {
    let place = Place::new(engine).await;
    let ada = place.user("ada").await;
    let mut ids = Vec::new();
    for name in ["c", "a", "d", "b"] {
        ids.push(place.group(name, &[]).await);
    }
    let delta = || rollcall::directory::MemberDelta {
        add: vec![person(&ada)],
        remove: Vec::new(),
    };
    for group in ids.iter().rev() {
        place.change_members(group, delta()).await;
    }
    let ids: Vec<_> = ids.iter().map(|group| group.id).collect();
    let mut tx = place.read().await;
    let record = tx
        .find_user_record(place.directory, ada.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        record.groups.iter().map(|group| group.id).collect::<Vec<_>>(),
        ids
    );
    let listed = tx.list_groups_of(&[ada.id]).await.unwrap();
    assert_eq!(listed.iter().map(|(_, group)| group.id).collect::<Vec<_>>(), ids);
}

async fn a_record_is_of_a_live_person_of_the_directory(engine: Engine) {
    let place = Place::new(engine).await;
    let user = place.user("ada").await;
    let other = place.another_directory().await;
    let mut tx = place.read().await;
    let found = tx.find_user_record(place.directory, user.id).await.unwrap();
    assert_eq!(found.unwrap().user, user);
    assert!(tx.find_user_record(other, user.id).await.unwrap().is_none());
    drop(tx);
    place
        .apply(lifecycle::delete(&user, 0, origin()).unwrap())
        .await
        .unwrap();
    let mut tx = place.read().await;
    let found = tx.find_user_record(place.directory, user.id).await.unwrap();
    assert!(found.is_none());
    let (directory, id) = (place.directory, user.id);
    let locked = place.store.write(place.tenant, async move |tx: &mut Tx| {
        tx.find_user_record_for_update(directory, id).await
    });
    assert!(locked.await.unwrap().is_none());
    assert_eq!(
        tx.find_user(user.id).await.unwrap().unwrap().status(now()),
        UserStatus::Deleted
    );
}

async fn a_deleted_person_leaves_a_tombstone_and_frees_the_name(engine: Engine) {
    let place = Place::new(engine).await;
    let mut named = said("Ada");
    named.external_id = Some("00u1".to_owned());
    let user = place.provision(named.clone()).await;
    assert!(
        place
            .read()
            .await
            .find_tombstone(user.id)
            .await
            .unwrap()
            .is_none()
    );
    place
        .apply(lifecycle::delete(&user, 0, origin()).unwrap())
        .await
        .unwrap();
    let stone = place.read().await.find_tombstone(user.id).await.unwrap().unwrap();
    assert_eq!(stone.user_id, user.id.0);
    assert_eq!(stone.external_id.as_deref(), Some("00u1"));
    assert_eq!(stone.user_name_key, "ada");
    let again = place.provision(named).await;
    assert_ne!(again.id, user.id);
}

async fn a_restored_person_is_as_before_without_the_tombstone(engine: Engine) {
    let place = Place::new(engine).await;
    let user = place.user("Ada").await;
    let group = place.group("Staff", &[person(&user)]).await;
    place
        .apply(lifecycle::delete(&user, 0, origin()).unwrap())
        .await
        .unwrap();
    let deleted = place.find_user(user.id).await;
    let back = lifecycle::restore(&deleted, &Clashes::default(), origin()).unwrap();
    place.apply(back.change).await.unwrap();
    let found = place.find_user(user.id).await;
    assert_eq!(found, back.user);
    assert_eq!(found.status(now()), UserStatus::Active);
    let mut tx = place.read().await;
    assert!(tx.find_tombstone(user.id).await.unwrap().is_none());
    assert!(place.members(group.id).await.is_empty());
    drop(tx);
    // Deleting once more leaves one more tombstone.
    let change = lifecycle::delete(&found, 0, origin()).unwrap();
    place.apply(change).await.unwrap();
    assert!(
        place
            .read()
            .await
            .find_tombstone(user.id)
            .await
            .unwrap()
            .is_some()
    );
}

async fn deletion_touches_the_versions_of_the_persons_groups_alone(engine: Engine) {
    let place = Place::new(engine).await;
    let (ada, grace) = (place.user("ada").await, place.user("grace").await);
    let both = place.group("Both", &[person(&ada), person(&grace)]).await;
    let hers = place.group("Hers", &[person(&grace)]).await;
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    let origin = origin();
    let at = origin.at;
    place
        .apply(lifecycle::delete(&ada, 0, origin).unwrap())
        .await
        .unwrap();
    let after = place.find_group(both.id).await;
    assert_eq!((after.version, after.modified_at), (2, at));
    assert_eq!(place.find_group(hers.id).await, hers);
    let members = place.members(both.id).await;
    assert_eq!(
        members.iter().map(|member| member.id).collect::<Vec<_>>(),
        [grace.id.0]
    );
}

async fn epoch(place: &Place, id: UserId) -> i64 {
    let found = place.read().await.find_access_epoch(id).await;
    found.unwrap().expect("a person")
}

/// Applies what a rule decides about a person as they stand, and answers by how much the epoch moved.
async fn moved(place: &Place, id: UserId, decide: fn(&User) -> Result<Option<Change>, Refusal>) -> i64 {
    let before = epoch(place, id).await;
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            let user = tx.find_user_for_update(id).await?.expect("a person");
            match decide(&user)? {
                Some(change) => tx.apply(change).await,
                None => Ok(()),
            }
        })
        .await
        .map_err(|error: Error| error.to_string())
        .unwrap();
    epoch(place, id).await - before
}

fn set_active(user: &User, active: bool) -> Result<Option<Change>, Refusal> {
    let mut said = said(&user.user_name);
    said.active = Some(active);
    let arrival = lifecycle::update(user, said, &Clashes::default(), 0, origin())?;
    Ok(arrival.map(|arrival| arrival.change))
}

fn set_blocked(user: &User, blocked: bool) -> Result<Option<Change>, Refusal> {
    let arrival = lifecycle::set_blocked(user, blocked, 0, origin())?;
    Ok(arrival.map(|arrival| arrival.change))
}

async fn what_ends_access_moves_the_epoch_exactly_once(engine: Engine) {
    let place = Place::new(engine).await;
    let id = place.user("ada").await.id;
    assert_eq!(
        moved(&place, id, |user| set_active(user, false)).await,
        1,
        "deactivated"
    );
    assert_eq!(moved(&place, id, |user| set_active(user, true)).await, 0, "back");
    assert_eq!(
        moved(&place, id, |user| set_blocked(user, true)).await,
        1,
        "blocked"
    );
    assert_eq!(
        moved(&place, id, |user| set_blocked(user, false)).await,
        0,
        "unblocked"
    );
    let delete = |user: &User| lifecycle::delete(user, 0, origin()).map(Some);
    assert_eq!(moved(&place, id, delete).await, 1, "deleted");
    let restore = |user: &User| {
        let back = lifecycle::restore(user, &Clashes::default(), origin())?;
        Ok(Some(back.change))
    };
    assert_eq!(moved(&place, id, restore).await, 0, "restored");
}

async fn what_does_not_end_access_leaves_the_epoch(engine: Engine) {
    let place = Place::new(engine).await;
    let id = place.user("ada").await.id;
    let rename = |user: &User| {
        let arrival = lifecycle::update(user, said("renamed"), &Clashes::default(), 0, origin())?;
        Ok(arrival.map(|arrival| arrival.change))
    };
    assert_eq!(moved(&place, id, rename).await, 0, "renamed");
    let promote = |user: &User| {
        let arrival = grant::set_administrator(user, &[], Some(&AdminScope::All), 0, origin())?;
        Ok(arrival.map(|arrival| arrival.change))
    };
    assert_eq!(moved(&place, id, promote).await, 0, "administrator");
    let user = place.find_user(id).await;
    assert_eq!(user.administrator, Some(AdminScope::All));
    // Somebody without access has none to lose.
    let other = place.user("grace").await.id;
    assert_eq!(moved(&place, other, |user| set_active(user, false)).await, 1);
    assert_eq!(moved(&place, other, |user| set_blocked(user, true)).await, 0);
    assert_eq!(epoch(&place, id).await, 1);
}

async fn a_person_with_as_many_addresses_as_the_schema_allows_is_kept(engine: Engine) {
    let place = Place::new(engine).await;
    let mut said = said("ada");
    let emails: Vec<_> = (0..MAX_VALUES)
        .map(|number| json!({"value": format!("ada{number}@example.com"), "type": "work"}))
        .collect();
    describe(&mut said, json!({"emails": emails}));
    let user = place.provision(said).await;
    assert_eq!(place.find_user(user.id).await, user);
}
