//! The two engines: where their databases are, and what is shared on each.

use rollcall::storage::{Durability, Location, Store};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::OnceCell;

use super::gateway::Gateway;
use super::scratch::{folder, random_name};

/// A database engine to test on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The gateway that all tests of this engine share.
    pub async fn gateway(self) -> &'static Gateway {
        static GATEWAYS: [OnceCell<Gateway>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        GATEWAYS[self as usize]
            .get_or_init(|| async move {
                // All tests come from one address at once, and some of them show hundreds of wrong tokens.
                let settings = [
                    ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
                    ("ROLLCALL_RATE_LIMITS", "off"),
                ];
                Gateway::start_with(&self.new_database().await, &settings).await
            })
            .await
    }

    /// The store that the storage tests of this engine share. Its database is another one than the gateway's:
    /// a SQLite file has one writer.
    pub async fn store(self) -> Store {
        static STORES: [OnceCell<Store>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        STORES[self as usize]
            .get_or_init(|| async move { open(&self.new_database().await).await })
            .await
            .clone()
    }

    /// A new, empty database, as the setting `ROLLCALL_DATABASE_URL` has it.
    pub async fn new_database(self) -> String {
        match self {
            Self::Sqlite => format!("sqlite://{}", folder().join("rollcall.db").display()),
            Self::Postgres => {
                let mut url = postgres_server();
                let name = random_name("it").replace('-', "_");
                let server: PgConnectOptions = url.as_str().parse().expect("ROLLCALL_TEST_POSTGRES is a URL");
                let mut connection = server
                    .connect()
                    .await
                    .expect("the server of ROLLCALL_TEST_POSTGRES answers");
                sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
                    .execute(&mut connection)
                    .await
                    .expect("ROLLCALL_TEST_POSTGRES may create databases");
                url.set_path(&name);
                url.into()
            }
        }
    }
}

/// Opens a store on a database of [`Engine::new_database`], migrated.
pub async fn open(database: &str) -> Store {
    Store::open(&location(database), Durability::Relaxed, true)
        .await
        .expect("the database opens")
}

/// The same database as storage names it.
pub fn location(database: &str) -> Location {
    match database.strip_prefix("sqlite://") {
        Some(path) => Location::Sqlite(path.into()),
        None => Location::Postgres(database.to_owned()),
    }
}

fn postgres_server() -> url::Url {
    let text = std::env::var("ROLLCALL_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "ROLLCALL_TEST_POSTGRES names no PostgreSQL server: run make test, or scripts/with-postgres cargo test"
        )
    });
    text.parse().expect("ROLLCALL_TEST_POSTGRES is a URL")
}
