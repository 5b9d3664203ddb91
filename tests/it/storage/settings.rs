//! The gateway's own settings, and the view across tenants.

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::fixture::{Place, now};
use crate::harness::Engine;
use crate::harness::engine::open;

on_both_engines!(
    the_first_value_of_a_setting_wins,
    of_racing_first_values_one_wins_and_all_learn_it,
    a_tenant_is_found_by_its_slug,
    tenants_are_listed_by_slug_in_pages,
    the_database_says_who_it_is_and_what_time_it_has,
);

async fn the_first_value_of_a_setting_wins(engine: Engine) {
    let store = open(&engine.new_database().await).await;
    let find = async || {
        let mut tx = store.system().await.unwrap();
        tx.find_setting("colour").await.unwrap()
    };
    assert_eq!(find().await, None);
    for value in ["red", "blue"] {
        assert_eq!(store.settle("colour", value.to_owned()).await.unwrap(), "red");
    }
    assert_eq!(find().await.as_deref(), Some("red"));
    store.close().await;
}

async fn of_racing_first_values_one_wins_and_all_learn_it(engine: Engine) {
    let store = open(&engine.new_database().await).await;
    let race = (0..12).map(|number| store.settle("winner", number.to_string()));
    let learnt: Vec<String> = join_all(race).await.into_iter().map(Result::unwrap).collect();
    assert!(learnt.iter().all(|value| *value == learnt[0]), "{learnt:?}");
    store.close().await;
}

async fn a_tenant_is_found_by_its_slug(engine: Engine) {
    let place = Place::new(engine).await;
    let mut tx = place.store.system().await.unwrap();
    let found = tx.find_tenant(&place.slug).await.unwrap().unwrap();
    assert_eq!((found.id, &found.slug), (place.tenant, &place.slug));
    let nobody = rollcall::directory::Slug::parse("nobody-has-this-slug").unwrap();
    assert_eq!(tx.find_tenant(&nobody).await.unwrap(), None);
}

async fn tenants_are_listed_by_slug_in_pages(engine: Engine) {
    let store = open(&engine.new_database().await).await;
    let mut slugs = Vec::new();
    for _ in 0..5 {
        slugs.push(Place::in_store(store.clone()).await.slug.as_str().to_owned());
    }
    slugs.sort();
    let mut tx = store.system().await.unwrap();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = tx.list_tenants(&after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        last.slug.as_str().clone_into(&mut after);
        seen.extend(page.iter().map(|tenant| tenant.slug.as_str().to_owned()));
    }
    assert_eq!(seen, slugs);
    drop(tx);
    store.close().await;
}

async fn the_database_says_who_it_is_and_what_time_it_has(engine: Engine) {
    let store = engine.store().await;
    store.ping().await.unwrap();
    let clock = store.database_clock().await.unwrap();
    match engine {
        Engine::Sqlite => {
            assert_eq!(store.engine_name(), "sqlite");
            assert_eq!(clock, None);
        }
        Engine::Postgres => {
            assert_eq!(store.engine_name(), "postgres");
            let apart = clock.unwrap().duration_since(now()).abs();
            assert!(apart < SignedDuration::from_secs(60), "{apart}");
        }
    }
}
