//! Workload g: the first sync of an identity provider.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::json;

use super::group::patch;
use super::users::lookup;
use super::{Sampler, created_id, parsed, refused, wanted};
use crate::client::Response;
use crate::load::Source;
use crate::person::{Id, NUMBER, digits, text, user, user_name};
use crate::request::{Endpoint, SCIM, Template};

/// For each user a look-up by `userName`, which finds nobody, and then the POST.
#[derive(Debug)]
pub struct SyncUsers {
    lookup: Template,
    create: Template,
    /// The next number; all connections take from it.
    numbers: Rc<Cell<u32>>,
    end: u32,
    current: u32,
    creating: bool,
    sampler: Sampler,
    made: Vec<Id>,
}

impl SyncUsers {
    /// Brings in the users up to number `end` (exclusive).
    pub fn new(to: &Endpoint, numbers: &Rc<Cell<u32>>, end: u32) -> Self {
        Self {
            lookup: lookup(to, &user_name(NUMBER)),
            create: Template::new(to.send("POST", "/Users", SCIM, &user()), NUMBER),
            numbers: Rc::clone(numbers),
            end,
            current: 0,
            // As if a user had just been created: the first request is a look-up.
            creating: true,
            sampler: Sampler::default(),
            made: Vec::new(),
        }
    }

    /// The users that were made.
    pub fn into_made(self) -> Vec<Id> {
        self.made
    }
}

impl Source for SyncUsers {
    fn next(&mut self) -> Option<&[u8]> {
        self.creating = !self.creating;
        if self.creating {
            return Some(self.create.fill(&digits(self.current)));
        }
        self.current = self.numbers.get();
        if self.current >= self.end {
            return None;
        }
        self.numbers.set(self.current + 1);
        Some(self.lookup.fill(&digits(self.current)))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if self.creating {
            if response.status != 201 {
                return Err(refused(response));
            }
            self.made.push(created_id(&parsed(response.body)?)?);
            return Ok(());
        }
        if response.status != 200 {
            return Err(refused(response));
        }
        if !self.sampler.is_due() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        wanted(answer["totalResults"] == 0, "nobody of that name", &answer)
    }
}

/// Groups, each made empty and then filled by one PATCH after the other. The groups of workload e are made so too.
#[derive(Debug)]
pub struct SyncGroups {
    to: Endpoint,
    members: usize,
    at_once: usize,
    /// The next group; all connections take from it.
    numbers: Rc<Cell<u32>>,
    end: u32,
    users: Rc<[Id]>,
    /// The group at work: its number, its id once it is made, and how many members were sent.
    current: Option<(u32, Option<Id>, usize)>,
    request: String,
    made: Vec<Id>,
}

impl SyncGroups {
    /// Groups up to number `end` (exclusive) with `members` each, `at_once` in a PATCH, taken from `users` in turn.
    pub fn new(
        to: &Endpoint,
        numbers: &Rc<Cell<u32>>,
        end: u32,
        users: &Rc<[Id]>,
        [members, at_once]: [usize; 2],
    ) -> Self {
        Self {
            to: to.clone(),
            members,
            at_once,
            numbers: Rc::clone(numbers),
            end,
            users: Rc::clone(users),
            current: None,
            request: String::new(),
            made: Vec::new(),
        }
    }

    /// The groups that were made.
    pub fn into_made(self) -> Vec<Id> {
        self.made
    }

    fn begin(&mut self) -> Option<String> {
        let number = self.numbers.get();
        if number >= self.end {
            return None;
        }
        self.numbers.set(number + 1);
        self.current = Some((number, None, 0));
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "externalId": format!("group-{number}"),
            "displayName": format!("Group {number}"),
        });
        Some(self.to.send("POST", "/Groups", SCIM, &body.to_string()))
    }
}

/// The request that adds `users` to a group.
fn add(to: &Endpoint, group: &Id, users: impl Iterator<Item = Id>) -> String {
    let members: Vec<_> = users.map(|user| json!({"value": text(&user)})).collect();
    let body = patch(&json!({"op": "add", "path": "members", "value": members}));
    to.send("PATCH", &format!("/Groups/{}", text(group)), SCIM, &body)
}

impl Source for SyncGroups {
    fn next(&mut self) -> Option<&[u8]> {
        self.request = match &mut self.current {
            Some((number, Some(group), sent)) if *sent < self.members => {
                let first = *number as usize * self.members + *sent;
                let more = self.at_once.min(self.members - *sent);
                *sent += more;
                let user = |place: usize| self.users[place % self.users.len()];
                add(&self.to, group, (first..first + more).map(user))
            }
            // A group that could not be made has been counted as an error, and the next one follows.
            _ => self.begin()?,
        };
        Some(self.request.as_bytes())
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        match (&mut self.current, response.status) {
            (Some((_, group @ None, _)), 201) => {
                let id = created_id(&parsed(response.body)?)?;
                *group = Some(id);
                self.made.push(id);
                Ok(())
            }
            (Some((_, Some(_), _)), 204) => Ok(()),
            _ => Err(refused(response)),
        }
    }
}
