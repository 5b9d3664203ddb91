//! Under which conditions an assertion may be used (SAML core 2.5).

use roxmltree::Node;

use super::{Judge, instant, invalid, require};
use crate::directory::Code;
use crate::sso::saml::{SamlRefusal, xml};
use crate::sso::shown::shown;

/// Judges the conditions, all of which have to hold. At least one has to say for whom the assertion is.
pub(super) fn judge(assertion: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<(), SamlRefusal> {
    let conditions = require(assertion, xml::ASSERTION, "Conditions", "conditions")?;
    let begins = instant::read(conditions, "NotBefore", "not_before")?;
    let ends = instant::read(conditions, "NotOnOrAfter", "not_on_or_after")?;
    if let (Some(begins), Some(ends)) = (begins, ends)
        && begins >= ends
    {
        let expected = "NotBefore before NotOnOrAfter";
        return Err(invalid("conditions", expected, &format!("{begins} to {ends}")));
    }
    if let Some(begins) = begins {
        judge.has_come("not_before", begins)?;
    }
    if let Some(ends) = ends {
        judge.is_ahead("not_on_or_after", ends)?;
    }
    let mut is_for_us = false;
    for condition in conditions.children().filter(Node::is_element) {
        let name = condition.tag_name();
        match (name.namespace(), name.name()) {
            (Some(xml::ASSERTION), "AudienceRestriction") => {
                check_audience(condition, judge)?;
                is_for_us = true;
            }
            // An assertion opens one session anyway, and we make none from it for others.
            (Some(xml::ASSERTION), "OneTimeUse" | "ProxyRestriction") => {}
            // What is not understood makes the assertion invalid (SAML core 2.5.1.1).
            (_, name) => {
                let expected = "AudienceRestriction, OneTimeUse and ProxyRestriction";
                return Err(invalid("conditions", expected, &shown(name)));
            }
        }
    }
    if is_for_us {
        return Ok(());
    }
    Err(SamlRefusal::new(Code::SamlBadAudience, "audience")
        .expected(judge.expected.entity_id)
        .received("no AudienceRestriction"))
}

/// One restriction: we are one of those whom it names. Several of them are a conjunction (SAML core 2.5.1.4).
fn check_audience(restriction: Node<'_, '_>, judge: &mut Judge<'_>) -> Result<(), SamlRefusal> {
    let named: Option<Vec<String>> = restriction
        .children()
        .filter(Node::is_element)
        .map(|audience| {
            let is_audience = audience.has_tag_name((xml::ASSERTION, "Audience"));
            // A URI in XML Schema: white space around it does not count.
            is_audience
                .then(|| xml::text(audience))?
                .map(|uri| uri.trim().to_owned())
        })
        .collect();
    let named = named.ok_or_else(|| invalid("audience", "Audience elements with one text each", "others"))?;
    judge.check(
        Code::SamlBadAudience,
        "audience",
        judge.expected.entity_id,
        Some(&named.join(", ")),
        named.iter().any(|uri| uri == judge.expected.entity_id),
    )
}
