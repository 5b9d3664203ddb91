//! Which rule refused a request, and who can mend it.

use crate::directory::Refusal;
use crate::provisioning::error::Error;
use crate::scim::error::ScimType;

/// The rule that refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// A stable name of the rule.
    pub code: &'static str,
    /// The rule, in a sentence.
    pub rule: &'static str,
    /// Who can mend it: `idp_administrator`, `company_administrator` or `support`.
    pub who_can_fix: &'static str,
}

impl Refused {
    /// The rule behind an answer of the past, as far as its status and `scimType` tell it; `None` when it was no refusal.
    #[must_use]
    pub fn of_answer(status: u16, scim_type: Option<&str>) -> Option<Self> {
        let known = [
            ScimType::InvalidFilter,
            ScimType::TooMany,
            ScimType::Uniqueness,
            ScimType::Mutability,
            ScimType::InvalidSyntax,
            ScimType::InvalidPath,
            ScimType::NoTarget,
            ScimType::InvalidValue,
            ScimType::InvalidVers,
            ScimType::Sensitive,
        ];
        let typed = known
            .into_iter()
            .find(|known| Some(known.as_str()) == scim_type)
            .map(of_type);
        let (code, rule, who_can_fix) = match (status, typed) {
            (..400, _) => return None,
            (_, Some(typed)) => typed,
            (404, None) => NOT_FOUND,
            (409, None) => (
                "conflict",
                "A rule of the tenant says no; the detail says which.",
                COMPANY,
            ),
            (412, None) => PRECONDITION,
            (500.., None) => STORAGE,
            _ => PROTOCOL,
        };
        Some(Self {
            code,
            rule,
            who_can_fix,
        })
    }
}

/// Code, rule, who can fix it.
type Told = (&'static str, &'static str, &'static str);

const PROTOCOL: Told = (
    "protocol",
    "The request breaks the protocol before its content is looked at.",
    IDP,
);
const NOT_FOUND: Told = (
    "not_found",
    "The directory has no such resource: it was deleted, it belongs to another directory, or it never was.",
    IDP,
);
const PRECONDITION: Told = (
    "precondition_failed",
    "The resource is at another version than the one that If-Match or If-None-Match asks for.",
    IDP,
);
const STORAGE: Told = (
    "unavailable",
    "The gateway or its database could not carry the request out.",
    SUPPORT,
);

const IDP: &str = "idp_administrator";
const COMPANY: &str = "company_administrator";
const SUPPORT: &str = "support";

impl From<&Error> for Refused {
    fn from(error: &Error) -> Self {
        let (code, rule, who_can_fix) = match error {
            Error::Protocol(error) => match error.scim_type {
                Some(scim_type) => of_type(scim_type),
                None => PROTOCOL,
            },
            Error::Refused(refusal) => of_rule(refusal),
            Error::NotFound { .. } => NOT_FOUND,
            Error::PreconditionFailed { .. } => PRECONDITION,
            Error::SchemasChanged | Error::Storage(_) => STORAGE,
        };
        Self {
            code,
            rule,
            who_can_fix,
        }
    }
}

fn of_type(scim_type: ScimType) -> Told {
    let rule = match scim_type {
        ScimType::InvalidFilter => {
            "A filter follows the grammar, names attributes that are known and compares them as their types allow."
        }
        ScimType::TooMany => "A filter, a sort or a PATCH looks at no more than a bounded number of values.",
        ScimType::Uniqueness => "The value belongs to another resource.",
        ScimType::Mutability => {
            "A readOnly attribute is not written, an immutable one not changed, a required one not removed."
        }
        ScimType::InvalidSyntax => "A body is a JSON object of the form that the operation has.",
        ScimType::InvalidPath => "A PATCH path names an attribute that a schema of this directory has.",
        ScimType::NoTarget => {
            "A PATCH operation selects something: only an add, or a directory of kind entra, makes what is not there."
        }
        ScimType::InvalidValue => {
            "Each value fits its attribute: type, length, number, and what is required is there."
        }
        ScimType::InvalidCursor => {
            "A cursor is one that this gateway gave out for the same list, filter and order (RFC 9865)."
        }
        ScimType::ExpiredCursor => "A cursor is good for an hour; begin again with an empty one.",
        ScimType::InvalidCount => "A count is a whole number.",
        ScimType::InvalidVers => "The protocol version is 2.0.",
        ScimType::Sensitive => "Personal data does not stand in an address.",
    };
    (scim_type.as_str(), rule, IDP)
}

fn of_rule(refusal: &Refusal) -> Told {
    let (rule, who) = match refusal {
        Refusal::UserNameTaken { .. } => (
            "A userName belongs to one person of the tenant, compared without case, over all its directories.",
            IDP,
        ),
        Refusal::ExternalIdTaken { .. } => ("An externalId belongs to one person of the directory.", IDP),
        Refusal::GroupNameTaken { .. } => (
            "A displayName belongs to one group of the directory, compared without case.",
            IDP,
        ),
        Refusal::UnknownMember(_) => ("A member is a person or a group of the same directory.", IDP),
        Refusal::MemberOfItself => ("A group is not a member of itself.", IDP),
        Refusal::LastAdministrator => (
            "The tenant keeps one person who administers all of it: make another one an administrator first.",
            COMPANY,
        ),
        _ => ("A rule of the tenant says no; the detail says which.", COMPANY),
    };
    (refusal.code(), rule, who)
}
