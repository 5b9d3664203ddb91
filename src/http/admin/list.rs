//! What lists look like.

use serde::Serialize;
use utoipa::ToSchema;

/// A list that is whole.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    items: Vec<T>,
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self {
            items: items.into_iter().collect(),
        }
    }
}

/// A stretch of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// In the order of the list.
    pub items: Vec<T>,
    /// What `cursor` has to be for the next page; null at the end.
    pub next_cursor: Option<String>,
}
