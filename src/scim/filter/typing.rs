//! Which comparisons an attribute has, and which literals fit it.

use crate::scim::attribute::AttributeKind;
use crate::scim::date_time::parse_date_time;
use crate::scim::path::AttrPath;
use crate::scim::quirks::{self, Reading};

use super::parsing::Literals;
use super::{CompareOp, Literal, folded};

impl CompareOp {
    /// The operator of this name, in any case.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        const NAMES: [(&str, CompareOp); 9] = [
            ("eq", CompareOp::Eq),
            ("ne", CompareOp::Ne),
            ("co", CompareOp::Co),
            ("sw", CompareOp::Sw),
            ("ew", CompareOp::Ew),
            ("gt", CompareOp::Gt),
            ("ge", CompareOp::Ge),
            ("lt", CompareOp::Lt),
            ("le", CompareOp::Le),
        ];
        NAMES
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, op)| op)
    }

    /// The operator's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    const fn orders(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }

    const fn looks_inside(self) -> bool {
        matches!(self, Self::Co | Self::Sw | Self::Ew)
    }

    /// Whether values of this type have the operator. RFC 7644 section 3.4.2.2 takes order from booleans
    /// and binary values; only text has an inside.
    pub(super) const fn fits(self, kind: AttributeKind) -> bool {
        match kind {
            AttributeKind::String | AttributeKind::Reference => true,
            AttributeKind::Binary => !self.orders(),
            AttributeKind::Boolean => !self.orders() && !self.looks_inside(),
            AttributeKind::Integer | AttributeKind::Decimal | AttributeKind::DateTime => !self.looks_inside(),
            AttributeKind::Complex => false,
        }
    }
}

/// The literal as the attribute is compared with it, or what kind of literal it would have to be.
pub(super) fn fit_literal(
    path: &AttrPath,
    literal: Literal,
    literals: Literals,
    reading: &Reading,
) -> Result<Literal, &'static str> {
    match (path.kind, literal) {
        (AttributeKind::String | AttributeKind::Reference | AttributeKind::Binary, Literal::String(text)) => {
            if path.case_exact || literals == Literals::AsSent {
                return Ok(Literal::String(text));
            }
            let folded = folded(&text).into_owned();
            Ok(Literal::String(folded))
        }
        (AttributeKind::String | AttributeKind::Reference | AttributeKind::Binary, _) => {
            Err("a string in double quotes")
        }
        (AttributeKind::Boolean, Literal::Bool(value)) => Ok(Literal::Bool(value)),
        (AttributeKind::Boolean, Literal::String(text)) => quirks::boolean_from_text(&text, reading, path)
            .map(Literal::Bool)
            .ok_or("true or false"),
        (AttributeKind::Boolean, _) => Err("true or false"),
        (AttributeKind::Integer | AttributeKind::Decimal, Literal::Number(number)) => {
            Ok(Literal::Number(number))
        }
        (AttributeKind::Integer | AttributeKind::Decimal, _) => Err("a number"),
        (AttributeKind::DateTime, Literal::String(text)) => parse_date_time(&text)
            .map(Literal::Instant)
            .ok_or("a dateTime in double quotes"),
        (AttributeKind::DateTime, _) => Err("a dateTime in double quotes"),
        (AttributeKind::Complex, _) => Err("a sub-attribute in front"),
    }
}
