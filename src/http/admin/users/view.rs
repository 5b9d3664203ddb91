//! People as the API shows them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use crate::accounts::users::Detail;
use crate::directory::{
    AdminScope, AuthMethod, Facets, Grant, Right, User, UserKind, UserSource, UserStatus,
};
use crate::http::openapi::one_of;

/// A person in a list.
#[derive(Serialize, ToSchema)]
pub(in crate::http::admin) struct UserView {
    id: Uuid,
    user_name: String,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    /// The primary address, or else the first.
    email: Option<String>,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// The way in which the person was made.
    #[schema(schema_with = sources)]
    source: &'static str,
    /// The directory that owns the person.
    directory_id: Option<Uuid>,
    /// The provider's own id.
    external_id: Option<String>,
    /// The directory's flag.
    active: Option<bool>,
    /// An administrator's block, which no sync lifts.
    blocked: bool,
    /// The entity that the person belongs to.
    entity_id: Option<Uuid>,
    administrator: bool,
    scope: Option<AdminScope>,
    /// Whether this is the one account that may sign in by password although single sign-on is enforced.
    break_glass: bool,
    /// The first day of access (UTC); null for at once.
    #[schema(format = Date)]
    access_start: Option<String>,
    /// The last day of access (UTC); null without limit.
    #[schema(format = Date)]
    access_end: Option<String>,
    /// What the person may be asked about.
    contact_tags: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
}

/// A person with everything that belongs to them.
#[derive(Serialize, ToSchema)]
pub(super) struct UserDetailView {
    #[serde(flatten)]
    user: UserView,
    /// When somebody who is deleted is removed for good, and cannot be restored any more.
    #[schema(format = DateTime)]
    purge_at: Option<String>,
    /// How the person signs in; `scim` for one who has not done so yet.
    #[schema(schema_with = auth_methods)]
    auth_method: &'static str,
    entity: Option<NamedView>,
    /// The groups that the person is a direct member of.
    groups: Vec<NamedView>,
    /// What the person may do, each with where it comes from.
    grants: Vec<GrantView>,
    /// Who the person is at the identity providers.
    identities: Vec<IdentityView>,
}

/// Something with a name.
#[derive(Serialize, ToSchema)]
pub(super) struct NamedView {
    id: Uuid,
    name: String,
}

/// One right; of `role`, `section` and `admin_scope` exactly one is there.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct GrantView {
    /// A permission group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    role: Option<String>,
    /// A section of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    section: Option<String>,
    /// The Administrator tick.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    admin_scope: Option<AdminScope>,
    /// `manual`, or `connection:` or `directory:` with the id of whose groups give it.
    source: String,
}

/// A subject at an identity provider that leads to the person.
#[derive(Serialize, ToSchema)]
pub(super) struct IdentityView {
    connection: NamedView,
    issuer: String,
    subject: String,
    #[schema(format = DateTime)]
    last_login_at: String,
}

impl UserView {
    pub(in crate::http::admin) fn new(user: &User, now: Timestamp) -> Self {
        let attributes = user.profile.attributes();
        let name = attributes.get("name");
        let part = |key| name.and_then(|name| name.get(key)?.as_str()).map(str::to_owned);
        let shown = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: user.id.0,
            user_name: user.user_name.clone(),
            first_name: part("givenName"),
            last_name: part("familyName"),
            display_name: Facets::read(&attributes).display_name,
            email: user.email(),
            kind: user.kind.as_str(),
            status: user.status(now).as_str(),
            source: user.source.as_str(),
            directory_id: user.directory.map(|id| id.0),
            external_id: user.external_id.clone(),
            active: user.active,
            blocked: user.blocked,
            entity_id: user.entity.map(|id| id.0),
            administrator: user.administrator.is_some(),
            scope: user.administrator.clone(),
            break_glass: user.break_glass,
            access_start: user.access.first_day().map(|day| day.to_string()),
            access_end: user.access.last_day().map(|day| day.to_string()),
            contact_tags: user.contact_tags.clone(),
            created_at: user.created_at.to_string(),
            modified_at: user.modified_at.to_string(),
            deleted_at: shown(user.deleted_at),
        }
    }
}

impl UserDetailView {
    pub(super) fn new(detail: Detail, now: Timestamp) -> Self {
        let linked = !detail.identities.is_empty();
        let groups = detail.groups.into_iter().map(|group| NamedView {
            id: group.id.0,
            name: group.display_name,
        });
        let identities = detail.identities.into_iter().map(|identity| IdentityView {
            connection: NamedView {
                id: identity.key.connection.0,
                name: identity.connection_name,
            },
            issuer: identity.key.issuer,
            subject: identity.key.subject,
            last_login_at: identity.last_login_at.to_string(),
        });
        Self {
            purge_at: detail.purge_at.map(|at| at.to_string()),
            user: UserView::new(&detail.user, now),
            auth_method: detail.user.auth_method(linked).as_str(),
            entity: detail.entity.map(|entity| NamedView {
                id: entity.id.0,
                name: entity.name,
            }),
            groups: groups.collect(),
            grants: detail.grants.into_iter().map(GrantView::from).collect(),
            identities: identities.collect(),
        }
    }
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let mut view = Self {
            source: grant.source.to_text(),
            ..Self::default()
        };
        match grant.right {
            Right::Role(key) => view.role = Some(key),
            Right::Section(key) => view.section = Some(key),
            Right::Admin(scope) => view.admin_scope = Some(scope),
        }
        view
    }
}

pub(in crate::http::admin) fn kinds() -> Object {
    one_of(UserKind::ALL.map(UserKind::as_str))
}

pub(super) fn statuses() -> Object {
    one_of(UserStatus::ALL.map(UserStatus::as_str))
}

pub(super) fn sources() -> Object {
    one_of(UserSource::ALL.map(UserSource::as_str))
}

fn auth_methods() -> Object {
    one_of(AuthMethod::ALL.map(AuthMethod::as_str))
}
