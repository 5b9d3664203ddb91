//! The one decision about administration: may this actor do this to that.
//!
//! A route names its [`Action`] in one table at the door, where [`allow`] is asked about [`Target::Anything`]; a use case
//! asks again about what it has loaded. The arithmetic of scopes is [`Authority`]'s.

use super::admin::{AdminScope, Authority};
use super::entity::EntityTree;
use super::guest;
use super::id::EntityId;
use super::refusal::Refusal;
use super::user::User;

/// How far an authority has to reach for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// A part of the tenant will do; whom it reaches is judged when they are known.
    Part,
    /// It concerns the whole tenant.
    Whole,
    /// It concerns more than one tenant: the operator's alone.
    Gateway,
}

/// Whose an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    /// People's, and that of API keys with this permission.
    Any,
    /// People's alone: a key has no password to confirm with, and must not make what outlives it.
    Person,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $reach:ident, $hand:ident;)+) => {
        /// What is done, in the words that whoever makes an API key ticks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word, stable.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            fn reach(self) -> Reach {
                match self {
                    $(Self::$name => Reach::$reach,)+
                }
            }

            fn hand(self) -> Hand {
                match self {
                    $(Self::$name => Hand::$hand,)+
                }
            }
        }
    };
}

actions! {
    /// People with access are listed and looked at.
    UsersRead = "users.read", Part, Any;
    /// People are given access, changed, blocked and brought back.
    UsersWrite = "users.write", Part, Any;
    /// People are deleted.
    UsersDelete = "users.delete", Part, Any;
    /// People who are deleted are erased for good.
    UsersErase = "users.erase", Whole, Person;
    /// The Administrator tick is given, narrowed and taken.
    UsersAdmin = "users.admin", Part, Any;
    /// Somebody else's password or second factor is set or reset.
    UsersPassword = "users.password", Part, Person;
    /// The break-glass account is named.
    UsersBreakGlass = "users.break_glass", Whole, Person;
    /// Invitations are listed.
    InvitationsRead = "invitations.read", Whole, Any;
    /// Invitations are sent again and withdrawn.
    InvitationsWrite = "invitations.write", Whole, Any;
    /// What became of the tenant's mail is looked at.
    MailRead = "mail.read", Whole, Any;
    /// The roster is listed.
    PeopleRead = "people.read", Part, Any;
    /// The roster is changed.
    PeopleWrite = "people.write", Whole, Any;
    /// Guests are listed.
    GuestsRead = "guests.read", Whole, Any;
    /// People of other tenants get access and lose it.
    GuestsWrite = "guests.write", Whole, Any;
    /// The parts of the company are listed.
    EntitiesRead = "entities.read", Part, Any;
    /// The parts of the company are changed.
    EntitiesWrite = "entities.write", Whole, Any;
    /// Permission groups are listed.
    RolesRead = "roles.read", Part, Any;
    /// Permission groups are changed.
    RolesWrite = "roles.write", Whole, Any;
    /// Sections are listed.
    SectionsRead = "sections.read", Part, Any;
    /// Sections are changed.
    SectionsWrite = "sections.write", Whole, Any;
    /// The tenant and its settings are looked at.
    SettingsRead = "settings.read", Part, Any;
    /// The tenant, its settings and its way of signing in are changed.
    SettingsWrite = "settings.write", Whole, Any;
    /// Connections are looked at.
    ConnectionsRead = "connections.read", Whole, Any;
    /// Connections are changed: whoever may do this decides whose word lets people in.
    ConnectionsWrite = "connections.write", Whole, Any;
    /// Domains are listed.
    DomainsRead = "domains.read", Whole, Any;
    /// Domains are entered, proven and removed.
    DomainsWrite = "domains.write", Whole, Any;
    /// Directories, their clients, schemas and mappings are looked at.
    DirectoriesRead = "directories.read", Whole, Any;
    /// Directories, their tokens, clients and schemas are changed: a token opens SCIM.
    DirectoriesWrite = "directories.write", Whole, Any;
    /// What the groups of a directory give is changed, which may be the Administrator tick.
    GroupMappingWrite = "group_mapping.write", Whole, Any;
    /// What identity providers have asked is looked at and explained.
    RequestsRead = "requests.read", Whole, Any;
    /// Refused sign-ins of the tenant are looked up.
    AccessErrorsRead = "access_errors.read", Whole, Any;
    /// The audit log is read.
    AuditRead = "audit.read", Whole, Any;
    /// The audit log is exported.
    AuditExport = "audit.export", Whole, Any;
    /// API keys are listed.
    ApiKeysRead = "api_keys.read", Part, Any;
    /// API keys are revoked.
    ApiKeysWrite = "api_keys.write", Part, Any;
    /// API keys are made.
    ApiKeysCreate = "api_keys.create", Part, Person;
    /// Tenants are listed.
    TenantsRead = "tenants.read", Gateway, Person;
    /// Tenants are made and suspended, and what they are kept from is forced.
    TenantsWrite = "tenants.write", Gateway, Person;
    /// Refused sign-ins of all tenants and of none are looked up.
    AccessErrorsEverywhere = "access_errors.everywhere", Gateway, Person;
}

impl Action {
    /// Reads a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }

    /// Whether an API key may have it as a permission.
    #[must_use]
    pub fn is_for_keys(self) -> bool {
        self.hand() == Hand::Any
    }

    /// Whether it needs an authority over the whole tenant, or over more.
    #[must_use]
    pub fn needs_full_scope(self) -> bool {
        self.reach() != Reach::Part
    }

    fn changes(self) -> bool {
        self.as_str().split('.').nth(1) != Some("read")
    }

    /// What it is about: the word before the dot.
    fn area(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// Whether a permission for it is one for `other` too: whoever may do something in an area may look at the area, since
    /// answers show what was done.
    fn includes(self, other: Self) -> bool {
        self == other || (!other.changes() && self.area() == other.area())
    }
}

/// What something is done to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// Nothing in particular yet: whether the actor may do such a thing at all.
    Anything,
    /// A person of the tenant.
    Person(&'a User, &'a EntityTree),
    /// The place of a person: an entity, or none.
    Place(Option<EntityId>, &'a EntityTree),
    /// The Administrator tick with a scope.
    Tick(&'a AdminScope, &'a EntityTree),
    /// An API key of a scope, which is there already.
    Key(&'a AdminScope, &'a EntityTree),
    /// An API key of a scope, which is to be made.
    NewKey(&'a AdminScope, &'a EntityTree),
}

/// Whether `actor` may do `action` to `target`. Whoever is out of reach is as good as not there.
///
/// # Errors
/// [`Refusal::OperatorRequired`], [`Refusal::NotForKeys`], [`Refusal::PermissionRequired`],
/// [`Refusal::FullScopeRequired`]: not at all. [`Refusal::NotThere`], [`Refusal::AdministratorOutsideScope`],
/// [`Refusal::OwnAccount`], [`Refusal::UnknownEntity`], [`Refusal::OutsideScope`], [`Refusal::Guest`]: not to this target.
pub fn allow(actor: &Authority, action: Action, target: Target<'_>) -> Result<(), Refusal> {
    allow_at_all(actor, action)?;
    match target {
        Target::Anything => Ok(()),
        Target::Person(user, tree) => {
            if !actor.sees(user, tree) {
                return Err(Refusal::NotThere("user"));
            }
            if action.changes() {
                guest::check_kind(action, user)?;
                actor.check_may_change(user, tree)?;
            }
            if action == Action::UsersDelete {
                actor.check_may_delete(user)?;
            }
            Ok(())
        }
        Target::Place(entity, tree) => actor.check_may_place(entity, tree),
        Target::Tick(scope, tree) => actor.check_may_grant(scope, tree),
        Target::Key(scope, tree) => match actor.narrow_scope() {
            Some(own) if !tree.contains(own, scope) => Err(Refusal::NotThere("api key")),
            _ => Ok(()),
        },
        Target::NewKey(scope, tree) => actor.check_reaches(scope, tree),
    }
}

fn allow_at_all(actor: &Authority, action: Action) -> Result<(), Refusal> {
    match action.reach() {
        Reach::Gateway => actor.check_operator()?,
        Reach::Whole => actor.check_full()?,
        Reach::Part => {}
    }
    match actor {
        Authority::Key { .. } if !action.is_for_keys() => Err(Refusal::NotForKeys),
        Authority::Key { permissions, .. } if !permissions.iter().any(|held| held.includes(action)) => {
            Err(Refusal::PermissionRequired(action))
        }
        _ => Ok(()),
    }
}

/// What somebody is told who is signed in and has no Administrator tick.
#[must_use]
pub fn refuse_without_tick(action: Action) -> Refusal {
    match action.reach() {
        Reach::Gateway => Refusal::OperatorRequired,
        Reach::Part | Reach::Whole => Refusal::AdministratorRequired,
    }
}

#[cfg(test)]
#[path = "policy/tests.rs"]
mod tests;
