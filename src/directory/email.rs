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
