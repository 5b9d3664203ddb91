//! Which rule refused a request, and who can mend it.

use crate::directory::Refusal;
use crate::directory::request_log::NO_ANSWER;
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
        let typed = ScimType::ALL
            .into_iter()
            .find(|known| Some(known.as_str()) == scim_type)
            .map(of_type);
        let (code, rule, who_can_fix) = match (status, typed) {
            (..400, _) => return None,
            (_, Some(typed)) => typed,
            (404, None) => NOT_FOUND,
            (408, None) => BODY_LATE,
            (409, None) => (
                "conflict",
                "A rule of the tenant says no; the detail says which.",
                COMPANY,
            ),
            (412, None) => PRECONDITION,
            (NO_ANSWER, None) => UNANSWERED,
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
const BODY_LATE: Told = (
    "request_timeout",
    "A body arrives without long pauses: the gateway has stopped waiting for the rest of it.",
    IDP,
);
const UNANSWERED: Told = (
    "no_answer",
    "No answer was sent: the client went away, or the time limit was reached. What was written by then stands.",
    SUPPORT,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: u16, scim_type: Option<&str>) -> Option<&'static str> {
        Refused::of_answer(status, scim_type).map(|refused| refused.code)
    }

    #[test]
    fn every_keyword_of_an_answer_leads_to_its_own_rule() {
        for scim_type in ScimType::ALL {
            let told = Refused::of_answer(400, Some(scim_type.as_str())).expect("a refusal");
            assert_eq!((told.code, told.rule, told.who_can_fix), of_type(scim_type));
        }
        assert_eq!(code(400, Some("somethingElse")), Some("protocol"));
        assert_eq!(code(200, None), None);
    }

    #[test]
    fn what_was_not_answered_has_a_rule_of_its_own() {
        let gone = Refused::of_answer(NO_ANSWER, None).expect("a refusal");
        assert_eq!((gone.code, gone.who_can_fix), ("no_answer", SUPPORT));
        let late = Refused::of_answer(408, None).expect("a refusal");
        assert_eq!((late.code, late.who_can_fix), ("request_timeout", IDP));
        assert_eq!(code(503, None), Some("unavailable"));
    }
}
