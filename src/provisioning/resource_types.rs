//! What the resources of a directory are made of: the standard schemas and those that it brings itself.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Provisioning;
use super::error::Error;
use super::render::Endpoint;
use super::service::Service;
use crate::directory::{DirectoryId, DirectoryRef, DirectorySchema, SchemaTarget, TenantId};
use crate::scim::schema::{self, Extension, ResourceTypes, Schema, document};
use crate::storage;

/// How many directories' resource types a node remembers.
const CAPACITY: usize = 1_000;

/// The resource types of directories with schemas of their own, by the revision that they were read for or after. What
/// was read of a later revision is harmless: a write under it is refused, and nobody asks for it for long.
#[derive(Debug, Default)]
pub(super) struct KnownTypes(RwLock<HashMap<DirectoryId, (i64, Arc<ResourceTypes>)>>);

impl KnownTypes {
    fn find(&self, directory: &DirectoryRef) -> Option<Arc<ResourceTypes>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (revision, types) = known.get(&directory.id)?;
        (*revision == directory.schemas).then(|| Arc::clone(types))
    }

    fn remember(&self, directory: &DirectoryRef, types: &Arc<ResourceTypes>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(directory.id, (directory.schemas, Arc::clone(types)));
    }
}

impl Provisioning {
    /// A directory of a tenant as its SCIM endpoint knows it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_service(
        &self,
        tenant: TenantId,
        id: DirectoryId,
        endpoint: Endpoint,
    ) -> Result<Option<Service>, Error> {
        let found = self.store.read(tenant).await?.find_directory_ref(id).await?;
        let Some(directory) = found else { return Ok(None) };
        let types = self.types_of(&directory).await?;
        Ok(Some(Service::new(directory, types, endpoint)))
    }

    /// The resource types of a directory, as they are at the revision of its schemas.
    ///
    /// # Errors
    /// The database failed.
    pub async fn types_of(&self, directory: &DirectoryRef) -> Result<Arc<ResourceTypes>, Error> {
        if directory.schemas == 0 {
            return Ok(Arc::clone(schema::standard()));
        }
        if let Some(known) = self.known_types.find(directory) {
            return Ok(known);
        }
        let mut tx = self.store.read(directory.tenant).await?;
        let types = Arc::new(with_schemas(&tx.list_schemas(directory.id).await?)?);
        self.known_types.remember(directory, &types);
        Ok(types)
    }
}

/// The standard resource types with these schemas, in their order.
///
/// # Errors
/// A stored document cannot be read back.
pub(super) fn with_schemas(own: &[DirectorySchema]) -> Result<ResourceTypes, storage::Error> {
    let of = |target: SchemaTarget| {
        own.iter()
            .filter(|one| one.target == target)
            .map(|one| {
                Ok(Extension {
                    schema: Arc::new(stored_schema(one)?),
                    required: one.required,
                })
            })
            .collect::<Result<Vec<_>, storage::Error>>()
    };
    Ok(schema::standard().extended(of(SchemaTarget::User)?, of(SchemaTarget::Group)?))
}

/// The schema of a stored document.
///
/// # Errors
/// It cannot be read back.
pub(super) fn stored_schema(stored: &DirectorySchema) -> Result<Schema, storage::Error> {
    let document = serde_json::from_str(&stored.document).ok();
    document
        .and_then(|document| document::parse(&document).ok())
        .ok_or_else(|| storage::Error::Corrupt(format!("the document of schema {:?}", stored.urn)))
}
