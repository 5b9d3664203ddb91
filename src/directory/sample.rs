//! A tenant, a connection, people and moments for tests.

use jiff::Timestamp;
use uuid::Uuid;

use super::access::AccessWindow;
use super::account;
use super::audit::{Actor, Origin, Source};
use super::connection::{Connection, ConnectionSettings, Jit, OidcSettings, Protocol};
use super::id::{ConnectionId, DirectoryId, TenantId, UserId};
use super::metadata::MetadataState;
use super::profile::Profile;
use super::saml::{SamlBinding, SamlEndpoint, SamlProvider, SamlSettings};
use super::settings::TenantSettings;
use super::tenant::{SignIn, Slug, Tenant};
use super::user::{User, UserKind, UserSource};

/// The directory of [`provisioned`].
pub(crate) const DIRECTORY: DirectoryId = DirectoryId(Uuid::from_u128(0xd1));

/// A moment by its second.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// The moment of every [`origin`].
pub(crate) fn now() -> Timestamp {
    at(1_000_000)
}

/// Where a change comes from.
pub(crate) fn origin() -> Origin {
    Origin {
        actor: Actor::Gateway,
        source: Source::Job,
        request_id: "request".to_owned(),
        at: now(),
    }
}

/// A local account with a password and full access, whose e-mail address is the userName.
pub(crate) fn local(number: u128, user_name: &str) -> User {
    User {
        contact_tags: Vec::new(),
        person: None,
        access_code: None,
        id: UserId(Uuid::from_u128(number)),
        directory: None,
        home: None,
        kind: UserKind::Employee,
        source: UserSource::Manual,
        provisioned: false,
        pending: false,
        user_name: user_name.to_owned(),
        external_id: None,
        active: Some(true),
        blocked: false,
        access: AccessWindow::default(),
        entity: None,
        administrator: None,
        break_glass: false,
        mfa_required: false,
        profile: Profile::from_attributes(&account::attributes(None, None, None, user_name)),
        version: 1,
        created_at: at(1),
        modified_at: at(1),
        deleted_at: None,
    }
}

/// A person whom [`DIRECTORY`] has provisioned.
pub(crate) fn provisioned(number: u128, user_name: &str) -> User {
    User {
        directory: Some(DIRECTORY),
        source: UserSource::Scim,
        provisioned: true,
        ..local(number, user_name)
    }
}

/// A person of [`DIRECTORY`] who was made at a first login.
pub(crate) fn first_login(number: u128, user_name: &str) -> User {
    User {
        source: UserSource::Jit,
        provisioned: false,
        ..provisioned(number, user_name)
    }
}

/// A tenant that signs in locally.
pub(crate) fn tenant() -> Tenant {
    Tenant {
        id: TenantId(Uuid::from_u128(0xa1)),
        slug: Slug::parse("acme").unwrap(),
        name: "Acme".to_owned(),
        support_email: None,
        sign_in: SignIn::Local,
        settings: TenantSettings::default(),
        created_at: at(1),
        suspended_at: None,
    }
}

/// A connection that is enabled, makes accounts at the first login, and has not been tried yet.
pub(crate) fn connection(number: u128) -> Connection {
    Connection {
        id: ConnectionId(Uuid::from_u128(number)),
        name: "Provider".to_owned(),
        enabled: true,
        settings: ConnectionSettings {
            protocol: Protocol::Oidc(OidcSettings {
                issuer: "https://idp.example".to_owned(),
                client_id: "client".to_owned(),
                allowed_hosts: Vec::new(),
                algorithms: vec!["RS256".to_owned()],
            }),
            domains: Vec::new(),
            directory_id: None,
            jit: Jit {
                enabled: true,
                default_entity_id: None,
            },
            attribute_mapping: std::collections::BTreeMap::new(),
            group_mapping: Vec::new(),
            trust_email: false,
        },
        client_secret: None,
        keys: Vec::new(),
        metadata: MetadataState::default(),
        revision: 1,
        tested_at: None,
        created_at: at(1),
        modified_at: at(1),
    }
}

/// A provider that takes requests by redirect.
pub(crate) fn saml_provider() -> SamlProvider {
    SamlProvider {
        entity_id: "https://idp.example/metadata".to_owned(),
        certificates: vec!["certificate".to_owned()],
        single_sign_on: vec![SamlEndpoint {
            binding: SamlBinding::Redirect,
            url: "https://idp.example/sso".to_owned(),
            response_url: None,
        }],
        single_logout: Vec::new(),
        wants_signed_requests: false,
    }
}

/// The same connection by SAML, its metadata followed.
pub(crate) fn saml_connection(number: u128) -> Connection {
    let mut made = connection(number);
    made.settings.protocol = Protocol::Saml(SamlSettings {
        provider: saml_provider(),
        metadata_url: Some("https://idp.example/metadata".to_owned()),
        request_binding: None,
        sign_requests: false,
        allow_idp_initiated: false,
        require_gcm: false,
    });
    made
}
