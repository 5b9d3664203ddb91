//! A file that has come: each row is judged as the form's rules would at this moment, and kept.

use std::collections::{HashMap, HashSet};

use super::super::invite::{NewPerson, Place, Who, check_free};
use super::super::{Accounts, Error};
use super::draft::Draft;
use super::{Employees, NewImport, Progress, fault};
use crate::directory::import::{Fault, KEPT, OPEN_AT_ONCE, RowState};
use crate::directory::key::fold;
use crate::directory::{
    Authority, Import, ImportRefusal, ImportRow, ImportState, Origin, PersonId, Refusal, TenantId,
};
use crate::storage::{NewImportRow, ReadTx, Tx};

/// How many rows are looked up in one statement, and kept in one transaction.
pub(super) const PART: usize = 500;

/// A row as the door has read it: a person whose fields are good in form, or what is wrong with them.
#[derive(Debug)]
pub struct ReadRow {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The address in it.
    pub email: Option<String>,
    /// The person.
    pub read: Result<NewPerson, Vec<Fault>>,
}

/// Judges the rows of a file and keeps them, to be looked at and confirmed. Nobody is made.
///
/// # Errors
/// [`Refusal::ManualCreationBlocked`], [`ImportRefusal::TooManyOpen`], or the database failed.
pub async fn create(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    new: NewImport,
    (rows, employees): (Vec<ReadRow>, &Employees),
    origin: Origin,
) -> Result<Progress, Error> {
    let import = Import {
        id: new.id,
        state: ImportState::Preview,
        headers: new.headers,
        created_by: origin.actor,
        created_at: origin.at,
        expires_at: origin.at + KEPT,
        confirmed: None,
        stopped: None,
    };
    // Before the work as well as where it counts.
    if on.store.read(tenant).await?.count_open_imports(origin.at).await? >= OPEN_AT_ONCE {
        return Err(Refusal::from(ImportRefusal::TooManyOpen).into());
    }
    let mut kept = judge(on, tenant, by, rows, employees).await?;
    let begun = import.clone();
    on.store
        .write(tenant, async move |tx: &mut Tx| tx.begin_import(&begun).await)
        .await
        .map_err(Error::from)?;
    // Part by part, so that others write in between. What is not read to its end is found by nobody and forgotten.
    while !kept.is_empty() {
        let part: Vec<NewImportRow> = kept.drain(..kept.len().min(PART)).collect();
        let of = import.clone();
        on.store
            .write(tenant, async move |tx: &mut Tx| {
                tx.add_import_rows(&of, &part).await
            })
            .await
            .map_err(Error::Storage)?;
    }
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.save_import(&import).await?;
            let tally = tx.tally_import(import.id).await?;
            Ok(Progress { import, tally })
        })
        .await
}

async fn judge(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    rows: Vec<ReadRow>,
    employees: &Employees,
) -> Result<Vec<NewImportRow>, Error> {
    let mut view = on.store.read(tenant).await?;
    let place = Place::look(&mut view).await?;
    let keys: Vec<String> = rows
        .iter()
        .filter_map(|row| row.read.as_ref().ok())
        .map(|new| fold(&new.email).into_owned())
        .collect();
    let mut taken = HashSet::new();
    for part in keys.chunks(PART) {
        taken.extend(view.list_taken_names(part).await?);
    }
    let mut judge = Judge {
        by,
        place,
        employees,
        taken,
        addresses: HashMap::new(),
        people: HashMap::new(),
    };
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let (state, draft, faults) = match row.read {
            Err(faults) => (RowState::Refused, None, faults),
            Ok(new) => match judge.look(&mut view, row.line, &new).await? {
                Some(fault) => (RowState::Refused, None, vec![fault]),
                None => (RowState::Good, Some(Draft::of(new).to_text()?), Vec::new()),
            },
        };
        let row = ImportRow {
            line: row.line,
            state,
            email: row.email,
            faults,
            user: None,
        };
        kept.push(NewImportRow { row, draft });
    }
    Ok(kept)
}

/// What rows are judged by.
struct Judge<'j> {
    by: &'j Authority,
    place: Place,
    employees: &'j Employees,
    /// Addresses that somebody has, folded.
    taken: HashSet<String>,
    /// On which line an address stands first.
    addresses: HashMap<String, u32>,
    /// On which line somebody of the roster stands first.
    people: HashMap<PersonId, u32>,
}

impl Judge<'_> {
    /// What is wrong with a row whose fields are good in form.
    async fn look(&mut self, view: &mut ReadTx, line: u32, new: &NewPerson) -> Result<Option<Fault>, Error> {
        let key = fold(&new.email).into_owned();
        let is_taken = self.taken.contains(&key);
        if let Err((field, refusal)) = self.check(line, new, key) {
            return Ok(Some(fault(field, refusal.code(), refusal.to_string())));
        }
        if is_taken && let Err(error) = check_free(view, &new.email, None).await {
            let Error::Refused(refusal) = error else {
                return Err(error);
            };
            return Ok(Some(refused(&refusal)));
        }
        Ok(None)
    }

    fn check(&mut self, line: u32, new: &NewPerson, key: String) -> Result<(), (&'static str, Refusal)> {
        let first = *self.addresses.entry(key).or_insert(line);
        let twice = |field, what, line| (field, ImportRefusal::Duplicate { what, line }.into());
        if first != line {
            return Err(twice("email", "address", first));
        }
        let mut person = None;
        if let Who::Employee(id) = new.who {
            let first = *self.people.entry(id).or_insert(line);
            if first != line {
                return Err(twice("employee_number", "employee", first));
            }
            let found = self.employees.people.get(&id);
            let found = found.filter(|(person, _)| self.place.reaches(self.by, person));
            let unfit = |refusal| ("employee_number", refusal);
            let (found, holder) = found.ok_or(unfit(Refusal::UnknownPerson))?;
            if holder.is_some() {
                return Err(unfit(Refusal::PersonHasAccess(found.full_name())));
            }
            person = Some(found);
        }
        let fit = self.place.check_fit(self.by, new, person);
        fit.map_err(|refusal| (field_of(&refusal), refusal))
    }
}

/// A refusal as a row shows it.
pub(super) fn refused(refusal: &Refusal) -> Fault {
    fault(field_of(refusal), refusal.code(), refusal.to_string())
}

/// The column that a refusal is about.
fn field_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::EmailTaken { .. } | Refusal::DepartmentalMailbox(_) => "email",
        Refusal::UnknownEntity { .. } | Refusal::OutsideScope => "entity",
        Refusal::UnknownRole { .. } | Refusal::PermissionRequired(_) => "role",
        Refusal::UnknownSection { .. } => "sections",
        Refusal::UnknownPerson | Refusal::PersonHasAccess(_) => "employee_number",
        _ => "row",
    }
}
