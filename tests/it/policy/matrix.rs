//! Who is let in where.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::bodies::body;
use super::callers::Shown;
use super::routes::{Route, described, others};
use super::world::Place;
use super::{Site, assert_as_written, site};
use crate::harness::{Answer, Call, Engine};

on_both_engines!(every_route_lets_in_whom_the_matrix_says);

const HEAD: &str = "\
# Every route against every kind of caller: what a well-formed request about a thing of the tenant's entity North comes to.
# nobody: no credentials. user: signed in, no tick. inside, outside: administrators of North, of South. administrator: of
# the whole tenant. guest: the same, at home in another tenant. foreign: administrator of another tenant. inside_key, outside_key: API keys of North, of South with
# every permission that such keys may have. scim: a directory's token. operator: the operator's token.
# keys: API keys of the whole tenant with one permission each; those that are let in, and what all others get.
# ok: let in, whatever came of it then. 501: let in, and told that there is no such thing here. Written by UPDATE_MATRIX=1.
";

/// What became of a caller: refused and how, or let in.
fn verdict(answer: &Answer) -> String {
    match answer.status {
        401 | 404 => answer.status.to_string(),
        403 => format!("403 {}", answer.json["code"].as_str().unwrap_or("-")),
        501 => "501".to_owned(),
        500.. => panic!("{} {}", answer.status, answer.text()),
        _ => "ok".to_owned(),
    }
}

/// A route with the things that its address names, which are made anew whenever somebody has changed them.
struct Asking<'s> {
    site: &'s Site,
    route: &'s Route,
    place: Option<Place>,
}

impl Asking<'_> {
    async fn ask(&mut self, shown: &Shown) -> String {
        let place = match self.place.take() {
            Some(place) => place,
            None => self.site.own.fill(self.route).await,
        };
        let url = format!("{}{}", self.site.gateway.base(), place.path);
        let call = shown.with(Call::new(&self.route.method, &url));
        let media_type = if place.path.starts_with("/scim/") {
            "application/scim+json"
        } else {
            "application/json"
        };
        let answer = match body(self.route, &place, &self.site.own) {
            Some(body) => call.json(media_type, &body).send().await,
            None => call.send().await,
        };
        let verdict = verdict(&answer);
        if verdict != "ok" || self.route.method == "GET" {
            self.place = Some(place);
        }
        verdict
    }
}

async fn line(site: &Site, route: &Route) -> String {
    let mut asking = Asking {
        site,
        route,
        place: None,
    };
    let mut text = format!("\n{} {}\n ", route.method, route.path);
    for (name, shown) in &site.callers.single {
        let verdict = asking.ask(shown).await;
        let _ = write!(text, " {name}: {verdict};");
    }
    // What keys get: those of a few permissions something else than the rest.
    let mut by_verdict: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    // Where no permission is asked for, a key that has all of them stands for every key.
    let mighty = [("all of them".to_owned(), site.callers.mighty.clone())];
    let keys = match route.permission {
        Some(_) => site.callers.keys.as_slice(),
        None => &mighty,
    };
    for (permission, shown) in keys {
        let verdict = asking.ask(shown).await;
        by_verdict.entry(verdict).or_default().push(permission);
    }
    let usual = by_verdict.iter().max_by_key(|(_, all)| all.len());
    let usual = usual.map(|(verdict, _)| verdict.clone()).unwrap_or_default();
    let _ = write!(text, "\n  keys:");
    for (verdict, permissions) in by_verdict.iter().filter(|(verdict, _)| **verdict != usual) {
        let _ = write!(text, " {verdict}: {};", permissions.join(" "));
    }
    let _ = writeln!(text, " all others: {usual}");
    text
}

async fn every_route_lets_in_whom_the_matrix_says(engine: Engine) {
    let site = site(engine).await;
    let mut found = HEAD.to_owned();
    for route in others().iter().chain(&described()) {
        found.push_str(&line(&site, route).await);
    }
    assert_as_written("matrix.txt", &found);
}
