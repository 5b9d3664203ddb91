//! Opening a database: again, newer than the program, without a migration, and one that is not there.

use rollcall::storage::{Durability, Error, Location, Store};
use sqlx::{Connection as _, Executor as _};

use super::fixture::Place;
use crate::harness::engine::{location, open};
use crate::harness::{Engine, folder};

on_both_engines!(
    what_was_written_is_there_after_closing_and_opening,
    opening_twice_migrates_once,
    a_database_of_a_newer_program_is_refused_clearly,
    a_database_that_is_not_migrated_does_not_answer,
    a_database_that_cannot_be_reached_is_an_error,
    a_closed_store_answers_with_an_error,
);

async fn what_was_written_is_there_after_closing_and_opening(engine: Engine) {
    let database = engine.new_database().await;
    let store = open(&database).await;
    let mut place = Place::in_store(store.clone()).await;
    let user = place.user("ada").await;
    store.close().await;
    place.store = open(&database).await;
    assert_eq!(place.find_user(user.id).await, user);
    place.user("grace").await;
    place.store.close().await;
}

async fn opening_twice_migrates_once(engine: Engine) {
    let database = engine.new_database().await;
    for _ in 0..2 {
        let store = open(&database).await;
        store.ping().await.unwrap();
        store.close().await;
    }
    // Nodes that start together wait for one another.
    if engine == Engine::Postgres {
        let database = engine.new_database().await;
        let (one, two) = tokio::join!(open(&database), open(&database));
        one.ping().await.unwrap();
        two.ping().await.unwrap();
        one.close().await;
        two.close().await;
    }
}

/// Changes a database behind storage's back.
async fn tamper(database: &str, sql: &'static str) {
    if let Some(path) = database.strip_prefix("sqlite://") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = sqlx::PgConnection::connect(database).await.unwrap();
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn a_database_of_a_newer_program_is_refused_clearly(engine: Engine) {
    let database = engine.new_database().await;
    open(&database).await.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 SELECT 9999, 'of tomorrow', success, checksum, 0 FROM _sqlx_migrations LIMIT 1";
    tamper(&database, newer).await;
    let error = Store::open(&location(&database), Durability::Relaxed, true)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Migration(_)), "{error}");
    assert!(error.to_string().contains("9999"), "{error}");
}

async fn a_database_that_is_not_migrated_does_not_answer(engine: Engine) {
    let database = engine.new_database().await;
    match Store::open(&location(&database), Durability::Relaxed, false).await {
        Ok(store) => {
            store.ping().await.unwrap_err();
            store.close().await;
        }
        Err(error) => assert!(matches!(error, Error::Database(_)), "{error}"),
    }
}

async fn a_database_that_cannot_be_reached_is_an_error(engine: Engine) {
    let nowhere = match engine {
        Engine::Sqlite => {
            let file = folder().join("file");
            std::fs::write(&file, "text").unwrap();
            Location::Sqlite(file.join("below.db"))
        }
        // A port that was free a moment ago.
        Engine::Postgres => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            Location::Postgres(format!("postgres://nobody:secret@127.0.0.1:{port}/nothing"))
        }
    };
    let error = Store::open(&nowhere, Durability::Relaxed, true)
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("secret"), "{text}");
}

async fn a_closed_store_answers_with_an_error(engine: Engine) {
    let store = open(&engine.new_database().await).await;
    let place = Place::in_store(store.clone()).await;
    store.close().await;
    assert!(store.ping().await.is_err());
    assert!(store.read(place.tenant).await.is_err());
}
