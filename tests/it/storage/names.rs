//! Names that are unique: who holds them, and one winner of every race.

use futures_util::future::join_all;
use rollcall::directory::{Refusal, SignIn, Slug, Tenant, TenantId, TenantSettings, tenant};
use rollcall::storage::{Error, Tx};
use uuid::Uuid;

use super::fixture::{Place, arrival, holder_of_external_id, holder_of_name, new_group, now, origin, said};
use crate::harness::{Engine, random_name};

on_both_engines!(
    of_racing_people_with_one_user_name_one_is_made,
    of_racing_people_with_one_external_id_one_is_made,
    of_racing_groups_with_one_name_one_is_made,
    of_racing_tenants_with_one_slug_one_is_made,
    of_racing_directories_with_one_name_one_is_made,
    names_are_compared_without_case_beyond_ascii,
    an_external_id_is_compared_exactly,
    the_same_names_in_another_tenant_or_directory_are_free,
    the_holders_of_both_names_are_told_apart,
);

const RACERS: usize = 12;

/// How many of the racers won; every loser must have lost by the unique index.
fn winners(results: Vec<Result<(), Error>>) -> usize {
    let mut winners = 0;
    for result in results {
        match result {
            Ok(()) => winners += 1,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
    winners
}

async fn of_racing_people_with_one_user_name_one_is_made(engine: Engine) {
    let place = Place::new(engine).await;
    let other = place.another_directory().await;
    let race = (0..RACERS).map(|number| {
        let directory = if number % 2 == 0 { place.directory } else { other };
        let name = if number % 3 == 0 { "STRASSE" } else { "straße" };
        place.apply(arrival(directory, said(name)).1)
    });
    assert_eq!(winners(join_all(race).await), 1);
    assert!(place.has("Strasse").await);
}

async fn of_racing_people_with_one_external_id_one_is_made(engine: Engine) {
    let place = Place::new(engine).await;
    let race = (0..RACERS).map(|number| {
        let mut said = said(&format!("user-{number}"));
        said.external_id = Some("00u1".to_owned());
        place.apply(arrival(place.directory, said).1)
    });
    assert_eq!(winners(join_all(race).await), 1);
}

async fn of_racing_groups_with_one_name_one_is_made(engine: Engine) {
    let place = Place::new(engine).await;
    let race = (0..RACERS).map(|number| {
        let name = if number % 2 == 0 { "Écoles" } else { "ÉCOLES" };
        place.apply(new_group(place.directory, name, &[]).1)
    });
    assert_eq!(winners(join_all(race).await), 1);
}

fn new_tenant(slug: &str) -> Tenant {
    Tenant {
        id: TenantId(Uuid::now_v7()),
        slug: Slug::parse(slug).expect("a slug"),
        name: slug.to_owned(),
        support_email: None,
        sign_in: SignIn::Local,
        settings: TenantSettings::default(),
        suspended_at: None,
        created_at: now(),
    }
}

async fn of_racing_tenants_with_one_slug_one_is_made(engine: Engine) {
    let store = engine.store().await;
    let slug = random_name("race");
    let race = (0..RACERS).map(|_| {
        let tenant = new_tenant(&slug);
        let id = tenant.id;
        let change = tenant::create(tenant, origin());
        store.write(id, async move |tx: &mut Tx| tx.apply(change).await)
    });
    let results = join_all(race).await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1);
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, Error::Refused(Refusal::SlugTaken(_))), "{error}");
    }
}

async fn of_racing_directories_with_one_name_one_is_made(engine: Engine) {
    use rollcall::directory::{Directory, DirectoryId, DirectoryKind, registry};
    let place = Place::new(engine).await;
    let race = (0..RACERS).map(|number| {
        let name = if number % 2 == 0 { "Okta" } else { "OKTA" };
        let made = Directory {
            id: DirectoryId(Uuid::now_v7()),
            name: name.to_owned(),
            kind: DirectoryKind::Okta,
            created_at: now(),
        };
        place.apply(registry::create(made, origin()))
    });
    let results = join_all(race).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    // The first directory of the tenant, and the winner.
    assert_eq!(place.read().await.list_directories().await.unwrap().len(), 2);
}

async fn names_are_compared_without_case_beyond_ascii(engine: Engine) {
    let place = Place::new(engine).await;
    for (kept, asked) in [
        ("Ada@Example.com", "aDA@eXAMPLE.COM"),
        ("Straße", "STRASSE"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("\u{212A}elvin", "kelvin"),
        ("ﬃ", "FFI"),
    ] {
        let made = place.user(kept).await;
        let found = holder_of_name(&mut place.read().await, asked).await;
        let found = found.unwrap_or_else(|| panic!("{asked} finds {kept}"));
        assert_eq!((found.id, found.user_name.as_str()), (made.id, kept));
    }
    assert!(!place.has("ada").await);
}

async fn an_external_id_is_compared_exactly(engine: Engine) {
    let place = Place::new(engine).await;
    for (name, external_id) in [("lower", "abc"), ("upper", "ABC"), ("space", "abc ")] {
        let mut said = said(name);
        said.external_id = Some(external_id.to_owned());
        let made = place.provision(said).await;
        let mut tx = place.read().await;
        let found = holder_of_external_id(&mut tx, place.directory, external_id).await;
        assert_eq!(found.map(|user| user.id), Some(made.id));
    }
    let mut tx = place.read().await;
    assert_eq!(holder_of_external_id(&mut tx, place.directory, "aBC").await, None);
}

async fn the_same_names_in_another_tenant_or_directory_are_free(engine: Engine) {
    let (place, elsewhere) = (Place::new(engine).await, Place::new(engine).await);
    let mut named = said("ada");
    named.external_id = Some("00u1".to_owned());
    place.provision(named.clone()).await;
    elsewhere.provision(named.clone()).await;
    // A userName is unique in the tenant, an externalId and a group's name in the directory.
    let other = place.another_directory().await;
    let mut second = said("grace");
    second.external_id = Some("00u1".to_owned());
    place.apply(arrival(other, second).1).await.unwrap();
    assert!(place.apply(arrival(other, said("ADA")).1).await.is_err());
    place.group("Staff", &[]).await;
    elsewhere.group("Staff", &[]).await;
    place.apply(new_group(other, "Staff", &[]).1).await.unwrap();
}

async fn the_holders_of_both_names_are_told_apart(engine: Engine) {
    let place = Place::new(engine).await;
    let with = |name: &str, external_id: &str| {
        let mut said = said(name);
        said.external_id = Some(external_id.to_owned());
        said
    };
    let ada = place.provision(with("Ada", "1")).await;
    let grace = place.provision(with("grace", "2")).await;
    let other = place.another_directory().await;
    let (third, change) = arrival(other, with("third", "3"));
    place.apply(change).await.unwrap();
    let mut tx = place.read().await;
    let mut holders = async |name: &str, external_id: Option<&str>| {
        let found = tx.find_clashes(Some(place.directory), name, external_id).await;
        let found = found.unwrap();
        let holder = found.user_name.map(|(user, directory)| {
            // The directory is named when it is another one.
            assert_eq!(directory.is_some(), user.directory != Some(place.directory));
            user.id
        });
        (holder, found.external_id.map(|user| user.id))
    };
    assert_eq!(holders("ADA", Some("1")).await, (Some(ada.id), Some(ada.id)));
    assert_eq!(holders("ADA", Some("2")).await, (Some(ada.id), Some(grace.id)));
    assert_eq!(holders("ADA", None).await, (Some(ada.id), None));
    assert_eq!(holders("nobody", Some("2")).await, (None, Some(grace.id)));
    // Another directory's externalId is nobody's here.
    assert_eq!(holders("nobody", Some("3")).await, (None, None));
    assert_eq!(holders("third", None).await, (Some(third.id), None));
    assert_eq!(holders("nobody", None).await, (None, None));
}
