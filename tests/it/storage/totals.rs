//! The totals of a directory are those of its lists, whatever is written and by how many at once.

use rollcall::directory::lifecycle;
use rollcall::directory::query::Predicate;
use rollcall::directory::{DirectoryId, Member, group};
use rollcall::storage::{Error, Totals, Tx};
use uuid::Uuid;

use super::fixture::{Place, arrival, new_group, origin, said};
use crate::harness::engine::open;
use crate::harness::{Database, Engine};

on_both_engines!(
    totals_follow_whoever_comes_and_goes,
    whoever_moves_is_counted_where_they_are,
    what_is_rolled_back_is_not_counted,
    writers_at_once_lose_no_count,
    the_migration_counts_what_is_there,
);

/// The totals, checked against a count.
async fn totals(place: &Place, directory: DirectoryId) -> Totals {
    let mut tx = place.read().await;
    let totals = tx.find_totals(directory).await.unwrap();
    let users = tx.count_users(directory, &Predicate::always()).await.unwrap();
    let groups = tx.count_groups(directory, &Predicate::always()).await.unwrap();
    assert_eq!((totals.users, totals.groups), (users, groups));
    totals
}

async fn totals_follow_whoever_comes_and_goes(engine: Engine) {
    let place = Place::new(engine).await;
    let other = place.another_directory().await;
    let mut before = totals(&place, place.directory).await;
    assert_eq!(before, Totals::default());
    let mut expect = async |users, groups| {
        let now = totals(&place, place.directory).await;
        assert_eq!((now.users, now.groups), (users, groups));
        assert!(now.changes > before.changes, "{before:?} {now:?}");
        before = now;
    };
    let user = place.user("ada").await;
    expect(1, 0).await;
    place.user("grace").await;
    expect(2, 0).await;
    let staff = place.group("Staff", &[]).await;
    expect(2, 1).await;
    let (_, change) = arrival(other, said("elsewhere"));
    place.apply(change).await.unwrap();
    assert_eq!(totals(&place, other).await.users, 1);
    place
        .apply(lifecycle::delete(&user, 0, origin()).unwrap())
        .await
        .unwrap();
    expect(1, 1).await;
    let deleted = place.find_user(user.id).await;
    let restored = lifecycle::restore(&deleted, &lifecycle::Clashes::default(), origin()).unwrap();
    place.apply(restored.change).await.unwrap();
    expect(2, 1).await;
    place.apply(group::delete(&staff, origin())).await.unwrap();
    expect(2, 0).await;

    // What changes nobody's place in the list leaves the totals and the marks of the list alone.
    let settled = totals(&place, place.directory).await;
    let user = place.find_user(user.id).await;
    let blocked = lifecycle::set_blocked(&user, true, 0, origin()).unwrap().unwrap();
    place.apply(blocked.change).await.unwrap();
    assert_eq!(totals(&place, place.directory).await, settled);
}

async fn whoever_moves_is_counted_where_they_are(engine: Engine) {
    let database = Database::new(engine).await;
    let place = Place::in_store(open(&database.url).await).await;
    let other = place.another_directory().await;
    let user = place.user("ada").await;
    place.user("grace").await;
    let id = database.id(&user.id.to_string());
    let there = database.id(&other.to_string());
    for (set, here_and_there) in [
        (format!("directory_id = {there}"), (1, 1)),
        ("deleted_at = 5".to_owned(), (1, 0)),
        (format!("directory_id = {there}, deleted_at = 6"), (1, 0)),
        ("deleted_at = NULL".to_owned(), (1, 1)),
        ("directory_id = NULL".to_owned(), (1, 0)),
        ("deleted_at = 7".to_owned(), (1, 0)),
        (
            format!(
                "directory_id = {}, deleted_at = NULL",
                database.id(&place.directory.to_string())
            ),
            (2, 0),
        ),
    ] {
        let sql = format!("UPDATE users SET {set} WHERE id = {id}");
        assert_eq!(database.execute(&sql).await, 1);
        let (here, there) = (totals(&place, place.directory).await, totals(&place, other).await);
        assert_eq!((here.users, there.users), here_and_there, "{set}");
    }
    assert_eq!(
        database
            .execute(&format!("DELETE FROM users WHERE id = {id}"))
            .await,
        1
    );
    assert_eq!(totals(&place, place.directory).await.users, 1);
    place.store.close().await;
}

async fn what_is_rolled_back_is_not_counted(engine: Engine) {
    let place = Place::new(engine).await;
    place.user("ada").await;
    let settled = totals(&place, place.directory).await;
    let (_, new) = arrival(place.directory, said("grace"));
    let (_, taken) = arrival(place.directory, said("ada"));
    let written: Result<(), Error> = place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            tx.apply(new).await?;
            tx.apply(taken).await
        })
        .await;
    assert!(written.is_err());
    assert_eq!(totals(&place, place.directory).await, settled);
}

/// Each transaction counts in two directories, half of them in the other order.
async fn writers_at_once_lose_no_count(engine: Engine) {
    let place = Place::new(engine).await;
    let other = place.another_directory().await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..96 {
        let place = place.clone();
        writers.spawn(async move {
            let (mut first, mut second) = (place.directory, other);
            if number % 2 == 0 {
                (first, second) = (second, first);
            }
            let (user, one) = arrival(first, said(&format!("one-{number}")));
            let (_, two) = arrival(second, said(&format!("two-{number}")));
            let (_, three) = new_group(first, &format!("three-{number}"), &[] as &[Member]);
            place
                .store
                .write(place.tenant, async move |tx: &mut Tx| {
                    for change in [one.clone(), two.clone(), three.clone()] {
                        tx.apply(change).await?;
                    }
                    Ok::<_, Error>(())
                })
                .await
                .unwrap();
            if number % 3 == 0 {
                let change = lifecycle::delete(&user, 0, origin()).unwrap();
                place.apply(change).await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let (here, there) = (totals(&place, place.directory).await, totals(&place, other).await);
    assert_eq!((here.users, here.groups), (96 - 16, 48));
    assert_eq!((there.users, there.groups), (96 - 16, 48));
}

async fn the_migration_counts_what_is_there(engine: Engine) {
    let database = Database::new(engine).await;
    let mut place = Place::in_store(open(&database.url).await).await;
    let other = place.another_directory().await;
    let gone = place.user("gone").await;
    for name in ["ada", "grace"] {
        place.user(name).await;
    }
    place.group("Staff", &[]).await;
    let change = lifecycle::delete(&gone, 0, origin()).unwrap();
    place.apply(change).await.unwrap();
    let (_, change) = new_group(other, "Others", &[]);
    place.apply(change).await.unwrap();
    place.store.close().await;

    // As it was before the migration.
    let (triggers, functions): (&[&str], &[&str]) = match engine {
        Engine::Sqlite => (
            &[
                "users_come",
                "users_go",
                "users_leave",
                "users_arrive",
                "groups_come",
                "groups_go",
            ],
            &[],
        ),
        Engine::Postgres => (
            &[
                "users_come ON users",
                "users_go ON users",
                "users_move ON users",
                "groups_come ON groups",
                "groups_go ON groups",
            ],
            &[
                "count_users_of_statement",
                "count_groups_of_statement",
                "count_moved_user",
                "note_directory_total",
            ],
        ),
    };
    for trigger in triggers {
        database.execute(&format!("DROP TRIGGER {trigger}")).await;
    }
    for function in functions {
        database.execute(&format!("DROP FUNCTION {function}")).await;
    }
    database.execute("DROP TABLE directory_totals").await;
    database
        .execute("DELETE FROM _sqlx_migrations WHERE version = 3")
        .await;

    place.store = open(&database.url).await;
    let (here, there) = (totals(&place, place.directory).await, totals(&place, other).await);
    assert_eq!((here.users, here.groups), (2, 1));
    assert_eq!((there.users, there.groups), (0, 1));
    assert_eq!(totals(&place, DirectoryId(Uuid::nil())).await, Totals::default());
    place.user("later").await;
    assert_eq!(totals(&place, place.directory).await.users, 3);
    place.store.close().await;
}
