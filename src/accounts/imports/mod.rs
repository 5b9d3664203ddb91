//! People read from files: judged by the rules of the form when the file comes, and once more when they are made.
//!
//! A file is kept row by row and shown; after somebody has confirmed it, a job makes its people part by part ([`run_due`]).
//! How a file is read is the door's; what a person may be is `invite`'s.

mod draft;
mod preview;
mod run;

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Accounts, Error};
use crate::directory::import::{Fault, Header, Tally};
use crate::directory::{
    Actor, Authority, Import, ImportId, ImportRow, Origin, Person, PersonId, TenantId, UserId,
};
use crate::storage::{Chunk, Position, ReadTx, Tx};

pub use draft::Fresh;
pub use preview::{ReadRow, create};
pub use run::{CHUNK, run_due};

/// An import with how far it is.
#[derive(Debug)]
pub struct Progress {
    /// The import.
    pub import: Import,
    /// Its rows.
    pub tally: Tally,
}

/// The people of the roster whom a file names by their numbers.
#[derive(Debug, Default)]
pub struct Employees {
    ids: HashMap<String, PersonId>,
    people: HashMap<PersonId, (Person, Option<UserId>)>,
}

impl Employees {
    /// Who has a number.
    #[must_use]
    pub fn find(&self, number: &str) -> Option<PersonId> {
        self.ids.get(number).copied()
    }
}

/// Looks up the people of the roster who have one of these numbers.
///
/// # Errors
/// The database failed.
pub async fn find_employees(on: &Accounts, tenant: TenantId, numbers: &[String]) -> Result<Employees, Error> {
    let mut view = on.store.read(tenant).await?;
    let mut found = Employees::default();
    for part in numbers.chunks(preview::PART) {
        for (person, holder) in view.list_people_by_number(part).await? {
            if let Some(number) = &person.employee_number {
                found.ids.insert(number.clone(), person.id);
            }
            found.people.insert(person.id, (person, holder));
        }
    }
    Ok(found)
}

/// The imports that `by` sees, the newest first, from behind one on.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    (by, actor): (&Authority, Actor),
    now: Timestamp,
    behind: Position,
    size: u32,
) -> Result<Chunk<Import>, Error> {
    let of = (!by.is_full()).then_some(actor);
    let mut view = on.store.read(tenant).await?;
    Ok(view.list_imports(of, now, behind, size).await?)
}

/// An import that `by` sees.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(
    on: &Accounts,
    tenant: TenantId,
    (by, actor): (&Authority, Actor),
    id: ImportId,
    now: Timestamp,
) -> Result<Progress, Error> {
    let mut view = on.store.read(tenant).await?;
    let import = view.find_import(id, now).await?;
    progress(&mut view, seen(import, by, actor)?).await
}

/// Up to `size` rows of an import behind a line.
///
/// # Errors
/// The database failed.
pub async fn list_rows(
    on: &Accounts,
    tenant: TenantId,
    id: ImportId,
    after: u32,
    size: u32,
) -> Result<Vec<ImportRow>, Error> {
    let mut view = on.store.read(tenant).await?;
    Ok(view.list_import_rows(id, after, size).await?)
}

/// Has the people of an import made, on the authority of who asks for it.
///
/// # Errors
/// [`Error::NotFound`], or as [`Import::confirm`].
pub async fn confirm(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: ImportId,
    skip_refused: bool,
    origin: Origin,
) -> Result<Progress, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let import = tx.find_import_for_update(id, origin.at).await?;
            let import = seen(import, &by, origin.actor)?;
            let tally = tx.tally_import(id).await?;
            let (import, change) = import.confirm(tally, skip_refused, origin)?;
            tx.apply(change).await?;
            Ok::<_, Error>(Progress { import, tally })
        })
        .await
}

/// Removes an import with its rows; what is not made yet is not made. Who was made stays.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn cancel(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: ImportId,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let import = tx.find_import_for_update(id, origin.at).await?;
            let import = seen(import, &by, origin.actor)?;
            let tally = tx.tally_import(id).await?;
            tx.apply(import.cancel(tally, origin)).await?;
            Ok::<_, Error>(())
        })
        .await
}

fn seen(import: Option<Import>, by: &Authority, actor: Actor) -> Result<Import, Error> {
    let seen = import.filter(|import| import.is_seen_by(by, actor));
    seen.ok_or(Error::NotFound("import"))
}

async fn progress(view: &mut ReadTx, import: Import) -> Result<Progress, Error> {
    let tally = view.tally_import(import.id).await?;
    Ok(Progress { import, tally })
}

/// What a new import is made of.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// Its id.
    pub id: ImportId,
    /// The headers of the file.
    pub headers: Vec<Header>,
}

fn fault(field: &str, code: &str, message: String) -> Fault {
    Fault {
        field: field.to_owned(),
        code: code.to_owned(),
        message,
    }
}
