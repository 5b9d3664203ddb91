//! The sign-in at the provider that an assertion speaks of, and the provider's session (SAML core 2.7.2).

use jiff::Timestamp;
use roxmltree::Node;

use super::{Judge, absent, instant};
use crate::directory::Code;
use crate::sso::saml::{SamlRefusal, xml};

/// The provider's session.
pub(super) struct ProviderSession {
    /// When it ends, where the provider says so; the earliest of several.
    pub ends: Option<Timestamp>,
    /// What the provider calls it; the first of several.
    pub index: Option<String>,
}

/// Judges the statements about a sign-in. Without one, nobody says that the person has signed in at all.
pub(super) fn judge(assertion: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<ProviderSession, SamlRefusal> {
    let mut statements = Vec::new();
    for statement in xml::children(assertion, xml::ASSERTION, "AuthnStatement") {
        let began = instant::require(statement, "AuthnInstant", "authn_instant")?;
        judge.has_come("authn_instant", began)?;
        let ends = instant::read(statement, "SessionNotOnOrAfter", "session_not_on_or_after")?;
        if let Some(ends) = ends {
            // Without the skew: a session that has ended by our clock is none.
            judge.check(
                Code::SamlExpired,
                "session_not_on_or_after",
                &format!("after {}", judge.expected.now),
                Some(&ends.to_string()),
                ends > judge.expected.now,
            )?;
        }
        statements.push((ends, statement.attribute("SessionIndex")));
    }
    if statements.is_empty() {
        return Err(absent("authn_statement", "AuthnStatement"));
    }
    Ok(ProviderSession {
        ends: statements.iter().filter_map(|(ends, _)| *ends).min(),
        index: statements.iter().find_map(|(_, index)| *index).map(str::to_owned),
    })
}
