//! What an import may be at most, in which letters, who is told of it, and what one damaged row comes to.

use futures_util::future::join_all;
use rollcall::directory::import::OPEN_AT_ONCE;
use serde_json::{Value, json};

use super::{confirm, rows, send, wait_for_end};
use crate::admin::problem::assert_problem;
use crate::harness::{Database, Engine, Gateway, Tenant};
use crate::local::fixture::audit;
use crate::mail::by_hand::address;

on_both_engines!(
    a_row_that_cannot_be_read_back_is_refused_and_the_others_are_made,
    lines_may_end_as_on_an_old_mac,
    a_file_of_another_charset_is_refused,
    a_tenant_has_so_many_open_imports_and_finds_them_in_a_list,
    who_confirms_and_who_cancels_is_in_the_log,
);

fn file() -> String {
    format!("email,full_name\n{},Ada\n{},Grace\n", address(), address())
}

async fn a_row_that_cannot_be_read_back_is_refused_and_the_others_are_made(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = Gateway::start(&database.url).await;
    let tenant = gateway.tenant().await;
    let id = send(&tenant, file()).await.expect(201).id();
    let sql = format!(
        "UPDATE import_rows SET draft = '{{\"who\": 7}}' WHERE import_id = {} AND line = 2",
        database.id(&id)
    );
    assert_eq!(database.execute(&sql).await, 1);
    confirm(&tenant, &id, false).await.expect(202);
    let ended = wait_for_end(&tenant, &id).await;
    assert_eq!(ended["state"], "done");
    let found = rows(&tenant, &id).await;
    assert_eq!(
        (&found[0]["state"], &found[0]["problems"][0]["code"]),
        (&json!("refused"), &json!("unreadable"))
    );
    assert_eq!(found[1]["state"], "created");
    gateway.stop().await;
}

async fn lines_may_end_as_on_an_old_mac(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let made = send(&tenant, file().replace('\n', "\r")).await.expect(201);
    assert_eq!(made.json["good"], 2);
    let lines: Vec<Value> = rows(&tenant, &made.id())
        .await
        .iter()
        .map(|row| row["line"].clone())
        .collect();
    assert_eq!(lines, [2, 3]);
}

async fn a_file_of_another_charset_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (content_type, status) in [
        ("text/csv", 201),
        ("text/csv; charset=\"UTF-8\"", 201),
        ("text/csv; header=present; charset=us-ascii", 201),
        ("text/csv; charset=iso-8859-1", 415),
        ("text/csv;charset=utf-16", 415),
    ] {
        let call = tenant.operator("POST", "/imports");
        let answer = call.bytes(content_type, file()).send().await;
        assert_eq!(answer.status, status, "{content_type}");
        if status == 415 {
            assert_problem(&answer, 415, "unsupported_media_type", "utf-8");
        }
    }
}

/// The ids in a list, two on a page.
async fn listed(tenant: &Tenant) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = tenant.call("GET", &format!("/imports?limit=20{cursor}")).await;
        let page = page.expect(200).json;
        let items = page["items"].as_array().expect("items").iter();
        ids.extend(items.map(|one| one["id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn a_tenant_has_so_many_open_imports_and_finds_them_in_a_list(engine: Engine) {
    let gateway = engine.gateway().await;
    let (tenant, other) = (gateway.tenant().await, gateway.tenant().await);
    let most = usize::try_from(OPEN_AT_ONCE).expect("a number");
    // Some of them side by side: of those that begin at once none is overlooked.
    let answers = join_all((0..most + 3).map(|_| send(&tenant, file()))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), most);
    for answer in &refused {
        assert_problem(answer, 409, "too_many_imports", "50 imports");
    }
    let mut ids: Vec<String> = made.into_iter().map(|answer| answer.id()).collect();
    ids.sort_unstable();
    ids.reverse();
    assert_eq!(listed(&tenant).await, ids);
    assert_eq!(listed(&other).await, Vec::<String>::new());
    send(&other, file()).await.expect(201);
    // One that is over makes room.
    let path = format!("/imports/{}", ids[0]);
    tenant.call("DELETE", &path).await.expect(204);
    send(&tenant, file()).await.expect(201);
    assert_eq!(send(&tenant, file()).await.status, 409);
}

async fn who_confirms_and_who_cancels_is_in_the_log(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let id = send(&tenant, file()).await.expect(201).id();
    assert!(audit(&tenant, "import.confirmed").await.is_empty());
    let confirmed = confirm(&tenant, &id, false).await.expect(202);
    wait_for_end(&tenant, &id).await;
    let cancelled = tenant.call("DELETE", &format!("/imports/{id}")).await.expect(204);
    for (action, answer) in [("import.confirmed", confirmed), ("import.cancelled", cancelled)] {
        let told = audit(&tenant, action).await;
        assert_eq!(told.len(), 1, "{action}");
        assert_eq!(told[0]["target"], json!({"kind": "import", "id": id}));
        assert_eq!(told[0]["actor"], "operator");
        assert_eq!(told[0]["request_id"], answer.header("x-request-id"));
    }
}
