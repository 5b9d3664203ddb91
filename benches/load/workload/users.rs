//! Workloads a to d: one user at a time.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::Value;

use super::{ID, Sampler, created_id, parsed, refused, wanted};
use crate::client::Response;
use crate::load::Source;
use crate::person::{Id, NUMBER, Person, digits, user, user_name};
use crate::random::Random;
use crate::request::{Endpoint, SCIM, Template};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn is_id(value: &Value, id: &Id) -> bool {
    value["id"].as_str().map(str::as_bytes) == Some(id)
}

/// The request that looks a user up by a `userName` with [`NUMBER`] in it.
pub(super) fn lookup(to: &Endpoint, user_name: &str) -> Template {
    let user_name = user_name.replace('@', "%40");
    Template::new(
        to.get(&format!("/Users?filter=userName%20eq%20%22{user_name}%22")),
        NUMBER,
    )
}

fn is_complete(value: &Value) -> bool {
    value["emails"].as_array().is_some_and(|emails| emails.len() == 2)
        && value["addresses"].is_array()
        && value["phoneNumbers"].is_array()
        && value[ENTERPRISE]["employeeNumber"].is_string()
}

/// a. `POST /Users`, each time another user.
#[derive(Debug)]
pub struct Create {
    template: Template,
    /// The next number; all connections of a tenant take from it.
    numbers: Rc<Cell<u32>>,
    /// No user gets this number or a higher one.
    end: u32,
    current: u32,
    sampler: Sampler,
    /// The users made, in the order of the answers; only where they are wanted.
    made: Option<Vec<Person>>,
}

impl Create {
    /// Creates users until the run is over.
    pub fn endless(to: &Endpoint, numbers: &Rc<Cell<u32>>) -> Self {
        Self {
            template: Template::new(to.send("POST", "/Users", SCIM, &user()), NUMBER),
            numbers: Rc::clone(numbers),
            end: u32::MAX,
            current: 0,
            sampler: Sampler::default(),
            made: None,
        }
    }

    /// Creates users up to number `end` (exclusive) and remembers them.
    pub fn up_to(to: &Endpoint, numbers: &Rc<Cell<u32>>, end: u32) -> Self {
        Self {
            end,
            made: Some(Vec::new()),
            ..Self::endless(to, numbers)
        }
    }

    /// The users that were made, for a source from [`Create::up_to`].
    pub fn into_made(self) -> Vec<Person> {
        self.made.unwrap_or_default()
    }
}

impl Source for Create {
    fn next(&mut self) -> Option<&[u8]> {
        self.current = self.numbers.get();
        if self.current >= self.end {
            return None;
        }
        self.numbers.set(self.current + 1);
        Some(self.template.fill(&digits(self.current)))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if response.status != 201 {
            return Err(refused(response));
        }
        let due = self.sampler.is_due();
        if !due && self.made.is_none() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        wanted(is_complete(&answer), "the user that was sent", &answer)?;
        if let Some(made) = &mut self.made {
            made.push(Person {
                number: self.current,
                id: created_id(&answer)?,
            });
        }
        Ok(())
    }
}

/// b. `GET /Users?filter=userName eq "..."`, each time any of the users.
#[derive(Debug)]
pub struct Find {
    template: Template,
    people: Rc<[Person]>,
    random: Random,
    current: usize,
    sampler: Sampler,
}

impl Find {
    /// Looks for these users, of whom there must be one at least.
    pub fn new(to: &Endpoint, people: &Rc<[Person]>, seed: u64) -> Self {
        Self {
            template: lookup(to, &user_name(NUMBER)),
            people: Rc::clone(people),
            random: Random::new(seed),
            current: 0,
            sampler: Sampler::default(),
        }
    }
}

impl Source for Find {
    fn next(&mut self) -> Option<&[u8]> {
        self.current = self.random.below(self.people.len());
        Some(self.template.fill(&digits(self.people[self.current].number)))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if response.status != 200 {
            return Err(refused(response));
        }
        if !self.sampler.is_due() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        let found = &answer["Resources"][0];
        let right = answer["totalResults"] == 1 && is_id(found, &self.people[self.current].id);
        wanted(right && is_complete(found), "the one user of that name", &answer)
    }
}

/// c. `GET /Users/{id}`, each time any of the users.
#[derive(Debug)]
pub struct Get {
    template: Template,
    people: Rc<[Person]>,
    random: Random,
    current: usize,
    sampler: Sampler,
}

impl Get {
    /// Reads these users, of whom there must be one at least.
    pub fn new(to: &Endpoint, people: &Rc<[Person]>, seed: u64) -> Self {
        Self {
            template: Template::new(to.get(&format!("/Users/{ID}")), ID),
            people: Rc::clone(people),
            random: Random::new(seed),
            current: 0,
            sampler: Sampler::default(),
        }
    }
}

impl Source for Get {
    fn next(&mut self) -> Option<&[u8]> {
        self.current = self.random.below(self.people.len());
        Some(self.template.fill(&self.people[self.current].id))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if response.status != 200 {
            return Err(refused(response));
        }
        if !self.sampler.is_due() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        let right = is_id(&answer, &self.people[self.current].id) && is_complete(&answer);
        wanted(right, "that user as it was sent", &answer)
    }
}

/// d. `PATCH /Users/{id}`: each user is deactivated and then activated again, so that every request
/// changes something. No two connections have the same user.
#[derive(Debug)]
pub struct Toggle {
    deactivate: Template,
    activate: Template,
    people: Vec<Person>,
    current: usize,
    active: bool,
    sampler: Sampler,
    /// The last user that was changed, and to what.
    last: Option<(Person, bool)>,
}

impl Toggle {
    /// Changes these users in turn; there must be one at least.
    pub fn new(to: &Endpoint, people: Vec<Person>) -> Self {
        let template = |active: bool| {
            let body = format!(
                r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"replace","path":"active","value":{active}}}]}}"#
            );
            Template::new(to.send("PATCH", &format!("/Users/{ID}"), SCIM, &body), ID)
        };
        Self {
            deactivate: template(false),
            activate: template(true),
            people,
            current: 0,
            active: true,
            sampler: Sampler::default(),
            last: None,
        }
    }

    /// The last user that was changed, and whether it must be active now.
    pub fn last(&self) -> Option<(Person, bool)> {
        self.last
    }
}

impl Source for Toggle {
    fn next(&mut self) -> Option<&[u8]> {
        if self.active && self.last.is_some() {
            self.current = (self.current + 1) % self.people.len();
        }
        self.active = !self.active;
        let template = if self.active {
            &mut self.activate
        } else {
            &mut self.deactivate
        };
        Some(template.fill(&self.people[self.current].id))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if !matches!(response.status, 200 | 204) {
            return Err(refused(response));
        }
        let person = self.people[self.current];
        self.last = Some((person, self.active));
        // RFC 7644 3.5.2: 200 with the user, or 204; a 204 is proved by reading afterwards.
        if response.status == 204 || !self.sampler.is_due() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        let right = is_id(&answer, &person.id) && answer["active"] == self.active;
        wanted(right, "that user with the new state", &answer)
    }
}
