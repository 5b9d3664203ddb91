//! What the headers of a file mean, in English and in French.

/// The columns that there are, by the names of their fields, each with the other headers that are understood. Headers are
/// compared by [`plain`].
const COLUMNS: [(&str, &[&str]); 17] = [
    ("kind", &["type", "user_type", "type_d_utilisateur"]),
    (
        "employee_number",
        &["employee_id", "matricule", "numero_d_employe", "numero_employe"],
    ),
    ("first_name", &["given_name", "prenom"]),
    ("last_name", &["surname", "family_name", "nom", "nom_de_famille"]),
    ("full_name", &["name", "nom_complet"]),
    (
        "email",
        &[
            "e_mail",
            "mail",
            "email_address",
            "e_mail_address",
            "courriel",
            "adresse_e_mail",
            "adresse_email",
        ],
    ),
    (
        "email_confirmation",
        &[
            "e_mail_confirmation",
            "confirm_email",
            "confirmation_de_l_e_mail",
            "confirmation_e_mail",
        ],
    ),
    (
        "phone_landline",
        &[
            "landline",
            "phone",
            "telephone",
            "telephone_fixe",
            "tel_fixe",
            "fixe",
        ],
    ),
    (
        "phone_mobile",
        &[
            "mobile",
            "mobile_phone",
            "telephone_portable",
            "telephone_mobile",
            "portable",
        ],
    ),
    ("locale", &["language", "langue"]),
    (
        "access_start",
        &["start", "start_date", "debut", "date_de_debut", "debut_d_acces"],
    ),
    (
        "access_end",
        &["end", "end_date", "fin", "date_de_fin", "fin_d_acces"],
    ),
    (
        "role",
        &[
            "permission_group",
            "groupe",
            "groupe_de_droits",
            "groupe_de_permissions",
            "profil",
        ],
    ),
    ("sections", &["rubriques"]),
    ("entity", &["entity_id", "entite"]),
    (
        "contact_tags",
        &["contact_for", "tags", "contact_pour", "etiquettes"],
    ),
    ("mfa_required", &["mfa", "double_authentification"]),
];

/// The fields, in the order of the template.
pub(super) fn fields() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(field, _)| *field)
}

/// The field that a header stands for.
pub(super) fn field_of(header: &str) -> Option<&'static str> {
    let plain = plain(header);
    let named =
        |(field, others): &&(&'static str, &[&str])| *field == plain || others.contains(&plain.as_str());
    COLUMNS.iter().find(named).map(|(field, _)| *field)
}

/// A header or a word without case, accents and whatever stands between words.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.to_lowercase().chars() {
        match unaccented(letter) {
            Some(letter) => plain.push(letter),
            None if plain.is_empty() || plain.ends_with('_') => {}
            None => plain.push('_'),
        }
    }
    plain.truncate(plain.trim_end_matches('_').len());
    plain
}

/// A letter or digit without its accent; `None` for anything else.
fn unaccented(letter: char) -> Option<char> {
    Some(match letter {
        'à' | 'â' | 'ä' | 'á' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' => 'i',
        'ô' | 'ö' | 'ó' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        letter if letter.is_alphanumeric() => letter,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_understood_in_english_and_in_french() {
        for (header, field) in [
            ("first_name", Some("first_name")),
            ("First name", Some("first_name")),
            ("Prénom", Some("first_name")),
            ("NOM", Some("last_name")),
            ("Adresse e-mail", Some("email")),
            (" E-Mail * ", Some("email")),
            ("Confirmation de l’e-mail", Some("email_confirmation")),
            ("Téléphone portable", Some("phone_mobile")),
            ("Date de début", Some("access_start")),
            ("Numéro d'employé", Some("employee_number")),
            ("Entité", Some("entity")),
            ("salary", None),
            ("temporary_password", None),
            ("", None),
        ] {
            assert_eq!(field_of(header), field, "{header}");
        }
    }

    #[test]
    fn no_header_means_two_fields() {
        let mut all: Vec<&str> = COLUMNS
            .iter()
            .flat_map(|(field, others)| others.iter().copied().chain([*field]))
            .collect();
        assert!(all.iter().all(|header| plain(header) == *header));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
