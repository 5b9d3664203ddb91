//! Imports: people read from a file, judged row by row, looked at, and made when somebody has confirmed them.
//!
//! An import is a list of work, which is forgotten after a week; who is made of it is a person like others. That somebody
//! confirms or removes it is a fact.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::admin::Authority;
use super::audit::{Actor, Origin};
use super::change::{Change, Fact, ImportFact};
use super::id::{ImportId, UserId};
use super::refusal::Refusal;
use super::user::words;

/// For how long an import is kept: the file names people.
pub const KEPT: Duration = Duration::from_hours(7 * 24);

/// How many imports of a tenant may wait or run at once.
pub const OPEN_AT_ONCE: u64 = 50;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// The file was read; nobody is made before somebody has confirmed.
    Preview,
    /// People are being made.
    Running,
    /// Nothing is left to be made.
    Done,
    /// It was given up before its end.
    Stopped,
}

words!(ImportState {
    Preview = "preview",
    Running = "running",
    Done = "done",
    Stopped = "stopped",
});

/// What a row of a file has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// A person can be made of it, and is not made yet.
    Good,
    /// Nobody is made of it.
    Refused,
    /// A person was made of it.
    Created,
}

words!(RowState {
    Good = "good",
    Refused = "refused",
    Created = "created",
});

/// What is wrong, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The field of the row; `row` for all of it.
    pub field: String,
    /// A stable word.
    pub code: String,
    /// What is accepted.
    pub message: String,
}

/// A header of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// As it stands there.
    pub text: String,
    /// The field that it stands for; `None` when the column is passed over.
    pub field: Option<String>,
}

/// Who has confirmed an import, and so on whose authority people are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Who.
    pub by: Actor,
    /// By which request.
    pub request_id: String,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// How far it is.
    pub state: ImportState,
    /// Its headers, in the order of the file.
    pub headers: Vec<Header>,
    /// Who has sent it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is forgotten.
    pub expires_at: Timestamp,
    /// Who has confirmed it.
    pub confirmed: Option<Confirmed>,
    /// Why it was stopped.
    pub stopped: Option<Fault>,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// The line of the file on which it begins, from 1.
    pub line: u32,
    /// What it has come to.
    pub state: RowState,
    /// The address in it.
    pub email: Option<String>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// Who was made of it.
    pub user: Option<UserId>,
}

/// How many rows of an import are how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Those of which a person can be made and is not made yet.
    pub good: u64,
    /// Those of which nobody is made.
    pub refused: u64,
    /// Those of which a person was made.
    pub created: u64,
}

/// Why an import does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// It was confirmed before.
    #[error("this import was confirmed already and is {}; send the file again for what is missing", .0.as_str())]
    NotInPreview(ImportState),
    /// Rows are refused, and whoever confirms has not said that the others be made without them.
    #[error(
        "{0} of the rows cannot become a person; mend the file and send it again, or confirm with skip_refused: true"
    )]
    RowsRefused(u64),
    /// Nobody would be made.
    #[error("no row of this import can become a person; mend the file and send it again")]
    NothingToMake,
    /// The tenant has [`OPEN_AT_ONCE`] that wait or run.
    #[error(
        "{OPEN_AT_ONCE} imports wait or are running; confirm or delete one of them first (GET .../imports)"
    )]
    TooManyOpen,
    /// Whoever has confirmed it is gone, or may not make people any more.
    #[error("whoever confirmed this import may not give people access any more")]
    ConfirmerGone,
    /// Two rows are about one person.
    #[error("the same {what} as on line {line}")]
    Duplicate {
        /// `address` or `employee`.
        what: &'static str,
        /// The line on which it stands first.
        line: u32,
    },
}

impl ImportRefusal {
    /// The stable code that callers may rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInPreview(_) => "import_not_in_preview",
            Self::RowsRefused(_) => "import_rows_refused",
            Self::NothingToMake => "import_empty",
            Self::TooManyOpen => "too_many_imports",
            Self::ConfirmerGone => "confirmer_gone",
            Self::Duplicate { .. } => "duplicate_in_file",
        }
    }
}

impl Import {
    /// Whether somebody sees it: whoever has sent it, and whoever reaches the whole tenant. It names people of whom nobody
    /// else knows yet.
    #[must_use]
    pub fn is_seen_by(&self, by: &Authority, actor: Actor) -> bool {
        by.is_full() || self.created_by == actor
    }

    /// Has its people made, on the authority of who confirms it.
    ///
    /// # Errors
    /// [`ImportRefusal::NotInPreview`], [`ImportRefusal::NothingToMake`], [`ImportRefusal::RowsRefused`].
    pub fn confirm(
        self,
        tally: Tally,
        skip_refused: bool,
        origin: Origin,
    ) -> Result<(Self, Change), Refusal> {
        self.check_confirm(tally, skip_refused)?;
        let confirmed = Self {
            state: ImportState::Running,
            confirmed: Some(Confirmed {
                by: origin.actor,
                request_id: origin.request_id.clone(),
            }),
            ..self
        };
        let target = ("import", confirmed.id.0);
        let after = json!({"state": confirmed.state.as_str(), "good": tally.good, "refused": tally.refused});
        let fact = Fact::Import(ImportFact::Confirmed(Box::new(confirmed.clone())));
        let change = Change::new(fact, origin, "import.confirmed", target, None, Some(after));
        Ok((confirmed, change))
    }

    /// Removes it with its rows.
    #[must_use]
    pub fn cancel(&self, tally: Tally, origin: Origin) -> Change {
        let before = json!({"state": self.state.as_str(), "good": tally.good, "refused": tally.refused,
            "created": tally.created});
        let fact = Fact::Import(ImportFact::Cancelled(self.id));
        Change::new(
            fact,
            origin,
            "import.cancelled",
            ("import", self.id.0),
            Some(before),
            None,
        )
    }

    fn check_confirm(&self, tally: Tally, skip_refused: bool) -> Result<(), Refusal> {
        if self.state != ImportState::Preview {
            return Err(ImportRefusal::NotInPreview(self.state).into());
        }
        if tally.good == 0 {
            return Err(ImportRefusal::NothingToMake.into());
        }
        if tally.refused > 0 && !skip_refused {
            return Err(ImportRefusal::RowsRefused(tally.refused).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::directory::sample::now;
    use crate::directory::{AdminScope, EntityId};

    fn import(state: ImportState) -> Import {
        Import {
            id: ImportId(Uuid::from_u128(1)),
            state,
            headers: Vec::new(),
            created_by: Actor::User(UserId(Uuid::from_u128(2))),
            created_at: now(),
            expires_at: now() + KEPT,
            confirmed: None,
            stopped: None,
        }
    }

    #[test]
    fn refused_rows_are_skipped_only_when_that_is_said_and_nothing_is_confirmed_twice() {
        let tally = |good, refused| Tally {
            good,
            refused,
            created: 0,
        };
        let code = |state, tally, skip| {
            let answer = import(state).check_confirm(tally, skip);
            answer.map_or_else(|refusal| refusal.code(), |()| "ok")
        };
        for (good, refused, skip, expected) in [
            (2, 0, false, "ok"),
            (2, 0, true, "ok"),
            (2, 1, true, "ok"),
            (2, 1, false, "import_rows_refused"),
            (0, 3, true, "import_empty"),
            (0, 3, false, "import_empty"),
        ] {
            assert_eq!(code(ImportState::Preview, tally(good, refused), skip), expected);
        }
        for state in [ImportState::Running, ImportState::Done, ImportState::Stopped] {
            assert_eq!(code(state, tally(2, 0), true), "import_not_in_preview");
        }
    }

    #[test]
    fn an_import_is_seen_by_who_sent_it_and_by_who_reaches_everybody() {
        let found = import(ImportState::Preview);
        let of = |number, scope| {
            let user = UserId(Uuid::from_u128(number));
            found.is_seen_by(&Authority::Administrator { user, scope }, Actor::User(user))
        };
        let part = || AdminScope::Entities(vec![EntityId(Uuid::from_u128(7))]);
        assert!(of(2, part()) && of(3, AdminScope::All));
        assert!(!of(3, part()));
        assert!(found.is_seen_by(&Authority::Operator, Actor::Operator));
    }
}
