//! The last day of access is a whole day where the tenant is, also when the clocks are changed on it.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::json;

use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::local::fixture::{Account, PASSWORD, own_gateway};

on_both_engines!(a_day_on_which_the_clocks_change_ends_at_its_midnight_wherever_the_tenant_is);

/// The moments at which the next two days end on which the clocks of a zone are changed, with the days: one of 23 hours, one
/// of 25.
fn next_changes(zone: &TimeZone, now: Timestamp) -> Vec<(String, Timestamp)> {
    let changes = zone.following(now + SignedDuration::from_hours(48)).take(2);
    changes
        .map(|change| {
            let day = change.timestamp().to_zoned(zone.clone()).date();
            let end = (day + 1.day())
                .to_zoned(zone.clone())
                .expect("a midnight")
                .timestamp();
            let begin = day.to_zoned(zone.clone()).expect("a midnight").timestamp();
            let hours = end.duration_since(begin).as_hours();
            assert!([23, 25].contains(&hours), "{day} has {hours} hours");
            (day.to_string(), end)
        })
        .collect()
}

async fn a_day_on_which_the_clocks_change_ends_at_its_midnight_wherever_the_tenant_is(engine: Engine) {
    let gateway = own_gateway(engine).await;
    let mut ends = Vec::new();
    for name in ["Europe/Paris", "America/New_York", "Pacific/Auckland"] {
        let tenant = gateway.tenant().await;
        let settings = json!({"time_zone": name});
        tenant.call_with("PATCH", "", &settings).await.expect(200);
        let zone = TimeZone::get(name).expect("a zone");
        for (day, end) in next_changes(&zone, Timestamp::now()) {
            let more = json!({"access_end": day});
            ends.push((end, Account::with(&gateway, &tenant, &more).await));
        }
    }
    ends.sort_by_key(|(end, _)| *end);
    let mut moved = SignedDuration::ZERO;
    for (end, account) in &ends {
        // On either side of midnight, with time for a slow machine.
        let before = *end - SignedDuration::from_mins(3);
        let ahead = before.duration_since(Timestamp::now()) - moved;
        for (by, is_in) in [(ahead, true), (SignedDuration::from_mins(4), false)] {
            gateway.advance(Duration::try_from(by).expect("later"));
            moved += by;
            let answer = account.sign_in(&gateway, PASSWORD).await;
            if is_in {
                answer.expect(200);
            } else {
                assert_problem(&answer, 403, "access_expired", "");
            }
        }
    }
    gateway.stop().await;
}
