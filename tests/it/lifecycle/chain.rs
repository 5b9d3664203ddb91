//! The audit log: filters, the export, and the chain that shows what was done to it behind the gateway's back.

use serde_json::{Value, json};

use super::log;
use crate::admin::problem::assert_invalid_fields;

use crate::harness::{Database, Engine, Gateway, Tenant};
use crate::scim::message::{create_user, create_users};

on_both_engines!(
    a_log_that_nobody_has_touched_holds,
    whatever_is_done_to_a_row_names_it,
    a_log_from_before_there_was_a_chain_is_chained_from_its_first_row,
    rows_are_found_by_person_by_actor_by_action_and_by_date,
    a_filter_that_is_not_understood_is_refused,
    an_export_is_every_row_as_a_line_with_its_place_in_the_chain,
);

async fn verify(tenant: &Tenant) -> Value {
    tenant.call("GET", "/audit/verify").await.expect(200).json
}

/// A tenant with some rows, all of them numbered.
async fn tenant_with_log(gateway: &Gateway) -> Tenant {
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    create_users(&directory, "p", 4).await;
    assert!(log(&tenant, "").await.len() >= 6);
    tenant
}

async fn a_log_that_nobody_has_touched_holds(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = tenant_with_log(gateway).await;
    let rows = log(&tenant, "").await;
    let count = rows.len();
    let expected = json!({"rows": count, "verified_to": count, "broken_at": null});
    assert_eq!(verify(&tenant).await, expected);
    assert!(rows.iter().all(|row| row["erased"] == false));
    let hashes: std::collections::BTreeSet<_> = rows.iter().map(|row| row["hash"].to_string()).collect();
    assert_eq!(hashes.len(), count, "every row has a hash of its own");
    // What comes later goes on from there.
    tenant.directory("entra").await;
    assert!(verify(&tenant).await["rows"].as_u64().unwrap() > count as u64);
    let again = log(&tenant, "").await;
    assert_eq!(again[..count], rows[..]);
}

async fn whatever_is_done_to_a_row_names_it(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = database.gateway().await;
    for (statements, seq, reason) in [
        (
            vec!["UPDATE audit SET actor = 'gateway' WHERE {of} AND seq = 3"],
            3,
            "changed",
        ),
        (
            vec!["UPDATE audit SET at = at + 1 WHERE {of} AND seq = 1"],
            1,
            "changed",
        ),
        (
            vec!["UPDATE audit SET after_json = '{}' WHERE {of} AND seq = 4"],
            4,
            "documents_changed",
        ),
        (
            vec!["UPDATE audit SET after_json = NULL, salt = NULL WHERE {of} AND seq = 4"],
            4,
            "documents_changed",
        ),
        (
            vec!["UPDATE audit SET after_json = '{}', salt = NULL, erased = TRUE WHERE {of} AND seq = 4"],
            4,
            "erased_unsaid",
        ),
        (vec!["DELETE FROM audit WHERE {of} AND seq = 1"], 1, "missing"),
        (vec!["DELETE FROM audit WHERE {of} AND seq = 2"], 2, "missing"),
        (vec!["DELETE FROM audit WHERE {of} AND seq >= 5"], 5, "missing"),
        (vec!["DELETE FROM audit WHERE {of}"], 1, "missing"),
        (
            vec![
                "UPDATE audit SET seq = 1000 WHERE {of} AND seq = 2",
                "UPDATE audit SET seq = 2 WHERE {of} AND seq = 3",
                "UPDATE audit SET seq = 3 WHERE {of} AND seq = 1000",
            ],
            2,
            "changed",
        ),
        (
            vec!["UPDATE audit SET seq = seq + 7 WHERE {of} AND seq >= 6"],
            6,
            "missing",
        ),
    ] {
        let tenant = tenant_with_log(&gateway).await;
        let of = format!("tenant_id = {}", database.id(&tenant.id));
        for statement in &statements {
            assert!(database.execute(&statement.replace("{of}", &of)).await > 0);
        }
        let verdict = verify(&tenant).await;
        let expected = json!({"seq": seq, "reason": reason});
        assert_eq!(verdict["broken_at"], expected, "{statements:?}");
        assert_eq!(verdict["verified_to"], seq - 1, "{statements:?}");
    }
    gateway.stop().await;
}

async fn a_log_from_before_there_was_a_chain_is_chained_from_its_first_row(engine: Engine) {
    let database = Database::new(engine).await;
    let gateway = database.gateway().await;
    let tenant = tenant_with_log(&gateway).await;
    let of = format!("tenant_id = {}", database.id(&tenant.id));
    let count = database
        .execute(&format!(
            "UPDATE audit SET salt = NULL, digest = NULL, hash = NULL WHERE {of}"
        ))
        .await;
    database
        .execute(&format!(
            "UPDATE audit_heads SET chained = 0, hash = NULL WHERE {of}"
        ))
        .await;
    let verdict = verify(&tenant).await;
    assert_eq!(
        verdict,
        json!({"rows": count, "verified_to": count, "broken_at": null})
    );
    let later = database
        .execute(&format!("UPDATE audit SET source = 'ui' WHERE {of} AND seq = 2"))
        .await;
    assert_eq!(later, 1);
    assert_eq!(verify(&tenant).await["broken_at"]["seq"], 2);
    gateway.stop().await;
}

async fn rows_are_found_by_person_by_actor_by_action_and_by_date(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let ada = create_user(&directory, "ada").await;
    let bob = create_user(&directory, "bob").await;
    for id in [&ada, &bob] {
        tenant
            .call("POST", &format!("/users/{id}/deactivate"))
            .await
            .expect(200);
    }
    let all = log(&tenant, "").await;
    let day = all[0]["at"].as_str().unwrap()[..10].to_owned();
    let actions = |rows: &[Value]| -> Vec<String> {
        rows.iter()
            .map(|row| row["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let of_ada = log(&tenant, &format!("person={ada}")).await;
    assert_eq!(actions(&of_ada), ["user.created", "user.blocked"]);
    assert!(of_ada.iter().all(|row| row["target"]["id"] == ada.as_str()));
    let by_directory = log(&tenant, &format!("actor=directory:{}", directory.id)).await;
    assert_eq!(actions(&by_directory), ["user.created", "user.created"]);
    let blocked = log(&tenant, "action=user.blocked").await;
    assert_eq!(blocked.len(), 2);
    let blocked = log(
        &tenant,
        &format!("action=user.blocked&person={bob}&actor=operator"),
    )
    .await;
    assert_eq!(blocked.len(), 1);
    assert_eq!(log(&tenant, "actor=gateway").await.len(), 0);
    assert_eq!(log(&tenant, &format!("from={day}")).await, all);
    assert_eq!(
        log(&tenant, &format!("to={}", all[0]["at"].as_str().unwrap()))
            .await
            .len(),
        0
    );
    assert_eq!(log(&tenant, "from=2999-01-01").await.len(), 0);
    assert_eq!(log(&tenant, "to=2020-01-01").await.len(), 0);
    // A page of a filtered log goes on as one of the whole.
    let path = format!("/audit?action=user.created&limit=1&after={}", of_ada[0]["seq"]);
    let page = tenant.call("GET", &path).await.expect(200).json;
    assert_eq!(page["items"][0]["target"]["id"], bob.as_str());
    assert_eq!(page["next"], page["items"][0]["seq"]);
}

async fn a_filter_that_is_not_understood_is_refused(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    for (query, field) in [
        ("person=ada", "person"),
        ("actor=", "actor"),
        ("action=a%0ab", "action"),
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-01-02&to=2026-01-01", "to"),
        ("after=-1", "after"),
        ("limit=0", "limit"),
    ] {
        for path in ["/audit", "/audit/export"] {
            let answer = tenant.call("GET", &format!("{path}?{query}")).await;
            assert_invalid_fields(&answer, &[field]);
        }
    }
}

async fn an_export_is_every_row_as_a_line_with_its_place_in_the_chain(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    // More than the export reads at once.
    let operations: Vec<Value> = (0..520)
        .map(|number| {
            json!({"method": "POST", "path": "/Users", "bulkId": number.to_string(),
                   "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("p{number}")}})
        })
        .collect();
    for part in operations.chunks(260) {
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": part});
        directory.post("/Bulk", &body).await.expect(200);
    }
    let answer = tenant.call("GET", "/audit/export").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(lines.len() > 520 && text.ends_with('\n'));
    let mut previous = json!("0".repeat(64));
    for (seq, line) in (1..).zip(&lines) {
        assert_eq!((&line["seq"], &line["prev_hash"]), (&json!(seq), &previous));
        previous = line["hash"].clone();
    }
    let rows = log(&tenant, "").await;
    for (row, line) in rows.iter().zip(&lines) {
        for (name, value) in row.as_object().unwrap() {
            assert_eq!(line[name], *value, "{name}");
        }
    }
    // A part of it still says what it stands behind.
    let answer = tenant
        .call("GET", "/audit/export?action=user.created&after=400&limit=1")
        .await;
    let first = answer.expect(200).text();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["seq"], 401);
    assert_eq!(first["prev_hash"], lines[399]["hash"]);
    let nothing = tenant
        .call("GET", "/audit/export?action=nothing.done")
        .await
        .expect(200);
    assert_eq!(nothing.text(), "");
}
