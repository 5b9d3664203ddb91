//! Every write is told in the audit log, under the id of its request (X01): what each tells stands in `audited.txt`.

use std::fmt::Write as _;

use serde_json::Value;

use super::bodies::body;
use super::routes::described;
use super::{Site, assert_as_written, site};
use crate::harness::{Call, Engine};

on_both_engines!(what_every_write_tells_the_audit_log_is_written);

const HEAD: &str = "\
# Every route that changes something, as the operator calls it: what came of it, and the rows of the tenant's audit log that
# name the request, with their source. nothing: the request found things as it wants them, or changes nothing of the tenant.
# Written by UPDATE_MATRIX=1.
";

async fn rows(site: &Site, after: u64) -> Vec<Value> {
    let path = format!("/audit?limit=500&after={after}");
    let found = site.own.house.tenant.call("GET", &path).await.expect(200);
    found.json["items"].as_array().expect("items").clone()
}

async fn last(site: &Site) -> u64 {
    let mut seq = 0;
    loop {
        match rows(site, seq).await.last() {
            Some(row) => seq = row["seq"].as_u64().expect("a number"),
            None => return seq,
        }
    }
}

async fn what_every_write_tells_the_audit_log_is_written(engine: Engine) {
    let site = site(engine).await;
    let operator = site.callers.named("operator");
    let mut found = HEAD.to_owned();
    for route in described() {
        let below = route.path.strip_prefix("/api/v1/tenants/{tenant}");
        if route.method == "GET" || below.is_none() {
            continue;
        }
        let place = site.own.fill(&route).await;
        let before = last(&site).await;
        let url = format!("{}{}", site.gateway.base(), place.path);
        let call = operator.with(Call::new(&route.method, &url));
        let answer = match body(&route, &place, &site.own) {
            Some(body) => call.json("application/json", &body).send().await,
            None => call.send().await,
        };
        let request = answer.header("x-request-id").to_owned();
        let told: Vec<String> = rows(&site, before)
            .await
            .iter()
            .filter(|row| row["request_id"] == request.as_str())
            .map(|row| {
                assert_eq!(row["actor"], "operator", "{row}");
                let word = |name: &str| row[name].as_str().expect("a word").to_owned();
                format!("{} ({})", word("action"), word("source"))
            })
            .collect();
        let came = match answer.status {
            200..300 => answer.status.to_string(),
            status => format!("{status} {}", answer.json["code"].as_str().unwrap_or_default()),
        };
        let told = if told.is_empty() {
            "nothing".to_owned()
        } else {
            told.join(", ")
        };
        let _ = writeln!(found, "\n{} {}\n  {came}: {told}", route.method, route.path);
    }
    assert_as_written("audited.txt", &found);
}
