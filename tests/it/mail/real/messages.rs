//! What another program's reader makes of every letter in both languages.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rollcall::directory::{Language, Letter};
use rollcall::mail::{Mailer, Outgoing};
use serde_json::{Value, json};
use uuid::Uuid;

use super::server::Server;

/// What somebody might write into a name to add a header, a recipient, a part or an end.
const HOSTILE: &str =
    "Énergie & <Fils>\r\nBcc: eve@evil.example\r\n\r\n--boundary\r\n.\r\nQUIT\r\n\n\"é\" =?utf-8?q?x?=";

fn at() -> Timestamp {
    "2026-11-21T08:09:10Z".parse().expect("a time")
}

/// Every letter with these texts in it, once in each form that changes its words.
fn letters(language: Language, tenant: &str, name: &str) -> Vec<Letter> {
    let (tenant, name, at) = (|| tenant.to_owned(), || name.to_owned(), at());
    let token = || "rollcall_inv_x".to_owned();
    let mut all = vec![
        Letter::Invitation {
            language,
            tenant: tenant(),
            name: name(),
            token: token(),
            expires_at: at,
        },
        Letter::BreakGlassUsed {
            language,
            tenant: tenant(),
            account: name(),
            at,
        },
    ];
    for either in [true, false] {
        all.extend([
            Letter::Welcome {
                language,
                tenant: tenant(),
                slug: "acme".to_owned(),
                name: name(),
                contact: either.then(name),
            },
            Letter::PasswordReset {
                language,
                tenant: tenant(),
                name: name(),
                token: token(),
                activates: either,
                expires_at: at,
            },
            Letter::PasswordChanged {
                language,
                tenant: tenant(),
                name: name(),
                by_administrator: either,
                at,
            },
            Letter::AddressChanged {
                language,
                tenant: tenant(),
                name: name(),
                support: either.then(name),
                at,
            },
            Letter::BreakGlass {
                language,
                tenant: tenant(),
                account: name(),
                enabled: either,
                by: either.then(name),
                at,
            },
            Letter::MfaReset {
                language,
                tenant: tenant(),
                support_email: either.then(name),
                at,
            },
            Letter::MfaChanged {
                language,
                tenant: tenant(),
                enrolled: either,
                support_email: either.then(name),
                at,
            },
        ]);
    }
    all
}

/// A new letter has to be told here and among [`letters`].
fn kind(letter: &Letter) -> usize {
    match letter {
        Letter::Invitation { .. } => 0,
        Letter::PasswordReset { .. } => 1,
        Letter::PasswordChanged { .. } => 2,
        Letter::BreakGlassUsed { .. } => 3,
        Letter::AddressChanged { .. } => 4,
        Letter::BreakGlass { .. } => 5,
        Letter::MfaReset { .. } => 6,
        Letter::Welcome { .. } => 7,
        Letter::MfaChanged { .. } => 8,
    }
}

async fn send_all(server: &Server, letters: Vec<Letter>) -> Vec<Value> {
    let from = "\"Accès, Acme\" <access@id.example>".parse().expect("an address");
    let url = server.url("").parse().expect("a URL");
    let mailer = Mailer::to_server(&url, None, from, "https://id.example").expect("a way out");
    for letter in letters {
        let outgoing = Outgoing {
            id: Uuid::from_u128(7),
            written_at: at(),
            recipient: "zoe@acme.example".to_owned(),
            letter,
        };
        mailer.send(&outgoing).await.expect("it is taken");
    }
    server.messages().await
}

/// What holds of every message.
fn assert_well_formed(message: &Value, case: &str) {
    let headers = BTreeSet::from([
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]);
    let names = message["header_names"].as_array().expect("names");
    assert_eq!(names.len(), headers.len(), "{case}: {names:?}");
    let names: BTreeSet<&str> = names.iter().filter_map(Value::as_str).collect();
    assert_eq!(names, headers, "{case}");
    assert_eq!(message["rcpt_tos"], json!(["zoe@acme.example"]), "{case}");
    let one = |name: &str, address: &str| json!([{"name": name, "address": address}]);
    assert_eq!(message["from"], one("Accès, Acme", "access@id.example"), "{case}");
    assert_eq!(message["to"], one("", "zoe@acme.example"), "{case}");
    assert_eq!(message["date"], "2026-11-21T08:09:10+00:00", "{case}");
    assert_eq!(
        message["message_id"], "<00000000-0000-0000-0000-000000000007@id.example>",
        "{case}"
    );
    assert_eq!(message["content_type"], "multipart/alternative", "{case}");
    let parts = message["parts"].as_array().expect("parts");
    let forms: Vec<_> = parts
        .iter()
        .map(|part| (&part["content_type"], &part["charset"]))
        .collect();
    let utf8 = json!("utf-8");
    assert_eq!(
        forms,
        [(&json!("text/plain"), &utf8), (&json!("text/html"), &utf8)],
        "{case}"
    );
    // RFC 5322 section 2.1.1, RFC 5321 section 2.3.8, and 7-bit for servers without 8BITMIME.
    assert!(
        message["longest_line"].as_u64().expect("a number") <= 998,
        "{case}"
    );
    assert_eq!(message["bare_line_ends"], 0, "{case}");
    assert_eq!(message["is_ascii"], true, "{case}");
    assert_eq!(message["defects"], json!([]), "{case}");
}

fn part(message: &Value, place: usize) -> &str {
    message["parts"][place]["text"].as_str().expect("a text")
}

#[test]
fn every_letter_is_whole_in_both_languages_as_text_and_as_html() {
    crate::harness::run(async {
        let kinds: BTreeSet<usize> = letters(Language::English, "", "").iter().map(kind).collect();
        assert_eq!(kinds.len(), 9);
        for language in Language::ALL {
            let server = Server::start(&json!({})).await;
            let letters = letters(language, "Énergie & <Fils>", "Zoé Ångström");
            let cases: Vec<String> = letters
                .iter()
                .map(|letter| format!("{language:?} {letter:?}"))
                .collect();
            let messages = send_all(&server, letters).await;
            assert_eq!(messages.len(), cases.len());
            for (message, case) in messages.iter().zip(&cases) {
                assert_well_formed(message, case);
                let subject = message["subject"].as_str().expect("a subject");
                assert!(subject.contains("Énergie & <Fils>"), "{case}: {subject}");
                let (text, html) = (part(message, 0), part(message, 1));
                let greeting = match language {
                    Language::English => "Hello",
                    Language::French => "Bonjour",
                };
                assert!(text.contains(greeting) && html.contains(greeting), "{case}");
                assert!(text.contains("Énergie & <Fils>"), "{case}: {text}");
                assert!(
                    !html.contains("<Fils>") && html.contains("lang="),
                    "{case}: {html}"
                );
                let has_link = |text: &str| text.contains("?token=rollcall_inv_x");
                assert_eq!(has_link(text), has_link(html), "{case}");
            }
        }
    });
}

#[test]
fn no_name_adds_a_header_a_recipient_or_an_end() {
    crate::harness::run(async {
        for language in Language::ALL {
            // A tenant's name has 200 characters at most.
            for (tenant, name) in [
                (HOSTILE.to_owned(), HOSTILE.to_owned()),
                (HOSTILE.repeat(20), HOSTILE.repeat(20)),
                ("x".repeat(200), "x".repeat(3000)),
                ("é".repeat(200), "é".repeat(3000)),
            ] {
                let server = Server::start(&json!({})).await;
                let letters = letters(language, &tenant, &name);
                let cases: Vec<String> = letters.iter().map(|letter| format!("{letter:?}")).collect();
                let messages = send_all(&server, letters).await;
                assert_eq!(messages.len(), cases.len());
                for (message, case) in messages.iter().zip(&cases) {
                    assert_well_formed(message, case);
                    assert!(!part(message, 1).contains("<Fils>"), "{case}");
                }
            }
        }
    });
}
