//! A statement whose text is put together while the program runs. Only text of ours goes into it; values are
//! always bound.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::engine::Conn;
use super::error::Error;

/// A value of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bind {
    Uuid(Uuid),
    Text(String),
    OptionalText(Option<String>),
    Integer(i64),
    Boolean(bool),
    Bytes(Vec<u8>),
}

/// SQL text with its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    text: String,
    binds: Vec<Bind>,
}

impl Statement {
    pub(super) fn new(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            binds: Vec::new(),
        }
    }

    /// Appends text.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a number as text.
    pub(super) fn push_number(&mut self, number: u64) -> &mut Self {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{number}");
        self
    }

    /// Appends a placeholder for a value.
    pub(super) fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${}", self.binds.len());
        self
    }

    /// Gives a value its place for text that names the placeholder by itself.
    pub(super) fn bind_unwritten(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        self
    }

    /// Appends `(a, b, c)` of ids, a page of them at most. The list is padded to a few sizes by repeating its last id, so that the
    /// engines can keep the prepared statement.
    pub(super) fn bind_ids(&mut self, ids: &[Uuid]) -> &mut Self {
        const SIZES: [usize; 4] = [1, 8, 64, 500];
        let size = SIZES
            .into_iter()
            .find(|size| *size >= ids.len())
            .unwrap_or(ids.len());
        self.push("(");
        for position in 0..size {
            if position > 0 {
                self.push(", ");
            }
            let id = ids.get(position).or(ids.last()).copied().unwrap_or_default();
            self.bind(Bind::Uuid(id));
        }
        self.push(")")
    }

    pub(super) async fn fetch_all<R>(self, conn: &mut Conn) -> Result<Vec<R>, Error>
    where
        R: Send
            + Unpin
            + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        macro_rules! run {
            ($c:expr) => {{
                let mut query = sqlx::query_as(AssertSqlSafe(self.text));
                for bind in self.binds {
                    query = match bind {
                        Bind::Uuid(value) => query.bind(value),
                        Bind::Text(value) => query.bind(value),
                        Bind::OptionalText(value) => query.bind(value),
                        Bind::Integer(value) => query.bind(value),
                        Bind::Boolean(value) => query.bind(value),
                        Bind::Bytes(value) => query.bind(value),
                    };
                }
                query.fetch_all(&mut **$c).await?
            }};
        }
        Ok(match conn {
            Conn::Sqlite(c) => run!(c),
            Conn::Postgres(c) => run!(c),
        })
    }

    pub(super) async fn execute(self, conn: &mut Conn) -> Result<u64, Error> {
        macro_rules! run {
            ($c:expr) => {{
                let mut query = sqlx::query(AssertSqlSafe(self.text));
                for bind in self.binds {
                    query = match bind {
                        Bind::Uuid(value) => query.bind(value),
                        Bind::Text(value) => query.bind(value),
                        Bind::OptionalText(value) => query.bind(value),
                        Bind::Integer(value) => query.bind(value),
                        Bind::Boolean(value) => query.bind(value),
                        Bind::Bytes(value) => query.bind(value),
                    };
                }
                query.execute(&mut **$c).await?.rows_affected()
            }};
        }
        Ok(match conn {
            Conn::Sqlite(c) => run!(c),
            Conn::Postgres(c) => run!(c),
        })
    }
}
