//! What a letter says in the reader's language.

mod local;

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
    /// What there is to do.
    pub link: Option<Link>,
    pub notes: Vec<String>,
}

/// An address to go to.
pub(super) struct Link {
    /// What it does.
    pub action: &'static str,
    pub address: String,
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
            let (address, until) = (&outgoing.recipient, moment(*expires_at, *language));
            let link = format!("{public_url}/invitation?token={token}");
            local::invitation(*language, tenant, name, address, link, &until)
        }
        Letter::Welcome {
            language,
            tenant,
            slug,
            name,
            contact,
        } => {
            let link = format!("{public_url}/login/{slug}");
            let address = &outgoing.recipient;
            local::welcome(*language, tenant, name, address, link, contact.as_deref())
        }
        Letter::AddressChanged {
            language,
            tenant,
            name,
            support,
            at,
        } => address_changed(*language, tenant, name, support.as_deref(), *at),
        Letter::BreakGlass {
            language,
            tenant,
            account,
            enabled,
            by,
            at,
        } => break_glass(*language, tenant, account, *enabled, by.as_deref(), *at),
        Letter::MfaChanged {
            language,
            tenant,
            enrolled,
            support_email,
            at,
        } => {
            let at = moment(*at, *language);
            local::mfa_changed(*language, tenant, *enrolled, support_email.as_deref(), &at)
        }
        Letter::MfaReset {
            language,
            tenant,
            support_email,
            at,
        } => mfa_reset(*language, tenant, support_email.as_deref(), *at),
        Letter::PasswordReset {
            language,
            tenant,
            name,
            token,
            activates,
            expires_at,
        } => {
            let link = format!("{public_url}/reset?token={token}");
            let until = moment(*expires_at, *language);
            local::reset(*language, tenant, name, link, *activates, &until)
        }
        Letter::PasswordChanged {
            language,
            tenant,
            name,
            by_administrator,
            at,
        } => local::changed(
            *language,
            tenant,
            name,
            *by_administrator,
            &moment(*at, *language),
        ),
        Letter::BreakGlassUsed {
            language,
            tenant,
            account,
            at,
        } => local::break_glass_used(*language, tenant, account, &moment(*at, *language)),
    }
}

fn address_changed(
    language: Language,
    tenant: &str,
    name: &str,
    support: Option<&str>,
    at: Timestamp,
) -> Words {
    let at = moment(at, language);
    match language {
        Language::English => {
            let help = support.unwrap_or("your administrator");
            Words {
                language,
                subject: format!("Your e-mail address at {tenant} has changed"),
                greeting: format!("Hello {name},"),
                lead: format!(
                    "The account that you have at {tenant} belongs to another e-mail address now ({at}). You sign in with \
                     that address, and further messages go there."
                ),
                link: None,
                notes: vec![format!("If you did not expect this, turn to {help} at once.")],
            }
        }
        Language::French => {
            let help = support.unwrap_or("votre administrateur");
            Words {
                language,
                subject: format!("Votre adresse e-mail chez {tenant} a changé"),
                greeting: format!("Bonjour {name},"),
                lead: format!(
                    "Le compte que vous avez chez {tenant} porte désormais une autre adresse e-mail ({at}). Vous vous \
                     connectez avec cette adresse, et les messages suivants y seront envoyés."
                ),
                link: None,
                notes: vec![format!(
                    "Si vous ne vous y attendiez pas, adressez-vous sans attendre à {help}."
                )],
            }
        }
    }
}

fn break_glass(
    language: Language,
    tenant: &str,
    account: &str,
    enabled: bool,
    by: Option<&str>,
    at: Timestamp,
) -> Words {
    let at = moment(at, language);
    match language {
        Language::English => {
            let by = by.unwrap_or("the operator of this service");
            let (subject, lead) = if enabled {
                (
                    format!("{tenant} has a new break-glass account"),
                    format!(
                        "{account} is the break-glass account of {tenant} now: {by} has set the flag ({at})."
                    ),
                )
            } else {
                (
                    format!("{tenant} has no break-glass account any more"),
                    format!(
                        "{account} is not the break-glass account of {tenant} any more: {by} has taken the flag \
                             away ({at})."
                    ),
                )
            };
            Words {
                language,
                subject,
                greeting: "Hello,".to_owned(),
                lead,
                link: None,
                notes: vec![
                    "The break-glass account is the one administrator who may sign in by password although single \
                     sign-on is enforced."
                        .to_owned(),
                    "Everybody who administers the whole organisation receives this message. If you did not expect it, \
                     look into it at once."
                        .to_owned(),
                ],
            }
        }
        Language::French => {
            let by = by.unwrap_or("l’opérateur de ce service");
            let (subject, lead) = if enabled {
                (
                    format!("{tenant} a un nouveau compte de secours"),
                    format!(
                        "{account} est maintenant le compte de secours de {tenant}\u{a0}: {by} lui a donné cette \
                             qualité ({at})."
                    ),
                )
            } else {
                (
                    format!("{tenant} n’a plus de compte de secours"),
                    format!(
                        "{account} n’est plus le compte de secours de {tenant}\u{a0}: {by} lui a retiré cette \
                             qualité ({at})."
                    ),
                )
            };
            Words {
                language,
                subject,
                greeting: "Bonjour,".to_owned(),
                lead,
                link: None,
                notes: vec![
                    "Le compte de secours est celui du seul administrateur qui puisse se connecter par mot de passe alors \
                     que l’authentification unique est imposée."
                        .to_owned(),
                    "Toutes les personnes qui administrent l’organisation entière reçoivent ce message. Si vous ne vous y \
                     attendiez pas, vérifiez sans attendre."
                        .to_owned(),
                ],
            }
        }
    }
}

fn mfa_reset(language: Language, tenant: &str, support: Option<&str>, at: Timestamp) -> Words {
    let at = moment(at, language);
    match language {
        Language::English => {
            let whom = support.map_or_else(
                || "your administrator".to_owned(),
                |address| format!("your administrator or {address}"),
            );
            Words {
                language,
                subject: format!("Your second factor for {tenant} was reset"),
                greeting: "Hello,".to_owned(),
                lead: format!(
                    "An administrator has reset your second factor for {tenant} ({at}). Your authenticator app and your \
                     recovery codes are not good for signing in there any more, and you were signed out everywhere."
                ),
                link: None,
                notes: vec![
                    "When you need a second factor, the next sign-in shows a new QR code for your app. Take the old \
                     entry out of the app."
                        .to_owned(),
                    format!("If you did not ask for this, tell {whom} at once, and change your password."),
                ],
            }
        }
        Language::French => {
            let whom = support.map_or_else(
                || "votre administrateur".to_owned(),
                |address| format!("votre administrateur ou {address}"),
            );
            Words {
                language,
                subject: format!("Votre second facteur pour {tenant} a été réinitialisé"),
                greeting: "Bonjour,".to_owned(),
                lead: format!(
                    "Un administrateur a réinitialisé votre second facteur pour {tenant} ({at}). Votre application \
                     d’authentification et vos codes de secours ne permettent plus de vous y connecter, et vous avez été \
                     déconnecté partout."
                ),
                link: None,
                notes: vec![
                    "Si un second facteur vous est demandé, la prochaine connexion affichera un nouveau code QR pour \
                     votre application. Supprimez-y l’ancienne entrée."
                        .to_owned(),
                    format!(
                        "Si vous n’avez rien demandé, prévenez {whom} sans attendre et changez votre mot de passe."
                    ),
                ],
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
fn moment(at: Timestamp, language: Language) -> String {
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
    use uuid::Uuid;

    #[test]
    fn the_alert_says_who_did_what_to_which_account_in_both_languages() {
        let at: Timestamp = "2026-08-01T04:05:00Z".parse().unwrap();
        let words = |language, enabled, by: Option<&str>| {
            let letter = Letter::BreakGlass {
                language,
                tenant: "Acme".to_owned(),
                account: "ada@acme.example".to_owned(),
                enabled,
                by: by.map(str::to_owned),
                at,
            };
            let (id, recipient) = (Uuid::nil(), "grace@acme.example".to_owned());
            let written_at = at;
            of(
                &Outgoing {
                    id,
                    written_at,
                    recipient,
                    letter,
                },
                "https://id.example",
            )
        };
        for (language, enabled, by, subject, lead) in [
            (
                Language::English,
                true,
                Some("bob"),
                "Acme has a new break-glass account",
                "ada@acme.example is the break-glass account of Acme now: bob has set the flag (1 August 2026, 04:05 \
                 UTC).",
            ),
            (
                Language::English,
                false,
                None,
                "Acme has no break-glass account any more",
                "ada@acme.example is not the break-glass account of Acme any more: the operator of this service has \
                 taken the flag away (1 August 2026, 04:05 UTC).",
            ),
            (
                Language::French,
                true,
                None,
                "Acme a un nouveau compte de secours",
                "ada@acme.example est maintenant le compte de secours de Acme\u{a0}: l’opérateur de ce service lui a donné \
                 cette qualité (1er août 2026 à 04:05 UTC).",
            ),
            (
                Language::French,
                false,
                Some("bob"),
                "Acme n’a plus de compte de secours",
                "ada@acme.example n’est plus le compte de secours de Acme\u{a0}: bob lui a retiré cette qualité (1er \
                 août 2026 à 04:05 UTC).",
            ),
        ] {
            let words = words(language, enabled, by);
            assert_eq!((words.subject.as_str(), words.lead.as_str()), (subject, lead));
            assert!(words.link.is_none() && words.language == language);
        }
    }

    #[test]
    fn whoever_lost_a_second_factor_reads_what_happened_and_whom_to_tell() {
        let words = |language, support: Option<&str>| {
            let letter = Letter::MfaReset {
                language,
                tenant: "Acme".to_owned(),
                support_email: support.map(str::to_owned),
                at: "2026-08-01T04:05:00Z".parse().unwrap(),
            };
            let outgoing = Outgoing {
                id: Uuid::nil(),
                written_at: Timestamp::UNIX_EPOCH,
                recipient: "ada@acme.example".to_owned(),
                letter,
            };
            of(&outgoing, "https://id.example")
        };
        let english = words(Language::English, Some("help@acme.example"));
        assert_eq!(english.subject, "Your second factor for Acme was reset");
        assert!(
            english.lead.contains("(1 August 2026, 04:05 UTC)"),
            "{}",
            english.lead
        );
        assert!(english.notes[1].contains("your administrator or help@acme.example"));
        let french = words(Language::French, None);
        assert_eq!(
            french.subject,
            "Votre second facteur pour Acme a été réinitialisé"
        );
        assert!(
            french.lead.contains("(1er août 2026 à 04:05 UTC)"),
            "{}",
            french.lead
        );
        assert!(
            french.notes[1].contains("prévenez votre administrateur sans"),
            "{}",
            french.notes[1]
        );
    }

    #[test]
    fn a_moment_is_written_as_the_language_has_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            moment(at("2026-08-01T04:05:59Z"), Language::English),
            "1 August 2026, 04:05 UTC"
        );
        assert_eq!(
            moment(at("2026-08-01T04:05:59Z"), Language::French),
            "1er août 2026 à 04:05 UTC"
        );
        assert_eq!(
            moment(at("2026-12-31T23:59:00Z"), Language::French),
            "31 décembre 2026 à 23:59 UTC"
        );
    }
}
