//! A database of its own on the PostgreSQL server that `ROLLCALL_TEST_POSTGRES` names.

use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::time::timeout;
use url::Url;

use crate::cpu;
use crate::random::secret;

const REMOVE_LIMIT: Duration = Duration::from_secs(20);

/// A new database. [`Database::remove`] drops it; nothing else does.
#[derive(Debug)]
pub struct Database {
    server: Url,
    name: String,
    postmaster: Option<u32>,
    durable: bool,
}

impl Database {
    /// Creates one on the server of `url`.
    ///
    /// # Errors
    /// The server does not answer, or the role may not create databases.
    pub async fn create(url: &str) -> Result<Self> {
        // Not the URL itself in the error: it holds a password.
        let server = Url::parse(url).context("ROLLCALL_TEST_POSTGRES is not a URL")?;
        let mut connection = connect(&server).await?;
        let postmaster = postmaster(&mut connection).await?;
        let durable: bool = sqlx::query_scalar(
            "SELECT bool_and(setting = 'on') FROM pg_settings \
             WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')",
        )
        .fetch_one(&mut connection)
        .await?;
        let name = format!("rollcall_bench_{}", secret());
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))))
            .await?;
        Ok(Self {
            server,
            name,
            postmaster,
            durable,
        })
    }

    /// Where it is, with the password.
    pub fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    /// Where it is, for command lines, which every user of the machine can read.
    pub fn url_without_password(&self) -> String {
        let mut url = self.url();
        // Refused only for URLs without a host, and those have no password.
        let _ = url.set_password(None);
        url.into()
    }

    /// The password of the role, decoded.
    pub fn password(&self) -> String {
        // In a form a plus sign means a space, in a URL it means itself.
        let form = format!(
            "p={}",
            self.server.password().unwrap_or_default().replace('+', "%2B")
        );
        url::form_urlencoded::parse(form.as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    /// Root of the server's process tree, when it runs on this machine.
    pub fn postmaster(&self) -> Option<u32> {
        self.postmaster
    }

    /// Whether a commit that was answered survives a power failure, with the server's settings.
    pub fn is_durable(&self) -> bool {
        self.durable
    }

    /// Runs statements.
    ///
    /// # Errors
    /// What the database says.
    pub async fn execute(&self, statements: &str) -> Result<()> {
        let mut connection = connect(&self.url()).await?;
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned())))
            .await?;
        connection.close().await?;
        Ok(())
    }

    /// Brings the database into the state that it reaches by itself some minutes after a bulk load, so that
    /// neither late statistics nor a checkpoint falls into one measurement and not into the next.
    ///
    /// # Errors
    /// What the database says; a role that may not start a checkpoint is no error.
    pub async fn settle(&self) -> Result<()> {
        self.execute("VACUUM ANALYZE").await?;
        let _ = self.execute("CHECKPOINT").await;
        Ok(())
    }

    /// Drops it, with whoever is still connected.
    ///
    /// # Errors
    /// What the database says, or no answer within 20 seconds.
    pub async fn remove(self) -> Result<()> {
        let drop = async {
            let mut connection = connect(&self.server).await?;
            let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            connection
                .execute(sqlx::raw_sql(AssertSqlSafe(statement)))
                .await?;
            anyhow::Ok(())
        };
        timeout(REMOVE_LIMIT, drop)
            .await
            .context("no answer within 20 s")
            .flatten()
            .with_context(|| format!("database {} is left behind", self.name))
    }
}

async fn connect(url: &Url) -> Result<PgConnection> {
    PgConnection::connect(url.as_str())
        .await
        .context("cannot connect to PostgreSQL")
}

/// The parent of the process that serves this connection, unless the server is on another machine, whose
/// process ids mean nothing here.
async fn postmaster(connection: &mut PgConnection) -> Result<Option<u32>> {
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(connection)
        .await?;
    let is_here = std::fs::read_to_string(format!("/proc/{backend}/cmdline"))
        .is_ok_and(|command| command.starts_with("postgres"));
    let backend = u32::try_from(backend)?;
    Ok(if is_here {
        Some(cpu::parent(backend)?)
    } else {
        None
    })
}
