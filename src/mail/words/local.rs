//! Letters about passwords: how somebody gets their first one, and what becomes of it.

use super::{Link, Words};
use crate::directory::Language;

pub(super) fn invitation(
    language: Language,
    tenant: &str,
    name: &str,
    address: &str,
    link: String,
    until: &str,
) -> Words {
    match language {
        Language::English => Words {
            language,
            subject: format!("Your access to {tenant}"),
            greeting: format!("Hello {name},"),
            lead: format!(
                "{tenant} has opened an account for you. Choose a password first; from then on you sign in \
                 with {address} and that password."
            ),
            link: Some(Link {
                action: "Choose a password",
                address: link,
            }),
            notes: vec![
                format!("The link can be used once, until {until}."),
                "If you did not expect this message, you need not do anything.".to_owned(),
            ],
        },
        Language::French => Words {
            language,
            subject: format!("Votre accès à {tenant}"),
            greeting: format!("Bonjour {name},"),
            lead: format!(
                "{tenant} vous a ouvert un compte. Choisissez d’abord un mot de passe\u{a0}; vous vous \
                 connecterez ensuite avec {address} et ce mot de passe."
            ),
            link: Some(Link {
                action: "Choisir un mot de passe",
                address: link,
            }),
            notes: vec![
                format!("Ce lien ne peut servir qu’une fois, jusqu’au {until}."),
                "Si vous n’attendiez pas ce message, vous n’avez rien à faire.".to_owned(),
            ],
        },
    }
}

pub(super) fn welcome(
    language: Language,
    tenant: &str,
    name: &str,
    address: &str,
    page: String,
    contact: Option<&str>,
) -> Words {
    match language {
        Language::English => Words {
            language,
            subject: format!("Your access to {tenant}"),
            greeting: format!("Hello {name},"),
            lead: format!(
                "{tenant} has opened an account for you. Sign in with {address} and the temporary password that your \
                 administrator hands you; you choose your own right after."
            ),
            link: Some(Link {
                action: "Sign in",
                address: page,
            }),
            notes: vec![
                "The password is not sent by mail.".to_owned(),
                match contact {
                    Some(contact) => format!("If nobody has given it to you, ask {contact}."),
                    None => "If nobody has given it to you, ask your administrator.".to_owned(),
                },
            ],
        },
        Language::French => Words {
            language,
            subject: format!("Votre accès à {tenant}"),
            greeting: format!("Bonjour {name},"),
            lead: format!(
                "{tenant} vous a ouvert un compte. Connectez-vous avec {address} et le mot de passe temporaire que votre \
                 administrateur vous remet\u{a0}; vous choisirez le vôtre aussitôt après."
            ),
            link: Some(Link {
                action: "Se connecter",
                address: page,
            }),
            notes: vec![
                "Le mot de passe n’est pas envoyé par courrier électronique.".to_owned(),
                match contact {
                    Some(contact) => {
                        format!("Si personne ne vous l’a remis, adressez-vous à {contact}.")
                    }
                    None => "Si personne ne vous l’a remis, adressez-vous à votre administrateur.".to_owned(),
                },
            ],
        },
    }
}

pub(super) fn reset(
    language: Language,
    tenant: &str,
    name: &str,
    address: String,
    activates: bool,
    until: &str,
) -> Words {
    match language {
        Language::English => Words {
            language,
            subject: if activates {
                format!("Activate your access to {tenant}")
            } else {
                format!("A new password for {tenant}")
            },
            greeting: format!("Hello {name},"),
            lead: if activates {
                format!(
                    "{tenant} has opened an account for you that you have not used yet. Choose a password by this link, \
                     and your account is active."
                )
            } else {
                format!("Somebody has asked for a new password for your account at {tenant}. Choose it by this link.")
            },
            link: Some(Link {
                action: "Choose a password",
                address,
            }),
            notes: vec![
                format!("The link can be used once, until {until}."),
                "If it was not you who asked, you need not do anything: nothing is changed.".to_owned(),
            ],
        },
        Language::French => Words {
            language,
            subject: if activates {
                format!("Activez votre accès à {tenant}")
            } else {
                format!("Un nouveau mot de passe pour {tenant}")
            },
            greeting: format!("Bonjour {name},"),
            lead: if activates {
                format!(
                    "{tenant} vous a ouvert un compte que vous n’avez pas encore utilisé. Choisissez un mot de passe par \
                     ce lien et votre compte sera actif."
                )
            } else {
                format!(
                    "Un nouveau mot de passe a été demandé pour votre compte chez {tenant}. Choisissez-le par ce lien."
                )
            },
            link: Some(Link {
                action: "Choisir un mot de passe",
                address,
            }),
            notes: vec![
                format!("Ce lien ne peut servir qu’une fois, jusqu’au {until}."),
                "Si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire\u{a0}: rien n’est modifié."
                    .to_owned(),
            ],
        },
    }
}

pub(super) fn changed(
    language: Language,
    tenant: &str,
    name: &str,
    by_administrator: bool,
    at: &str,
) -> Words {
    match language {
        Language::English => Words {
            language,
            subject: format!("Your password for {tenant} was changed"),
            greeting: format!("Hello {name},"),
            lead: if by_administrator {
                format!("An administrator has set a new password for your account at {tenant} ({at}).")
            } else {
                format!("The password of your account at {tenant} was changed ({at}).")
            },
            link: None,
            notes: vec![
                "You are signed out everywhere but where it was changed.".to_owned(),
                "If you did not expect this, tell your administrator at once.".to_owned(),
            ],
        },
        Language::French => Words {
            language,
            subject: format!("Votre mot de passe pour {tenant} a été modifié"),
            greeting: format!("Bonjour {name},"),
            lead: if by_administrator {
                format!(
                    "Un administrateur a défini un nouveau mot de passe pour votre compte chez {tenant} ({at})."
                )
            } else {
                format!("Le mot de passe de votre compte chez {tenant} a été modifié ({at}).")
            },
            link: None,
            notes: vec![
                "Vous êtes déconnecté partout, sauf là où il a été modifié.".to_owned(),
                "Si vous ne vous y attendiez pas, prévenez votre administrateur sans attendre.".to_owned(),
            ],
        },
    }
}

pub(super) fn mfa_changed(
    language: Language,
    tenant: &str,
    enrolled: bool,
    support: Option<&str>,
    at: &str,
) -> Words {
    match language {
        Language::English => {
            let whom = support.map_or_else(String::new, |address| format!(" or {address}"));
            Words {
                language,
                subject: if enrolled {
                    format!("An authenticator app was added to your account at {tenant}")
                } else {
                    format!("Your second factor for {tenant} was removed")
                },
                greeting: "Hello,".to_owned(),
                lead: if enrolled {
                    format!(
                        "From now on you sign in to {tenant} with your password and a code of the authenticator app that \
                         was just enrolled ({at}). Another app that you had is good no more."
                    )
                } else {
                    format!(
                        "The authenticator app and the recovery codes of your account at {tenant} were removed ({at}). From \
                         now on the password alone is enough."
                    )
                },
                link: None,
                notes: vec![
                    "You are signed out everywhere but where it was done.".to_owned(),
                    format!(
                        "If it was not you, tell your administrator{whom} at once, and change your password."
                    ),
                ],
            }
        }
        Language::French => {
            let whom = support.map_or_else(String::new, |address| format!(" ou {address}"));
            Words {
                language,
                subject: if enrolled {
                    format!("Une application d’authentification a été ajoutée à votre compte chez {tenant}")
                } else {
                    format!("Votre second facteur pour {tenant} a été supprimé")
                },
                greeting: "Bonjour,".to_owned(),
                lead: if enrolled {
                    format!(
                        "Vous vous connectez désormais à {tenant} avec votre mot de passe et un code de l’application \
                         d’authentification qui vient d’être enregistrée ({at}). L’application que vous aviez auparavant \
                         ne permet plus de vous connecter."
                    )
                } else {
                    format!(
                        "L’application d’authentification et les codes de secours de votre compte chez {tenant} ont été \
                         supprimés ({at}). Le mot de passe seul suffit désormais."
                    )
                },
                link: None,
                notes: vec![
                    "Vous êtes déconnecté partout, sauf là où cela a été fait.".to_owned(),
                    format!(
                        "Si ce n’était pas vous, prévenez votre administrateur{whom} sans attendre et changez votre mot de \
                         passe."
                    ),
                ],
            }
        }
    }
}

pub(super) fn break_glass_used(language: Language, tenant: &str, account: &str, at: &str) -> Words {
    match language {
        Language::English => Words {
            language,
            subject: format!("The break-glass account of {tenant} was used"),
            greeting: "Hello,".to_owned(),
            lead: format!("Somebody has signed in as {account}, the break-glass account of {tenant}, by its password ({at})."),
            link: None,
            notes: vec![
                "It is the one account that may sign in by password although single sign-on is enforced.".to_owned(),
                "Everybody who administers the whole organisation receives this message. If you do not know why it was \
                 used, look into it at once."
                    .to_owned(),
            ],
        },
        Language::French => Words {
            language,
            subject: format!("Le compte de secours de {tenant} a été utilisé"),
            greeting: "Bonjour,".to_owned(),
            lead: format!(
                "Quelqu’un s’est connecté en tant que {account}, le compte de secours de {tenant}, par son mot de passe \
                 ({at})."
            ),
            link: None,
            notes: vec![
                "C’est le seul compte qui puisse se connecter par mot de passe alors que l’authentification unique est \
                 imposée."
                    .to_owned(),
                "Toutes les personnes qui administrent l’organisation entière reçoivent ce message. Si vous ne savez pas \
                 pourquoi il a été utilisé, vérifiez sans attendre."
                    .to_owned(),
            ],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_about_passwords_name_the_tenant_and_carry_a_link_only_where_there_is_something_to_do() {
        for language in Language::ALL {
            let page = "https://id.example/login/acme".to_owned();
            let words = welcome(
                language,
                "Acme",
                "Ada",
                "ada@acme.example",
                page,
                Some("help@acme.example"),
            );
            assert!(words.subject.contains("Acme") && words.lead.contains("ada@acme.example"));
            assert!(words.link.is_some() && words.notes[1].contains("help@acme.example"));
            for activates in [true, false] {
                let address = "https://id.example/reset?token=x".to_owned();
                let words = reset(language, "Acme", "Ada", address, activates, "noon");
                assert!(words.subject.contains("Acme") && words.greeting.contains("Ada"));
                assert!(words.link.is_some() && words.notes[0].contains("noon"));
            }
            for by_administrator in [true, false] {
                let words = changed(language, "Acme", "Ada", by_administrator, "noon");
                assert!(words.subject.contains("Acme") && words.lead.contains("noon"));
                assert!(words.link.is_none());
            }
            let [added, removed] = [true, false]
                .map(|enrolled| mfa_changed(language, "Acme", enrolled, Some("help@acme.example"), "noon"));
            for words in [&added, &removed] {
                assert!(words.subject.contains("Acme") && words.lead.contains("noon"));
                assert!(words.notes[1].contains("help@acme.example") && words.link.is_none());
            }
            assert_ne!((added.subject, added.lead), (removed.subject, removed.lead));
            let words = break_glass_used(language, "Acme", "ada@acme.example", "noon");
            assert!(words.lead.contains("ada@acme.example") && words.lead.contains("noon"));
            assert!(words.link.is_none());
        }
        let (own, others) = (
            changed(Language::English, "Acme", "Ada", false, "noon"),
            changed(Language::English, "Acme", "Ada", true, "noon"),
        );
        assert_ne!(own.lead, others.lead);
    }
}
