//! What a tenant sets for itself: where and how its people live and work, and which ways in it offers.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, tz};
use serde::{Deserialize, Serialize};

use super::credential::CredentialRefusal;
use super::language::Language;
use super::mailbox::MailboxRules;
use super::phone::Country;
use super::refusal::Refusal;

/// How long deleted people stay, in days.
pub const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=3650;

/// The settings of a tenant. What is absent where they are stored has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// Where its days begin and end.
    pub time_zone: Zone,
    /// The language of mail to people who have none of their own.
    pub locale: Language,
    /// The country of telephone numbers that name none.
    pub country: Option<Country>,
    /// An e-mail address: who helps people to get in for the first time.
    pub onboarding_contact: Option<String>,
    /// In which ways a new person gets a password; never empty, each once.
    pub activation: Vec<Activation>,
    /// Its own word on which mailboxes belong to departments.
    pub departmental_mailboxes: MailboxRules,
    /// How many days a deleted person can be restored; one of [`RETENTION_DAYS`].
    pub retention_days: u32,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            time_zone: Zone::default(),
            locale: Language::default(),
            country: None,
            onboarding_contact: None,
            activation: Activation::ALL.to_vec(),
            departmental_mailboxes: MailboxRules::default(),
            retention_days: 30,
        }
    }
}

impl TenantSettings {
    /// Whether a new person may get their password in this way.
    ///
    /// # Errors
    /// [`CredentialRefusal::TemporaryPasswordNotOffered`], [`CredentialRefusal::TemporaryPasswordRequired`]: in the other
    /// one alone.
    pub fn check_activation(&self, way: Activation) -> Result<(), Refusal> {
        if self.activation.contains(&way) {
            return Ok(());
        }
        Err(match way {
            Activation::TemporaryPassword => CredentialRefusal::TemporaryPasswordNotOffered.into(),
            Activation::Invitation => CredentialRefusal::TemporaryPasswordRequired.into(),
        })
    }
}

/// A way in which a new person gets a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// The person chooses it by a link that is sent to them.
    Invitation,
    /// An administrator gives one that has to be changed at the first login.
    TemporaryPassword,
}

impl Activation {
    /// Every way, the default first.
    pub const ALL: [Self; 2] = [Self::Invitation, Self::TemporaryPassword];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::TemporaryPassword => "temporary_password",
        }
    }

    /// Reads the word that [`Activation::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// A time zone by its name in the IANA database, which is compiled in. UTC unless another is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// What [`Zone::parse`] accepts, for error texts.
    pub const ACCEPTED: &str = "a time zone of the IANA database, Europe/Paris";

    /// Reads a name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("UTC") {
            return Some(Self::default());
        }
        tz::db().get(name).ok().map(Self)
    }

    /// The name, as the database writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day of a moment.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Date {
        self.0.to_datetime(at).date()
    }

    /// The first moment of a day; where the clocks skip midnight, the first that there is. `None` beyond what times
    /// can say.
    #[must_use]
    pub fn beginning_of(&self, day: Date) -> Option<Timestamp> {
        Some(day.to_zoned(self.0.clone()).ok()?.timestamp())
    }
}

impl TryFrom<String> for Zone {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name).ok_or(Self::ACCEPTED)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_there_were_settings_has_the_defaults() {
        let settings: TenantSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, TenantSettings::default());
        assert_eq!(settings.time_zone.name(), "UTC");
        assert_eq!(
            settings.activation,
            [Activation::Invitation, Activation::TemporaryPassword]
        );
        let other = TenantSettings {
            time_zone: Zone::parse("europe/paris").unwrap(),
            locale: Language::French,
            country: Country::parse("fr"),
            retention_days: 7,
            ..TenantSettings::default()
        };
        let text = serde_json::to_string(&other).unwrap();
        assert!(
            text.contains("\"Europe/Paris\"") && text.contains("\"FR\""),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<TenantSettings>(&text).unwrap(), other);
    }

    #[test]
    fn a_new_person_gets_a_password_in_the_ways_that_the_tenant_offers() {
        let (invited, given) = (Activation::Invitation, Activation::TemporaryPassword);
        let not_offered = Err(CredentialRefusal::TemporaryPasswordNotOffered.into());
        let required = Err(CredentialRefusal::TemporaryPasswordRequired.into());
        for (offered, way, expected) in [
            (vec![invited, given], invited, Ok(())),
            (vec![invited, given], given, Ok(())),
            (vec![invited], invited, Ok(())),
            (vec![invited], given, not_offered),
            (vec![given], given, Ok(())),
            (vec![given], invited, required),
        ] {
            let settings = TenantSettings {
                activation: offered,
                ..TenantSettings::default()
            };
            assert_eq!(settings.check_activation(way), expected, "{settings:?}");
        }
    }

    #[test]
    fn a_zone_is_one_of_the_database() {
        for known in ["UTC", "Europe/Paris", "America/New_York", "Pacific/Auckland"] {
            assert_eq!(Zone::parse(known).unwrap().name(), known);
        }
        for other in ["", "Mars/Olympus", "+02:00", "CET+1", "../etc/passwd"] {
            assert_eq!(Zone::parse(other), None, "{other}");
        }
    }

    #[test]
    fn days_begin_where_the_tenant_is_also_when_the_clocks_change() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        let paris = Zone::parse("Europe/Paris").unwrap();
        // 23 and 25 hours long.
        for (name, begins) in [
            ("2026-03-29", "2026-03-28T23:00:00Z"),
            ("2026-03-30", "2026-03-29T22:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z"),
            ("2026-10-26", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(paris.beginning_of(day(name)), Some(at(begins)), "{name}");
            assert_eq!(paris.day_of(at(begins)), day(name));
            let before = at(begins) - jiff::SignedDuration::from_nanos(1);
            assert_eq!(paris.day_of(before), day(name).yesterday().unwrap());
        }
        // In Santiago midnight is skipped on this day.
        let santiago = Zone::parse("America/Santiago").unwrap();
        let first = santiago.beginning_of(day("2026-09-06")).unwrap();
        assert_eq!(santiago.day_of(first), day("2026-09-06"));
        assert_eq!(
            santiago.day_of(first - jiff::SignedDuration::from_nanos(1)),
            day("2026-09-05")
        );
    }
}
