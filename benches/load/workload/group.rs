//! Workload e: one member more, and the group without its members.

use serde_json::{Value, json};

use super::{ID, Sampler, parsed, refused, wanted};
use crate::client::Response;
use crate::load::Source;
use crate::person::{Id, text};
use crate::request::{Endpoint, SCIM, Template};

/// How the member is named in the PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 7644 3.5.2.1.
    Rfc,
    /// The operation capitalised and a `$ref` of null, as Entra sends it.
    Entra,
}

impl Form {
    fn body(self) -> String {
        let operation = match self {
            Self::Rfc => json!({"op": "add", "path": "members", "value": [{"value": ID}]}),
            Self::Entra => json!({"op": "Add", "path": "members", "value": [{"$ref": null, "value": ID}]}),
        };
        patch(&operation)
    }
}

/// The body of a PATCH with one operation.
pub(super) fn patch(operation: &Value) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation],
    })
    .to_string()
}

/// `PATCH /Groups/{id}` that adds one user, each time another one, to several groups in turn.
#[derive(Debug)]
pub struct AddMember {
    groups: Vec<(Id, Template)>,
    users: std::vec::IntoIter<Id>,
    asked: usize,
    current: Option<(Id, Id)>,
    last: Option<(Id, Id)>,
}

impl AddMember {
    /// Adds each of `users` to one of `groups`, of which there must be one at least.
    pub fn new(to: &Endpoint, form: Form, groups: &[Id], users: Vec<Id>) -> Self {
        let body = form.body();
        let request = |group| to.send("PATCH", &format!("/Groups/{}", text(group)), SCIM, &body);
        Self {
            groups: groups
                .iter()
                .map(|group| (*group, Template::new(request(group), ID)))
                .collect(),
            users: users.into_iter(),
            asked: 0,
            current: None,
            last: None,
        }
    }

    /// The group that was added to last, and the user who must be in it now.
    pub fn last(&self) -> Option<(Id, Id)> {
        self.last
    }
}

impl Source for AddMember {
    fn next(&mut self) -> Option<&[u8]> {
        let user = self.users.next()?;
        let place = self.asked % self.groups.len();
        self.asked += 1;
        let (group, request) = &mut self.groups[place];
        self.current = Some((*group, user));
        Some(request.fill(&user))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        // A PATCH of members alone is answered without the group; that it was done is proved by reading afterwards.
        if response.status != 204 {
            return Err(refused(response));
        }
        self.last = self.current;
        Ok(())
    }
}

/// `GET /Groups/{id}?excludedAttributes=members`, as Entra reads a group.
#[derive(Debug)]
pub struct ReadGroup {
    request: Template,
    group: Id,
    sampler: Sampler,
}

impl ReadGroup {
    /// Reads this group again and again.
    pub fn new(to: &Endpoint, group: Id) -> Self {
        let path = format!("/Groups/{ID}?excludedAttributes=members");
        Self {
            request: Template::new(to.get(&path), ID),
            group,
            sampler: Sampler::default(),
        }
    }
}

impl Source for ReadGroup {
    fn next(&mut self) -> Option<&[u8]> {
        Some(self.request.fill(&self.group))
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        if response.status != 200 {
            return Err(refused(response));
        }
        if !self.sampler.is_due() {
            return Ok(());
        }
        let answer = parsed(response.body)?;
        let right = answer["displayName"].is_string() && answer["members"].is_null();
        wanted(right, "that group without its members", &answer)
    }
}
