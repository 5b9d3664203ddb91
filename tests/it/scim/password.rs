//! Secrets: a password that a provider sends is accepted and kept nowhere, and no token is kept as it was shown.

use serde_json::json;
use sqlx::ConnectOptions as _;

use super::message::{assert_refused, patch, patch_one, user_with};
use crate::harness::{Engine, Gateway, OPERATOR_TOKEN};

on_both_engines!(no_secret_is_shown_or_stored);

const FIRST: &str = "FirstSecret-d41d8cd9";
const LATER: [&str; 3] = [
    "LaterSecret-8f00b204",
    "LaterSecret-e9800998",
    "LaterSecret-ecf8427e",
];

async fn no_secret_is_shown_or_stored(engine: Engine) {
    let database = engine.new_database().await;
    let gateway = Gateway::start(&database).await;
    let tenant = gateway.tenant().await;
    let directory = tenant.directory("okta").await;
    let body = user_with(
        "ada-who-is-stored",
        json!({"password": FIRST, "nickName": "stored-nick"}),
    );
    let mut answers = vec![directory.post("/Users", &body).await.expect(201)];
    let id = answers[0].id();
    let one = format!("/Users/{id}");
    answers.push(
        directory
            .put(
                &one,
                &user_with("ada-who-is-stored", json!({"password": LATER[0]})),
            )
            .await
            .expect(200),
    );
    answers.push(
        directory
            .patch(&one, &patch_one("replace", "password", json!(LATER[1])))
            .await
            .expect(200),
    );
    let pathless = patch(json!([{"op": "replace", "value": {"password": LATER[2], "title": "Dr"}}]));
    answers.push(directory.patch(&one, &pathless).await.expect(200));
    for path in [
        one.clone(),
        format!("{one}?attributes=password"),
        "/Users?attributes=password,userName".to_owned(),
    ] {
        answers.push(directory.get(&path).await.expect(200));
    }
    answers.push(directory.post("/Users", &body).await.expect(409));
    let wrong = directory
        .patch(&one, &patch_one("replace", "password", json!({"secret": FIRST})))
        .await;
    assert_refused(&wrong, 400, "invalidValue", "password");
    answers.push(wrong);
    for path in ["/users", &format!("/users/{id}")] {
        answers.push(tenant.call("GET", path).await.expect(200));
    }
    for filter in [
        format!("password eq \"{FIRST}\""),
        "password pr".to_owned(),
        "not (password co \"S\")".to_owned(),
    ] {
        let answer = directory.list("/Users", &[("filter", &filter)]).await;
        assert_refused(&answer, 400, "invalidFilter", "password");
        answers.push(answer);
    }
    let secrets = [&[FIRST][..], &LATER[..]].concat();
    for answer in &answers {
        for secret in &secrets {
            assert!(!answer.text().contains(secret), "{}", answer.text());
        }
        assert!(answer.json.get("password").is_none(), "{}", answer.text());
    }
    gateway.stop().await;

    let stored = dump(&database).await;
    assert!(
        contains(&stored, "ada-who-is-stored") && contains(&stored, "stored-nick"),
        "the dump holds facts"
    );
    for secret in secrets
        .into_iter()
        .chain([directory.token.as_str(), OPERATOR_TOKEN])
    {
        assert!(!contains(&stored, secret), "{secret} is stored");
    }
}

/// Whether a text stands in what was dumped.
pub fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Everything that a database holds: the bytes of the SQLite file and its log, or every row of every table.
pub async fn dump(database: &str) -> Vec<u8> {
    if let Some(path) = database.strip_prefix("sqlite://") {
        let mut bytes = std::fs::read(path).expect("the database file");
        for end in ["-wal", "-journal"] {
            bytes.extend(std::fs::read(format!("{path}{end}")).unwrap_or_default());
        }
        return bytes;
    }
    let options: sqlx::postgres::PgConnectOptions = database.parse().expect("a URL");
    let mut connection = options.connect().await.expect("the server answers");
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&mut connection)
            .await
            .expect("the list of tables");
    assert!(tables.len() > 3, "{tables:?}");
    let mut bytes = Vec::new();
    for table in tables {
        let statement = format!("SELECT row_to_json(row)::text FROM \"{table}\" row");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_all(&mut connection)
            .await
            .expect("the rows of a table");
        bytes.extend(rows.join("\n").into_bytes());
    }
    bytes
}
