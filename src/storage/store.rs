//! Opening a database, and the ways into it.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Notify;

use super::audit::write_audit;
use super::engine::{Conn, execute, fetch_optional};
use super::error::Error;
use super::last_uses::LastUses;
use super::system::SystemTx;
use super::token_cache::TokenCache;
use super::tx::{Body, Effects, Queued, ReadTx, Tx, WriteError};
use super::writer::Writer;
use crate::directory::TenantId;

/// How many connections read from SQLite side by side, each served by a thread of its own: some more than the
/// cores of a small machine, since a reader may wait for the disk.
const SQLITE_READERS: u32 = 4;
/// How many connections a node holds to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 24;
/// How many of them are made at the start and kept.
const POSTGRES_WARM: u32 = 8;
/// How often a PostgreSQL transaction is run again after a serialization failure, a deadlock or a lost race.
const ATTEMPTS: u32 = 5;
/// How long one body may take on PostgreSQL; its statements have the same limit in the server.
const BODY_LIMIT: Duration = Duration::from_secs(10);
/// How long a request waits for a connection before it is told that the gateway is overloaded.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(10);
/// The channel on which nodes tell each other to forget tokens.
const CHANNEL: &str = "rollcall_tokens";

/// Where the data lives.
#[derive(Clone)]
pub enum Location {
    /// A file; its folder is made when it is missing.
    Sqlite(PathBuf),
    /// A connection URL. It carries a password, so this type prints nothing of it.
    Postgres(String),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: every commit is on the disk before it is answered. The default.
    Full,
    /// A crash of the program, but not of the machine. For tests.
    Relaxed,
}

/// The database of the gateway. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    tokens: Arc<TokenCache>,
    token_uses: Arc<LastUses>,
    session_uses: Arc<LastUses>,
    api_key_uses: Arc<LastUses>,
    bells: Arc<Bells>,
}

/// What wakes jobs of this node after a commit.
#[derive(Debug, Default)]
struct Bells {
    mail: Notify,
    alignment: Notify,
}

impl Bells {
    fn ring(&self, queued: Queued) {
        if queued.mail {
            self.mail.notify_one();
        }
        if queued.alignment {
            self.alignment.notify_one();
        }
    }
}

#[derive(Debug, Clone)]
enum Engine {
    Sqlite {
        writer: Writer,
        readers: SqlitePool,
    },
    Postgres {
        pool: PgPool,
        /// Transactions committed by this node.
        writes: Arc<AtomicU64>,
    },
}

impl Store {
    /// Opens the database and, with `migrate`, brings its schema up to date first.
    ///
    /// # Errors
    /// The database cannot be reached or opened, or its schema is newer than this program.
    pub async fn open(location: &Location, durability: Durability, migrate: bool) -> Result<Self, Error> {
        match location {
            Location::Sqlite(path) => Self::open_sqlite(path, durability, migrate).await,
            Location::Postgres(url) => Self::open_postgres(url, migrate).await,
        }
    }

    async fn open_sqlite(path: &Path, durability: Durability, migrate: bool) -> Result<Self, Error> {
        create_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Relaxed => SqliteSynchronous::Normal,
            })
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(256)
            .pragma("cache_size", "-8000")
            .pragma("temp_store", "memory");
        let one = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        if migrate {
            sqlx::migrate!("migrations/sqlite").run(&one).await?;
        }
        let tokens = Arc::new(TokenCache::new(true));
        let bells = Arc::new(Bells::default());
        let (cache, ringing) = (Arc::clone(&tokens), Arc::clone(&bells));
        let after_commit = move |effects: &Effects| {
            if effects.tokens_changed {
                cache.forget_all();
            }
            ringing.ring(effects.queued);
        };
        let writer = Writer::start(&one, after_commit).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_LIMIT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self {
            engine: Engine::Sqlite { writer, readers },
            tokens,
            token_uses: Arc::default(),
            session_uses: Arc::default(),
            api_key_uses: Arc::default(),
            bells,
        })
    }

    async fn open_postgres(url: &str, migrate: bool) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("rollcall")
            .statement_cache_capacity(256);
        if migrate {
            // On a connection of its own: a migration may take longer than a request.
            let mut conn = PgConnection::connect_with(&options).await?;
            sqlx::migrate!("migrations/postgres").run(&mut conn).await?;
            conn.close().await?;
        }
        let limit = BODY_LIMIT.as_millis().to_string();
        let options = options.options([
            ("statement_timeout", limit.as_str()),
            ("lock_timeout", limit.as_str()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .min_connections(POSTGRES_WARM)
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        // An identity provider's first burst must not wait for connections to be made one by one.
        drop(try_join_all((0..POSTGRES_WARM).map(|_| pool.acquire())).await?);
        let tokens = Arc::new(TokenCache::new(false));
        tokio::spawn(listen(pool.clone(), Arc::downgrade(&tokens)));
        Ok(Self {
            engine: Engine::Postgres {
                pool,
                writes: Arc::default(),
            },
            tokens,
            token_uses: Arc::default(),
            session_uses: Arc::default(),
            api_key_uses: Arc::default(),
            bells: Arc::default(),
        })
    }

    /// Which engine is in use: `sqlite` or `postgres`.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite { .. } => "sqlite",
            Engine::Postgres { .. } => "postgres",
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it answers instead.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut conn = self.acquire().await?;
        fetch_optional!(conn, (i64,), "SELECT count(*) FROM settings").map(|_| ())
    }

    /// A view of one tenant.
    ///
    /// # Errors
    /// No connection could be had.
    pub async fn read(&self, tenant: TenantId) -> Result<ReadTx, Error> {
        Ok(ReadTx {
            tenant,
            conn: self.acquire().await?,
        })
    }

    /// The view across tenants, for who-is-calling, start-up and jobs.
    ///
    /// # Errors
    /// No connection could be had.
    pub async fn system(&self) -> Result<SystemTx, Error> {
        Ok(SystemTx {
            conn: self.acquire().await?,
        })
    }

    pub(super) fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    pub(super) fn token_uses(&self) -> &LastUses {
        &self.token_uses
    }

    pub(super) fn session_uses(&self) -> &LastUses {
        &self.session_uses
    }

    pub(super) fn api_key_uses(&self) -> &LastUses {
        &self.api_key_uses
    }

    pub(super) fn mail_bell(&self) -> &Notify {
        &self.bells.mail
    }

    pub(super) fn alignment_bell(&self) -> &Notify {
        &self.bells.alignment
    }

    pub(super) async fn acquire(&self) -> Result<Conn, Error> {
        Ok(match &self.engine {
            Engine::Sqlite { readers, .. } => {
                Conn::Sqlite(readers.acquire().await.map_err(Error::Unreachable)?)
            }
            Engine::Postgres { pool, .. } => {
                Conn::Postgres(pool.acquire().await.map_err(Error::Unreachable)?)
            }
        })
    }

    /// Runs a write transaction. It is committed when the body answers `Ok`, and leaves no trace otherwise.
    ///
    /// The body runs to its end even when the caller goes away, since a cancelled `BEGIN` would leave a pooled
    /// connection inside a transaction. On PostgreSQL it may run several times, so it must have no effect
    /// outside the transaction. It must end at its first database error.
    ///
    /// # Errors
    /// The body's own, or a storage error: in every case nothing was written.
    pub async fn write<T, E, F>(&self, tenant: TenantId, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WriteError,
        F: for<'c> Body<'c, T, E> + Clone + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite { writer, .. } => writer.write(tenant, body).await,
            Engine::Postgres { pool, writes } => {
                let (pool, tokens, writes) = (pool.clone(), Arc::clone(&self.tokens), Arc::clone(writes));
                let bells = Arc::clone(&self.bells);
                let task = tokio::spawn(async move {
                    let result = write_postgres(&pool, &tokens, &bells, tenant, body).await;
                    if result.is_ok() {
                        refresh_plans(&pool, writes.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                    result
                });
                task.await.unwrap_or_else(|_| Err(E::from(Error::Aborted)))
            }
        }
    }

    /// Closes every connection once the work at hand is done.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// Makes the database file and its folder where they are missing, for their owner alone: they hold personal data.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map(|_| ())
}

async fn write_postgres<T, E, F>(
    pool: &PgPool,
    tokens: &TokenCache,
    bells: &Bells,
    tenant: TenantId,
    body: F,
) -> Result<T, E>
where
    T: Send + 'static,
    E: WriteError,
    F: for<'c> Body<'c, T, E> + Clone + Send + 'static,
{
    let mut attempt = 1;
    loop {
        let conn = Conn::Postgres(pool.acquire().await.map_err(Error::Unreachable)?);
        let mut tx = Tx {
            read: ReadTx { tenant, conn },
            effects: Effects::default(),
        };
        let result = attempt_postgres(&mut tx, body.clone()).await;
        match result {
            Ok(value) => {
                if tx.effects.tokens_changed {
                    tokens.forget_all();
                }
                bells.ring(tx.effects.queued);
                return Ok(value);
            }
            Err(error) => {
                // A connection whose transaction may be open does not go back to the pool.
                if execute!(tx.read.conn, "ROLLBACK").is_err()
                    && let Conn::Postgres(conn) = tx.read.conn
                {
                    drop(conn.detach());
                }
                if attempt == ATTEMPTS || !error.storage().is_some_and(Error::is_retryable) {
                    return Err(error);
                }
                attempt += 1;
            }
        }
    }
}

async fn attempt_postgres<T, E, F>(tx: &mut Tx, body: F) -> Result<T, E>
where
    T: Send + 'static,
    E: WriteError,
    F: for<'c> Body<'c, T, E> + Send + 'static,
{
    execute!(tx.read.conn, "BEGIN")?;
    let work = std::panic::AssertUnwindSafe(async { body(tx).await }).catch_unwind();
    let value = match tokio::time::timeout(BODY_LIMIT, work).await {
        Ok(Ok(result)) => result?,
        Ok(Err(_)) => return Err(E::from(Error::Aborted)),
        Err(_) => return Err(E::from(Error::TimedOut)),
    };
    write_audit(&mut tx.read.conn, &tx.effects.audit).await?;
    if tx.effects.tokens_changed {
        execute!(tx.read.conn, "SELECT pg_notify($1, '')", CHANNEL)?;
    }
    execute!(tx.read.conn, "COMMIT")?;
    Ok(value)
}

/// Lets PostgreSQL look at the tables again each time that their size may have doubled. It keeps the plans that it
/// made for empty tables, where every index looked as good as the right one, until somebody does; its own
/// autovacuum comes a minute later, and a first sync is over by then.
fn refresh_plans(pool: &PgPool, writes: u64) {
    if !writes.is_power_of_two() || !(32..=1 << 20).contains(&writes) {
        return;
    }
    let pool = pool.clone();
    tokio::spawn(async move {
        if let Err(error) =
            sqlx::query("ANALYZE users, user_emails, groups, group_members, tombstones, directory_totals")
                .execute(&pool)
                .await
        {
            tracing::debug!(%error, "could not analyze the tables");
        }
    });
}

/// Hears other nodes' word to forget tokens, for as long as the store lives.
async fn listen(pool: PgPool, tokens: std::sync::Weak<TokenCache>) {
    while tokens.strong_count() > 0 && !pool.is_closed() {
        if let Err(error) = hear(&pool, &tokens).await {
            tracing::warn!(%error, "the listener for token changes is down; tokens are looked up each time");
        }
        let Some(cache) = tokens.upgrade() else { return };
        cache.set_trusted(false);
        drop(cache);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn hear(pool: &PgPool, tokens: &std::sync::Weak<TokenCache>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(false);
    listener.listen(CHANNEL).await?;
    if let Some(cache) = tokens.upgrade() {
        cache.set_trusted(true);
    }
    // `None` says that the connection broke: notifications may have been missed.
    while listener.try_recv().await?.is_some() {
        let Some(cache) = tokens.upgrade() else {
            return Ok(());
        };
        cache.forget_all();
    }
    Ok(())
}
