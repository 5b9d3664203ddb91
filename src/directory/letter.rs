//! What a mail says, before anybody has put it into words. It waits sealed in the outbox.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::TenantId;
use super::language::Language;

/// A mail by what it is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Letter {
    /// Somebody is invited to choose a password.
    Invitation {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// The reader's name.
        name: String,
        /// What the link carries: whoever holds it can accept.
        token: String,
        /// From when on the link is void.
        expires_at: Timestamp,
    },
    /// Somebody has an account, and an administrator hands them a temporary password, which is not in the letter.
    Welcome {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// Its name in URLs.
        slug: String,
        /// The reader's name.
        name: String,
        /// Who helps people of the tenant to get in for the first time.
        contact: Option<String>,
    },
    /// Somebody has asked for a link by which a password is set.
    PasswordReset {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// The reader's name.
        name: String,
        /// What the link carries: whoever holds it can set the password.
        token: String,
        /// The reader has not accepted their invitation yet, and does so by this link.
        activates: bool,
        /// From when on the link is void.
        expires_at: Timestamp,
    },
    /// Somebody's password was changed.
    PasswordChanged {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// The reader's name.
        name: String,
        /// An administrator has done it, and not the reader.
        by_administrator: bool,
        /// When.
        at: Timestamp,
    },
    /// Somebody has signed in with the break-glass account.
    BreakGlassUsed {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// The account's userName.
        account: String,
        /// When.
        at: Timestamp,
    },
    /// Somebody signs in by another address from now on; they are told at the old one.
    AddressChanged {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// The reader's name.
        name: String,
        /// Where the tenant's people are sent for help.
        support: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Somebody became the break-glass account, or is it no more.
    BreakGlass {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// The account's userName.
        account: String,
        /// Whether it is the break-glass account now.
        enabled: bool,
        /// The userName of who has done it; `None` for the operator.
        by: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Somebody has enrolled an authenticator app, or removed theirs.
    MfaChanged {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// They have one now.
        enrolled: bool,
        /// Where the tenant's people find help, where it says so.
        support_email: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Somebody's second factor was taken away by an administrator.
    MfaReset {
        /// The reader's.
        language: Language,
        /// The tenant's name for people.
        tenant: String,
        /// Where the tenant's people find help, where it says so.
        support_email: Option<String>,
        /// When.
        at: Timestamp,
    },
}

impl Letter {
    /// The word for it in storage.
    #[must_use]
    pub fn template(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::Welcome { .. } => "welcome",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::BreakGlassUsed { .. } => "break_glass_used",
            Self::AddressChanged { .. } => "address_changed",
            Self::BreakGlass { .. } => "break_glass",
            Self::MfaChanged { .. } => "mfa_changed",
            Self::MfaReset { .. } => "mfa_reset",
        }
    }

    /// What the sealed form of a letter belongs to.
    #[must_use]
    pub fn place(tenant: TenantId, recipient: &str) -> String {
        format!("mail of tenant {tenant} to {recipient}")
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.template())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_reads_back_and_prints_no_token() {
        let letter = Letter::Invitation {
            language: Language::French,
            tenant: "Acme".to_owned(),
            name: "Ada".to_owned(),
            token: "hush".to_owned(),
            expires_at: Timestamp::UNIX_EPOCH,
        };
        let text = serde_json::to_string(&letter).unwrap();
        assert!(text.contains("\"template\":\"invitation\"") && text.contains("\"language\":\"fr\""));
        assert_eq!(serde_json::from_str::<Letter>(&text).unwrap(), letter);
        assert!(!format!("{letter:?}").contains("hush"));
    }
}
