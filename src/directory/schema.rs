//! Schemas that a directory brings itself: when one may come, change and go.
//!
//! What a document says is the protocol's matter; here it is a text.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::Origin;
use super::change::{Change, Fact, SchemaFact};
use super::id::DirectoryId;
use super::refusal::Refusal;

/// Most schemas of its own that a directory may have.
pub const MAX_SCHEMAS: usize = 20;

/// Which kind of resource a schema adds attributes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaTarget {
    /// People.
    User,
    /// Groups.
    Group,
}

impl SchemaTarget {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// The name of the resource type, in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// Reads the word that [`SchemaTarget::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == text)
    }
}

/// A schema of a directory's own (RFC 7643 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectorySchema {
    /// Whose it is.
    pub directory: DirectoryId,
    /// Its URN, as it was registered.
    pub urn: String,
    /// What it adds to.
    pub target: SchemaTarget,
    /// Whether every resource of the kind has to have data of it.
    pub required: bool,
    /// The schema document (RFC 7643 section 7), JSON.
    pub document: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

impl DirectorySchema {
    /// What the audit shows.
    fn view(&self) -> Value {
        // Written by us, so it is JSON.
        let document: Value = serde_json::from_str(&self.document).unwrap_or_default();
        json!({"resource_type": self.target.as_str(), "required": self.required, "schema": document})
    }
}

/// How many resources have data of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SchemaUse {
    /// Those that have, deleted people counted: they may be restored.
    pub with: u64,
    /// Those that have not, and are not deleted.
    pub without: u64,
}

/// Gives a directory one more schema. `others` are those that it has.
///
/// # Errors
/// [`Refusal::SchemaUrnTaken`], [`Refusal::TooManySchemas`], [`Refusal::SchemaDataMissing`].
pub fn register(
    schema: DirectorySchema,
    others: &[DirectorySchema],
    uses: SchemaUse,
    origin: Origin,
) -> Result<Change, Refusal> {
    if others
        .iter()
        .any(|other| other.urn.eq_ignore_ascii_case(&schema.urn))
    {
        return Err(Refusal::SchemaUrnTaken(schema.urn));
    }
    if others.len() >= MAX_SCHEMAS {
        return Err(Refusal::TooManySchemas(MAX_SCHEMAS));
    }
    check_required(&schema, uses)?;
    let after = Some(schema.view());
    let directory = schema.directory;
    let fact = SchemaFact::Registered(schema);
    Ok(change(
        fact,
        origin,
        "directory.schema_registered",
        directory,
        None,
        after,
    ))
}

/// Puts a new version in the place of a schema; `None` when nothing changes. `takes_data` says that whatever fits the old
/// version fits the new one.
///
/// # Errors
/// [`Refusal::SchemaInUse`], [`Refusal::SchemaDataMissing`].
pub fn update(
    before: &DirectorySchema,
    after: DirectorySchema,
    takes_data: bool,
    uses: SchemaUse,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    if before.required == after.required && before.document == after.document {
        return Ok(None);
    }
    if !takes_data {
        check_unused(before, uses)?;
    }
    if !before.required {
        check_required(&after, uses)?;
    }
    let (old, new) = (before.view(), after.view());
    let directory = after.directory;
    let fact = SchemaFact::Updated(after);
    let action = "directory.schema_updated";
    Ok(Some(change(
        fact,
        origin,
        action,
        directory,
        Some(old),
        Some(new),
    )))
}

/// Takes a schema away that nothing has data of.
///
/// # Errors
/// [`Refusal::SchemaInUse`].
pub fn remove(schema: &DirectorySchema, uses: SchemaUse, origin: Origin) -> Result<Change, Refusal> {
    check_unused(schema, uses)?;
    let before = Some(schema.view());
    let fact = SchemaFact::Removed {
        directory: schema.directory,
        urn: schema.urn.clone(),
    };
    let action = "directory.schema_removed";
    Ok(change(fact, origin, action, schema.directory, before, None))
}

fn check_unused(schema: &DirectorySchema, uses: SchemaUse) -> Result<(), Refusal> {
    if uses.with == 0 {
        return Ok(());
    }
    Err(Refusal::SchemaInUse {
        urn: schema.urn.clone(),
        uses: uses.with,
    })
}

fn check_required(schema: &DirectorySchema, uses: SchemaUse) -> Result<(), Refusal> {
    if !schema.required || uses.without == 0 {
        return Ok(());
    }
    Err(Refusal::SchemaDataMissing {
        urn: schema.urn.clone(),
        target: schema.target.as_str(),
        without: uses.without,
    })
}

fn change(
    fact: SchemaFact,
    origin: Origin,
    action: &'static str,
    directory: DirectoryId,
    before: Option<Value>,
    after: Option<Value>,
) -> Change {
    Change::new(
        Fact::Schema(fact),
        origin,
        action,
        ("directory", directory.0),
        before,
        after,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample;

    fn schema(urn: &str) -> DirectorySchema {
        DirectorySchema {
            directory: DirectoryId(uuid::Uuid::nil()),
            urn: urn.to_owned(),
            target: SchemaTarget::User,
            required: false,
            document: json!({"id": urn}).to_string(),
            created_at: sample::at(1),
            modified_at: sample::at(1),
        }
    }

    fn required(urn: &str) -> DirectorySchema {
        DirectorySchema {
            required: true,
            ..schema(urn)
        }
    }

    const NOBODY: SchemaUse = SchemaUse { with: 0, without: 0 };
    const EVERYBODY: SchemaUse = SchemaUse { with: 3, without: 0 };
    const SOME: SchemaUse = SchemaUse { with: 3, without: 2 };

    #[test]
    fn a_urn_is_given_once_without_case_and_there_is_an_end_to_schemas() {
        let others: Vec<_> = (1..MAX_SCHEMAS)
            .map(|n| schema(&format!("urn:acme:s{n}")))
            .collect();
        let refusal = register(schema("URN:acme:S1"), &others, NOBODY, sample::origin()).unwrap_err();
        assert_eq!(refusal, Refusal::SchemaUrnTaken("URN:acme:S1".to_owned()));
        let (fact, audit) = register(schema("urn:acme:s"), &others, NOBODY, sample::origin())
            .unwrap()
            .into_parts();
        assert!(matches!(fact, Fact::Schema(SchemaFact::Registered(made)) if made.urn == "urn:acme:s"));
        assert_eq!(audit.action, "directory.schema_registered");
        assert_eq!(audit.after.unwrap()["schema"]["id"], "urn:acme:s");
        let full: Vec<_> = others.into_iter().chain([schema("urn:acme:s")]).collect();
        let refusal = register(schema("urn:acme:more"), &full, NOBODY, sample::origin()).unwrap_err();
        assert_eq!(refusal, Refusal::TooManySchemas(MAX_SCHEMAS));
    }

    #[test]
    fn a_schema_becomes_required_only_while_nobody_lacks_its_data() {
        let missing = Refusal::SchemaDataMissing {
            urn: "urn:a:b".to_owned(),
            target: "User",
            without: 2,
        };
        let refusal = register(required("urn:a:b"), &[], SOME, sample::origin()).unwrap_err();
        assert_eq!(refusal, missing);
        assert!(register(required("urn:a:b"), &[], NOBODY, sample::origin()).is_ok());
        let update = |before, after, uses| update(&before, after, true, uses, sample::origin());
        assert_eq!(
            update(schema("urn:a:b"), required("urn:a:b"), SOME).unwrap_err(),
            missing
        );
        assert!(
            update(schema("urn:a:b"), required("urn:a:b"), EVERYBODY)
                .unwrap()
                .is_some()
        );
        // One that is required already, and one that no longer is.
        let other = DirectorySchema {
            document: "{}".to_owned(),
            ..required("urn:a:b")
        };
        assert!(update(required("urn:a:b"), other, SOME).unwrap().is_some());
        assert!(
            update(required("urn:a:b"), schema("urn:a:b"), SOME)
                .unwrap()
                .is_some()
        );
        assert!(
            update(schema("urn:a:b"), schema("urn:a:b"), SOME)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_schema_with_data_neither_goes_nor_comes_to_mean_something_else() {
        let in_use = Refusal::SchemaInUse {
            urn: "urn:a:b".to_owned(),
            uses: 3,
        };
        let before = schema("urn:a:b");
        let after = DirectorySchema {
            document: "{}".to_owned(),
            ..before.clone()
        };
        let update = |takes_data, uses| update(&before, after.clone(), takes_data, uses, sample::origin());
        assert_eq!(update(false, SOME).unwrap_err(), in_use);
        assert!(update(true, SOME).unwrap().is_some());
        assert!(update(false, NOBODY).unwrap().is_some());
        assert_eq!(remove(&before, SOME, sample::origin()).unwrap_err(), in_use);
        let (fact, audit) = remove(&before, NOBODY, sample::origin()).unwrap().into_parts();
        assert!(matches!(fact, Fact::Schema(SchemaFact::Removed { urn, .. }) if urn == "urn:a:b"));
        assert!(audit.before.is_some() && audit.after.is_none());
    }
}
