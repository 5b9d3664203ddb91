//! Every word of the pages, except what the catalogue of access errors says.

use crate::directory::Language;
use crate::directory::access_error::WhoCanFix;

macro_rules! words {
    ($($name:ident: $english:literal, $french:literal;)*) => {
        /// The words of one language.
        pub struct Words {
            $(#[doc = $english] pub $name: &'static str,)*
        }

        static ENGLISH: Words = Words { $($name: $english,)* };
        static FRENCH: Words = Words { $($name: $french,)* };

        #[cfg(test)]
        const PAIRS: &[(&str, &str)] = &[$(($english, $french),)*];
    };
}

words! {
    sign_in: "Sign in", "Connexion";
    sign_in_lead: "Enter your work e-mail address. Your organisation’s own sign-in follows.",
        "Saisissez votre adresse e-mail professionnelle. La connexion propre à votre organisation suit.";
    email: "E-mail address", "Adresse e-mail";
    next: "Continue", "Continuer";
    email_invalid: "This is not a complete e-mail address. It has the form name@company.example.",
        "Cette adresse e-mail est incomplète. Elle a la forme nom@entreprise.example.";
    domain_unknown: "No organisation that signs in here uses this address. Check the spelling, or use your organisation’s own sign-in address.",
        "Aucune organisation inscrite ici n’utilise cette adresse. Vérifiez l’orthographe ou utilisez l’adresse de connexion propre à votre organisation.";
    signed_out: "You are signed out.", "Vous êtes déconnecté.";
    sign_in_to: "Sign in to", "Connexion à";
    sign_in_with: "Sign in with", "Se connecter avec";
    no_way: "Nobody can sign in to this organisation yet: it has no connection to an identity provider that is switched on. Ask your organisation’s administrator.",
        "Personne ne peut encore se connecter à cette organisation, car elle n’a aucune connexion active à un fournisseur d’identité. Adressez-vous à l’administrateur de votre organisation.";
    password: "Password", "Mot de passe";
    forgotten: "Forgotten your password, or no invitation received?", "Mot de passe oublié ou invitation non reçue\u{a0}?";
    choose_password: "Choose a password", "Choisissez un mot de passe";
    choose_password_lead: "From then on you sign in with this address and your password:",
        "Vous vous connecterez ensuite avec cette adresse et votre mot de passe\u{a0}:";
    temporary_lead: "Your password is a temporary one. Choose your own to go on.",
        "Votre mot de passe est provisoire. Choisissez le vôtre pour continuer.";
    password_rule: "12 characters or more, of any kind. Several unrelated words are easy to remember and hard to guess.",
        "12 caractères ou plus, quels qu’ils soient. Plusieurs mots sans rapport se retiennent bien et se devinent mal.";
    new_password: "New password", "Nouveau mot de passe";
    save_password: "Save the password", "Enregistrer le mot de passe";
    password_chosen: "Your password is set", "Votre mot de passe est enregistré";
    password_chosen_lead: "Sign in with it now.", "Connectez-vous maintenant avec celui-ci.";
    ask_link: "Have a link sent to you", "Recevoir un lien";
    ask_link_lead: "If there is an account with a password under your address, you get a mail with a link by which you choose a password. If you have not used your account yet, the link activates it.",
        "Si un compte avec mot de passe existe sous votre adresse, vous recevez un e-mail avec un lien pour choisir un mot de passe. Si vous n’avez pas encore utilisé votre compte, ce lien l’active.";
    ask_tenant: "Your organisation’s short name, as in its sign-in address", "Nom court de votre organisation, comme dans son adresse de connexion";
    send_link: "Send the link", "Envoyer le lien";
    link_sent: "If there is such an account, the mail is on its way. Nothing there? Look among unwanted mail, then write to your administrator or to support.",
        "Si ce compte existe, l’e-mail est en route. Rien reçu\u{a0}? Regardez dans le courrier indésirable, puis écrivez à votre administrateur ou au support.";
    link_expired: "This link has expired. Have another one sent to you.", "Ce lien a expiré. Faites-vous en envoyer un autre.";
    link_used: "This link was used already. Sign in with your password, or have another link sent to you.",
        "Ce lien a déjà servi. Connectez-vous avec votre mot de passe ou faites-vous envoyer un autre lien.";
    link_withdrawn: "This link is not good any more: your access was withdrawn or changed. Ask your administrator.",
        "Ce lien n’est plus valable\u{a0}: votre accès a été retiré ou modifié. Adressez-vous à votre administrateur.";
    link_unknown: "This link is not known. It may be incomplete, or a newer one was sent since: use the newest mail.",
        "Ce lien est inconnu. Il est peut-être incomplet, ou un lien plus récent a été envoyé depuis\u{a0}: utilisez le dernier e-mail.";
    choose_tenant: "Choose your organisation", "Choisissez votre organisation";
    choose_tenant_lead: "More than one organisation signs in with this address:",
        "Plusieurs organisations utilisent cette adresse\u{a0}:";
    other_address: "Use another address", "Utiliser une autre adresse";
    need_help: "Need help?", "Besoin d’aide\u{a0}?";
    write_to_support: "Write to support", "Écrire au support";

    onward: "On the way to your identity provider", "Vers votre fournisseur d’identité";
    onward_lead: "If nothing happens, continue to", "Si rien ne se passe, continuez vers";

    signed_in: "Signed in", "Connecté";
    organisation: "Organisation", "Organisation";
    administrator: "Administrator", "Administrateur";
    no: "No", "Non";
    yes_everybody: "Yes, for everybody in the organisation", "Oui, pour toute l’organisation";
    yes_nobody: "Yes, but for nobody yet", "Oui, mais pour personne encore";
    yes_entities: "Yes, for", "Oui, pour";
    session_ends: "Session ends", "Fin de la session";
    api_docs: "API documentation", "Documentation de l’API";
    sign_out: "Sign out", "Se déconnecter";

    refused: "Sign-in refused", "Connexion refusée";
    fault: "Sign-in failed", "Échec de la connexion";
    cause: "What probably happened", "Ce qui s’est probablement passé";
    provider_said: "Your identity provider said", "Message de votre fournisseur d’identité";
    who_can_fix: "Who can fix it", "Qui peut intervenir";
    you: "You", "Vous";
    company_administrator: "Your organisation’s administrator", "L’administrateur de votre organisation";
    idp_administrator: "The administrator of your identity provider", "L’administrateur de votre fournisseur d’identité";
    support: "Support", "Le support";
    write_to: "Whom to write to", "À qui écrire";
    more_about_it: "More about this refusal", "En savoir plus sur ce refus";
    all_reasons: "All reasons for which a sign-in is refused", "Tous les motifs de refus d’une connexion";
    reasons: "Why a sign-in is refused", "Pourquoi une connexion est refusée";
    reasons_lead: "Each of these messages says what happened. Choose the one that you were shown.",
        "Chacun de ces messages indique ce qui s’est passé. Choisissez celui qui vous a été affiché.";
    reference_lead: "The page of your own refusal has a reference. Whoever helps you finds with it what was checked.",
        "La page de votre propre refus porte une référence. Elle permet à la personne qui vous aide de retrouver ce qui a été vérifié.";
    pass_on: "What to pass on", "Ce qu’il faut transmettre";
    pass_on_lead: "Copy this text or take a screenshot, and send it to the person who helps you.",
        "Copiez ce texte ou faites une capture d’écran, puis envoyez-le à la personne qui vous aide.";
    copy: "Copy details", "Copier les détails";
    copied: "Copied", "Copié";
    try_again: "Try again", "Réessayer";
    back_to_sign_in: "Back to the sign-in page", "Retour à la page de connexion";
    message: "Message", "Message";
    code: "Code", "Code";
    date: "Date", "Date et heure";
    reference: "Reference", "Référence";
    request: "Request", "Requête";
    mail_subject: "Sign-in refused, reference", "Connexion refusée, référence";

    security_code: "Security code", "Code de sécurité";
    security_code_lead: "Open your authenticator app and enter the six digits that it shows for this account.",
        "Ouvrez votre application d’authentification et saisissez les six chiffres affichés pour ce compte.";
    device_lost: "Device lost?", "Appareil perdu\u{a0}?";
    device_lost_lead: "Enter one of your recovery codes instead. If you have none left, ask your organisation’s administrator to reset your second factor.",
        "Saisissez à la place l’un de vos codes de secours. S’il ne vous en reste aucun, demandez à l’administrateur de votre organisation de réinitialiser votre second facteur.";
    enrol_app: "Set up your authenticator app", "Configurez votre application d’authentification";
    enrol_app_lead: "Your account needs a second factor. Scan this QR code with an authenticator app such as Google Authenticator, Microsoft Authenticator or Authy, then enter the six digits that the app shows.",
        "Votre compte demande un second facteur. Scannez ce code QR avec une application d’authentification, par exemple Google Authenticator, Microsoft Authenticator ou Authy, puis saisissez les six chiffres que l’application affiche.";
    enrol_app_typed: "If you cannot scan it, type this key into the app:",
        "Si vous ne pouvez pas le scanner, saisissez cette clé dans l’application\u{a0}:";
    recovery_codes: "Your recovery codes", "Vos codes de secours";
    recovery_codes_lead: "Keep these codes in a safe place: each of them signs you in once when you do not have your device. They are shown this one time only.",
        "Conservez ces codes en lieu sûr\u{a0}: chacun permet de vous connecter une fois sans votre appareil. Ils ne sont affichés que cette fois-ci.";
    recovery_codes_kept: "I have kept them, continue", "Je les ai conservés, continuer";

    trial: "Test sign-in", "Connexion de test";
    trial_lead: "Nobody was signed in and no account was made or changed. This is what would have happened.",
        "Personne n’a été connecté et aucun compte n’a été créé ni modifié. Voici ce qui se serait passé.";
    would_create: "A new account would be created for", "Un nouveau compte serait créé pour";
    would_sign_in: "The person would be signed in as", "La personne serait connectée en tant que";
    would_be_refused: "The sign-in would be refused", "La connexion serait refusée";
    checks: "Checks", "Vérifications";
    check: "Check", "Vérification";
    expected: "Expected", "Attendu";
    received: "Received", "Reçu";
    result: "Result", "Résultat";
    passed: "OK", "Réussi";
    failed: "Failed", "Échec";
    nothing: "nothing", "rien";
    attributes: "What was received about the person", "Ce qui a été reçu sur la personne";
    attributes_lead: "After the attribute mapping of the connection.", "Après la correspondance des attributs de la connexion.";
    attribute: "Attribute", "Attribut";
    value: "Value", "Valeur";
    no_attributes: "No attribute was received.", "Aucun attribut n’a été reçu.";

    not_found: "There is nothing at this address", "Il n’y a rien à cette adresse";
    not_found_lead: "The address is mistyped, or what was here has gone.",
        "L’adresse est mal saisie, ou ce qui s’y trouvait n’existe plus.";
    method_not_allowed: "This address cannot be used like that", "Cette adresse ne s’utilise pas ainsi";
    method_not_allowed_lead: "The page was probably reloaded or opened from a bookmark. Go back to the beginning.",
        "La page a sans doute été rechargée ou ouverte depuis un favori. Retournez au début.";
    form_expired: "This form has expired", "Ce formulaire a expiré";
    form_expired_lead: "It was open for too long, or you have signed in or out since. Nothing was changed. Open the page again.",
        "Il est resté ouvert trop longtemps, ou vous vous êtes connecté ou déconnecté entre-temps. Rien n’a été modifié. Ouvrez la page à nouveau.";
    signed_out_here: "You are signed out here", "Vous êtes déconnecté ici";
    signed_out_here_lead: "Your identity provider reported that it could not sign you out. Close the browser, or sign out there as well.",
        "Votre fournisseur d’identité a signalé qu’il n’a pas pu vous déconnecter. Fermez le navigateur ou déconnectez-vous aussi là-bas.";
    to_beginning: "To the beginning", "Retour au début";
}

/// The words of a language.
pub(super) fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

impl Words {
    /// Somebody who can mend a refusal, as the person reads it.
    pub(super) fn who(&self, who: WhoCanFix) -> &'static str {
        match who {
            WhoCanFix::Person => self.you,
            WhoCanFix::CompanyAdministrator => self.company_administrator,
            WhoCanFix::IdpAdministrator => self.idp_administrator,
            WhoCanFix::Support => self.support,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_in_both_languages() {
        for (english, french) in PAIRS {
            for words in [english, french] {
                assert!(!words.is_empty() && words.trim() == *words, "{words:?}");
                // Straight quotes would be escaped in HTML and look poor beside the catalogue's.
                assert!(!words.contains(['\'', '"', '<', '&']), "{words:?}");
            }
        }
    }
}
