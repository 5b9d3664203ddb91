//! Sets of ids, bound as one value however many they are: an array on PostgreSQL, a JSON text on SQLite, which has no
//! arrays. A hundred thousand ids are then one statement whose text never changes.

use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{Postgres, Sqlite, Type};
use uuid::Uuid;

/// Ids as one value of a statement written by [`with_ids`].
#[derive(Clone, Copy)]
pub(super) struct IdSet<'i>(pub &'i [Uuid]);

/// How many ids one statement carries at most: 3.5 MB as JSON.
pub(super) const LARGEST_SET: usize = 100_000;

/// The text of a statement with the condition that what stands before is one of a set of ids, which is `$3`, in the
/// words of the engine in use. What follows a semicolon is for PostgreSQL alone: row locks.
macro_rules! with_ids {
    ($conn:expr, $before:literal, $after:literal $(; $locks:literal)?) => {
        match $conn {
            $crate::storage::engine::Conn::Sqlite(_) => {
                concat!($before, " IN (SELECT unhex(value) FROM json_each($3))", $after)
            }
            $crate::storage::engine::Conn::Postgres(_) => {
                concat!($before, " = ANY($3)", $after $(, $locks)?)
            }
        }
    };
}
pub(super) use with_ids;

/// The text of a statement that ends in a query of a set of ids, which is `$3`, as its column `id`.
macro_rules! from_ids {
    ($conn:expr, $before:literal) => {
        match $conn {
            $crate::storage::engine::Conn::Sqlite(_) => {
                concat!(
                    $before,
                    " FROM (SELECT unhex(value) AS id FROM json_each($3)) AS ids"
                )
            }
            $crate::storage::engine::Conn::Postgres(_) => concat!($before, " FROM unnest($3) AS ids (id)"),
        }
    };
}
pub(super) use from_ids;

/// Runs a query of [`with_ids`] with `$1`, `$2` and the set; answers every row as `$row`.
macro_rules! fetch_set {
    ($conn:expr, $row:ty, $sql:expr, $first:expr, $second:expr, $ids:expr) => {{
        let ids = $crate::storage::id_set::IdSet($ids);
        match &mut $conn {
            $crate::storage::engine::Conn::Sqlite(c) => {
                let query = sqlx::query_as::<_, $row>($sql)
                    .bind($first)
                    .bind($second)
                    .bind(ids);
                query.fetch_all(&mut **c).await
            }
            $crate::storage::engine::Conn::Postgres(c) => {
                let query = sqlx::query_as::<_, $row>($sql)
                    .bind($first)
                    .bind($second)
                    .bind(ids);
                query.persistent(ids.is_small()).fetch_all(&mut **c).await
            }
        }
        .map_err($crate::storage::Error::from)
    }};
}
pub(super) use fetch_set;

/// Runs a statement of [`with_ids`] or [`from_ids`] with `$1`, `$2` and the set.
macro_rules! execute_set {
    ($conn:expr, $sql:expr, $first:expr, $second:expr, $ids:expr) => {{
        let ids = $crate::storage::id_set::IdSet($ids);
        match &mut $conn {
            $crate::storage::engine::Conn::Sqlite(c) => {
                let query = sqlx::query($sql).bind($first).bind($second).bind(ids);
                query.execute(&mut **c).await.map(|_| ())
            }
            $crate::storage::engine::Conn::Postgres(c) => {
                let query = sqlx::query($sql).bind($first).bind($second).bind(ids);
                query
                    .persistent(ids.is_small())
                    .execute(&mut **c)
                    .await
                    .map(|_| ())
            }
        }
        .map_err($crate::storage::Error::from)
    }};
}
pub(super) use execute_set;

impl IdSet<'_> {
    /// Whether the statement may be kept prepared. PostgreSQL plans a prepared one for ten ids, whatever their number,
    /// and compares ten thousand rows with ten thousand ids one by one; planned for the set at hand, it hashes them.
    pub(super) fn is_small(self) -> bool {
        self.0.len() <= 32
    }

    fn to_json(self) -> String {
        let mut json = String::with_capacity(2 + self.0.len() * 35);
        let mut digits = [0; 32];
        json.push('[');
        for (position, id) in self.0.iter().enumerate() {
            json.push_str(if position == 0 { "\"" } else { ",\"" });
            json.push_str(id.as_simple().encode_lower(&mut digits));
            json.push('"');
        }
        json.push(']');
        json
    }
}

impl Type<Sqlite> for IdSet<'_> {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl<'q> Encode<'q, Sqlite> for IdSet<'_> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<'q, Sqlite>>::encode(self.to_json(), buffer)
    }
}

impl Type<Postgres> for IdSet<'_> {
    fn type_info() -> PgTypeInfo {
        <Vec<Uuid> as Type<Postgres>>::type_info()
    }
}

impl<'q> Encode<'q, Postgres> for IdSet<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <&[Uuid] as Encode<'q, Postgres>>::encode_by_ref(&self.0, buffer)
    }
}
