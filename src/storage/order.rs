//! The orders of lists as SQL, and the stretch of a list from a place in it.
//!
//! RFC 7644 section 3.4.2.3: resources without a value come last ascending and first descending. Ties are broken by
//! id, the lowest first in both directions, so that every order is total.

use super::audit::micros;
use super::statement::{Bind, Statement};
use crate::directory::query::{Place, PlaceKey, Seek, SortKey, Sorting};

/// An order of one table.
pub(super) struct Order {
    /// What the list is sorted by before the id.
    column: Option<Column>,
    id: &'static str,
    descending: bool,
}

struct Column {
    name: &'static str,
    nullable: bool,
}

pub(super) fn user_order(sorting: Sorting) -> Order {
    Order {
        column: match sorting.by {
            SortKey::Id => None,
            SortKey::UserName => Some(Column::always("u.user_name_key")),
            SortKey::DisplayName => Some(Column::nullable("u.display_name_key")),
            SortKey::ExternalId => Some(Column::nullable("u.external_id")),
            SortKey::Created => Some(Column::always("u.created_at")),
            SortKey::Modified => Some(Column::always("u.modified_at")),
        },
        id: "u.id",
        descending: sorting.descending,
    }
}

pub(super) fn group_order(sorting: Sorting) -> Order {
    Order {
        column: match sorting.by {
            SortKey::Id => None,
            // Groups have no userName.
            SortKey::DisplayName | SortKey::UserName => Some(Column::always("g.display_name_key")),
            SortKey::ExternalId => Some(Column::nullable("g.external_id")),
            SortKey::Created => Some(Column::always("g.created_at")),
            SortKey::Modified => Some(Column::always("g.modified_at")),
        },
        id: "g.id",
        descending: sorting.descending,
    }
}

impl Column {
    fn always(name: &'static str) -> Self {
        Self {
            name,
            nullable: false,
        }
    }

    fn nullable(name: &'static str) -> Self {
        Self { name, nullable: true }
    }
}

impl Order {
    /// Appends the condition that rows lie beyond the place, and `ORDER BY`, to a statement that ends in a condition.
    pub(super) fn push_stretch(&self, sql: &mut Statement, seek: &Seek) {
        if let Some(place) = &seek.beyond {
            sql.push(" AND ");
            self.push_beyond(sql, place, seek.backward);
        }
        self.push_order(sql, seek.backward);
    }

    fn push_order(&self, sql: &mut Statement, backward: bool) {
        let falling = self.descending != backward;
        sql.push(" ORDER BY ");
        let Some(column) = &self.column else {
            sql.push(self.id).push(if falling { " DESC" } else { "" });
            return;
        };
        if column.nullable {
            sql.push(column.name).push(" IS NULL");
            sql.push(if falling { " DESC, " } else { ", " });
        }
        sql.push(column.name).push(if falling { " DESC, " } else { ", " });
        sql.push(self.id).push(if backward { " DESC" } else { "" });
    }

    fn push_beyond(&self, sql: &mut Statement, place: &Place, backward: bool) {
        let falling = self.descending != backward;
        let id = Bind::Uuid(place.id);
        let Some(column) = &self.column else {
            sql.push(self.id)
                .push(if falling { " < " } else { " > " })
                .bind(id);
            return;
        };
        let beyond_id = if backward { " < " } else { " > " };
        let value = match &place.key {
            PlaceKey::Absent => None,
            PlaceKey::Text(text) => Some(Bind::Text(text.clone())),
            PlaceKey::Instant(at) => Some(Bind::Integer(micros(*at))),
        };
        sql.push("(");
        if let Some(value) = value {
            // Said twice, so that an index can begin at the value.
            sql.push("(").push(column.name);
            sql.push(if falling { " <= " } else { " >= " })
                .bind(value.clone());
            sql.push(" AND (").push(column.name);
            sql.push(if falling { " < " } else { " > " }).bind(value);
            sql.push(" OR ").push(self.id).push(beyond_id).bind(id).push("))");
            if column.nullable && !falling {
                sql.push(" OR ").push(column.name).push(" IS NULL");
            }
        } else {
            sql.push("(").push(column.name).push(" IS NULL AND ");
            sql.push(self.id).push(beyond_id).bind(id).push(")");
            if falling {
                sql.push(" OR ").push(column.name).push(" IS NOT NULL");
            }
        }
        sql.push(")");
    }
}
