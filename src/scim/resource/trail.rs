//! Where in a body a value stands, spelt out only when something is wrong or odd with it.

use std::fmt;

use crate::scim::quirks::Reading;

/// A place in a body: a chain of steps that lives on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Trail<'a> {
    before: Option<&'a Trail<'a>>,
    step: Step<'a>,
    reading: &'a Reading,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Start(&'a str),
    Urn(&'a str),
    Name(&'a str),
    Index(usize),
}

impl<'a> Trail<'a> {
    /// A place described by a text of its own.
    pub(crate) const fn start(reading: &'a Reading, text: &'a str) -> Self {
        Self {
            before: None,
            step: Step::Start(text),
            reading,
        }
    }

    /// An attribute at the top of the body, or of an extension.
    pub(crate) const fn attribute(reading: &'a Reading, urn: Option<&'a Trail<'a>>, name: &'a str) -> Self {
        Self {
            before: urn,
            step: Step::Name(name),
            reading,
        }
    }

    /// An extension's object.
    pub(crate) const fn urn(reading: &'a Reading, urn: &'a str) -> Self {
        Self {
            before: None,
            step: Step::Urn(urn),
            reading,
        }
    }

    /// A sub-attribute of this place.
    pub(crate) const fn sub(&'a self, name: &'a str) -> Self {
        Self {
            before: Some(self),
            step: Step::Name(name),
            reading: self.reading,
        }
    }

    /// An element of this place.
    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self {
            before: Some(self),
            step: Step::Index(index),
            reading: self.reading,
        }
    }

    /// How the body is read.
    pub(crate) const fn reading(&self) -> &'a Reading {
        self.reading
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            before.fmt(f)?;
        }
        match self.step {
            Step::Start(text) | Step::Urn(text) => f.write_str(text),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Name(name) => match self.before.map(|before| before.step) {
                None => f.write_str(name),
                Some(Step::Urn(_)) => write!(f, ":{name}"),
                Some(_) => write!(f, ".{name}"),
            },
        }
    }
}
