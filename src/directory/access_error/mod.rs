//! Sign-ins that were refused: why, what is told to the person, and what is kept for those who help.
//!
//! A [`Code`] is the stable name of a reason; the catalogue says of each what is shown, what probably happened and
//! who can mend it, in every language. An [`AccessError`] is one refusal as it is kept: found again by the
//! [`Reference`] that the person was shown, with a [`Trace`] of what was checked. Nothing here signs anybody in.

mod catalogue;
mod code;
pub mod contact;
mod reference;
mod trace;

use jiff::Timestamp;
use uuid::Uuid;

use super::id::{ConnectionId, TenantId};
use super::tenant::Slug;

pub use catalogue::{Remedy, WhoCanFix};
pub use code::Code;
pub use contact::Contact;
pub use reference::Reference;
pub use trace::{Check, Trace};

/// One refused sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessError {
    /// What the person was shown and support asks for.
    pub reference: Reference,
    /// Why.
    pub code: Code,
    /// When.
    pub occurred_at: Timestamp,
    /// Whose sign-in it was, as far as anybody said so. It may be unproven.
    pub email: Option<String>,
    /// Where it was tried; `None` when no tenant was found.
    pub tenant: Option<TenantId>,
    /// Through which connection, when one was found.
    pub connection: Option<Uuid>,
    /// What was checked, up to the check that failed.
    pub trace: Trace,
    /// The request, as logs and the audit trail name it.
    pub request_id: String,
}

/// A refused sign-in with what the places where it was tried are called now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedAccessError {
    /// What was refused and why.
    pub error: AccessError,
    /// The tenant.
    pub tenant: Option<TriedTenant>,
    /// The name of the connection.
    pub connection: Option<String>,
}

/// The tenant where a sign-in was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
}

/// Which refused sign-ins a list is about; of several conditions all have to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessErrorFilter {
    /// The one of this reference.
    pub reference: Option<Reference>,
    /// Those of this address, in any case.
    pub email: Option<String>,
    /// Those with this reason.
    pub code: Option<Code>,
    /// Those through this connection.
    pub connection: Option<ConnectionId>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// A place in a list of refused sign-ins, which goes from the newest to the oldest.
pub type AccessErrorPlace = (Timestamp, Reference);

impl AccessError {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> AccessErrorPlace {
        (self.occurred_at, self.reference)
    }
}
