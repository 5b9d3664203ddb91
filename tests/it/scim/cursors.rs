//! Pages by cursor (RFC 9865), and that a walk sees whoever was there throughout, once.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;
use rollcall::provisioning::search::{SCAN_BUDGET, search as find};
use rollcall::provisioning::{Error, Scope};
use rollcall::scim::error::ScimType;
use rollcall::scim::message::SearchRequest;
use serde_json::{Value, json};

use super::message::{
    assert_refused, create_group, create_user, create_users, listed, patch_one, search, user_with,
};
use crate::harness::engine::open;
use crate::harness::{Answer, Database, Directory, Engine};
use crate::storage::fixture::{Place, now, provisioning_on};

on_both_engines!(
    a_walk_sees_whoever_was_there_throughout_once,
    pages_say_where_the_next_and_the_previous_one_are,
    a_page_goes_on_although_its_last_person_is_gone,
    a_page_back_that_has_lost_everybody_is_the_first_page,
    people_and_groups_are_walked_by_one_cursor,
    a_search_by_body_takes_the_cursors_of_a_query,
    what_only_the_evaluator_can_count_is_not_counted_by_cursor,
    a_count_of_nothing_gives_the_total_alone,
    a_cursor_opens_its_own_list_alone,
    an_old_cursor_is_refused_by_its_own_name,
    a_page_that_uses_up_the_budget_says_where_to_go_on,
    pages_deep_in_a_list_move_with_who_comes_and_goes,
);

fn cursor(answer: &Answer, name: &str) -> Option<String> {
    answer.json[name].as_str().map(str::to_owned)
}

/// The pages from a cursor on, in the direction that `member` names.
async fn walk(
    directory: &Directory,
    path: &str,
    query: &[(&str, &str)],
    from: &str,
    member: &str,
) -> Vec<(Answer, Vec<String>)> {
    let mut pages = Vec::new();
    let mut at = Some(from.to_owned());
    while let Some(text) = at {
        let mut query = query.to_vec();
        query.push(("cursor", &text));
        let answer = directory.list(path, &query).await.expect(200);
        let ids = answer.json["Resources"].as_array().expect("Resources");
        let ids = ids.iter().map(|one| one["id"].as_str().expect("id").to_owned());
        at = cursor(&answer, member);
        pages.push((answer.clone(), ids.collect()));
    }
    pages
}

async fn a_walk_sees_whoever_was_there_throughout_once(engine: Engine) {
    const PEOPLE: usize = 2_000;
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let people = create_users(&directory, "p", PEOPLE).await;
    let walked = AtomicBool::new(false);
    let writing = async {
        let mut numbers = (0..PEOPLE).rev().filter(|number| number % 3 == 0);
        let mut made = 0;
        while !walked.load(Ordering::Relaxed) {
            made += 1;
            create_user(&directory, &format!("new{made}")).await;
            let Some(number) = numbers.next() else { continue };
            directory
                .delete(&format!("/Users/{}", people[number]))
                .await
                .expect(204);
            let rename = patch_one("replace", "userName", json!(format!("a-renamed-{number}")));
            let other = &people[(number + 1) % PEOPLE];
            directory
                .patch(&format!("/Users/{other}"), &rename)
                .await
                .expect(200);
        }
        made
    };
    let walking = async {
        let mut walks = Vec::new();
        for (query, count) in [("", "50"), ("nickName ne \"x\"", "111")] {
            let mut query = vec![("filter", query), ("count", count)];
            query.retain(|(_, value)| !value.is_empty());
            walks.push(walk(&directory, "/Users", &query, "", "nextCursor").await);
        }
        walked.store(true, Ordering::Relaxed);
        walks
    };
    let (made, walks) = tokio::join!(writing, walking);
    assert!(made > 10, "the walk met {made} writes");
    for pages in walks {
        let seen: Vec<&String> = pages.iter().flat_map(|(_, ids)| ids).collect();
        let once: BTreeSet<&String> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "somebody was seen twice");
        for (number, id) in people.iter().enumerate() {
            assert!(number % 3 == 0 || once.contains(id), "{number} was not seen");
        }
    }
}

async fn pages_say_where_the_next_and_the_previous_one_are(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let people = create_users(&directory, "p", 25).await;
    let pages = walk(&directory, "/Users", &[("count", "10")], "", "nextCursor").await;
    let sizes: Vec<usize> = pages.iter().map(|(_, ids)| ids.len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
    let mut seen: Vec<&String> = pages.iter().flat_map(|(_, ids)| ids).collect();
    seen.sort();
    let mut everybody: Vec<&String> = people.iter().collect();
    everybody.sort();
    assert_eq!(seen, everybody);
    for (number, (answer, ids)) in pages.iter().enumerate() {
        let members: Vec<&String> = answer.json.as_object().expect("an object").keys().collect();
        let mut expected = vec!["schemas", "totalResults", "itemsPerPage"];
        expected.extend(["nextCursor"].iter().filter(|_| number < 2));
        expected.extend(["previousCursor"].iter().filter(|_| number > 0));
        expected.push("Resources");
        assert_eq!(members, expected);
        assert_eq!(listed(answer, "id"), (25, ids.clone()));
        for name in ["nextCursor", "previousCursor"] {
            let text = cursor(answer, name).unwrap_or_default();
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
                "{text}"
            );
        }
    }
    let last = cursor(&pages[2].0, "previousCursor").expect("a previous page");
    let back = walk(&directory, "/Users", &[("count", "10")], &last, "previousCursor").await;
    let back: Vec<&Vec<String>> = back.iter().map(|(_, ids)| ids).collect();
    assert_eq!(back, [&pages[1].1, &pages[0].1]);
    // The default of RFC 7644 is as it was.
    let by_index = directory.get("/Users?count=10").await.expect(200).json;
    assert_eq!(by_index["startIndex"], 1);
    assert!(by_index.get("nextCursor").is_none() && by_index.get("previousCursor").is_none());
    // A page size may change on the way; more than a page holds is cut.
    let next = cursor(&pages[0].0, "nextCursor").expect("a next page");
    for (count, size) in [("1", 1), ("14", 14), ("15", 15), ("100000000000000000000", 15)] {
        let answer = directory
            .list("/Users", &[("cursor", next.as_str()), ("count", count)])
            .await;
        let (total, ids) = listed(&answer, "id");
        assert_eq!((total, ids.len()), (25, size));
        assert_eq!(answer.json.get("nextCursor").is_some(), size < 15);
    }
    // A parameter without a value is an empty cursor too, and a page that holds all is the last.
    let all = directory.get("/Users?cursor").await.expect(200);
    assert_eq!(listed(&all, "id").1.len(), 25);
    assert!(all.json.get("nextCursor").is_none() && all.json.get("previousCursor").is_none());
    let nobody = engine.gateway().await.tenant().await.directory("generic").await;
    let empty = nobody.get("/Users?cursor=").await.expect(200).json;
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0, "itemsPerPage": 0, "Resources": [],
    });
    assert_eq!(empty, expected);
}

async fn a_page_goes_on_although_its_last_person_is_gone(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_users(&directory, "p", 12).await;
    for query in [vec![], vec![("sortBy", "userName"), ("sortOrder", "descending")]] {
        let mut query = query;
        query.push(("count", "4"));
        let before = walk(&directory, "/Users", &query, "", "nextCursor").await;
        let (first, ids) = &before[0];
        let next = cursor(first, "nextCursor").expect("a next page");
        directory.delete(&format!("/Users/{}", ids[3])).await.expect(204);
        let after = walk(&directory, "/Users", &query, &next, "nextCursor").await;
        let rest = |pages: &[(Answer, Vec<String>)]| -> Vec<String> {
            pages.iter().flat_map(|(_, ids)| ids.clone()).collect()
        };
        assert_eq!(rest(&after), rest(&before[1..]));
        // Back from there, the page before is without the one who is gone.
        let previous = cursor(&after[0].0, "previousCursor").expect("a previous page");
        let back = walk(&directory, "/Users", &query, &previous, "previousCursor").await;
        assert_eq!(back.len(), 1);
        assert_eq!(back[0].1, ids[..3]);
    }
}

async fn a_page_back_that_has_lost_everybody_is_the_first_page(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_users(&directory, "p", 6).await;
    let pages = walk(&directory, "/Users", &[("count", "2")], "", "nextCursor").await;
    for id in &pages[0].1 {
        directory.delete(&format!("/Users/{id}")).await.expect(204);
    }
    let previous = cursor(&pages[1].0, "previousCursor").expect("a previous page");
    let back = walk(&directory, "/Users", &[("count", "2")], &previous, "nextCursor").await;
    assert_eq!(back[0].1, pages[1].1);
    assert!(back[0].0.json.get("previousCursor").is_none());
    assert_eq!(back[1].1, pages[2].1);
    // Whoever walks on to people who are all gone is at the end.
    let next = cursor(&pages[1].0, "nextCursor").expect("a next page");
    for id in &pages[2].1 {
        directory.delete(&format!("/Users/{id}")).await.expect(204);
    }
    let end = walk(&directory, "/Users", &[("count", "2")], &next, "nextCursor").await;
    assert_eq!((end.len(), listed(&end[0].0, "id")), (1, (2, Vec::new())));
}

async fn people_and_groups_are_walked_by_one_cursor(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let mut expected = create_users(&directory, "p", 7).await;
    expected.sort();
    for name in ["one", "two", "three", "four"] {
        expected.push(create_group(&directory, name, &[]).await);
    }
    for count in ["1", "2", "3", "7", "8", "11", "12"] {
        let pages = walk(&directory, "/", &[("count", count)], "", "nextCursor").await;
        let seen: Vec<String> = pages.iter().flat_map(|(_, ids)| ids.clone()).collect();
        assert_eq!(seen, expected, "pages of {count}");
        assert_eq!(pages.len(), 11_usize.div_ceil(count.parse().expect("a number")));
        for (answer, _) in &pages {
            assert_eq!(answer.json["totalResults"], 11);
        }
        let (last, _) = pages.last().expect("a page");
        if let Some(previous) = cursor(last, "previousCursor") {
            let back = walk(&directory, "/", &[("count", count)], &previous, "previousCursor").await;
            let there: Vec<_> = pages.iter().rev().skip(1).map(|(_, ids)| ids).collect();
            assert_eq!(back.iter().map(|(_, ids)| ids).collect::<Vec<_>>(), there);
        }
    }
}

async fn a_search_by_body_takes_the_cursors_of_a_query(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_users(&directory, "p", 9).await;
    let query = [
        ("filter", "userName sw \"p\""),
        ("sortBy", "userName"),
        ("count", "4"),
    ];
    let pages = walk(&directory, "/Users", &query, "", "nextCursor").await;
    let body = |cursor: &str| {
        search(json!({"filter": "userName sw \"p\"", "sortBy": "userName", "count": 4, "cursor": cursor}))
    };
    let mut at = String::new();
    for (_, ids) in &pages {
        let answer = directory.post("/Users/.search", &body(&at)).await;
        assert_eq!(listed(&answer, "id"), (9, ids.clone()));
        at = cursor(&answer, "nextCursor").unwrap_or_default();
    }
    assert_eq!(at, "");
    // From a query to a body and back.
    let next = cursor(&pages[0].0, "nextCursor").expect("a next page");
    let answer = directory.post("/Users/.search", &body(&next)).await;
    assert_eq!(listed(&answer, "id").1, pages[1].1);
    let wrong_type = search(json!({"cursor": 7}));
    assert_refused(
        &directory.post("/Users/.search", &wrong_type).await,
        400,
        "invalidCursor",
        "cursor",
    );
}

async fn what_only_the_evaluator_can_count_is_not_counted_by_cursor(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for number in 0..1_200 {
        if number % 100 == 0 {
            let body = user_with(&format!("t{number:04}"), json!({"title": "Chief"}));
            directory.post("/Users", &body).await.expect(201);
        } else if number % 100 == 1 {
            create_users(&directory, &format!("p{number:04}-"), 99).await;
        }
    }
    let filter = ("filter", "title co \"HIE\"");
    let pages = walk(&directory, "/Users", &[filter, ("count", "5")], "", "nextCursor").await;
    let sizes: Vec<usize> = pages.iter().map(|(_, ids)| ids.len()).collect();
    assert_eq!(sizes, [5, 5, 2]);
    for (answer, _) in &pages {
        assert!(answer.json.get("totalResults").is_none(), "{}", answer.text());
    }
    let whole = walk(&directory, "/Users", &[filter], "", "nextCursor").await;
    assert_eq!((whole.len(), &whole[0].0.json["totalResults"]), (1, &json!(12)));
    // A sort in memory has seen all.
    let query = [filter, ("sortBy", "title"), ("count", "5")];
    for (answer, _) in walk(&directory, "/Users", &query, "", "nextCursor").await {
        assert_eq!(answer.json["totalResults"], 12);
    }
}

async fn a_count_of_nothing_gives_the_total_alone(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_users(&directory, "p", 3).await;
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 3, "itemsPerPage": 0, "Resources": [],
    });
    let page = directory.get("/Users?cursor=&count=2").await.expect(200);
    let next = cursor(&page, "nextCursor").expect("a next page");
    for query in [
        "cursor=&count=0",
        "cursor&count=-7",
        &format!("cursor={next}&count=0"),
    ] {
        let answer = directory.get(&format!("/Users?{query}")).await.expect(200);
        assert_eq!(answer.json, expected, "{query}");
    }
    let evaluated = directory
        .list(
            "/Users",
            &[("filter", "title ne \"x\""), ("cursor", ""), ("count", "0")],
        )
        .await;
    assert_eq!(evaluated.json, expected);
    let refused = directory.get("/Users?cursor=abc&count=0").await;
    assert_refused(&refused, 400, "invalidCursor", "cursor");
}

async fn a_cursor_opens_its_own_list_alone(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let directory = tenant.directory("generic").await;
    create_users(&directory, "p", 3).await;
    for name in ["g1", "g2"] {
        create_group(&directory, name, &[]).await;
    }
    let first = directory.get("/Users?cursor=&count=1").await.expect(200);
    let next = cursor(&first, "nextCursor").expect("a next page");
    let mut altered = next.clone();
    let last = if altered.pop() == Some('A') { 'E' } else { 'A' };
    altered.push(last);
    let here = |query: String| (directory.clone(), query);
    let mut refused = vec![
        here("/Users?cursor=abc".to_owned()),
        here("/Users?cursor=%20".to_owned()),
        here(format!("/Users?cursor={altered}")),
        here(format!("/Users?cursor={next}x")),
        here(format!("/Users?cursor={}", &next[1..])),
        here(format!("/Groups?cursor={next}")),
        here(format!("/?cursor={next}")),
        here(format!("/Users?cursor={next}&filter=userName%20pr")),
        here(format!("/Users?cursor={next}&sortBy=userName")),
        here(format!("/Users?cursor={next}&sortOrder=descending")),
    ];
    let elsewhere = engine.gateway().await.tenant().await.directory("generic").await;
    for other in [tenant.directory("generic").await, elsewhere] {
        create_users(&other, &format!("{}-", other.id), 3).await;
        refused.push((other, format!("/Users?cursor={next}")));
    }
    for (directory, query) in refused {
        let answer = directory.get(&query).await;
        assert_refused(&answer, 400, "invalidCursor", "cursor");
    }
    for (query, scim_type, naming) in [
        ("cursor=&count=ten", "invalidCount", "count"),
        ("cursor=&count=", "invalidCount", "count"),
        ("cursor=&startIndex=1", "invalidValue", "startIndex|cursor"),
        ("cursor=&cursor=", "invalidValue", "cursor"),
        ("count=ten", "invalidValue", "count"),
    ] {
        let answer = directory.get(&format!("/Users?{query}")).await;
        assert_refused(&answer, 400, scim_type, naming);
    }
    assert!(
        directory
            .get(&format!("/Users?cursor={next}&attributes=userName"))
            .await
            .expect(200)
            .json["Resources"]
            .is_array()
    );
}

async fn an_old_cursor_is_refused_by_its_own_name(engine: Engine) {
    let place = Place::new(engine).await;
    for name in ["ada", "grace"] {
        place.user(name).await;
    }
    let on = provisioning_on(&place.store);
    let mut request = SearchRequest {
        cursor: Some(String::new()),
        count: Some(1),
        ..SearchRequest::default()
    };
    let issued = now();
    let first = find(&on, &place.service(), Scope::Users, &request, issued).await;
    request.cursor = first.unwrap().next;
    let at = async |minutes| {
        let later = issued + SignedDuration::from_mins(minutes);
        find(&on, &place.service(), Scope::Users, &request, later).await
    };
    assert_eq!(at(60).await.unwrap().items, 1);
    match at(61).await {
        Err(Error::Protocol(error)) => assert_eq!(error.scim_type, Some(ScimType::ExpiredCursor)),
        other => panic!("{other:?}"),
    }
}

async fn a_page_that_uses_up_the_budget_says_where_to_go_on(engine: Engine) {
    let database = Database::new(engine).await;
    let place = Place::in_store(open(&database.url).await).await;
    let id = match engine {
        Engine::Sqlite => "unhex(printf('%032x', n))",
        Engine::Postgres => "CAST(lpad(to_hex(n), 32, '0') AS UUID)",
    };
    let (tenant, directory) = (
        database.id(&place.tenant.to_string()),
        database.id(&place.directory.to_string()),
    );
    let many = SCAN_BUDGET + 1_000;
    let sql = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {many}) \
         INSERT INTO users (tenant_id, id, directory_id, user_name, user_name_key, blocked, access_epoch, version, \
         created_at, modified_at, profile) SELECT {tenant}, {id}, {directory}, 'u' || n, 'u' || n, FALSE, 1, 1, 0, 0, \
         CASE n WHEN {many} THEN '{{\"title\":\"x\"}}' ELSE '{{}}' END FROM numbers"
    );
    assert_eq!(database.execute(&sql).await, many);
    let on = provisioning_on(&place.store);
    let mut request = SearchRequest {
        filter: Some("title co \"X\"".to_owned()),
        cursor: Some(String::new()),
        ..SearchRequest::default()
    };
    let service = place.service();
    let first = find(&on, &service, Scope::Users, &request, now()).await.unwrap();
    assert_eq!((first.items, first.total), (0, None));
    assert!(first.next.is_some() && first.previous.is_none());
    request.cursor = first.next;
    let second = find(&on, &service, Scope::Users, &request, now()).await.unwrap();
    assert_eq!((second.items, second.total, second.next), (1, None, None));
    // Back from there nobody is found within the budget.
    request.cursor = second.previous;
    match find(&on, &service, Scope::Users, &request, now()).await {
        Err(Error::Protocol(error)) => assert_eq!(error.scim_type, Some(ScimType::TooMany)),
        other => panic!("{other:?}"),
    }
    place.store.close().await;
}

/// Marks are kept of pages that lie deep: what they remember must not outlive a change.
async fn pages_deep_in_a_list_move_with_who_comes_and_goes(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let mut people = create_users(&directory, "p", 2_300).await;
    people.sort();
    let check = async |people: &Vec<String>| {
        for start in [2_201, 1_001, 2_101, 1_500, 2_102, 2_290, 2_299, 5_000, 1] {
            let answer = directory
                .get(&format!("/Users?startIndex={start}&count=20"))
                .await;
            let expected: Vec<String> = people.iter().skip(start - 1).take(20).cloned().collect();
            assert_eq!(
                listed(&answer, "id"),
                (people.len() as u64, expected),
                "from {start}"
            );
        }
    };
    check(&people).await;
    check(&people).await;
    for position in [2_250, 1_000, 7] {
        let gone = people.remove(position);
        directory.delete(&format!("/Users/{gone}")).await.expect(204);
        check(&people).await;
    }
    people.push(create_user(&directory, "late").await);
    check(&people).await;
    let mut names: HashMap<String, Value> = HashMap::new();
    let answer = directory.get("/Users?startIndex=2298").await.expect(200).json;
    for user in answer["Resources"].as_array().expect("Resources") {
        names.insert(user["id"].to_string(), user["userName"].clone());
    }
    assert_eq!(names.len(), 1);
    assert_eq!(names.values().next(), Some(&json!("late")));
}
