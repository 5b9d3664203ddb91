//! Rows of a file put into the form of a new person, and judged by the form's own check.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use super::super::NewUserBody;
use super::super::check::check;
use super::columns::plain;
use super::file::{File, Row};
use crate::accounts::Accounts;
use crate::accounts::imports::{Employees, ReadRow};
use crate::directory::import::Fault;
use crate::directory::key::fold;
use crate::directory::{Catalogue, Entity, EntityId, Tenant};
use crate::http::problem::Problem;

/// The longest address that is kept of a row that is refused, in characters.
const LONGEST_ADDRESS: usize = 254;

/// What rows are read with.
pub(super) struct Reading<'r> {
    pub on: &'r Accounts,
    pub tenant: &'r Tenant,
    pub catalogue: &'r Catalogue,
    pub employees: &'r Employees,
    pub entities: Entities,
    pub file: &'r File,
    pub now: Timestamp,
}

/// The entities that a file may name, by their names.
pub(super) struct Entities(HashMap<String, Vec<Uuid>>);

impl Entities {
    pub(super) fn of(all: &[Entity]) -> Self {
        let mut named: HashMap<String, Vec<Uuid>> = HashMap::new();
        for entity in all {
            named
                .entry(fold(&entity.name).into_owned())
                .or_default()
                .push(entity.id.0);
        }
        Self(named)
    }

    fn find(&self, text: &str) -> Result<Uuid, &'static str> {
        // Whether there is such an entity, and in reach, is judged with the rest.
        if let Ok(id) = text.parse::<EntityId>() {
            return Ok(id.0);
        }
        match self.0.get(fold(text).as_ref()).map(Vec::as_slice) {
            Some([one]) => Ok(*one),
            Some(_) => Err("several entities have this name; give the id (GET .../entities)"),
            None => Err("the name or the id of an entity (GET .../entities)"),
        }
    }
}

/// The employee numbers in a file.
pub(super) fn employee_numbers(file: &File) -> Vec<String> {
    let numbers = file
        .rows
        .iter()
        .filter_map(|row| file.cell(row, "employee_number"));
    numbers.map(str::to_owned).collect()
}

impl Reading<'_> {
    /// Reads and checks a row.
    pub(super) fn read(&self, row: &Row) -> ReadRow {
        let email = self.file.cell(row, "email");
        let mut faults = Vec::new();
        if !self.file.is_whole(row) {
            faults.push(fault(
                "row",
                "invalid",
                "as many columns as there are headers".to_owned(),
            ));
        }
        let body = self.body(row, &mut faults);
        let read = match check(self.on, self.tenant, self.catalogue, body, self.now) {
            Ok(new) if faults.is_empty() => Ok(new),
            Ok(_) => Err(faults),
            Err(problem) => {
                faults.extend(told(problem));
                Err(faults)
            }
        };
        ReadRow {
            line: row.line,
            email: email.map(|text| text.chars().take(LONGEST_ADDRESS).collect()),
            read,
        }
    }

    fn body(&self, row: &Row, faults: &mut Vec<Fault>) -> NewUserBody {
        let cell = |field: &str| self.file.cell(row, field).map(str::to_owned);
        let words = |field: &str| -> Option<Vec<String>> {
            let text = self.file.cell(row, field)?;
            let words = text.split(|letter: char| ",;|".contains(letter) || letter.is_whitespace());
            Some(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
        };
        let number = self.file.cell(row, "employee_number");
        let sections = words("sections").unwrap_or_default();
        let entity = self.file.cell(row, "entity").map(|text| self.entities.find(text));
        let mfa_required = self.file.cell(row, "mfa_required").map(yes_or_no);
        if let Some(Err(message)) = entity {
            faults.push(fault("entity", "unknown_entity", message.to_owned()));
        }
        if let Some(None) = mfa_required {
            faults.push(fault("mfa_required", "invalid", "yes or no".to_owned()));
        }
        NewUserBody {
            kind: Some(kind_of(self.file.cell(row, "kind"), number.is_some())),
            // Whoever is not on the roster has no id there either.
            person_id: number.map(|number| {
                let found = self.employees.find(number);
                found.map_or_else(String::new, |id| id.to_string())
            }),
            first_name: cell("first_name"),
            last_name: cell("last_name"),
            full_name: cell("full_name"),
            email_confirmation: cell("email_confirmation")
                .or_else(|| Some(cell("email").unwrap_or_default())),
            email: cell("email"),
            phone_landline: cell("phone_landline"),
            phone_mobile: cell("phone_mobile"),
            locale: cell("locale").map(|tag| tag.to_lowercase()),
            access_start: cell("access_start"),
            access_end: cell("access_end"),
            sections: Some(
                sections
                    .into_iter()
                    .map(|key| (key, Some(true)))
                    .collect::<BTreeMap<_, _>>(),
            ),
            role: cell("role"),
            entity_id: entity.and_then(Result::ok),
            contact_tags: words("contact_tags"),
            access_code: None,
            temporary_password: None,
            mfa_required: mfa_required.flatten(),
        }
    }
}

/// The kind in the form's words; where the file does not say, whoever has an employee number is an employee.
fn kind_of(text: Option<&str>, has_number: bool) -> String {
    match text.map(plain).as_deref() {
        None if has_number => "employee",
        Some("employee" | "employe" | "employee_e" | "salarie") => "employee",
        None | Some("external" | "external_collaborator" | "externe" | "collaborateur_externe") => "external",
        Some(_) => "",
    }
    .to_owned()
}

fn yes_or_no(text: &str) -> Option<bool> {
    match plain(text).as_str() {
        "yes" | "true" | "1" | "x" | "oui" | "vrai" => Some(true),
        "no" | "false" | "0" | "non" | "faux" => Some(false),
        _ => None,
    }
}

/// What the form's check says, by the names of the columns.
fn told(problem: Problem) -> Vec<Fault> {
    let column = |field: &str| match field {
        "person_id" => "employee_number".to_owned(),
        "entity_id" => "entity".to_owned(),
        field => field.to_owned(),
    };
    let errors = problem.into_errors();
    let faults = errors
        .into_iter()
        .map(|error| fault(&column(&error.field), error.code, error.message));
    faults.collect()
}

fn fault(field: &str, code: &str, message: String) -> Fault {
    Fault {
        field: field.to_owned(),
        code: code.to_owned(),
        message,
    }
}
