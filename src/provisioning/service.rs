//! A directory as its SCIM endpoint knows it.

use std::sync::Arc;

use super::command::ResourceKind;
use super::render::Endpoint;
use crate::directory::{DirectoryKind, DirectoryRef};
use crate::scim::quirks::{Notes, Provider, Reading};
use crate::scim::schema::{ResourceType, ResourceTypes};

/// Whose directory it is, how its provider behaves, what its resources are made of and where they live: what every
/// request of one endpoint shares.
#[derive(Debug, Clone)]
pub struct Service {
    /// The directory, with its tenant.
    pub directory: DirectoryRef,
    /// Its resource types.
    pub types: Arc<ResourceTypes>,
    /// Its addresses.
    pub endpoint: Endpoint,
    /// Where it is noted how a request is read, when the request is to be explained.
    notes: Option<Arc<Notes>>,
}

impl Service {
    /// A directory's endpoint.
    #[must_use]
    pub fn new(directory: DirectoryRef, types: Arc<ResourceTypes>, endpoint: Endpoint) -> Self {
        Self {
            directory,
            types,
            endpoint,
            notes: None,
        }
    }

    /// The same endpoint for one request whose reading is noted.
    pub(super) fn noting(&self, notes: Arc<Notes>) -> Self {
        Self {
            notes: Some(notes),
            ..self.clone()
        }
    }

    /// How the engine is to read a request: which provider's habits it has to expect, and whether it takes notes.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading::new(self.provider(), self.notes.clone())
    }

    fn provider(&self) -> Provider {
        match self.directory.kind {
            DirectoryKind::Generic => Provider::Generic,
            DirectoryKind::Okta => Provider::Okta,
            DirectoryKind::Entra => Provider::Entra,
            DirectoryKind::Google => Provider::Google,
            DirectoryKind::OneLogin => Provider::OneLogin,
            DirectoryKind::JumpCloud => Provider::JumpCloud,
        }
    }

    /// The resource type of a kind.
    #[must_use]
    pub fn resource_type(&self, kind: ResourceKind) -> &ResourceType {
        match kind {
            ResourceKind::User => &self.types.user,
            ResourceKind::Group => &self.types.group,
        }
    }
}
