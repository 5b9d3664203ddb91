//! One attribute of a schema and its characteristics (RFC 7643 sections 2.2 and 7).

/// Longest string of any attribute, in bytes of UTF-8 (64 KiB).
pub const MAX_STRING: usize = 65_536;

/// Longest string of an attribute that is looked up through an index, in bytes of UTF-8.
///
/// PostgreSQL refuses B-tree entries past about 2,700 bytes. The case-folded form, which can be three times
/// as long as what was sent, keeps to the same limit.
pub const MAX_KEY: usize = 1_024;

/// Most values of one multi-valued attribute, unless the attribute says otherwise.
pub const MAX_VALUES: usize = 1_000;

/// Data type of an attribute (RFC 7643 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A real number.
    Decimal,
    /// A whole number.
    Integer,
    /// An instant, as `xsd:dateTime` text.
    DateTime,
    /// Base64 text.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

impl AttributeKind {
    /// The name of the type in a schema document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

/// Who may set an attribute, and when (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// Only the server sets it.
    ReadOnly,
    /// The client sets and changes it.
    ReadWrite,
    /// The client sets it once.
    Immutable,
    /// The client sets it and nobody reads it.
    WriteOnly,
}

impl Mutability {
    /// The keyword in a schema document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an attribute stands in an answer (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Whatever the client asks for.
    Always,
    /// Not in any answer.
    Never,
    /// Unless the client leaves it out.
    Default,
    /// Only where the client names it.
    Request,
}

impl Returned {
    /// The keyword in a schema document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// How far a value must be unique (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// It need not be.
    None,
    /// Within the tenant or directory.
    Server,
    /// Everywhere.
    Global,
}

impl Uniqueness {
    /// The keyword in a schema document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

/// An attribute or sub-attribute definition: the one place that says how a name is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name in the schema's own case.
    pub name: String,
    /// Data type of one value.
    pub kind: AttributeKind,
    /// Whether the attribute holds a list.
    pub multi_valued: bool,
    /// Whether a resource (or an element, for sub-attributes) must have it.
    pub required: bool,
    /// Whether comparison looks at case.
    pub case_exact: bool,
    /// Who may set it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// How far it is unique.
    pub uniqueness: Uniqueness,
    /// Suggested values. They are advertised and not enforced (RFC 7643 section 7).
    pub canonical_values: Vec<String>,
    /// What a reference may point at: resource type names, `external` or `uri`.
    pub reference_types: Vec<String>,
    /// Sub-attributes of a complex attribute.
    pub sub_attributes: Vec<Attribute>,
    /// What it means, for the schema document.
    pub description: String,
    /// Longest accepted string, in bytes of UTF-8.
    pub max_length: usize,
    /// Most accepted values of a multi-valued attribute.
    pub max_values: usize,
}

impl Attribute {
    /// An optional, single-valued, read-write attribute with the defaults of RFC 7643 section 2.2.
    ///
    /// References and binary values compare with case (RFC 7643 sections 2.3.6 and 2.3.7).
    #[must_use]
    pub fn new(name: impl Into<String>, kind: AttributeKind, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            required: false,
            case_exact: matches!(kind, AttributeKind::Reference | AttributeKind::Binary),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: Vec::new(),
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            description: description.into(),
            max_length: MAX_STRING,
            max_values: MAX_VALUES,
        }
    }

    /// A complex attribute with these sub-attributes.
    #[must_use]
    pub fn complex(
        name: impl Into<String>,
        sub_attributes: Vec<Attribute>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            sub_attributes,
            ..Self::new(name, AttributeKind::Complex, description)
        }
    }

    /// The same attribute holding a list.
    #[must_use]
    pub fn multi_valued(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// The same attribute, required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same attribute, compared with case.
    #[must_use]
    pub fn case_exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    /// The same attribute, with all its sub-attributes, under another mutability.
    #[must_use]
    pub fn mutability(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self.sub_attributes = self
            .sub_attributes
            .into_iter()
            .map(|sub| Self { mutability, ..sub })
            .collect();
        self
    }

    /// The same attribute with another `returned`.
    #[must_use]
    pub fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    /// The same attribute, unique within the server.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    /// The same attribute, short enough to be looked up through an index ([`MAX_KEY`]).
    #[must_use]
    pub fn key(mut self) -> Self {
        self.max_length = MAX_KEY;
        self
    }

    /// The same attribute without a limit on the number of values.
    #[must_use]
    pub fn unlimited(mut self) -> Self {
        self.max_values = usize::MAX;
        self
    }

    /// The same attribute with suggested values.
    #[must_use]
    pub fn suggesting(mut self, values: &[&str]) -> Self {
        self.canonical_values = values.iter().map(|value| (*value).to_owned()).collect();
        self
    }

    /// The same attribute with the kinds of thing it may refer to.
    #[must_use]
    pub fn referring_to(mut self, types: &[&str]) -> Self {
        self.reference_types = types.iter().map(|kind| (*kind).to_owned()).collect();
        self
    }

    /// The sub-attribute of this name, in any case (RFC 7643 section 2.1).
    #[must_use]
    pub fn sub(&self, name: &str) -> Option<&Attribute> {
        self.sub_attributes
            .iter()
            .find(|sub| sub.name.eq_ignore_ascii_case(name))
    }

    /// Whether this is a complex attribute with a `value`, so that a bare value can stand for an element.
    #[must_use]
    pub fn has_value(&self) -> bool {
        self.kind == AttributeKind::Complex && self.sub("value").is_some()
    }
}
