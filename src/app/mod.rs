//! The composition root: settings in, a running gateway out. Only `main` imports it.

mod demo;
pub mod doctor;
mod files;
mod listener;
mod mail;
mod operator;
mod passwords;
mod serve;
pub mod telemetry;

use std::path::PathBuf;

pub use crate::http::openapi::text as openapi;
pub use serve::{Running, serve, start};

use crate::config::{Config, DatabaseUrl};
use crate::storage::{Durability, Location, Store};

/// Why the gateway does not start, in one line that says what to mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("cannot open the database {database}: {error}")]
    Database {
        /// Which, without its password.
        database: String,
        /// What it said.
        error: crate::storage::Error,
    },
    /// `--no-migrate` with a database that has no schema yet.
    #[error("the database {database} has no schema of this program; run `rollcall migrate` ({error})")]
    NotMigrated {
        /// Which, without its password.
        database: String,
        /// What it said.
        error: crate::storage::Error,
    },
    /// A file of the data folder.
    #[error("cannot use {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// Another gateway runs on the same SQLite file.
    #[error("{} is in use by another gateway; several nodes need PostgreSQL", .0.display())]
    InUse(PathBuf),
    /// The key file holds no key.
    #[error("the key file {} does not hold a key: 64 hexadecimal digits or base64 of 32 bytes", .0.display())]
    BadKeyFile(PathBuf),
    /// The cipher does not take the key.
    #[error("the master key cannot be used")]
    BadMasterKey,
    /// The way to the mail server.
    #[error("cannot send mail by ROLLCALL_SMTP_URL: {0}")]
    Mail(crate::mail::MailError),
    /// The certificates of `ROLLCALL_SMTP_CA`.
    #[error("ROLLCALL_SMTP_CA is {file:?}: {reason}; it must be a PEM file with at least one certificate")]
    MailAuthorities {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The client for outgoing calls.
    #[error("{0}")]
    Outbound(crate::outbound::OutboundError),
    /// The address to listen on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which.
        address: String,
        /// What went wrong.
        error: std::io::Error,
    },
    /// The signals to stop cannot be heard.
    #[error("cannot listen for the signals to stop: {0}")]
    Signals(std::io::Error),
    /// Seeding the demo tenant.
    #[error("cannot make the demo tenant: {0}")]
    Demo(crate::accounts::Error),
    /// Anything in the database after it was opened.
    #[error("database: {0}")]
    Storage(#[from] crate::storage::Error),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Randomness,
    /// There is no memory to hash a password.
    #[error("a password cannot be hashed: there is not memory enough")]
    Passwords,
}

/// Opens the database that the settings name.
///
/// # Errors
/// [`StartError::Database`].
pub async fn open_store(config: &Config, migrate: bool) -> Result<Store, StartError> {
    let location = match &config.database {
        DatabaseUrl::Sqlite(path) => Location::Sqlite(path.clone()),
        DatabaseUrl::Postgres(url) => Location::Postgres(url.expose().to_owned()),
    };
    Store::open(&location, Durability::Full, migrate)
        .await
        .map_err(|error| StartError::Database {
            database: config.database.to_string(),
            error,
        })
}

/// Brings the database's schema up to date and ends.
///
/// # Errors
/// [`StartError::Database`].
pub async fn migrate(config: &Config) -> Result<(), StartError> {
    open_store(config, true).await?.close().await;
    Ok(())
}
