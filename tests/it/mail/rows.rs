//! What stands in the tables, read past the gateway.

use sqlx::{ConnectOptions as _, Connection as _};

/// The number that a statement answers for a tenant, `$1`, and a text, `$2`.
pub async fn number(database: &str, sql: &'static str, tenant: &str, text: &str) -> i64 {
    let tenant: uuid::Uuid = tenant.parse().expect("an id");
    if database.starts_with("sqlite") {
        let options: sqlx::sqlite::SqliteConnectOptions = database.parse().expect("a database");
        let mut connection = options.connect().await.expect("the database opens");
        let query = sqlx::query_scalar(sql).bind(tenant).bind(text);
        let found = query.fetch_one(&mut connection).await.expect(sql);
        connection.close().await.expect("it closes");
        found
    } else {
        let options: sqlx::postgres::PgConnectOptions = database.parse().expect("a database");
        let mut connection = options.connect().await.expect("the database opens");
        let query = sqlx::query_scalar(sql).bind(tenant).bind(text);
        let found = query.fetch_one(&mut connection).await.expect(sql);
        connection.close().await.expect("it closes");
        found
    }
}

/// How much a tenant's tables hold of people, e-mail addresses, invitations, mails and grants, with those of an
/// administrator's tick; the text is not looked at.
pub async fn people(database: &str, tenant: &str) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM users WHERE tenant_id = $1) \
               + (SELECT count(*) FROM user_emails WHERE tenant_id = $1) \
               + (SELECT count(*) FROM invitations WHERE tenant_id = $1) \
               + (SELECT count(*) FROM outbox WHERE tenant_id = $1) \
               + (SELECT count(*) FROM grants WHERE tenant_id = $1) \
               + (SELECT count(*) FROM audit WHERE tenant_id = $1 AND action LIKE $2)";
    number(database, sql, tenant, "user.%").await
}
