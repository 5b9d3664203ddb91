//! The roster.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::lists::{Chunk, Position, chunk, walk};
use super::population::{containing, push_below};
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::key::fold;
use crate::directory::query::RosterFilter;
use crate::directory::{EntityId, Person, PersonId, Refusal, RosterFact, User, UserId};

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    first_name: String,
    last_name: String,
    employee_number: Option<String>,
    email: Option<String>,
    entity_id: Option<Uuid>,
    created_at: i64,
    modified_at: i64,
    holder_id: Option<Uuid>,
}

impl PersonRow {
    fn into_person(self) -> Result<(Person, Option<UserId>), Error> {
        let person = Person {
            id: PersonId(self.id),
            first_name: self.first_name,
            last_name: self.last_name,
            employee_number: self.employee_number,
            email: self.email,
            entity: self.entity_id.map(EntityId),
            created_at: timestamp(self.created_at)?,
            modified_at: timestamp(self.modified_at)?,
        };
        Ok((person, self.holder_id.map(UserId)))
    }
}

/// A statement that reads people of the roster, each with the account that they have.
macro_rules! select_person {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.first_name, p.last_name, p.employee_number, p.email, p.entity_id, p.created_at, \
             p.modified_at, h.id AS holder_id FROM people p \
             LEFT JOIN users h ON h.tenant_id = p.tenant_id AND h.person_id = p.id AND h.deleted_at IS NULL ",
            $rest
        )
    };
}

impl ReadTx {
    /// Somebody of the roster, with the account that they have.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_person(&mut self, id: PersonId) -> Result<Option<(Person, Option<UserId>)>, Error> {
        fetch_optional!(
            self.conn,
            PersonRow,
            select_person!("WHERE p.tenant_id = $1 AND p.id = $2"),
            self.tenant.0,
            id.0,
        )?
        .map(PersonRow::into_person)
        .transpose()
    }

    /// The people of the roster who have one of these numbers, each with the account that they have.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_people_by_number(
        &mut self,
        numbers: &[String],
    ) -> Result<Vec<(Person, Option<UserId>)>, Error> {
        let sql = if self.conn.locks_rows() {
            select_person!(
                "WHERE p.tenant_id = $1 \
                 AND p.employee_number = ANY (ARRAY(SELECT jsonb_array_elements_text($2::jsonb)))"
            )
        } else {
            select_person!(
                "WHERE p.tenant_id = $1 AND p.employee_number IN (SELECT value FROM json_each($2))"
            )
        };
        let set = serde_json::to_string(numbers).map_err(|error| Error::Corrupt(error.to_string()))?;
        fetch_all!(self.conn, PersonRow, sql, self.tenant.0, set.as_str())?
            .into_iter()
            .map(PersonRow::into_person)
            .collect()
    }

    /// The account of somebody of the roster; not a deleted one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_holder(&mut self, id: PersonId) -> Result<Option<User>, Error> {
        fetch_optional!(
            self.conn,
            UserRow,
            select_user!("WHERE u.tenant_id = $1 AND u.person_id = $2 AND u.deleted_at IS NULL"),
            self.tenant.0,
            id.0,
        )?
        .map(UserRow::into_user)
        .transpose()
    }

    /// The next people of a walk over the roster, by id, each with the account that they have.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_people(
        &mut self,
        of: &RosterFilter,
        after: Position,
        size: u64,
    ) -> Result<Chunk<(Person, Option<UserId>)>, Error> {
        let mut sql = Statement::new(select_person!("WHERE p.tenant_id = $1"));
        sql.bind_unwritten(Bind::Uuid(self.tenant.0));
        if of.without_access {
            sql.push(" AND h.id IS NULL");
        }
        if let Some(roots) = &of.within {
            push_below(&mut sql, "p.entity_id", roots);
        }
        if let Some(text) = &of.text {
            let pattern = || Bind::Text(containing(text));
            sql.push(" AND (p.name_key LIKE ").bind(pattern());
            sql.push(" ESCAPE '~' OR p.email_key LIKE ").bind(pattern());
            sql.push(" ESCAPE '~' OR p.employee_number = ")
                .bind(Bind::Text(text.clone()))
                .push(")");
        }
        walk(&mut sql, "p.id", after, size);
        let rows = sql.fetch_all::<PersonRow>(&mut self.conn).await?;
        let people = rows.into_iter().map(PersonRow::into_person);
        let people = people.collect::<Result<Vec<_>, Error>>()?;
        Ok(chunk(people, size, |(person, _)| person.id.0))
    }
}

impl Tx {
    /// Somebody of the roster, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_person_for_update(&mut self, id: PersonId) -> Result<Option<Person>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_person!("WHERE p.tenant_id = $1 AND p.id = $2 FOR UPDATE OF p")
        } else {
            select_person!("WHERE p.tenant_id = $1 AND p.id = $2")
        };
        let found = fetch_optional!(self.read.conn, PersonRow, sql, self.read.tenant.0, id.0)?;
        let found = found.map(PersonRow::into_person).transpose()?;
        Ok(found.map(|(person, _)| person))
    }

    pub(super) async fn apply_roster(&mut self, fact: RosterFact) -> Result<(), Error> {
        match fact {
            RosterFact::Set(person) => self.save_person(person).await,
            RosterFact::Removed(id) => {
                execute!(
                    self.read.conn,
                    "DELETE FROM people WHERE tenant_id = $1 AND id = $2",
                    self.read.tenant.0,
                    id.0,
                )?;
                Ok(())
            }
        }
    }

    async fn save_person(&mut self, person: Person) -> Result<(), Error> {
        let taken: Option<(Uuid,)> = fetch_optional!(
            self.read.conn,
            (Uuid,),
            "SELECT id FROM people WHERE tenant_id = $1 AND employee_number = $2 AND id <> $3",
            self.read.tenant.0,
            person.employee_number.as_deref(),
            person.id.0,
        )?;
        if let (Some(_), Some(number)) = (taken, &person.employee_number) {
            return Err(Refusal::EmployeeNumberTaken(number.clone()).into());
        }
        execute!(
            self.read.conn,
            "INSERT INTO people (tenant_id, id, first_name, last_name, name_key, employee_number, email, email_key, \
             entity_id, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET first_name = $3, last_name = $4, name_key = $5, \
             employee_number = $6, email = $7, email_key = $8, entity_id = $9, modified_at = $11",
            self.read.tenant.0,
            person.id.0,
            person.first_name.as_str(),
            person.last_name.as_str(),
            fold(&person.full_name()).into_owned(),
            person.employee_number.as_deref(),
            person.email.as_deref(),
            person.email.as_deref().map(|email| fold(email).into_owned()),
            person.entity.map(|id| id.0),
            micros(person.created_at),
            micros(person.modified_at),
        )?;
        Ok(())
    }
}
