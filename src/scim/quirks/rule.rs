//! The names of the repairs, and of what is passed over.

macro_rules! rules {
    ($($variant:ident = $name:literal, $code:expr, $mends:literal, $why:literal;)*) => {
        /// A rule by which something is read that is not as the RFCs have it, or is not taken up at all.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "what each one means stands beside it, in the words that people read")]
        pub enum Rule {
            $($variant,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// A stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The row of the transcripts that first needed it, such as `E-16`.
            #[must_use]
            pub const fn code(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// Whether what was sent is read as something else; what is no repair is passed over.
            #[must_use]
            pub const fn is_repair(self) -> bool {
                match self {
                    $(Self::$variant => $mends,)*
                }
            }

            /// What is done, and for whose sake: one sentence.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self {
                    $(Self::$variant => $why,)*
                }
            }
        }
    };
}

rules! {
    OperationName = "operation_name", Some("E-5"), true,
        "The RFC writes operations in lower case; Entra ID writes Add, Replace and Remove, so they are read without case.";
    BooleanFromText = "boolean_from_text", Some("E-6"), true,
        "Entra ID sends booleans as the texts \"True\" and \"False\", in bodies, lists and filters.";
    BareValue = "bare_value", Some("E-11"), true,
        "Entra ID sends a manager, and others send e-mail addresses, as bare text; it stands for an object with that value.";
    OnlyElement = "only_element", Some("E-11"), true,
        "Microsoft's example has the manager, which is one value, as a list of one; the one element counts.";
    ReferenceTakenAway = "reference_taken_away", Some("E-11"), true,
        "Entra ID takes a manager away by an empty value, whatever stands beside it.";
    BlankIsUnassigned = "blank_is_unassigned", Some("E-11"), true,
        "An empty text cannot be a value here, and providers send it for none.";
    ValueOfObject = "value_of_object", Some("E-19"), true,
        "Entra ID sends the values of a plain list as objects with a value; the value counts.";
    LoneValue = "lone_value", None, true,
        "OneLogin's template has one object where a list belongs; it is read as a list of one.";
    NullIsUnassigned = "null_is_unassigned", Some("E-4"), true,
        "Entra ID and JumpCloud send null for attributes without a value, also inside members (E-15); null means unassigned.";
    MisspeltUrn = "misspelt_urn", Some("E-4"), true,
        "Microsoft's second example leaves a colon out of the enterprise extension's URN; it means that extension.";
    Scim1Urn = "scim_1_urn", None, true,
        "A URN of SCIM 1.1, which OneLogin's template and Google Workspace send, means the schema of today.";
    UnqualifiedName = "unqualified_name", Some("E-4"), true,
        "Entra ID names attributes of the enterprise extension without their URN (E-11, E-12).";
    ForeignSchema = "foreign_schema", Some("E-14"), true,
        "Entra ID names a schema of its own beside the resource's; it is left out of consideration.";
    PathInKey = "path_in_key", Some("E-7"), true,
        "Without a path, Entra ID writes paths as the names of the value's members: dots, URNs and filters in them count.";
    DescribedElement = "described_element", Some("E-9"), true,
        "An add through a filter that selects nothing makes the element that the filter describes, as Entra ID means it.";
    MissingElement = "missing_element", Some("E-10"), true,
        "Entra ID replaces elements that are not there and expects them afterwards; directories of kind entra make them.";
    ListedRemoval = "listed_removal", Some("E-16"), true,
        "Entra ID, JumpCloud and authentik list in the value what a remove is about; only that goes, not the whole attribute.";
    NoOperations = "no_operations", Some("E-20"), true,
        "Entra ID's validator sends no operations at all; directories of kind entra take that for no change.";
    ElementComparison = "element_comparison", Some("E-2"), true,
        "Entra ID compares a part of filtered elements; one element has to satisfy both the filter and the comparison.";
    ComplexMeansValue = "complex_means_value", Some("E-12"), true,
        "Entra ID and Ping compare a complex attribute by itself, which means its value.";
    ParameterName = "parameter_name", Some("E-20"), true,
        "Entra ID's validator writes the names of parameters in other cases; they are read without case.";
    ReadOnlyIgnored = "read_only_ignored", None, false,
        "The attribute is readOnly: providers send it back, and only the gateway sets it.";
    UnknownIgnored = "unknown_ignored", None, false,
        "No schema of this directory has it, so it was not kept.";
    ParameterIgnored = "parameter_ignored", Some("E-21"), false,
        "The parameter means nothing here; Entra ID adds one to its address.";
    PasswordNotKept = "password_not_kept", None, false,
        "The attribute is writeOnly: it was checked and is not kept.";
}
