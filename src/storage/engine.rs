//! The two engines behind one set of calls.
//!
//! The macros expand one expression for both: the SQL text is shared, the driver's types differ.

use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite};

/// A connection of the engine in use.
#[derive(Debug)]
pub(super) enum Conn {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Conn {
    /// The row lock that a read before a write needs. SQLite has one writer and needs none.
    pub(super) fn locks_rows(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// Runs a statement; answers how many rows it touched.
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $conn {
            $crate::storage::engine::Conn::Sqlite(c) => {
                sqlx::query($sql)$(.bind($bind))*.execute(&mut **c).await.map(|done| done.rows_affected())
            }
            $crate::storage::engine::Conn::Postgres(c) => {
                sqlx::query($sql)$(.bind($bind))*.execute(&mut **c).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::storage::Error::from)
    };
}

/// Runs a query; answers every row as `$row`.
macro_rules! fetch_all {
    ($conn:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $conn {
            $crate::storage::engine::Conn::Sqlite(c) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(&mut **c).await
            }
            $crate::storage::engine::Conn::Postgres(c) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(&mut **c).await
            }
        }
        .map_err($crate::storage::Error::from)
    };
}

/// Runs a query; answers the first row as `$row`, if there is one.
macro_rules! fetch_optional {
    ($conn:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $conn {
            $crate::storage::engine::Conn::Sqlite(c) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(&mut **c).await
            }
            $crate::storage::engine::Conn::Postgres(c) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(&mut **c).await
            }
        }
        .map_err($crate::storage::Error::from)
    };
}

pub(super) use {execute, fetch_all, fetch_optional};
