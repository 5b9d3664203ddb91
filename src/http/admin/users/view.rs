//! People as the API shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use uuid::Uuid;

use super::super::mail::DeliveryView;
use super::mfa::MfaView;
use crate::accounts::users::Detail;
use crate::directory::grant::role_by_hand;
use crate::directory::invitation::Progress;
use crate::directory::lifecycle::purge_at;
use crate::directory::{
    AdminScope, AuthMethod, Facets, Grant, Language, Right, Tenant, TenantName, TenantSettings, User,
    UserKind, UserSource, UserStatus,
};
use crate::http::openapi::{one_of, one_of_or_null};

/// Of the tenant's own people, and of guests.
const ORIGINS: [&str; 2] = ["home", "external"];

/// A person in a list.
#[derive(Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; every combination of them occurs"
)]
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
    /// `home`, or `external` for a guest, who belongs to another tenant.
    #[schema(schema_with = origins)]
    origin: &'static str,
    /// The tenant that a guest belongs to.
    home_tenant: Option<TenantNameView>,
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
    /// Who the person is on the roster.
    person_id: Option<Uuid>,
    phone_landline: Option<String>,
    phone_mobile: Option<String>,
    /// The person's own language; null for the tenant's.
    #[schema(schema_with = languages_or_null)]
    locale: Option<&'static str>,
    /// Whether there is an access code. It is never shown.
    access_code_set: bool,
    /// Whether the address looks like the mailbox of a department, which an account by hand would not be made for.
    departmental_mailbox: bool,
    /// The last invitation of somebody who was made by hand.
    invitation: Option<InvitationProgressView>,
    /// The first day of access in the tenant's time zone; null for at once.
    #[schema(format = Date)]
    access_start: Option<String>,
    /// The last day of access in the tenant's time zone; null without limit.
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

/// A tenant as people of others see it.
#[derive(Serialize, ToSchema)]
pub(in crate::http::admin) struct TenantNameView {
    slug: String,
    name: String,
}

impl From<&TenantName> for TenantNameView {
    fn from(tenant: &TenantName) -> Self {
        Self {
            slug: tenant.slug.as_str().to_owned(),
            name: tenant.name.clone(),
        }
    }
}

/// How far an invitation is.
#[derive(Serialize, ToSchema)]
struct InvitationProgressView {
    id: Uuid,
    #[schema(schema_with = invitation_statuses)]
    status: &'static str,
    /// When it was last sent.
    #[schema(format = DateTime)]
    sent_at: String,
    /// When its link was first followed since then, by the person or by a mail server that looks at links.
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<String>,
    /// From when on it cannot be accepted.
    #[schema(format = DateTime)]
    expires_at: String,
    /// What became of its mail; null where that is not known.
    delivery: Option<DeliveryView>,
}

impl InvitationProgressView {
    fn new(progress: &Progress, now: Timestamp) -> Self {
        Self {
            id: progress.invitation.id.0,
            status: progress.status(now),
            sent_at: progress.invitation.sent_at.to_string(),
            opened_at: progress.invitation.opened_at.map(|at| at.to_string()),
            expires_at: progress.invitation.expires_at.to_string(),
            delivery: progress
                .delivery
                .as_ref()
                .map(|delivery| DeliveryView::new(delivery, now)),
        }
    }
}

/// A person with everything that belongs to them.
#[derive(Serialize, ToSchema)]
pub(in crate::http::admin) struct UserDetailView {
    #[serde(flatten)]
    user: UserView,
    /// When somebody who is deleted is removed for good, and cannot be restored any more.
    #[schema(format = DateTime)]
    purge_at: Option<String>,
    /// How the person signs in; `scim` for one who has not done so yet.
    #[schema(schema_with = auth_methods)]
    auth_method: &'static str,
    entity: Option<NamedView>,
    /// The permission group that was chosen by hand.
    role: String,
    /// The permission groups that count: those given by hand or by groups, else `user`.
    roles: Vec<String>,
    /// What these allow in the product.
    rights: Vec<String>,
    /// Every section, with whether it is open to the person.
    sections: BTreeMap<String, bool>,
    /// The groups that the person is a direct member of.
    groups: Vec<NamedView>,
    /// What the person may do, each with where it comes from.
    grants: Vec<GrantView>,
    /// Who the person is at the identity providers.
    identities: Vec<IdentityView>,
    mfa: MfaView,
}

/// Something with a name.
#[derive(Serialize, ToSchema)]
pub(super) struct NamedView {
    id: Uuid,
    name: String,
}

/// One right; of `role`, `section`, `withheld` and `admin_scope` exactly one is there.
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
    /// A section of the product that is kept closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    withheld: Option<String>,
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
    pub(in crate::http::admin) fn new(
        user: &User,
        invitation: Option<&Progress>,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Self {
        let zone = &settings.time_zone;
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
            origin: ORIGINS[usize::from(user.home.is_some())],
            home_tenant: None,
            directory_id: user.directory.map(|id| id.0),
            external_id: user.external_id.clone(),
            active: user.active,
            blocked: user.blocked,
            entity_id: user.entity.map(|id| id.0),
            administrator: user.administrator.is_some(),
            scope: user.administrator.clone(),
            break_glass: user.break_glass,
            person_id: user.person.map(|id| id.0),
            phone_landline: user.phone("work"),
            phone_mobile: user.phone("mobile"),
            locale: user.own_language().map(Language::tag),
            access_code_set: user.access_code.is_some(),
            departmental_mailbox: user
                .email()
                .is_some_and(|email| settings.departmental_mailboxes.is_departmental(&email)),
            invitation: invitation.map(|progress| InvitationProgressView::new(progress, now)),
            access_start: user.access.first_day(zone).map(|day| day.to_string()),
            access_end: user.access.last_day(zone).map(|day| day.to_string()),
            contact_tags: user.contact_tags.clone(),
            created_at: user.created_at.to_string(),
            modified_at: user.modified_at.to_string(),
            deleted_at: shown(user.deleted_at),
        }
    }

    /// Says where a guest belongs, of the tenants that guests come from.
    pub(in crate::http::admin) fn at_home(mut self, user: &User, homes: &[TenantName]) -> Self {
        let home = user
            .home
            .and_then(|home| homes.iter().find(|tenant| tenant.id == home.tenant));
        self.home_tenant = home.map(TenantNameView::from);
        self
    }
}

impl UserDetailView {
    pub(in crate::http::admin) fn new(detail: Detail, tenant: &Tenant, now: Timestamp) -> Self {
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
            user: UserView::new(&detail.user, detail.invitation.as_ref(), &tenant.settings, now)
                .at_home(&detail.user, detail.home.as_slice()),
            mfa: MfaView::new(&detail.user, tenant, detail.mfa_enrolled),
            role: role_by_hand(&detail.grants).to_owned(),
            roles: detail.permissions.roles,
            rights: detail.permissions.rights.into_iter().collect(),
            sections: detail.permissions.sections,
            purge_at: detail
                .user
                .deleted_at
                .map(|at| purge_at(at, tenant.settings.retention_days).to_string()),
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
            Right::Withheld(key) => view.withheld = Some(key),
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

pub(in crate::http::admin) fn languages() -> Object {
    one_of(Language::ALL.map(Language::tag))
}

/// The same, or null for none of one's own.
pub(in crate::http::admin) fn languages_or_null() -> Object {
    one_of_or_null(Language::ALL.map(Language::tag))
}

fn origins() -> Object {
    one_of(ORIGINS)
}

fn invitation_statuses() -> Object {
    one_of(Progress::STATUSES)
}

fn auth_methods() -> Object {
    one_of(AuthMethod::ALL.map(AuthMethod::as_str))
}
