//! The longest keys, the largest pages and the longest filters that are accepted are answered.

use rollcall::provisioning::search::{MAX_PAGE, search};
use rollcall::provisioning::{Error, Provisioning, ResourceKind, Scope, Write};
use rollcall::scim::attribute::{MAX_KEY, MAX_STRING};
use rollcall::scim::filter::{MAX_FILTER_DEPTH, MAX_FILTER_LEN, MAX_FILTER_TERMS};
use rollcall::scim::message::SearchRequest;
use rollcall::storage::Tx;
use serde_json::{Value, json};
use uuid::Uuid;

use super::population::ENTERPRISE;
use crate::harness::Engine;
use crate::storage::fixture::{Place, arrival, describe, origin, said};

on_both_engines!(
    the_longest_names_are_kept_and_found,
    the_largest_page_is_sorted_by_what_no_index_holds,
    the_filter_with_the_most_terms_is_answered,
    the_deepest_filter_is_answered,
);

async fn total(place: &Place, filter: String) -> Result<u64, Error> {
    let request = SearchRequest {
        filter: Some(filter),
        ..SearchRequest::default()
    };
    let on = Provisioning::new(place.store.clone());
    let page = search(&on, &place.service(), Scope::Users, &request).await?;
    Ok(page.total)
}

/// Letters that no compression makes much shorter.
fn noise(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&Uuid::new_v4().simple().to_string());
    }
    text.truncate(length);
    text
}

async fn the_longest_names_are_kept_and_found(engine: Engine) {
    let place = Place::new(engine).await;
    let manager = format!("{ENTERPRISE}:manager.value");
    for path in [
        "userName",
        "externalId",
        "displayName",
        "emails.value",
        manager.as_str(),
    ] {
        // The greatest length that is accepted; a longer one must be refused by the schema, not by the database.
        for length in [MAX_STRING, 8_192, 4_096, MAX_KEY] {
            let text = noise(length);
            let mut body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]});
            body["userName"] = format!("{path}-{length}").into();
            match path {
                "emails.value" => body["emails"] = json!([{"value": text}]),
                path if path == manager => body[ENTERPRISE] = json!({"manager": {"value": text}}),
                path => body[path] = text.clone().into(),
            }
            let write = Write::Create(Uuid::now_v7(), body);
            match place.send(ResourceKind::User, write, origin()).await {
                Ok(_) => {}
                Err(Error::Protocol(_)) => {
                    assert!(length > MAX_KEY, "{path} of {length} is refused");
                    continue;
                }
                Err(error) => panic!("{path} of {length}: {error}"),
            }
            let filter = format!("{path} eq {}", Value::from(text));
            match total(&place, filter).await {
                Ok(found) => assert_eq!(found, 1, "{path} of {length}"),
                // A filter may be shorter than what it asks for.
                Err(Error::Protocol(_)) => assert!(length > MAX_KEY, "{path} of {length}"),
                Err(error) => panic!("{path} of {length}: {error}"),
            }
        }
    }
}

async fn the_largest_page_is_sorted_by_what_no_index_holds(engine: Engine) {
    let people = MAX_PAGE + 20;
    let place = Place::new(engine).await;
    let changes: Vec<_> = (0..people)
        .map(|number| {
            let mut said = said(&format!("user-{number:04}"));
            describe(&mut said, json!({"title": format!("{:04}", people - number)}));
            arrival(place.directory, said).1
        })
        .collect();
    place
        .store
        .write(place.tenant, async move |tx: &mut Tx| {
            for change in changes {
                tx.apply(change).await?;
            }
            Ok::<_, rollcall::storage::Error>(())
        })
        .await
        .unwrap();
    let request = SearchRequest {
        sort_by: Some("title".to_owned()),
        count: Some(u64::MAX),
        ..SearchRequest::default()
    };
    let on = Provisioning::new(place.store.clone());
    let page = search(&on, &place.service(), Scope::Users, &request)
        .await
        .unwrap();
    assert_eq!((page.items, page.total), (MAX_PAGE, people));
    let items: Vec<Value> = serde_json::from_str(&format!("[{}]", page.resources)).unwrap();
    let titles: Vec<&str> = items.iter().filter_map(|item| item["title"].as_str()).collect();
    assert_eq!((titles.len() as u64, titles[0]), (MAX_PAGE, "0001"));
    assert!(titles.is_sorted());
}

/// As many terms as fit, of the shortest kind, so that the length is no obstacle.
async fn the_filter_with_the_most_terms_is_answered(engine: Engine) {
    let place = Place::new(engine).await;
    place.user("a").await;
    for (term, expected) in [
        ("id eq \"x\"", 0),
        ("not (id pr)", 0),
        ("active eq true", 1),
        ("emails pr", 0),
        ("externalId pr", 0),
        ("emails eq \"x\"", 0),
    ] {
        let terms = vec![term; (MAX_FILTER_LEN / (term.len() + " and ".len())).min(MAX_FILTER_TERMS)];
        let filter = terms.join(" or ");
        let found = total(&place, filter)
            .await
            .unwrap_or_else(|error| panic!("{term}: {error}"));
        assert_eq!(found, expected, "{term}");
        let filter = terms.join(" and ");
        let found = total(&place, filter)
            .await
            .unwrap_or_else(|error| panic!("{term}: {error}"));
        assert_eq!(found, expected, "{term}");
    }
}

async fn the_deepest_filter_is_answered(engine: Engine) {
    let place = Place::new(engine).await;
    place.user("a").await;
    let mut depth = MAX_FILTER_DEPTH;
    // A `not` and its parenthesis may count as one level or as two.
    loop {
        let filter = format!("{}userName eq \"a\"{}", "not (".repeat(depth), ")".repeat(depth));
        match total(&place, filter).await {
            Ok(found) => {
                assert_eq!(found, u64::from(depth.is_multiple_of(2)));
                return;
            }
            Err(Error::Protocol(_)) if depth > MAX_FILTER_DEPTH / 2 => depth -= 1,
            Err(error) => panic!("{depth} levels: {error}"),
        }
    }
}
