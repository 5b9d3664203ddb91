//! Mailboxes of whole departments: an account is for one person.
//!
//! One rule for every way in: a first login, an administrator's hand, a file.

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
];

/// Whether an address belongs to a department. Tags (`info+paris@`) and separators (`no-reply@`) do not hide it,
/// and a department with a number or beside another one (`support2@`, `it.support@`) is one as well.
#[must_use]
pub fn is_departmental(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    let local = fold(local.split('+').next().unwrap_or_default()).into_owned();
    let joined: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_department = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        DEPARTMENTS.contains(&word)
    };
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let words = || {
        local
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
    };
    is_department(&joined)
        || (words().any(is_department) && words().all(|word| is_department(word) || is_number(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn departments_are_told_from_people() {
        for department in [
            "maintenance@acme.example",
            "Info@acme.example",
            "info+paris@acme.example",
            "no-reply@acme.example",
            "no.reply@acme.example",
            "it.support@acme.example",
            "support2@acme.example",
            "compta@acme.example",
            "buchhaltung@acme.example",
        ] {
            assert!(is_departmental(department), "{department}");
        }
        for person in [
            "ada@acme.example",
            "ada.info@acme.example",
            "service.martin@acme.example",
            "42@acme.example",
            "hrant@acme.example",
            "infante@acme.example",
            "@acme.example",
        ] {
            assert!(!is_departmental(person), "{person}");
        }
    }
}
