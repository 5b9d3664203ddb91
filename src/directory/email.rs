//! One e-mail address of a person, as the lookups need it.

use super::key::fold;

/// One element of a person's `emails`. The text itself stays in the profile, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailFacet {
    /// `emails.value`, case folded.
    pub value_key: String,
    /// `emails.type`, case folded.
    pub type_key: Option<String>,
    /// `emails.primary`; `None` when the element does not say.
    pub primary: Option<bool>,
}

impl EmailFacet {
    /// Reads one element of `emails`; `None` for an element without a value.
    #[must_use]
    pub fn read(element: &serde_json::Value) -> Option<Self> {
        let text = |name: &str| element.get(name).and_then(|value| value.as_str());
        Some(Self {
            value_key: fold(text("value")?).into_owned(),
            type_key: text("type").map(|kind| fold(kind).into_owned()),
            primary: element.get("primary").and_then(serde_json::Value::as_bool),
        })
    }
}

/// Whether a text is an e-mail address that mail can be sent to: the dot-string form of RFC 5321 section 4.1.2 with
/// the lengths of section 4.5.3.1, and a domain of two labels at least. Quoted local parts and address literals are
/// not accepted; a domain in other letters than ASCII is written in its `xn--` form.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && !top.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_what_only_looks_like_one() {
        let longest = format!("{}@{}.example", "l".repeat(64), "d".repeat(63));
        for good in [
            "ada@acme.example",
            "Ada.O'Brien+x@mail.acme.example",
            "a@xn--bcher-kva.example",
            "42@a.b",
            &longest,
        ] {
            assert!(is_address(good), "{good}");
        }
        let too_long = format!("{}@acme.example", "l".repeat(65));
        for bad in [
            "",
            "ada",
            "@acme.example",
            "ada@",
            "ada@acme",
            "ada@acme.",
            "ada@.example",
            "ada@-acme.example",
            "ada@acme..example",
            "ada@10.0.0.1",
            "ada@[10.0.0.1]",
            ".ada@acme.example",
            "a..b@acme.example",
            "a b@acme.example",
            "a@b@acme.example",
            "ada@acme.example\r\nBcc: all@acme.example",
            "Ada <ada@acme.example>",
            "\"ada\"@acme.example",
            "élodie@acme.example",
            &too_long,
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
