//! What a tenant sets for itself, as the API shows and takes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Fields;
use super::super::users::languages;
use crate::accounts::tenants::SettingsPatch;
use crate::directory::email::is_address;
use crate::directory::mailbox::MailboxRules;
use crate::directory::settings::RETENTION_DAYS;
use crate::directory::{Activation, Country, Language, TenantSettings, Zone};

/// How many names of departments a tenant may add, and take away.
const MOST_NAMES: usize = 200;

/// What a tenant sets for itself.
#[derive(Serialize, ToSchema)]
pub(super) struct SettingsView {
    /// Where days of access begin and end: a name of the IANA database.
    time_zone: String,
    /// The language of mail to people who have none of their own.
    #[schema(schema_with = languages)]
    locale: &'static str,
    /// The country of telephone numbers that name none, by its two letters.
    country: Option<String>,
    /// Who helps people to get in for the first time.
    onboarding_contact: Option<String>,
    /// In which ways a new person gets a password, the default first.
    activation: Vec<&'static str>,
    departmental_mailboxes: MailboxRulesBody,
    /// How many days a deleted person can be restored.
    retention_days: u32,
}

impl From<TenantSettings> for SettingsView {
    fn from(settings: TenantSettings) -> Self {
        Self {
            time_zone: settings.time_zone.name().to_owned(),
            locale: settings.locale.tag(),
            country: settings.country.map(|country| country.code().to_owned()),
            onboarding_contact: settings.onboarding_contact,
            activation: settings.activation.into_iter().map(Activation::as_str).collect(),
            departmental_mailboxes: MailboxRulesBody {
                added: settings.departmental_mailboxes.added,
                removed: settings.departmental_mailboxes.removed,
            },
            retention_days: settings.retention_days,
        }
    }
}

/// The tenant's word on which mailboxes belong to departments, besides the list that everybody has.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = MailboxRules)]
#[serde(deny_unknown_fields)]
pub(super) struct MailboxRulesBody {
    /// Further names, as they stand before the `@`.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub added: Vec<String>,
    /// Names that are nobody's department here.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub removed: Vec<String>,
}

/// What is said of the settings; what is not stays.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(super) struct Said {
    pub time_zone: Option<String>,
    pub locale: Option<String>,
    pub country: Option<Option<String>>,
    pub onboarding_contact: Option<Option<String>>,
    pub activation: Option<Vec<String>>,
    pub departmental_mailboxes: Option<MailboxRulesBody>,
    pub retention_days: Option<u32>,
}

impl Said {
    /// Checks every field.
    pub(super) fn check(self, fields: &mut Fields) -> SettingsPatch {
        let time_zone = self.time_zone.as_deref().map(Zone::parse);
        if time_zone == Some(None) {
            fields.refuse("time_zone", Zone::ACCEPTED);
        }
        let tags = Language::ALL.map(Language::tag);
        let locale = self.locale.as_deref();
        let locale = locale.and_then(|tag| fields.word("locale", Language::parse(tag), &tags));
        let country = self.country.map(|code| code.map(|code| Country::parse(&code)));
        if country == Some(Some(None)) {
            fields.refuse("country", Country::ACCEPTED);
        }
        let contact = self.onboarding_contact;
        if !contact.iter().flatten().all(|address| is_address(address)) {
            fields.refuse("onboarding_contact", "an e-mail address, start@example.com");
        }
        let days = self.retention_days;
        if !days.iter().all(|days| RETENTION_DAYS.contains(days)) {
            fields.refuse("retention_days", "a number from 1 to 3650");
        }
        SettingsPatch {
            time_zone: time_zone.flatten(),
            locale,
            country: country.map(Option::flatten),
            onboarding_contact: contact,
            activation: self.activation.map(|words| ways(fields, &words)),
            departmental_mailboxes: self.departmental_mailboxes.map(|rules| names(fields, rules)),
            retention_days: days,
        }
    }
}

/// Ways of activation, each once and the default first.
fn ways(fields: &mut Fields, words: &[String]) -> Vec<Activation> {
    let known: Option<Vec<Activation>> = words.iter().map(|word| Activation::parse(word)).collect();
    match known {
        Some(known) if !known.is_empty() => {
            let chosen = Activation::ALL.into_iter().filter(|way| known.contains(way));
            chosen.collect()
        }
        _ => {
            fields.refuse("activation", "one or both of invitation, temporary_password");
            Vec::new()
        }
    }
}

fn names(fields: &mut Fields, rules: MailboxRulesBody) -> MailboxRules {
    let mut read = |field: &'static str, names: Vec<String>| {
        let mut kept = Vec::new();
        for (place, name) in names.iter().enumerate() {
            match MailboxRules::read_name(name) {
                Some(name) if kept.contains(&name) => {}
                Some(name) => kept.push(name),
                None => fields.refuse(
                    format!("{field}[{place}]"),
                    "what stands before the @: 1 to 64 letters or digits, a letter among them",
                ),
            }
        }
        if kept.len() > MOST_NAMES {
            fields.refuse(field, format!("at most {MOST_NAMES}"));
        }
        kept
    };
    MailboxRules {
        added: read("departmental_mailboxes.added", rules.added),
        removed: read("departmental_mailboxes.removed", rules.removed),
    }
}
