//! A database of one test, for what would take too long to wait for, or has no other way in.

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use uuid::Uuid;

use super::Engine;
use super::gateway::Gateway;

/// A new database, to which SQL can be said beside the gateway that runs on it.
#[derive(Debug, Clone)]
pub struct Database {
    engine: Engine,
    /// As `ROLLCALL_DATABASE_URL` has it.
    pub url: String,
}

impl Database {
    pub async fn new(engine: Engine) -> Self {
        Self {
            engine,
            url: engine.new_database().await,
        }
    }

    /// A gateway on it.
    pub async fn gateway(&self) -> Gateway {
        Gateway::start(&self.url).await
    }

    /// An id as SQL writes it.
    pub fn id(&self, id: &str) -> String {
        let id: Uuid = id.parse().expect("an id");
        match self.engine {
            Engine::Sqlite => format!("x'{}'", id.simple()),
            Engine::Postgres => format!("'{id}'"),
        }
    }

    /// Runs one statement that changes something; how many rows it was about.
    pub async fn execute(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.engine {
            Engine::Sqlite => {
                let mut connection = self.sqlite().connect().await.expect("the file opens");
                let done = sqlx::query(sql).execute(&mut connection).await;
                done.expect("a statement").rows_affected()
            }
            Engine::Postgres => {
                let mut connection = self.postgres().connect().await.expect("the server answers");
                let done = sqlx::query(sql).execute(&mut connection).await;
                done.expect("a statement").rows_affected()
            }
        }
    }

    fn sqlite(&self) -> SqliteConnectOptions {
        let path = self.url.strip_prefix("sqlite://").expect("a path");
        SqliteConnectOptions::new().filename(path)
    }

    fn postgres(&self) -> PgConnectOptions {
        self.url.parse().expect("a URL")
    }
}
