//! The fields of a person, for whoever makes or changes one: each check says what is accepted, and all of it is told at
//! once.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::body::Fields;
use crate::directory::email::is_address;
use crate::directory::phone;
use crate::directory::{Catalogue, Language, PersonId, Refusal, Slug, TenantSettings};

/// How many tags a person may have.
const MOST_TAGS: usize = 20;
/// How long an access code is, in characters.
const ACCESS_CODE: std::ops::RangeInclusive<usize> = 4..=32;

/// What fields of a person are judged by.
pub(super) struct Form<'f> {
    /// The tenant's settings.
    pub settings: &'f TenantSettings,
    /// The tenant's sections and permission groups.
    pub catalogue: &'f Catalogue,
}

impl Form<'_> {
    /// A telephone number; a blank one is none.
    pub(super) fn phone(
        &self,
        fields: &mut Fields,
        field: &'static str,
        text: Option<&str>,
    ) -> Option<String> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        let number = phone::normalise(text, self.settings.country);
        if number.is_none() {
            fields.refuse(field, phone::accepted(self.settings.country));
        }
        number
    }

    /// Sections, opened, closed or left to the permission group.
    pub(super) fn sections(
        &self,
        fields: &mut Fields,
        sections: Option<BTreeMap<String, Option<bool>>>,
    ) -> Vec<(String, Option<bool>)> {
        let sections: Vec<_> = sections.unwrap_or_default().into_iter().collect();
        for (key, _) in &sections {
            let field = format!("sections.{key}");
            if let Err(refusal) = self.catalogue.check_section(&field, key) {
                fields.refuse_as(
                    refusal.code(),
                    field,
                    "the tenant has no such section (GET .../sections)",
                );
            }
        }
        sections
    }

    /// A permission group.
    pub(super) fn role(&self, fields: &mut Fields, role: Option<&str>) {
        let Some(role) = role else { return };
        if let Err(refusal) = self.catalogue.check_role("role", role) {
            let known: Vec<&str> = self
                .catalogue
                .roles
                .iter()
                .map(|role| role.key.as_str())
                .collect();
            fields.refuse_as(refusal.code(), "role", format!("one of {}", known.join(", ")));
        }
    }
}

/// An address and the same again.
pub(super) fn email(
    fields: &mut Fields,
    settings: &TenantSettings,
    email: Option<String>,
    again: Option<&str>,
) -> String {
    let email = email.unwrap_or_default().trim().to_owned();
    if !is_address(&email) {
        fields.refuse("email", "an e-mail address, ada@example.com");
    } else if settings.departmental_mailboxes.is_departmental(&email) {
        let refusal = Refusal::DepartmentalMailbox(email.clone());
        fields.refuse_as(refusal.code(), "email", refusal.to_string());
    }
    match again.map(str::trim) {
        None => fields.refuse("email_confirmation", "the e-mail address again"),
        Some(again) if !again.eq_ignore_ascii_case(&email) => {
            fields.refuse_as(
                "email_mismatch",
                "email_confirmation",
                "not the same address as in email",
            );
        }
        Some(_) => {}
    }
    email
}

/// A day; `None` without one and for what is none.
pub(super) fn day(fields: &mut Fields, field: &'static str, text: Option<&str>) -> Option<Date> {
    let text = text?;
    let day = text.parse::<Date>().ok();
    // The parser knows more forms than this one.
    let day = day.filter(|day| day.to_string() == text);
    if day.is_none() {
        fields.refuse(field, "a day as YYYY-MM-DD");
    }
    day
}

/// One of the languages that there are.
pub(super) fn locale(fields: &mut Fields, tag: Option<&str>) -> Option<Language> {
    let tags = Language::ALL.map(Language::tag);
    tag.and_then(|tag| fields.word("locale", Language::parse(tag), &tags))
}

/// Contact tags, each once.
pub(super) fn tags(fields: &mut Fields, tags: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        if Slug::parse(&tag).is_none() {
            fields.refuse("contact_tags", format!("{tag:?} is not {}", Slug::ACCEPTED));
        } else if !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    if kept.len() > MOST_TAGS {
        fields.refuse("contact_tags", format!("up to {MOST_TAGS} tags"));
    }
    kept
}

/// A PIN or badge code: what can be typed, and no blank at its ends.
pub(super) fn access_code(fields: &mut Fields, code: Option<&str>) {
    let is_code = |code: &str| {
        ACCESS_CODE.contains(&code.chars().count())
            && !code.chars().any(char::is_control)
            && code.trim() == code
    };
    if !code.is_none_or(is_code) {
        fields.refuse(
            "access_code",
            "4 to 32 characters, none of them a control character, no blank first or last",
        );
    }
}

/// An id of the roster; what is none is nobody's.
pub(super) fn person_id(fields: &mut Fields, id: Option<&str>) -> Option<PersonId> {
    let id = id?;
    let read = id.parse::<PersonId>().ok();
    if read.is_none() {
        let refusal = Refusal::UnknownPerson;
        fields.refuse_as(
            refusal.code(),
            "person_id",
            "nobody of the roster (GET .../people)",
        );
    }
    read
}
