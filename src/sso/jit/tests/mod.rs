//! The decision about a sign-in, held against the rules as one would tell them.
//!
//! A [`World`] is a tenant small enough to see through: its people, and one identity that has just been verified.
//! It answers the look-ups as storage does, so every test begins with people and claims and not with their result.

mod any_world;
mod cases;
mod every_combination;

use uuid::Uuid;

use super::*;
use crate::directory::Protocol;
use crate::directory::saml::{SamlProvider, SamlSettings};
use crate::directory::sample::{self, DIRECTORY, at, now};
use crate::sso::EmailClaim;

/// The connection that the identity comes through.
const HERE: ConnectionId = ConnectionId(Uuid::from_u128(0xc1));
/// Another connection of the tenant.
const ELSEWHERE: ConnectionId = ConnectionId(Uuid::from_u128(0xc2));
/// A directory that the connection does not meet.
const OTHER_DIRECTORY: DirectoryId = DirectoryId(Uuid::from_u128(0xd2));
/// The only verified domain is `acme.example`.
const ADDRESS: &str = "ada@acme.example";

/// Somebody in the world, with the subjects that lead to them.
#[derive(Debug, Clone)]
struct Person {
    user: User,
    subjects: Vec<(ConnectionId, &'static str)>,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
struct World {
    suspended: bool,
    enabled: bool,
    jit: bool,
    trust_email: bool,
    /// The connection speaks SAML, which has no word for a verified address.
    saml: bool,
    /// The directory whose people the connection meets.
    directory: Option<DirectoryId>,
    /// Also those who are deleted.
    people: Vec<Person>,
    subject: &'static str,
    attributes: Attributes,
}

/// A person who is not linked to any subject.
fn unlinked(user: User) -> Person {
    Person {
        user,
        subjects: Vec::new(),
    }
}

/// An e-mail claim.
fn claim(address: &str, verified: bool) -> EmailClaim {
    EmailClaim {
        address: address.to_owned(),
        verified,
    }
}

/// Settings of a SAML connection.
fn saml() -> Protocol {
    Protocol::Saml(SamlSettings {
        provider: SamlProvider {
            entity_id: "https://idp.example/saml".to_owned(),
            certificates: Vec::new(),
            single_sign_on: Vec::new(),
            single_logout: Vec::new(),
            wants_signed_requests: false,
        },
        metadata_url: None,
        request_binding: None,
        sign_requests: false,
        allow_idp_initiated: false,
        require_gcm: false,
    })
}

/// Everything is open, nobody is there yet, and the identity is Ada with a proven address.
fn empty_world() -> World {
    World {
        suspended: false,
        enabled: true,
        jit: true,
        trust_email: false,
        saml: false,
        directory: Some(DIRECTORY),
        people: Vec::new(),
        subject: "subject",
        attributes: Attributes {
            email: Some(claim(ADDRESS, true)),
            external_id: vec!["external".to_owned(), "subject".to_owned()],
            ..Attributes::default()
        },
    }
}

/// The same with these people.
fn world_of(people: impl IntoIterator<Item = Person>) -> World {
    World {
        people: people.into_iter().collect(),
        ..empty_world()
    }
}

impl World {
    fn tenant(&self) -> Tenant {
        Tenant {
            suspended_at: self.suspended.then(|| at(2)),
            ..sample::tenant()
        }
    }

    fn connection(&self) -> Connection {
        let mut connection = Connection {
            enabled: self.enabled,
            ..sample::connection(HERE.0.as_u128())
        };
        connection.settings.jit.enabled = self.jit;
        connection.settings.trust_email = self.trust_email;
        if self.saml {
            connection.settings.protocol = saml();
        }
        connection
    }

    fn names(&self) -> Names {
        let domain = |name: &str, verified_at| Domain {
            name: name.to_owned(),
            verified_at,
            created_at: at(1),
        };
        let domains = [
            domain("acme.example", Some(at(1))),
            domain("unproven.example", None),
        ];
        Names::read(&self.attributes, &self.connection(), &domains)
    }

    fn decide(&self) -> Result<Decision, Code> {
        self.decide_with_trace().0
    }

    fn decide_with_trace(&self) -> (Result<Decision, Code>, Trace) {
        let (tenant, connection, names) = (self.tenant(), self.connection(), self.names());
        let mut trace = Trace::default();
        let situation = self.situation(&tenant, &connection, &names);
        (decide(&names, &situation, &mut trace), trace)
    }

    /// What storage finds by the names.
    fn situation<'s>(&self, tenant: &'s Tenant, connection: &'s Connection, names: &Names) -> Situation<'s> {
        let by_subject = self
            .people
            .iter()
            .find(|person| person.subjects.contains(&(HERE, self.subject)));
        let gone = self
            .deleted()
            .find(|person| has_user_name(person, names) || self.has_external_id(person));
        let mut by_email: Vec<Met> = self.living().filter(|p| has_email(p, names)).map(meet).collect();
        by_email.truncate(3);
        Situation {
            tenant,
            connection,
            directory: self.directory,
            by_subject: by_subject.map(|person| person.user.clone()),
            by_external_id: self
                .living()
                .filter(|p| self.has_external_id(p))
                .map(meet)
                .collect(),
            by_user_name: self.living().find(|p| has_user_name(p, names)).map(meet),
            by_email,
            gone: gone.map(|person| person.user.directory.is_some()),
            now: now(),
        }
    }

    fn living(&self) -> impl Iterator<Item = &Person> {
        self.people
            .iter()
            .filter(|person| person.user.deleted_at.is_none())
    }

    fn deleted(&self) -> impl Iterator<Item = &Person> {
        self.people
            .iter()
            .filter(|person| person.user.deleted_at.is_some())
    }

    /// Whether the person is the directory's and has one of the ids that the provider names.
    fn has_external_id(&self, person: &Person) -> bool {
        let external_id = person.user.external_id.as_ref();
        person.user.directory.is_some()
            && person.user.directory == self.directory
            && external_id.is_some_and(|id| self.attributes.external_id.contains(id))
    }
}

fn has_user_name(person: &Person, names: &Names) -> bool {
    let wanted = names.user_name.as_deref();
    wanted.is_some_and(|name| fold(name) == fold(&person.user.user_name))
}

fn has_email(person: &Person, names: &Names) -> bool {
    let email = person.user.email();
    let both = names.email.as_ref().ok().zip(email.as_ref());
    both.is_some_and(|(wanted, email)| fold(wanted) == fold(email))
}

fn meet(person: &Person) -> Met {
    Met {
        user: person.user.clone(),
        linked: person
            .subjects
            .iter()
            .map(|(connection, _)| *connection)
            .collect(),
    }
}
