//! What an import looks like.

use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::imports::Progress;
use crate::directory::import::{Fault, Header, ImportState, RowState};
use crate::directory::{Import, ImportId, ImportRow, UserId};
use crate::http::openapi::one_of;

/// A file of people.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportView {
    id: ImportId,
    /// `preview` until somebody confirms, `running` while people are made, `done` at the end, `stopped` when it was given up.
    #[schema(schema_with = states)]
    state: &'static str,
    columns: ColumnsView,
    /// How many rows there are. Rows that name a person who was erased are gone.
    rows: u64,
    /// Of how many of them a person can be made and is not made yet.
    good: u64,
    /// Of how many nobody is made.
    refused: u64,
    /// Of how many a person was made.
    created: u64,
    /// How many are settled: `refused` and `created`.
    done: u64,
    /// Why the import was given up; null otherwise.
    stopped: Option<StopView>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it is forgotten.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A file of people, in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportItemView {
    id: ImportId,
    /// As in the import.
    #[schema(schema_with = states)]
    state: &'static str,
    /// Who has sent it, as the audit log names them.
    created_by: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it is forgotten.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// The columns of a file.
#[derive(Serialize, ToSchema)]
struct ColumnsView {
    known: Vec<KnownColumn>,
    /// The headers of columns that are passed over.
    unknown: Vec<String>,
}

/// A column that is understood.
#[derive(Serialize, ToSchema)]
struct KnownColumn {
    header: String,
    field: String,
}

/// Why an import was given up.
#[derive(Serialize, ToSchema)]
struct StopView {
    /// A stable word.
    code: String,
    /// A sentence for people.
    message: String,
}

/// An import with a page of its rows.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportPageView {
    #[serde(flatten)]
    import: ImportView,
    /// In the order of the file.
    items: Vec<ImportRowView>,
    /// What `cursor` has to be for the next page; null at the end.
    next_cursor: Option<String>,
}

/// A row of a file.
#[derive(Serialize, ToSchema)]
struct ImportRowView {
    /// The line on which it begins, from 1; the headers are on the first.
    line: u32,
    #[schema(schema_with = row_states)]
    state: &'static str,
    /// The address in it.
    email: Option<String>,
    /// Who was made of it.
    user_id: Option<UserId>,
    /// What is wrong with it.
    problems: Vec<RowProblemView>,
}

/// What is wrong with a row.
#[derive(Serialize, ToSchema)]
struct RowProblemView {
    /// The field as `columns` names it; `row` for all of it.
    field: String,
    /// A stable word.
    code: String,
    /// What is accepted.
    message: String,
}

fn states() -> utoipa::openapi::Object {
    one_of(ImportState::ALL.map(ImportState::as_str))
}

fn row_states() -> utoipa::openapi::Object {
    one_of(RowState::ALL.map(RowState::as_str))
}

impl ImportView {
    pub(super) fn new(Progress { import, tally }: Progress) -> Self {
        let done = tally.refused + tally.created;
        Self {
            id: import.id,
            state: import.state.as_str(),
            columns: ColumnsView::of(import.headers),
            rows: tally.good + done,
            good: tally.good,
            refused: tally.refused,
            created: tally.created,
            done,
            stopped: import
                .stopped
                .map(|Fault { code, message, .. }| StopView { code, message }),
            created_at: import.created_at.to_string(),
            expires_at: import.expires_at.to_string(),
        }
    }
}

impl From<Import> for ImportItemView {
    fn from(import: Import) -> Self {
        Self {
            id: import.id,
            state: import.state.as_str(),
            created_by: import.created_by.to_string(),
            created_at: import.created_at.to_string(),
            expires_at: import.expires_at.to_string(),
        }
    }
}

impl ColumnsView {
    fn of(headers: Vec<Header>) -> Self {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for Header { text, field } in headers {
            match field {
                Some(field) => known.push(KnownColumn { header: text, field }),
                None => unknown.push(text),
            }
        }
        Self { known, unknown }
    }
}

impl ImportPageView {
    pub(super) fn new(found: Progress, rows: Vec<ImportRow>, size: u32) -> Self {
        let is_full = rows.len() == size as usize;
        let last = rows.last().filter(|_| is_full).map(|row| row.line.to_string());
        Self {
            import: ImportView::new(found),
            items: rows.into_iter().map(ImportRowView::from).collect(),
            next_cursor: last,
        }
    }
}

impl From<ImportRow> for ImportRowView {
    fn from(row: ImportRow) -> Self {
        let problem = |Fault { field, code, message }| RowProblemView { field, code, message };
        Self {
            line: row.line,
            state: row.state.as_str(),
            email: row.email,
            user_id: row.user,
            problems: row.faults.into_iter().map(problem).collect(),
        }
    }
}
