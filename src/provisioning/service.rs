//! A directory as its SCIM endpoint knows it.

use std::sync::Arc;

use super::command::ResourceKind;
use super::render::Endpoint;
use crate::directory::{DirectoryKind, DirectoryRef};
use crate::scim::quirks::Provider;
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
}

impl Service {
    /// Which provider's habits the engine has to expect.
    #[must_use]
    pub fn provider(&self) -> Provider {
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
