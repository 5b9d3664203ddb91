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

/// The text of a statement with a set of ids between two pieces of it: a query in parentheses of one column `id`, in
/// the words of the engine in use. The set is `$3`. What follows a semicolon is for PostgreSQL alone: row locks.
macro_rules! with_ids {
    ($conn:expr, $before:literal, $after:literal $(; $locks:literal)?) => {
        match $conn {
            $crate::storage::engine::Conn::Sqlite(_) => {
                concat!($before, "(SELECT unhex(value) AS id FROM json_each($3))", $after)
            }
            $crate::storage::engine::Conn::Postgres(_) => {
                concat!($before, "(SELECT unnest($3::uuid[]) AS id)", $after $(, $locks)?)
            }
        }
    };
}
pub(super) use with_ids;

impl IdSet<'_> {
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
