//! Which versions of a schema can follow one another while there is data.

use std::borrow::Borrow;

use super::Schema;
use crate::scim::attribute::Attribute;

impl Schema {
    /// Whether all data that fits the schema `before` fits this one too: no attribute is gone or means something else,
    /// and none is newly required. Texts and suggested values are no matter.
    #[must_use]
    pub fn takes_data_of(&self, before: &Self) -> bool {
        all_taken(&self.attributes, &before.attributes)
    }
}

fn all_taken<A: Borrow<Attribute>>(after: &[A], before: &[A]) -> bool {
    let stays = |old: &A| find(after, old.borrow()).is_some_and(|new| takes_data_of(new, old.borrow()));
    let may_lack = |new: &A| !new.borrow().required || find(before, new.borrow()).is_some();
    before.iter().all(stays) && after.iter().all(may_lack)
}

/// The attribute of the same name, in the same case, as it stands in what is stored.
fn find<'a, A: Borrow<Attribute>>(all: &'a [A], like: &Attribute) -> Option<&'a Attribute> {
    all.iter().map(Borrow::borrow).find(|one| one.name == like.name)
}

fn takes_data_of(new: &Attribute, old: &Attribute) -> bool {
    let comparable = Attribute {
        required: old.required,
        description: old.description.clone(),
        canonical_values: old.canonical_values.clone(),
        sub_attributes: old.sub_attributes.clone(),
        ..new.clone()
    };
    comparable == *old
        && (old.required || !new.required)
        && all_taken(&new.sub_attributes, &old.sub_attributes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::attribute::{AttributeKind, Returned};

    fn text(name: &str) -> Attribute {
        Attribute::new(name, AttributeKind::String, "")
    }

    fn schema(attributes: Vec<Attribute>) -> Schema {
        Schema::new("urn:acme:a", "", "", attributes)
    }

    fn before() -> Vec<Attribute> {
        vec![
            text("code").required(),
            text("note"),
            Attribute::complex("site", vec![text("value"), text("floor")], ""),
        ]
    }

    /// The schema with one attribute made into another.
    fn with(index: usize, change: impl Fn(Attribute) -> Attribute) -> Schema {
        let mut attributes = before();
        attributes[index] = change(attributes[index].clone());
        schema(attributes)
    }

    #[test]
    fn texts_suggestions_loosened_and_optional_new_attributes_take_all_data() {
        let old = schema(before());
        let mut more = before();
        more.insert(0, text("extra"));
        more[3].sub_attributes.push(text("room"));
        let renamed = Schema::new("urn:acme:a", "Name", "Text", before());
        for new in [
            old.clone(),
            renamed,
            schema(more),
            with(0, |one| Attribute {
                required: false,
                description: "The code".to_owned(),
                ..one.suggesting(&["a"])
            }),
        ] {
            assert!(new.takes_data_of(&old), "{new:?}");
        }
    }

    #[test]
    fn what_could_make_stored_data_wrong_does_not_take_it() {
        let old = schema(before());
        let mut gone = before();
        gone.remove(1);
        let mut required = before();
        required.push(text("extra").required());
        for new in [
            schema(gone),
            schema(required),
            with(1, Attribute::required),
            with(1, Attribute::multi_valued),
            with(1, Attribute::case_exact),
            with(1, |_| text("NOTE")),
            with(1, |one| one.returned(Returned::Never)),
            with(1, |_| Attribute::new("note", AttributeKind::Integer, "")),
            with(2, |one| {
                Attribute::complex("site", vec![text("value")], one.description)
            }),
            with(2, |_| {
                Attribute::complex(
                    "site",
                    vec![text("value"), text("floor"), text("x").required()],
                    "",
                )
            }),
        ] {
            assert!(!new.takes_data_of(&old), "{new:?}");
        }
    }
}
