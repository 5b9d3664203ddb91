//! The last second that passes, and the first that does not.

use super::*;

/// A time of the message: where it stands, whether in the assertion, what it is without the clocks, and the first
/// second from now at which it is refused, before and after.
struct Edge {
    name: &'static str,
    attribute: &'static str,
    in_assertion: bool,
    passes: &'static [i64],
    refused: &'static [(i64, Code)],
}

const EDGES: [Edge; 7] = [
    Edge {
        name: "the Response was issued",
        attribute: "2026-01-31T11:59:58Z",
        in_assertion: false,
        passes: &[-780, -600, -170, -30, 0, 30, 170, 179, 180],
        refused: &[(-781, Code::SamlExpired), (181, Code::SamlClockSkew)],
    },
    Edge {
        name: "the assertion was issued",
        attribute: "2026-01-31T11:59:59Z",
        in_assertion: true,
        passes: &[-780, -600, -170, -30, 0, 30, 170, 179, 180],
        refused: &[(-781, Code::SamlExpired), (181, Code::SamlClockSkew)],
    },
    Edge {
        name: "the conditions begin",
        attribute: "2026-01-31T11:55:00Z",
        in_assertion: true,
        passes: &[-86_400, 0, 30, 170, 179, 180],
        refused: &[(181, Code::SamlClockSkew)],
    },
    Edge {
        name: "the conditions end",
        attribute: "2026-01-31T12:06:00Z",
        in_assertion: true,
        passes: &[-179, -170, -30, 0, 31_536_000],
        refused: &[(-180, Code::SamlExpired), (-181, Code::SamlExpired)],
    },
    Edge {
        name: "the confirmation ends",
        attribute: "2026-01-31T12:05:00Z",
        in_assertion: true,
        passes: &[-179, -170, -30, 0, 86_400, 86_580],
        refused: &[
            (-180, Code::SamlExpired),
            (-181, Code::SamlExpired),
            (86_581, Code::SamlAssertionInvalid),
        ],
    },
    Edge {
        name: "the person signed in",
        attribute: "2026-01-31T11:59:57Z",
        in_assertion: true,
        passes: &[-2_592_000, 0, 170, 179, 180],
        refused: &[(181, Code::SamlClockSkew)],
    },
    Edge {
        name: "the provider's session ends",
        attribute: "2026-01-31T20:00:00Z",
        in_assertion: true,
        passes: &[1, 31_536_000],
        refused: &[(0, Code::SamlExpired), (-1, Code::SamlExpired)],
    },
];

#[test]
fn each_time_passes_up_to_its_last_second_and_no_longer() {
    for edge in &EDGES {
        let with = |seconds: i64| {
            let mut opened = sound();
            let time = after(seconds);
            if edge.in_assertion {
                let mut assertion = edited(ASSERTION, edge.attribute, &time);
                if edge.name == "the conditions end" && seconds <= -179 {
                    // What has just ended has begun earlier.
                    assertion = edited(&assertion, "11:55:00Z", "11:00:00Z");
                }
                opened.assertion = Some(assertion);
            } else {
                opened.response = edited(RESPONSE, edge.attribute, &time);
            }
            judged(&opened).err().map(|refusal| refusal.code)
        };
        for seconds in edge.passes {
            assert_eq!(with(*seconds), None, "{} {seconds} seconds from now", edge.name);
        }
        for (seconds, code) in edge.refused {
            assert_eq!(
                with(*seconds),
                Some(*code),
                "{} {seconds} seconds from now",
                edge.name
            );
        }
    }
}

#[test]
fn a_provider_whose_clock_is_off_by_less_than_three_minutes_is_understood_in_every_time_at_once() {
    for offset in [-170, -30, 30, 170] {
        let mut opened = sound();
        let shifted = |text: &str, moved: &[(&str, i64)]| {
            moved.iter().fold(text.to_owned(), |text, (time, seconds)| {
                edited(&text, time, &after(seconds + offset))
            })
        };
        opened.response = shifted(RESPONSE, &[("2026-01-31T11:59:58Z", 0)]);
        opened.assertion = Some(shifted(
            ASSERTION,
            &[
                ("2026-01-31T11:59:59Z", 0),
                ("2026-01-31T11:55:00Z", 0),
                ("2026-01-31T12:06:00Z", 60),
                ("2026-01-31T12:05:00Z", 60),
                ("2026-01-31T11:59:57Z", 0),
            ],
        ));
        assert_eq!(judged(&opened).err(), None, "{offset}");
    }
}

#[test]
fn a_time_is_written_in_utc_with_or_without_a_fraction() {
    for sound in [
        "2026-01-31T11:59:59Z",
        "2026-01-31T11:59:59.1Z",
        "2026-01-31T11:59:59.123Z",
        "2026-01-31T11:59:59.1234567Z",
        "2026-01-31T11:59:59.123456789Z",
        "2026-01-31T11:59:59+00:00",
        "2026-01-31T11:59:59.5+00:00",
    ] {
        let opened = with_assertion("2026-01-31T11:59:59Z", sound);
        assert_eq!(judged(&opened).err(), None, "{sound}");
    }
}

#[test]
fn what_is_not_a_time_in_utc_is_refused_wherever_it_stands() {
    for wrong in [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T11:59Z",
        "2026-01-31T11:59:59",
        "2026-01-31T12:59:59+01:00",
        "2026-01-31T11:59:59-00:00",
        "2026-01-31t11:59:59z",
        "2026-01-31 11:59:59Z",
        " 2026-01-31T11:59:59Z",
        "2026-01-31T11:59:59Z ",
        "2026-01-31T11:59:59.Z",
        "2026-01-31T11:59:59,5Z",
        "2026-01-31T11:59:59.1234567890Z",
        "2026-01-31T11:59:60Z",
        "2026-01-31T24:00:00Z",
        "2026-02-30T11:59:59Z",
        "2026-13-31T11:59:59Z",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+002026-01-31T11:59:59Z",
        "-2026-01-31T11:59:59Z",
        "12026-01-31T11:59:59Z",
        "1769860799",
        "２026-01-31T11:59:59Z",
    ] {
        for (time, check) in [
            ("2026-01-31T11:59:59Z", "issue_instant"),
            ("2026-01-31T12:06:00Z", "not_on_or_after"),
            ("2026-01-31T12:05:00Z", "subject_confirmation_not_on_or_after"),
            ("2026-01-31T20:00:00Z", "session_not_on_or_after"),
        ] {
            let refusal = judged(&with_assertion(time, wrong)).expect_err(wrong);
            let found = (refusal.code, refusal.check);
            assert_eq!(found, (Code::SamlAssertionInvalid, check), "{wrong}");
        }
    }
}

#[test]
fn the_earliest_end_of_several_sessions_counts() {
    let second = r#"</saml:AuthnStatement><saml:AuthnStatement AuthnInstant="2026-01-31T11:59:50Z" SessionIndex="_s2" SessionNotOnOrAfter="2026-01-31T13:00:00Z"/>"#;
    let statement = judged(&with_assertion("</saml:AuthnStatement>", second)).unwrap();
    assert_eq!(
        statement.session_not_on_or_after.unwrap().to_string(),
        "2026-01-31T13:00:00Z"
    );
    assert_eq!(statement.session_index.as_deref(), Some("_s1"));
    let ended = second.replace("13:00:00Z", "11:00:00Z");
    let refusal = judged(&with_assertion("</saml:AuthnStatement>", &ended)).unwrap_err();
    assert_eq!(refusal.code, Code::SamlExpired);
}
