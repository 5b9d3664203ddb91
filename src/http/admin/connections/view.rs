//! A connection as the API shows it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::saml_view::SamlConnectionView;
use crate::directory::{AdminScope, Connection, ConnectionId, GroupRule, Protocol, Slug};
use crate::login::Login;

/// A connection. What is there besides depends on its kind. The client secret and private keys are never shown.
#[derive(Serialize, ToSchema)]
pub(super) struct ConnectionView {
    id: Uuid,
    name: String,
    enabled: bool,
    /// The domains that the e-mail-first page sends here.
    domains: Vec<String>,
    /// The directory whose people it meets; null for the tenant's only one.
    directory_id: Option<Uuid>,
    jit: JitView,
    /// The provider's names of attributes, where they are not the default ones.
    attribute_mapping: BTreeMap<String, Vec<String>>,
    group_mapping: Vec<GroupRuleView>,
    /// Counts an e-mail address in a verified domain as verified where the provider does not say so.
    trust_email: bool,
    /// When a login through it last went well with the settings as they are.
    #[schema(format = DateTime)]
    tested_at: Option<String>,
    /// Where a sign-in begins.
    start_url: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
    #[serde(flatten)]
    protocol: ProtocolView,
}

/// What connections of one kind have.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ProtocolView {
    Oidc(OidcConnectionView),
    Saml(Box<SamlConnectionView>),
}

/// What `OpenID` connections have.
#[derive(Serialize, ToSchema)]
struct OidcConnectionView {
    issuer: String,
    client_id: String,
    has_client_secret: bool,
    /// Hosts besides the issuer's own that its endpoints may be on.
    allowed_hosts: Vec<String>,
    /// The signature algorithms of ID tokens that are accepted.
    algorithms: Vec<String>,
    /// What the provider has to know as the redirect URI.
    redirect_uri: String,
    /// Where the provider sends the browser back to after its own sign-out, if it wants to know.
    post_logout_redirect_uri: String,
    /// What the provider may be told as the back-channel logout URI.
    backchannel_logout_uri: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct JitView {
    enabled: bool,
    default_entity_id: Option<Uuid>,
}

/// Who is in a group of the provider has these rights.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupRule)]
pub(super) struct GroupRuleView {
    /// A value of the groups claim, compared exactly.
    #[schema(min_length = 1, max_length = 1024)]
    pub group: String,
    /// A permission group: `user`, or `administrator`, which sets the Administrator tick with scope `all`.
    #[serde(default)]
    pub role: Option<String>,
    /// Sections.
    #[serde(default)]
    pub sections: Vec<String>,
    /// The Administrator tick.
    #[serde(default)]
    pub admin_scope: Option<AdminScope>,
}

impl From<GroupRule> for GroupRuleView {
    fn from(rule: GroupRule) -> Self {
        Self {
            group: rule.group,
            role: rule.role,
            sections: rule.sections,
            admin_scope: rule.admin_scope,
        }
    }
}

/// Puts a time into words.
pub(super) fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl ConnectionView {
    pub(super) fn new(connection: Connection, tenant: &Slug, login: &Login) -> Self {
        let Connection { id, settings, .. } = connection;
        let protocol = match settings.protocol {
            Protocol::Oidc(oidc) => ProtocolView::Oidc(OidcConnectionView {
                issuer: oidc.issuer,
                client_id: oidc.client_id,
                has_client_secret: connection.client_secret.is_some(),
                allowed_hosts: oidc.allowed_hosts,
                algorithms: oidc.algorithms,
                redirect_uri: login.redirect_uri(tenant, id),
                post_logout_redirect_uri: login.post_logout_redirect_uri(tenant),
                backchannel_logout_uri: login.backchannel_logout_uri(tenant, id),
            }),
            Protocol::Saml(saml) => {
                let url = |of: fn(&Login, &Slug, ConnectionId) -> String| of(login, tenant, id);
                let view = SamlConnectionView::new(saml, connection.metadata, &connection.keys, url);
                ProtocolView::Saml(Box::new(view))
            }
        };
        Self {
            id: id.0,
            name: connection.name,
            enabled: connection.enabled,
            domains: settings.domains,
            directory_id: settings.directory_id.map(|id| id.0),
            jit: JitView {
                enabled: settings.jit.enabled,
                default_entity_id: settings.jit.default_entity_id.map(|id| id.0),
            },
            attribute_mapping: settings.attribute_mapping,
            group_mapping: settings.group_mapping.into_iter().map(Into::into).collect(),
            trust_email: settings.trust_email,
            tested_at: time(connection.tested_at),
            start_url: login.start_url(tenant, id),
            created_at: connection.created_at.to_string(),
            modified_at: connection.modified_at.to_string(),
            protocol,
        }
    }
}
