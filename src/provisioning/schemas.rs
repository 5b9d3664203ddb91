//! Schemas that a directory brings itself: an administrator registers, changes and removes them.
//!
//! A change waits for the writes that were judged by the schemas before it, and a write that comes after it and was
//! judged by them is refused; so no data is left behind of a schema that is gone.

use super::Provisioning;
use super::resource_types::{stored_schema, with_schemas};
use crate::directory::{
    DirectoryId, DirectorySchema, Origin, Refusal, SchemaTarget, TenantId, schema as rules,
};
use crate::scim::discovery::document_of;
use crate::scim::json::parse_json;
use crate::scim::schema::document::{self, MAX_DOCUMENT};
use crate::scim::schema::{self, ResourceTypes, Schema};
use crate::storage::{self, Tx};

pub use crate::scim::schema::document::Fault;

/// Why a request about schemas came to nothing. Nothing was written, unless the database was lost in the middle of a
/// commit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another tenant's.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// What was sent is not accepted. The paths begin with the field of the request.
    #[error("{} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error(transparent)]
    Storage(storage::Error),
}

storage::carried_by!(Error);

/// What is said of a schema.
#[derive(Debug, Clone)]
pub struct SaidSchema {
    /// What it adds attributes to; people when nothing is said of a new one.
    pub target: Option<SchemaTarget>,
    /// Whether every resource of the kind has to have data of it.
    pub required: bool,
    /// The schema document (RFC 7643 section 7), JSON.
    pub document: String,
}

/// Gives a directory one more schema.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`]; [`Error::Refused`] for a URN that is known or reads like a path, for too many
/// schemas, and for a required one while there are resources, which cannot have its data yet.
pub async fn register(
    on: &Provisioning,
    tenant: TenantId,
    directory: DirectoryId,
    said: SaidSchema,
    origin: Origin,
) -> Result<DirectorySchema, Error> {
    let schema = parse(&said.document)?;
    let made = DirectorySchema {
        directory,
        urn: schema.id.clone(),
        target: said.target.unwrap_or(SchemaTarget::User),
        required: said.required,
        document: document_of(&schema).to_string(),
        created_at: origin.at,
        modified_at: origin.at,
    };
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let others = lock(tx, directory).await?;
            check_readable(&schema, made.target, &others)?;
            let uses = tx.count_schema_uses(directory, made.target, &made.urn).await?;
            tx.apply(rules::register(made.clone(), &others, uses, origin)?)
                .await?;
            Ok(made)
        })
        .await
}

/// The schemas that a directory brings itself, in the order in which they were registered.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn list(
    on: &Provisioning,
    tenant: TenantId,
    directory: DirectoryId,
) -> Result<Vec<DirectorySchema>, Error> {
    let mut tx = on.store.read(tenant).await?;
    tx.find_directory(directory)
        .await?
        .ok_or(Error::NotFound("directory"))?;
    Ok(tx.list_schemas(directory).await?)
}

/// One schema of a directory's own, by its URN in any case.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(
    on: &Provisioning,
    tenant: TenantId,
    directory: DirectoryId,
    urn: &str,
) -> Result<DirectorySchema, Error> {
    let (found, _) = take(list(on, tenant, directory).await?, urn)?;
    Ok(found)
}

/// Puts a new version in the place of a schema.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`], also for another URN or kind of resource; [`Error::Refused`] where there is data
/// that may not fit the new version, or where a resource lacks data that is to be required.
pub async fn replace(
    on: &Provisioning,
    tenant: TenantId,
    directory: DirectoryId,
    urn: String,
    said: SaidSchema,
    origin: Origin,
) -> Result<DirectorySchema, Error> {
    let schema = parse(&said.document)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (before, others) = take(lock(tx, directory).await?, &urn)?;
            check_same(&before, &schema, &said)?;
            check_readable(&schema, before.target, &others)?;
            let uses = tx
                .count_schema_uses(directory, before.target, &before.urn)
                .await?;
            let takes_data = schema.takes_data_of(&stored_schema(&before)?);
            let after = DirectorySchema {
                required: said.required,
                document: document_of(&schema).to_string(),
                modified_at: origin.at,
                ..before.clone()
            };
            match rules::update(&before, after.clone(), takes_data, uses, origin)? {
                Some(change) => {
                    tx.apply(change).await?;
                    Ok(after)
                }
                None => Ok(before),
            }
        })
        .await
}

/// Takes a schema away.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Refused`] while there is data of it.
pub async fn remove(
    on: &Provisioning,
    tenant: TenantId,
    directory: DirectoryId,
    urn: String,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (found, _) = take(lock(tx, directory).await?, &urn)?;
            let uses = tx.count_schema_uses(directory, found.target, &found.urn).await?;
            Ok(tx.apply(rules::remove(&found, uses, origin)?).await?)
        })
        .await
}

/// The schemas of a directory. Until the commit nothing is written in the directory that was judged by schemas.
async fn lock(tx: &mut Tx, directory: DirectoryId) -> Result<Vec<DirectorySchema>, Error> {
    tx.find_schemas_revision_for_update(directory)
        .await?
        .ok_or(Error::NotFound("directory"))?;
    Ok(tx.list_schemas(directory).await?)
}

/// The schema of a URN, and the others.
fn take(mut all: Vec<DirectorySchema>, urn: &str) -> Result<(DirectorySchema, Vec<DirectorySchema>), Error> {
    let position = all.iter().position(|one| one.urn.eq_ignore_ascii_case(urn));
    let found = all.remove(position.ok_or(Error::NotFound("schema"))?);
    Ok((found, all))
}

/// Reads a schema that can be a directory's own.
fn parse(text: &str) -> Result<Schema, Error> {
    let whole = |message: String| {
        Error::Invalid(vec![Fault {
            path: "schema".to_owned(),
            message,
        }])
    };
    if text.len() > MAX_DOCUMENT {
        return Err(whole(format!("at most {MAX_DOCUMENT} bytes")));
    }
    let json = parse_json(text.as_bytes()).map_err(|error| whole(error.detail))?;
    let schema = document::parse(&json).map_err(in_request)?;
    let types = schema::standard();
    if types.user.has_schema(&schema.id) || types.group.has_schema(&schema.id) {
        return Err(Refusal::SchemaUrnTaken(schema.id).into());
    }
    let faults = document::check_own(&schema);
    if faults.is_empty() {
        Ok(schema)
    } else {
        Err(in_request(faults))
    }
}

/// Faults of the document as faults of the request.
fn in_request(mut faults: Vec<Fault>) -> Error {
    for fault in &mut faults {
        let dot = if fault.path.is_empty() { "" } else { "." };
        fault.path = format!("schema{dot}{}", fault.path);
    }
    Error::Invalid(faults)
}

/// Refuses a schema whose URN reads like an attribute of another of the same resource type, or the other way about: the
/// longest URN wins in a path, so the attribute could not be named.
fn check_readable(schema: &Schema, target: SchemaTarget, others: &[DirectorySchema]) -> Result<(), Error> {
    let ResourceTypes { user, group } = with_schemas(others)?;
    let rt = match target {
        SchemaTarget::User => user,
        SchemaTarget::Group => group,
    };
    let extensions = rt.extensions.iter().map(|extension| &*extension.schema);
    for other in std::iter::once(&*rt.schema).chain(extensions) {
        let (path, owner) = match (other.has_path(&schema.id), schema.has_path(&other.id)) {
            (true, _) => (schema, other),
            (_, true) => (other, schema),
            _ => continue,
        };
        return Err(Refusal::SchemaUrnAmbiguous {
            urn: path.id.clone(),
            other: owner.id.clone(),
        }
        .into());
    }
    Ok(())
}

/// A schema keeps its URN and its kind of resource: data stands under the one with the other.
fn check_same(before: &DirectorySchema, schema: &Schema, said: &SaidSchema) -> Result<(), Error> {
    let mut faults = Vec::new();
    if said.target.is_some_and(|target| target != before.target) {
        faults.push(Fault {
            path: "resource_type".to_owned(),
            message: format!("{}, as it was registered, or nothing", before.target.as_str()),
        });
    }
    if schema.id != before.urn {
        faults.push(Fault {
            path: "schema.id".to_owned(),
            message: format!("{}, as it was registered", before.urn),
        });
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}
