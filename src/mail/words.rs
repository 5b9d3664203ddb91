//! What a letter says in the reader's language.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Outgoing;
use crate::directory::{Language, Letter};

/// A letter in words, in the order in which they are read.
pub(super) struct Words {
    pub language: Language,
    pub subject: String,
    pub greeting: String,
    pub lead: String,
    /// What the link does.
    pub action: &'static str,
    pub link: String,
    pub notes: Vec<String>,
}

pub(super) fn of(outgoing: &Outgoing, public_url: &str) -> Words {
    match &outgoing.letter {
        Letter::Invitation {
            language,
            tenant,
            name,
            token,
            expires_at,
        } => {
            let (address, until) = (&outgoing.recipient, until(*expires_at, *language));
            let link = format!("{public_url}/invitation?token={token}");
            match language {
                Language::English => Words {
                    language: *language,
                    subject: format!("Your access to {tenant}"),
                    greeting: format!("Hello {name},"),
                    lead: format!(
                        "{tenant} has opened an account for you. Choose a password first; from then on you sign in \
                         with {address} and that password."
                    ),
                    action: "Choose a password",
                    link,
                    notes: vec![
                        format!("The link can be used once, until {until}."),
                        "If you did not expect this message, you need not do anything.".to_owned(),
                    ],
                },
                Language::French => Words {
                    language: *language,
                    subject: format!("Votre accès à {tenant}"),
                    greeting: format!("Bonjour {name},"),
                    lead: format!(
                        "{tenant} vous a ouvert un compte. Choisissez d’abord un mot de passe\u{a0}; vous vous \
                         connecterez ensuite avec {address} et ce mot de passe."
                    ),
                    action: "Choisir un mot de passe",
                    link,
                    notes: vec![
                        format!("Ce lien ne peut servir qu’une fois, jusqu’au {until}."),
                        "Si vous n’attendiez pas ce message, vous n’avez rien à faire.".to_owned(),
                    ],
                },
            }
        }
    }
}

const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A moment as people read it. The reader's time zone is not known, so UTC is named.
fn until(at: Timestamp, language: Language) -> String {
    let time = TimeZone::UTC.to_datetime(at);
    match language {
        Language::English => time.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        Language::French => {
            let month = usize::try_from(time.month() - 1).ok();
            let month = month
                .and_then(|month| FRENCH_MONTHS.get(month))
                .copied()
                .unwrap_or_default();
            let day = if time.day() == 1 {
                "1er".to_owned()
            } else {
                time.day().to_string()
            };
            format!(
                "{day} {month} {} à {:02}:{:02} UTC",
                time.year(),
                time.hour(),
                time.minute()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_language_has_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            until(at("2026-08-01T04:05:59Z"), Language::English),
            "1 August 2026, 04:05 UTC"
        );
        assert_eq!(
            until(at("2026-08-01T04:05:59Z"), Language::French),
            "1er août 2026 à 04:05 UTC"
        );
        assert_eq!(
            until(at("2026-12-31T23:59:00Z"), Language::French),
            "31 décembre 2026 à 23:59 UTC"
        );
    }
}
