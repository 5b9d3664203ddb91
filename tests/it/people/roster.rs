//! Employees are picked from the roster, which says what they are called.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{address, assert_names, audited, create, edit, employee, enter, external, view, with};
use crate::admin::entities::{create_entity, place};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Tenant};

on_both_engines!(
    an_employee_is_picked_from_the_roster_and_named_by_it,
    a_name_that_is_typed_for_an_employee_is_refused,
    each_person_of_the_roster_has_one_account_at_most,
    of_many_requests_for_one_person_one_makes_the_account,
    a_person_with_access_stays_on_the_roster_and_is_free_again_when_the_account_is_deleted,
    a_deleted_account_comes_back_only_while_its_person_is_free,
    the_roster_is_searched_and_walked,
    the_roster_is_kept,
    what_is_wrong_with_a_person_is_named,
    an_employee_belongs_where_the_roster_says,
);

async fn listed(tenant: &Tenant, query: &str) -> Vec<String> {
    let found = tenant
        .call("GET", &format!("/people?{query}"))
        .await
        .expect(200)
        .json;
    let items = found["items"].as_array().expect("items").iter();
    let name = |person: &Value| person["first_name"].as_str().expect("a name").to_owned();
    items.map(name).collect()
}

async fn an_employee_is_picked_from_the_roster_and_named_by_it(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (grace, _) = (
        enter(&tenant, "Grace", "Hopper").await,
        enter(&tenant, "Ada", "Lovelace").await,
    );
    assert_eq!(listed(&tenant, "without_access=true").await, ["Grace", "Ada"]);
    let email = address();
    let made = create(&tenant, &employee(&grace, &email)).await.expect(201).json;
    for (name, value) in [
        ("kind", json!("employee")),
        ("person_id", json!(grace)),
        ("first_name", json!("Grace")),
        ("last_name", json!("Hopper")),
        ("display_name", json!("Grace Hopper")),
        ("email", json!(email)),
        ("status", json!("pending")),
    ] {
        assert_eq!(made[name], value, "{name}: {made}");
    }
    assert_eq!(listed(&tenant, "without_access=true").await, ["Ada"]);
    let person = tenant
        .call("GET", &format!("/people/{grace}"))
        .await
        .expect(200)
        .json;
    assert_eq!(person["user_id"], made["id"]);
    // Both kinds are in one list, and told apart in it.
    create(&tenant, &external(&address())).await.expect(201);
    for (query, count) in [("", 2), ("?kind=employee", 1), ("?kind=external", 1)] {
        let list = tenant
            .call("GET", &format!("/users{query}"))
            .await
            .expect(200)
            .json;
        assert_eq!(list["items"].as_array().expect("items").len(), count, "{query}");
    }
}

async fn a_name_that_is_typed_for_an_employee_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let grace = enter(&tenant, "Grace", "Hopper").await;
    for name in ["first_name", "last_name", "full_name"] {
        let body = with(employee(&grace, &address()), &json!({name: "Other"}));
        let answer = create(&tenant, &body).await;
        assert_problem(&answer, 422, "names_from_roster", "roster");
        assert_names(&answer, name);
    }
    assert_eq!(listed(&tenant, "without_access=true").await, ["Grace"]);
    let id = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .id();
    let answer = edit(&tenant, &id, &json!({"last_name": "Other"})).await;
    assert_problem(&answer, 422, "names_from_roster", "roster");
    edit(&tenant, &id, &json!({"last_name": "Hopper"}))
        .await
        .expect(200);
}

async fn each_person_of_the_roster_has_one_account_at_most(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let grace = enter(&tenant, "Grace", "Hopper").await;
    let email = address();
    create(&tenant, &employee(&grace, &email)).await.expect(201);
    let second = create(&tenant, &employee(&grace, &address())).await;
    assert_problem(&second, 409, "person_has_access", &email);
    assert_eq!(second.json["errors"][0]["field"], "person_id");
    // Several at once obey the same rules, each row apart.
    let ada = enter(&tenant, "Ada", "Lovelace").await;
    let rows = json!({"users": [
        employee(&ada, &address()), employee(&grace, &address()), employee(&ada, &address()),
        with(employee(&ada, &address()), &json!({"first_name": "Typed"})),
    ]});
    let answer = tenant
        .call_with("POST", "/users/bulk", &rows)
        .await
        .expect(207)
        .json;
    let statuses: Vec<_> = answer["results"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| &row["status"])
        .collect();
    assert_eq!(statuses, [201, 409, 409, 422]);
    assert_eq!(answer["results"][0]["user"]["display_name"], "Ada Lovelace");
    assert_eq!(answer["results"][2]["problem"]["code"], "person_has_access");
}

async fn of_many_requests_for_one_person_one_makes_the_account(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let grace = enter(&tenant, "Grace", "Hopper").await;
    let bodies: Vec<Value> = (0..8).map(|_| employee(&grace, &address())).collect();
    let answers = join_all(bodies.iter().map(|body| create(&tenant, body))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

async fn a_person_with_access_stays_on_the_roster_and_is_free_again_when_the_account_is_deleted(
    engine: Engine,
) {
    let tenant = engine.gateway().await.tenant().await;
    let grace = enter(&tenant, "Grace", "Hopper").await;
    let id = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .id();
    let path = format!("/people/{grace}");
    let kept = tenant.call("DELETE", &path).await;
    assert_problem(&kept, 409, "person_has_access", "access already");
    tenant.call("DELETE", &format!("/users/{id}")).await.expect(204);
    assert_eq!(listed(&tenant, "without_access=true").await, ["Grace"]);
    create(&tenant, &employee(&grace, &address())).await.expect(201);
    assert_eq!(listed(&tenant, "without_access=true").await, [""; 0]);
}

async fn a_deleted_account_comes_back_only_while_its_person_is_free(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (grace, ada) = (
        enter(&tenant, "Grace", "Hopper").await,
        enter(&tenant, "Ada", "Lovelace").await,
    );
    let restore = async |id: &str| tenant.call("POST", &format!("/users/{id}/restore")).await;
    let first = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .id();
    tenant
        .call("DELETE", &format!("/users/{first}"))
        .await
        .expect(204);
    let second = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .id();
    assert_problem(&restore(&first).await, 409, "person_has_access", "access already");
    tenant
        .call("DELETE", &format!("/users/{second}"))
        .await
        .expect(204);
    let back = restore(&first).await.expect(200).json;
    assert_eq!(back["person_id"], json!(grace));
    // Whoever left the roster meanwhile comes back without it.
    let gone = create(&tenant, &employee(&ada, &address()))
        .await
        .expect(201)
        .id();
    tenant.call("DELETE", &format!("/users/{gone}")).await.expect(204);
    tenant.call("DELETE", &format!("/people/{ada}")).await.expect(204);
    assert_eq!(restore(&gone).await.expect(200).json["person_id"], Value::Null);
}

async fn the_roster_is_searched_and_walked(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (first, last, number) in [
        ("Élodie", "Martin", "E-1"),
        ("Grace", "Hopper", "E-2"),
        ("Graham", "Bell", "E-20"),
    ] {
        let body = json!({"first_name": first, "last_name": last, "employee_number": number,
                          "email": format!("{}@acme.example", last.to_lowercase())});
        tenant.call_with("POST", "/people", &body).await.expect(201);
    }
    let none: &[&str] = &[];
    for (query, found) in [
        ("", &["Élodie", "Grace", "Graham"][..]),
        ("q=gra", &["Grace", "Graham"]),
        ("q=%C3%89LODIE", &["Élodie"]),
        ("q=ace%20hop", &["Grace"]),
        ("q=E-2", &["Grace"]),
        ("q=HOPPER@", &["Grace"]),
        ("q=%25", none),
        ("q=gra&without_access=true", &["Grace", "Graham"]),
    ] {
        assert_eq!(listed(&tenant, query).await, found, "{query}");
    }
    let first = tenant.call("GET", "/people?limit=2").await.expect(200).json;
    let cursor = first["next_cursor"].as_str().expect("more");
    assert_eq!(
        listed(&tenant, &format!("limit=2&cursor={cursor}")).await,
        ["Graham"]
    );
    for (query, field) in [
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("q=a%0ab", "q"),
        ("without_access=perhaps", "without_access"),
        ("name=x", "name"),
    ] {
        assert_names(&tenant.call("GET", &format!("/people?{query}")).await, field);
    }
}

async fn the_roster_is_kept(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let grace = enter(&tenant, "Grace", "Hopper").await;
    let id = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .id();
    let path = format!("/people/{grace}");
    let body = json!({"last_name": "Murray", "employee_number": "7", "email": "grace@acme.example"});
    let changed = tenant.call_with("PATCH", &path, &body).await.expect(200).json;
    assert_eq!(
        (&changed["last_name"], &changed["employee_number"]),
        (&json!("Murray"), &json!("7"))
    );
    assert_eq!(
        view(&tenant, &id).await["display_name"],
        "Grace Murray",
        "the account follows"
    );
    tenant.call_with("PATCH", &path, &json!({})).await.expect(200);
    let cleared = json!({"employee_number": null, "email": null});
    let changed = tenant.call_with("PATCH", &path, &cleared).await.expect(200).json;
    assert_eq!(
        (&changed["employee_number"], &changed["email"]),
        (&Value::Null, &Value::Null)
    );
    let rows = audited(&tenant, &grace, "person.updated").await;
    assert_eq!(rows.len(), 2, "no change is no row");
    assert_eq!(rows[0]["before"]["last_name"], "Hopper");
    assert_eq!(audited(&tenant, &grace, "person.created").await.len(), 1);
}

async fn what_is_wrong_with_a_person_is_named(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let good = json!({"first_name": "Grace", "last_name": "Hopper", "employee_number": "7"});
    tenant.call_with("POST", "/people", &good).await.expect(201);
    for (more, field) in [
        (json!({"first_name": " "}), "first_name"),
        (json!({"last_name": "a\nb"}), "last_name"),
        (json!({"employee_number": ""}), "employee_number"),
        (json!({"email": "grace"}), "email"),
        (json!({"entity_id": "x"}), "entity_id"),
        (json!({"salary": 1}), "salary"),
    ] {
        let answer = tenant
            .call_with("POST", "/people", &with(good.clone(), &more))
            .await;
        assert_names(&answer, field);
    }
    let taken = tenant.call_with("POST", "/people", &good).await;
    assert_problem(&taken, 409, "employee_number_in_use", "\"7\"");
    let nobody = "/people/01900000-0000-7000-8000-000000000000";
    tenant.call("GET", nobody).await.expect(404);
    tenant.call("GET", "/people/x").await.expect(404);
}

async fn an_employee_belongs_where_the_roster_says(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (north, south) = (
        create_entity(&tenant, "North", None).await,
        create_entity(&tenant, "South", None).await,
    );
    let body = json!({"first_name": "Grace", "last_name": "Hopper", "entity_id": north});
    let grace = tenant.call_with("POST", "/people", &body).await.expect(201).id();
    let made = create(&tenant, &employee(&grace, &address()))
        .await
        .expect(201)
        .json;
    assert_eq!(made["entity_id"], json!(north));
    // Elsewhere if the form says so.
    place(&tenant, made["id"].as_str().expect("an id"), Some(&south))
        .await
        .expect(200);
    // The roster alone keeps an entity.
    let kept = tenant.call("DELETE", &format!("/entities/{north}")).await;
    assert_problem(&kept, 409, "entity_in_use", "1 people");
}
