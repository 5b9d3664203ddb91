//! Mailboxes of whole departments: an account is for one person.
//!
//! One rule for every way in: a first login, an administrator's hand, a file. A tenant has a word of its own on it.

use serde::{Deserialize, Serialize};

use super::key::fold;

/// First parts of addresses that no single person reads, in English, French, German, Dutch and Spanish.
const DEPARTMENTS: &[&str] = &[
    "accounting",
    "accounts",
    "accueil",
    "administratie",
    "administration",
    "administracion",
    "all",
    "assistance",
    "atencion",
    "billing",
    "bonjour",
    "buchhaltung",
    "careers",
    "commercial",
    "compta",
    "comptabilite",
    "compras",
    "contabilidad",
    "contact",
    "contacto",
    "direction",
    "einkauf",
    "empfang",
    "equipe",
    "everyone",
    "facturacion",
    "facturation",
    "facturen",
    "finance",
    "finanzen",
    "formation",
    "hallo",
    "hello",
    "help",
    "helpdesk",
    "hola",
    "hr",
    "info",
    "informatique",
    "inkoop",
    "it",
    "jobs",
    "juridique",
    "klantenservice",
    "kontakt",
    "legal",
    "maintenance",
    "marketing",
    "noreply",
    "office",
    "onderhoud",
    "orders",
    "payroll",
    "personal",
    "personeel",
    "postmaster",
    "produccion",
    "production",
    "purchasing",
    "qualite",
    "reception",
    "recepcion",
    "recruitment",
    "recrutement",
    "rh",
    "rrhh",
    "sales",
    "secretariat",
    "security",
    "service",
    "services",
    "soporte",
    "staff",
    "support",
    "team",
    "technik",
    "technique",
    "technisch",
    "ventas",
    "ventes",
    "verkauf",
    "verkoop",
    "vertrieb",
    "wartung",
    "webmaster",
    "abuse",
    "hostmaster",
    "noc",
    "donotreply",
    "achats",
    // As they are written where an address may have accents (RFC 6531).
    "administración",
    "atención",
    "comptabilité",
    "facturación",
    "producción",
    "qualité",
    "recepción",
    "réception",
    "secrétariat",
    "équipe",
];

/// What a tenant says besides the list above of names that departments have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailboxRules {
    /// Further names, each as [`MailboxRules::read_name`] gives it.
    pub added: Vec<String>,
    /// Names that are nobody's department here, likewise.
    pub removed: Vec<String>,
}

impl MailboxRules {
    /// The form in which a name is kept: case folded, without separators. `None` when it is no such name: 1 to 64
    /// letters or digits, a letter among them.
    #[must_use]
    pub fn read_name(text: &str) -> Option<String> {
        let name = fold(text.trim()).replace(['.', '-', '_'], "");
        let fits = (1..=64).contains(&name.chars().count())
            && name.chars().all(char::is_alphanumeric)
            && name.chars().any(char::is_alphabetic);
        fits.then_some(name)
    }

    fn is_department(&self, word: &str) -> bool {
        let has = |names: &[String], word: &str| names.iter().any(|name| name == word);
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if has(&self.removed, word) || has(&self.removed, bare) {
            return false;
        }
        DEPARTMENTS.contains(&bare) || has(&self.added, bare) || has(&self.added, word)
    }

    /// Whether an address belongs to a department. Tags (`info+paris@`) and separators (`no-reply@`) do not hide it,
    /// and a department with a number or beside another one (`support2@`, `it.support@`) is one as well.
    #[must_use]
    pub fn is_departmental(&self, address: &str) -> bool {
        let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
        let local = fold(local.split('+').next().unwrap_or_default()).into_owned();
        let is_department = |word: &str| self.is_department(word);
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let words: Vec<&str> = local
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let initials = words
            .iter()
            .filter(|word| word.chars().count() == 1 && !is_number(word));
        let initials = initials.count();
        // An initial before a surname spells no department (`s.ales@`, `b.illing@`); initials alone may (`h.r@`).
        let is_one_word = initials == 0 || initials == words.iter().filter(|word| !is_number(word)).count();
        (is_one_word && is_department(&words.concat()))
            || (words.iter().any(|word| is_department(word))
                && words.iter().all(|word| is_department(word) || is_number(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrongly_told(addresses: &str, departmental: bool) -> Vec<&str> {
        let local_parts = addresses.split_whitespace();
        let wrong = |local: &&str| {
            MailboxRules::default().is_departmental(&format!("{local}@acme.example")) != departmental
        };
        local_parts.filter(wrong).collect()
    }

    #[test]
    fn departments_have_no_account_in_any_of_the_five_languages() {
        let english =
            "maintenance info contact support sales it hr accounting office helpdesk billing payroll
            reception marketing security jobs team staff everyone legal noreply postmaster webmaster";
        let french = "technique compta comptabilité comptabilite accueil réception qualité équipe secrétariat direction
            achats ventes rh juridique facturation recrutement informatique";
        let german = "buchhaltung einkauf vertrieb verkauf technik technisch empfang kontakt personal wartung finanzen";
        let dutch = "administratie onderhoud verkoop inkoop personeel klantenservice facturen";
        let spanish =
            "ventas compras contabilidad facturación facturacion atención administración recepción producción
            soporte contacto rrhh";
        for language in [english, french, german, dutch, spanish] {
            assert_eq!(wrongly_told(language, true), [""; 0]);
        }
    }

    #[test]
    fn case_tags_separators_and_numbers_hide_no_department() {
        let hidden = "Info INFO Comptabilité COMPTABILITÉ info+paris info+ada.lovelace no-reply no.reply No_Reply
            do-not-reply help.desk h.r support2 support-2 no-reply-2 2.support it.support it-helpdesk sales_marketing
            info. .info in-fo";
        assert_eq!(wrongly_told(hidden, true), [""; 0]);
    }

    #[test]
    fn people_are_no_departments_whatever_they_are_called() {
        let full_names = "ada ada.lovelace steve.jobs marie.service service.martin ada.info jean.legal emma.sales
            anita.hr hella.hallo max.technik lucie.contact иван.info 李.it élise.support joy.all ada2 42 ada.42";
        let initials = "s.ales b.illing a.buse h.ola h.allo l.egal a-buse s_ales a.b j.o.bs s.ales2";
        let like_departments =
            "hrant hrvoje italo itziar infante allan allison staffan jobst rhonda nocera helpmann
            teamer marketa personne directeau officer salesbury contardo";
        for people in [full_names, initials, like_departments] {
            assert_eq!(wrongly_told(people, false), [""; 0]);
        }
    }

    #[test]
    fn only_the_part_before_the_last_at_sign_counts() {
        assert!(
            !MailboxRules::default().is_departmental("ada@info.example")
                && !MailboxRules::default().is_departmental("ada@support")
        );
        assert!(MailboxRules::default().is_departmental("info"));
        assert!(
            !MailboxRules::default().is_departmental("@acme.example")
                && !MailboxRules::default().is_departmental("")
        );
    }

    #[test]
    fn a_tenant_adds_names_and_takes_some_away() {
        let names = |names: &[&str]| {
            let read = |name: &&str| MailboxRules::read_name(name).unwrap();
            names.iter().map(read).collect()
        };
        let rules = MailboxRules {
            added: names(&["Werkstatt", "team-paris", "desk42"]),
            removed: names(&["personal", "no-reply"]),
        };
        let is = |local: &str| rules.is_departmental(&format!("{local}@acme.example"));
        for departmental in [
            "werkstatt",
            "WERKSTATT+x",
            "werkstatt2",
            "team.paris",
            "desk42",
            "info",
            "it.werkstatt",
        ] {
            assert!(is(departmental), "{departmental}");
        }
        for personal in ["personal", "personal2", "no-reply", "desk", "paris", "ada"] {
            assert!(!is(personal), "{personal}");
        }
        for odd in ["", " ", "42", "a@b", "a b", "+x"] {
            assert_eq!(MailboxRules::read_name(odd), None, "{odd}");
        }
    }
}
