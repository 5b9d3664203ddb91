//! A person who waits in an import to be made, as kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::Error;
use super::super::activation::Start;
use super::super::invitations::Token;
use super::super::invite::{NewPerson, Who};
use crate::directory::edit::NameEdit;
use crate::directory::grant::SaidRights;
use crate::directory::{AccessWindow, EntityId, InvitationId, Language, PersonId, UserId};
use crate::storage;

/// What a new person needs that cannot be computed.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// Their id.
    pub user: UserId,
    /// The id of their invitation.
    pub invitation: InvitationId,
    /// The randomness of its token.
    pub token: Token,
}

/// A person to be made: what the file says of them, checked in form.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft {
    who: Name,
    email: String,
    phone_landline: Option<String>,
    phone_mobile: Option<String>,
    locale: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    role: Option<String>,
    sections: Vec<(String, Option<bool>)>,
    entity: Option<EntityId>,
    contact_tags: Vec<String>,
    mfa_required: bool,
}

#[derive(Serialize, Deserialize)]
enum Name {
    Employee(PersonId),
    Full(String),
    Parts(Option<String>, Option<String>),
}

impl Draft {
    /// Leaves out what is drawn when the person is made.
    pub(super) fn of(new: NewPerson) -> Self {
        Self {
            who: match new.who {
                Who::Employee(id) => Name::Employee(id),
                Who::External(NameEdit::Full(name)) => Name::Full(name),
                Who::External(NameEdit::Parts { first, last }) => Name::Parts(first, last),
            },
            email: new.email,
            phone_landline: new.phone_landline,
            phone_mobile: new.phone_mobile,
            locale: new.locale.map(|language| language.tag().to_owned()),
            from: new.access.from,
            until: new.access.until,
            role: new.rights.role,
            sections: new.rights.sections,
            entity: new.entity,
            contact_tags: new.contact_tags,
            mfa_required: new.mfa_required,
        }
    }

    pub(super) fn into_person(self, fresh: Fresh) -> NewPerson {
        NewPerson {
            id: fresh.user,
            who: match self.who {
                Name::Employee(id) => Who::Employee(id),
                Name::Full(name) => Who::External(NameEdit::Full(name)),
                Name::Parts(first, last) => Who::External(NameEdit::Parts { first, last }),
            },
            email: self.email,
            phone_landline: self.phone_landline,
            phone_mobile: self.phone_mobile,
            locale: self.locale.as_deref().and_then(Language::parse),
            access: AccessWindow {
                from: self.from,
                until: self.until,
            },
            rights: SaidRights {
                role: self.role,
                sections: self.sections,
            },
            entity: self.entity,
            contact_tags: self.contact_tags,
            access_code: None,
            mfa_required: self.mfa_required,
            start: Start::Invitation {
                id: fresh.invitation,
                token: fresh.token,
            },
        }
    }

    pub(super) fn to_text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| corrupt(&error))
    }

    /// Reads what [`Draft::to_text`] gives; `None` of anything else.
    pub(super) fn parse(text: Option<&str>) -> Option<Self> {
        serde_json::from_str(text?).ok()
    }
}

fn corrupt(error: &serde_json::Error) -> Error {
    storage::Error::Corrupt(format!("draft of an import: {error}")).into()
}
