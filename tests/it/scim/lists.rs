//! Lists: pages with exact totals in a stable order, sorting, projection, and the same by `POST /.search`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::message::{
    ENTERPRISE, assert_refused, create_group, create_user, create_users, listed, search, user_with,
};
use crate::harness::Engine;

on_both_engines!(
    an_empty_directory_is_an_empty_list,
    pages_are_cut_and_follow_one_another_without_gap_or_overlap,
    odd_page_parameters_are_mended_or_refused,
    sorting_follows_the_attribute_and_puts_the_absent_where_the_rfc_does,
    a_projection_holds_on_every_answer_with_a_body,
    the_root_lists_people_and_groups,
    a_search_by_body_is_the_same_list,
);

async fn an_empty_directory_is_an_empty_list(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for path in [
        "/",
        "/Users",
        "/Groups",
        "/Users?filter=userName%20eq%20%22x%22&startIndex=1&count=2",
    ] {
        let answer = directory.get(path).await.expect(200);
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
        });
        assert_eq!(answer.json, expected, "{path}");
    }
}

async fn pages_are_cut_and_follow_one_another_without_gap_or_overlap(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let everybody: BTreeSet<_> = create_users(&directory, "p", 1_050).await.into_iter().collect();
    let config = directory.get("/ServiceProviderConfig").await.expect(200);
    let most = config.json["filter"]["maxResults"].as_u64().expect("maxResults");
    assert_eq!(most, 1_000, "this test counts on it");
    for (query, size) in [
        ("", 100),
        ("?count=1", 1),
        ("?count=1000", 1_000),
        ("?count=5000", 1_000),
        ("?count=0", 0),
    ] {
        let (total, page) = listed(&directory.get(&format!("/Users{query}")).await, "id");
        assert_eq!((total, page.len()), (1_050, size), "{query}");
    }
    // A plain list, one that is filtered and sorted by the database, and one that is judged in memory.
    for query in [
        "",
        "&sortBy=userName&filter=userName%20sw%20%22p%22",
        "&filter=nickName%20ne%20%22x%22",
        "&sortBy=title",
    ] {
        let mut seen = Vec::new();
        for start in (1..=1_050).step_by(150) {
            let answer = directory
                .get(&format!("/Users?startIndex={start}&count=150{query}"))
                .await;
            assert_eq!(answer.json["startIndex"], start);
            let (total, page) = listed(&answer, "id");
            assert_eq!((total, page.len()), (1_050, 150), "{query} from {start}");
            seen.extend(page);
        }
        assert_eq!(
            seen.iter().cloned().collect::<BTreeSet<_>>(),
            everybody,
            "{query}"
        );
        let again = directory
            .get(&format!("/Users?startIndex=151&count=150{query}"))
            .await;
        assert_eq!(listed(&again, "id").1, seen[150..300], "{query}");
    }
    let (total, page) = listed(&directory.get("/Users?startIndex=1051").await, "id");
    assert_eq!((total, page.len()), (1_050, 0));
    let (total, page) = listed(&directory.get("/Users?startIndex=1049&count=10").await, "id");
    assert_eq!((total, page.len()), (1_050, 2));
}

async fn odd_page_parameters_are_mended_or_refused(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_users(&directory, "p", 3).await;
    for (query, start, items) in [
        ("startIndex=0", 1, 3),
        ("startIndex=-7&count=2", 1, 2),
        ("startindex=2", 2, 2),
        ("COUNT=1", 1, 1),
        ("count=-1", 1, 0),
        ("count=99999999999999999999999", 1, 3),
        ("aadOptscim062020", 1, 3),
        ("unknown=1&count=1", 1, 1),
    ] {
        let answer = directory.get(&format!("/Users?{query}")).await;
        let (total, page) = listed(&answer, "id");
        assert_eq!((total, page.len()), (3, items), "{query}");
        assert_eq!(answer.json["startIndex"], start, "{query}");
    }
    let far = directory.get("/Users?startIndex=99999999999999999999999").await;
    assert_eq!(listed(&far, "id"), (3, Vec::new()));
    for (query, naming) in [
        ("count=ten", "count"),
        ("count=1.5", "count"),
        ("startIndex=one", "startIndex"),
        ("startIndex=0x1", "startIndex"),
        ("count=1&count=2", "count"),
        ("sortOrder=sideways&sortBy=userName", "sortOrder"),
        ("sortBy=shoeSize", "shoeSize"),
        ("sortBy=password", "password"),
    ] {
        let answer = directory.get(&format!("/Users?{query}")).await;
        assert_refused(&answer, 400, "invalidValue", naming);
    }
}

async fn sorting_follows_the_attribute_and_puts_the_absent_where_the_rfc_does(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for (name, further) in [
        (
            "d",
            json!({"title": "beta", "emails": [{"value": "z@x"}, {"value": "a@x", "primary": true}], "externalId": "b"}),
        ),
        (
            "B",
            json!({"title": "Alpha", "emails": [{"value": "M@x"}], "externalId": "B"}),
        ),
        ("a", json!({"active": false, ENTERPRISE: {"department": "9"}})),
        (
            "C",
            json!({"title": "alphabet", "active": false, "name": {"familyName": "Z"}}),
        ),
    ] {
        directory
            .post("/Users", &user_with(name, further))
            .await
            .expect(201);
        // The dates have milliseconds.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    let department = format!("{ENTERPRISE}:department");
    // Equals, and those without the attribute, stay in the order of their ids, which is that of their making.
    for (by, ascending, descending) in [
        ("userName", ["a", "B", "C", "d"], ["d", "C", "B", "a"]),
        ("title", ["B", "C", "d", "a"], ["a", "d", "C", "B"]),
        ("emails", ["d", "B", "a", "C"], ["a", "C", "B", "d"]),
        ("emails.value", ["d", "B", "a", "C"], ["a", "C", "B", "d"]),
        ("externalId", ["B", "d", "a", "C"], ["a", "C", "d", "B"]),
        ("active", ["a", "C", "d", "B"], ["d", "B", "a", "C"]),
        ("meta.created", ["d", "B", "a", "C"], ["C", "a", "B", "d"]),
        ("name.familyName", ["C", "d", "B", "a"], ["d", "B", "a", "C"]),
        (department.as_str(), ["a", "d", "B", "C"], ["d", "B", "C", "a"]),
    ] {
        for (order, names) in [("ascending", ascending), ("descending", descending)] {
            let query = [("sortBy", by), ("sortOrder", order)];
            let answer = directory.list("/Users", &query).await;
            assert_eq!(
                listed(&answer, "userName"),
                (4, names.map(str::to_owned).to_vec()),
                "{by} {order}"
            );
        }
        let answer = directory.list("/Users", &[("sortBy", by)]).await;
        assert_eq!(listed(&answer, "userName").1, ascending, "{by} without an order");
    }
}

async fn a_projection_holds_on_every_answer_with_a_body(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let body = user_with(
        "ada",
        json!({"displayName": "Ada", "name": {"givenName": "Ada", "familyName": "L"},
               "emails": [{"value": "a@x", "type": "work"}], ENTERPRISE: {"department": "D", "division": "V"}}),
    );
    let made = directory
        .post("/Users?attributes=userName", &body)
        .await
        .expect(201);
    let id = made.id();
    let keys = |value: &Value| {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let wanted = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(keys(&made.json), wanted(&["schemas", "id", "userName"]));
    let one = format!("/Users/{id}");
    let department = format!("{ENTERPRISE}:department");
    for (query, top) in [
        (
            "attributes=userName,displayName".to_owned(),
            vec!["schemas", "id", "userName", "displayName"],
        ),
        (
            "attributes=USERNAME".to_owned(),
            vec!["schemas", "id", "userName"],
        ),
        (
            "attributes=name.givenName".to_owned(),
            vec!["schemas", "id", "name"],
        ),
        (
            "attributes=emails.value".to_owned(),
            vec!["schemas", "id", "emails"],
        ),
        (
            format!("attributes={department}"),
            vec!["schemas", "id", ENTERPRISE],
        ),
        ("attributes=shoeSize".to_owned(), vec!["schemas", "id"]),
        ("attributes=password".to_owned(), vec!["schemas", "id"]),
        (
            "excludedAttributes=id,schemas,name,emails,meta".to_owned(),
            vec!["schemas", "id", "userName", "displayName", "active", ENTERPRISE],
        ),
    ] {
        let put = directory.put(&format!("{one}?{query}"), &body).await.expect(200);
        let no_change = super::message::patch_one("replace", "displayName", json!("Ada"));
        let patched = directory
            .patch(&format!("{one}?{query}"), &no_change)
            .await
            .expect(200);
        let read = directory.get(&format!("{one}?{query}")).await.expect(200);
        let list = directory.get(&format!("/Users?{query}")).await.expect(200);
        for shown in [&put.json, &patched.json, &read.json, &list.json["Resources"][0]] {
            assert_eq!(keys(shown), wanted(&top), "{query}");
        }
        if query.contains("givenName") {
            assert_eq!(read.json["name"], json!({"givenName": "Ada"}));
        } else if query.contains("department") {
            assert_eq!(read.json[ENTERPRISE], json!({"department": "D"}));
        } else if query.contains("emails.value") {
            assert_eq!(read.json["emails"], json!([{"value": "a@x"}]));
        }
        assert_eq!(read.header("etag"), "W/\"1\"");
    }
    let group = create_group(&directory, "all", &[&id]).await;
    let read = directory
        .get(&format!("/Groups/{group}?excludedAttributes=members"))
        .await
        .expect(200);
    assert!(read.json.get("members").is_none() && read.json["displayName"] == "all");
}

async fn the_root_lists_people_and_groups(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let ada = create_user(&directory, "ada").await;
    create_users(&directory, "p", 3).await;
    let all = create_group(&directory, "all", &[&ada]).await;
    let other = create_group(&directory, "other", &[]).await;
    let (total, everything) = listed(&directory.get("/").await, "id");
    assert_eq!((total, everything.len()), (6, 6));
    let mut paged = Vec::new();
    for start in 1..=6 {
        let (total, page) = listed(
            &directory.get(&format!("/?startIndex={start}&count=1")).await,
            "id",
        );
        assert_eq!((total, page.len()), (6, 1));
        paged.extend(page);
    }
    assert_eq!(paged, everything);
    for (filter, ids) in [
        ("displayName eq \"ALL\"", vec![&all]),
        ("userName eq \"ada\"", vec![&ada]),
        ("meta.resourceType eq \"Group\"", vec![&all, &other]),
        (
            "meta.resourceType eq \"User\" and userName eq \"ada\"",
            vec![&ada],
        ),
        ("members pr", vec![&all]),
    ] {
        let (_, found) = listed(&directory.list("/", &[("filter", filter)]).await, "id");
        assert_eq!(found.iter().collect::<Vec<_>>(), ids, "{filter}");
        let by_body = directory
            .post("/.search", &search(json!({"filter": filter})))
            .await;
        assert_eq!(listed(&by_body, "id").1, found, "{filter}");
    }
    let nonsense = directory.list("/", &[("filter", "shoeSize eq 1")]).await;
    assert_refused(&nonsense, 400, "invalidFilter", "shoeSize");
}

async fn a_search_by_body_is_the_same_list(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    create_users(&directory, "p", 5).await;
    create_group(&directory, "p-group", &[]).await;
    for (path, name) in [("/Users", "userName"), ("/Groups", "displayName")] {
        let filter = format!("{name} sw \"P\"");
        let query = [
            ("filter", filter.as_str()),
            ("sortBy", name),
            ("sortOrder", "descending"),
            ("startIndex", "1"),
            ("count", "3"),
            ("attributes", name),
        ];
        let by_query = directory.list(path, &query).await.expect(200);
        for attributes in [json!([name]), json!(name)] {
            let body = search(json!({
                "filter": filter, "sortBy": name, "sortOrder": "descending", "startIndex": 1, "count": 3,
                "attributes": attributes,
            }));
            let by_body = directory
                .post(&format!("{path}/.search"), &body)
                .await
                .expect(200);
            assert_eq!(by_body.text(), by_query.text());
        }
    }
    for (body, scim_type, naming) in [
        (json!({}), "invalidSyntax", "SearchRequest"),
        (json!({"filter": "id pr"}), "invalidSyntax", "SearchRequest"),
        (json!([]), "invalidSyntax", "array"),
        (search(json!({"filter": 1})), "invalidValue", "filter"),
        (search(json!({"filter": ""})), "invalidFilter", "filter"),
        (search(json!({"count": "x"})), "invalidValue", "count"),
        (search(json!({"count": 1.5})), "invalidValue", "count"),
        (search(json!({"startIndex": {}})), "invalidValue", "startIndex"),
        (search(json!({"attributes": [1]})), "invalidValue", "attributes"),
        (search(json!({"sortBy": ["userName"]})), "invalidValue", "sortBy"),
        (search(json!({"count": 1, "Count": 2})), "invalidSyntax", "count"),
    ] {
        for path in ["/.search", "/Users/.search", "/Groups/.search"] {
            assert_refused(&directory.post(path, &body).await, 400, scim_type, naming);
        }
    }
}
