//! What is said about each code. Every text stands here and nowhere else.
//!
//! The texts are for people who are shut out and for the administrator whom they ask: they say what happened, not
//! which function failed, and name the setting to change. They promise nothing that only the trace can tell.

mod gateway;
mod oidc;
mod person;
mod saml;
#[cfg(test)]
mod tests;

use super::code::Code;
use crate::directory::language::Text;

/// Somebody who can mend a refused sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhoCanFix {
    /// The person who is signing in.
    Person,
    /// The administrator of the person's tenant.
    CompanyAdministrator,
    /// Who runs the company's identity provider.
    IdpAdministrator,
    /// The support of the software behind the gateway.
    Support,
}

impl WhoCanFix {
    /// Every one of them.
    pub const ALL: [Self; 4] = [
        Self::Person,
        Self::CompanyAdministrator,
        Self::IdpAdministrator,
        Self::Support,
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "user",
            Self::CompanyAdministrator => "company_administrator",
            Self::IdpAdministrator => "idp_administrator",
            Self::Support => "support",
        }
    }
}

/// What one of those who can mend it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// Who.
    pub who: WhoCanFix,
    /// What they do, as said to them.
    pub advice: Text,
}

/// Everything about one code.
pub(super) struct Entry {
    code: Code,
    pub(super) status: u16,
    pub(super) message: Text,
    pub(super) cause: Text,
    pub(super) remedies: &'static [Remedy],
}

/// The entries of a family. Each text is English, then French.
macro_rules! entries {
    ($($code:ident $status:literal {
        message: $message:literal, $message_french:literal;
        cause: $cause:literal, $cause_french:literal;
        $($who:ident: $advice:literal, $advice_french:literal;)+
    })*) => {
        pub(super) const ENTRIES: &[Entry] = &[$(Entry {
            code: Code::$code,
            status: $status,
            message: Text { english: $message, french: $message_french },
            cause: Text { english: $cause, french: $cause_french },
            remedies: &[$(Remedy {
                who: WhoCanFix::$who,
                advice: Text { english: $advice, french: $advice_french },
            },)+],
        },)*];
    };
}
use entries;

/// The entries in the order of the codes. A code without an entry, or with two, does not compile.
pub(super) static CATALOGUE: [&Entry; Code::ALL.len()] = {
    let families = [gateway::ENTRIES, oidc::ENTRIES, saml::ENTRIES, person::ENTRIES];
    let mut places: [Option<&Entry>; Code::ALL.len()] = [None; Code::ALL.len()];
    let mut family = 0;
    while family < families.len() {
        let mut at = 0;
        while at < families[family].len() {
            let entry = &families[family][at];
            assert!(places[entry.code as usize].is_none(), "a code has two entries");
            places[entry.code as usize] = Some(entry);
            at += 1;
        }
        family += 1;
    }
    let mut catalogue = [&gateway::ENTRIES[0]; Code::ALL.len()];
    let mut at = 0;
    while at < catalogue.len() {
        catalogue[at] = places[at].expect("a code has no entry");
        at += 1;
    }
    catalogue
};
