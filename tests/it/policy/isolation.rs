//! Another tenant's ids under one's own address, on every route: not there, whoever asks.

use super::bodies::body;
use super::routes::{Route, described};
use super::world::Place;
use super::{Site, site};
use crate::harness::{Answer, Call, Engine};

on_both_engines!(every_id_of_another_tenant_is_as_good_as_none);

/// Routes of the API below a tenant whose address names something in it.
fn routes() -> Vec<Route> {
    let mut all = described();
    all.retain(|route| {
        let below = route.path.strip_prefix("/api/v1/tenants/{tenant}/");
        below.is_some_and(|below| below.contains('{')) || route.path.ends_with("/access-errors/{reference}")
    });
    all
}

async fn ask(site: &Site, caller: &super::callers::Shown, route: &Route, place: &Place) -> Answer {
    let url = format!("{}{}", site.gateway.base(), place.path);
    let call = caller.with(Call::new(&route.method, &url));
    match body(route, place, &site.own) {
        Some(body) => call.json("application/json", &body).send().await,
        None => call.send().await,
    }
}

/// The same address with ids that nobody has.
fn nowhere(route: &Route, place: &Place, slug: &str) -> Place {
    let nobody = "01900000-0000-7000-8000-000000000000";
    let template = route.path.replace("{tenant}", slug);
    let pieces = template.split('/').map(|piece| match piece {
        "{domain}" => "nobody.example",
        "{reference}" => "2222-2222-2222",
        "{urn}" => "urn:acme:nobody",
        other if other.starts_with('{') => nobody,
        other => other,
    });
    Place {
        path: pieces.collect::<Vec<_>>().join("/"),
        urn: place.urn.clone(),
    }
}

async fn every_id_of_another_tenant_is_as_good_as_none(engine: Engine) {
    let site = site(engine).await;
    let (own, other) = (&site.own.house.tenant.slug, &site.other.house.tenant.slug);
    let routes = routes();
    assert!(routes.len() > 40, "{} routes", routes.len());
    for route in &routes {
        let theirs = site.other.fill(route).await;
        let here = Place {
            path: theirs.path.replace(other.as_str(), own),
            ..theirs.clone()
        };
        let nowhere = nowhere(route, &theirs, own);
        for (name, caller) in [
            ("administrator", site.callers.named("administrator")),
            ("key", &site.callers.mighty),
            ("operator", site.callers.named("operator")),
        ] {
            // What keys may not do at all is told before an id is looked at; the operator's references have no tenant.
            let is_for_keys = site
                .callers
                .keys
                .iter()
                .any(|(word, _)| Some(word) == route.permission.as_ref());
            if (name == "key" && !is_for_keys) || (name == "operator" && !route.path.contains("{tenant}")) {
                continue;
            }
            let (answer, nobody) = (
                ask(&site, caller, route, &here).await,
                ask(&site, caller, route, &nowhere).await,
            );
            let what = format!("{name}: {} {}: {}", route.method, route.path, answer.text());
            assert_eq!(answer.status, 404, "{what}");
            assert_eq!(answer.json["code"], "not_found", "{what}");
            assert_eq!(answer.json, nobody.json, "{what}");
        }
        // At home it is there still.
        if route.method == "GET" && route.path.contains("{tenant}") {
            let at_home = ask(&site, site.callers.named("operator"), route, &theirs).await;
            assert_eq!(
                at_home.status,
                200,
                "{} {}: {}",
                route.method,
                route.path,
                at_home.text()
            );
        }
    }
}
