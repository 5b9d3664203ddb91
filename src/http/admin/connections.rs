//! `/api/v1/tenants/{tenant}/connections`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, nullable};
use super::list::List;
use super::rights::{are_sections, is_role};
use crate::accounts::Accounts;
use crate::accounts::connections::{self, ConnectionPatch, NewConnection, NewSecret};
use crate::directory::{
    AdminScope, Connection, ConnectionId, DirectoryId, EntityId, GroupRule, Protocol, Slug,
};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::login::Login;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, update))
        .routes(routes!(refresh))
        .routes(routes!(test));
    section(
        "connections",
        "The ways to sign in through an identity provider.",
        routes,
    )
}

/// A connection as the API shows it. The client secret is never shown.
#[derive(Serialize, ToSchema)]
struct ConnectionView {
    id: Uuid,
    kind: &'static str,
    name: String,
    enabled: bool,
    issuer: String,
    client_id: String,
    has_client_secret: bool,
    /// The domains that the e-mail-first page sends here.
    domains: Vec<String>,
    /// Hosts besides the issuer's own that its endpoints may be on.
    allowed_hosts: Vec<String>,
    /// The signature algorithms of ID tokens that are accepted.
    algorithms: Vec<String>,
    /// The directory whose people it meets; null for the tenant's only one.
    directory_id: Option<Uuid>,
    jit: JitView,
    /// The provider's names of attributes, where they are not the default ones.
    attribute_mapping: BTreeMap<String, Vec<String>>,
    group_mapping: Vec<GroupRuleView>,
    trust_email: bool,
    /// When a login through it last went well with the settings as they are.
    #[schema(format = DateTime)]
    tested_at: Option<String>,
    /// Where a sign-in begins.
    start_url: String,
    /// What the provider has to know as the redirect URI.
    redirect_uri: String,
    /// Where the provider sends the browser back to after its own sign-out, if it wants to know.
    post_logout_redirect_uri: String,
    /// What the provider may be told as the back-channel logout URI.
    backchannel_logout_uri: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

#[derive(Serialize, ToSchema)]
struct JitView {
    enabled: bool,
    default_entity_id: Option<Uuid>,
}

/// Who is in a group of the provider has these rights.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GroupRule)]
struct GroupRuleView {
    /// A value of the groups claim, compared exactly.
    #[schema(min_length = 1, max_length = 1024)]
    group: String,
    /// A permission group: `user`, or `administrator`, which sets the Administrator tick with scope `all`.
    #[serde(default)]
    role: Option<String>,
    /// Sections.
    #[serde(default)]
    sections: Vec<String>,
    /// The Administrator tick.
    #[serde(default)]
    admin_scope: Option<AdminScope>,
}

fn view(connection: Connection, tenant: &Slug, login: &Login) -> ConnectionView {
    let settings = connection.settings;
    let kind = settings.protocol.as_str();
    let (issuer, client_id, allowed_hosts, algorithms) = match settings.protocol {
        Protocol::Oidc(oidc) => (oidc.issuer, oidc.client_id, oidc.allowed_hosts, oidc.algorithms),
        Protocol::Saml(saml) => (saml.provider.entity_id, String::new(), Vec::new(), Vec::new()),
    };
    let rule = |rule: GroupRule| GroupRuleView {
        group: rule.group,
        role: rule.role,
        sections: rule.sections,
        admin_scope: rule.admin_scope,
    };
    ConnectionView {
        id: connection.id.0,
        kind,
        name: connection.name,
        enabled: connection.enabled,
        issuer,
        client_id,
        has_client_secret: connection.client_secret.is_some(),
        domains: settings.domains,
        allowed_hosts,
        algorithms,
        directory_id: settings.directory_id.map(|id| id.0),
        jit: JitView {
            enabled: settings.jit.enabled,
            default_entity_id: settings.jit.default_entity_id.map(|id| id.0),
        },
        attribute_mapping: settings.attribute_mapping,
        group_mapping: settings.group_mapping.into_iter().map(rule).collect(),
        trust_email: settings.trust_email,
        tested_at: connection.tested_at.map(|at| at.to_string()),
        start_url: login.start_url(tenant, connection.id),
        redirect_uri: login.redirect_uri(tenant, connection.id),
        post_logout_redirect_uri: login.post_logout_redirect_uri(tenant),
        backchannel_logout_uri: login.backchannel_logout_uri(tenant, connection.id),
        created_at: connection.created_at.to_string(),
        modified_at: connection.modified_at.to_string(),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewConnectionBody {
    /// `oidc`.
    kind: String,
    /// Its name for people, unique in the tenant.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The issuer, exactly as the provider writes it.
    #[schema(format = "uri")]
    issuer: String,
    /// Our name at the provider.
    #[schema(min_length = 1, max_length = 512)]
    client_id: String,
    /// The provider's secret for us. Without one we are a public client, with PKCE alone.
    #[schema(min_length = 1, max_length = 4096)]
    client_secret: Option<String>,
    /// The domains whose people sign in here. They become the tenant's: verified on the operator's word.
    #[serde(default)]
    #[schema(max_items = 100)]
    domains: Vec<String>,
    /// Hosts besides the issuer's own that its endpoints may be on. Those of Google and Entra are known.
    #[serde(default)]
    #[schema(max_items = 100)]
    allowed_hosts: Vec<String>,
}

/// Makes a connection, switched off. Nobody is contacted: discovery happens at its first use.
#[utoipa::path(post, path = "/tenants/{tenant}/connections", request_body = NewConnectionBody,
    responses((status = 201, body = ConnectionView)))]
async fn create(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
    JsonBody(body): JsonBody<NewConnectionBody>,
) -> Result<(StatusCode, Json<ConnectionView>), Problem> {
    let mut fields = Fields::default();
    if body.kind != "oidc" {
        fields.refuse("kind", "oidc");
    }
    let name = fields.name("name", &body.name);
    fields.text("client_id", &body.client_id, 512);
    check_lists(&mut fields, Some(&body.domains), Some(&body.allowed_hosts));
    let client_secret = secret(&mut fields, body.client_secret)?;
    fields.finish()?;
    let new = NewConnection {
        id: ConnectionId(clock::random_id()),
        name,
        issuer: body.issuer,
        client_id: body.client_id,
        client_secret,
        domains: body.domains,
        allowed_hosts: body.allowed_hosts,
    };
    let made = connections::create(&on, admin.tenant.id, &admin.authority(), new, admin.origin()).await?;
    Ok((StatusCode::CREATED, Json(view(made, &admin.tenant.slug, &login))))
}

/// The connections, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/connections", responses((status = 200, body = List<ConnectionView>)))]
async fn list(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
) -> Result<Json<List<ConnectionView>>, Problem> {
    let found = connections::list(&on, admin.tenant.id, &admin.authority()).await?;
    let items = found.into_iter().map(|one| view(one, &admin.tenant.slug, &login));
    Ok(Json(items.collect()))
}

/// One connection.
#[utoipa::path(get, path = "/tenants/{tenant}/connections/{id}", responses((status = 200, body = ConnectionView)))]
async fn read(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<ConnectionView>, Problem> {
    let id = ids.find("id", "connection")?;
    let found = connections::find(&on, admin.tenant.id, &admin.authority(), id).await?;
    Ok(Json(view(found, &admin.tenant.slug, &login)))
}

/// What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConnectionPatchBody {
    /// Its name for people, unique in the tenant.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The issuer, exactly as the provider writes it.
    #[schema(format = "uri")]
    issuer: Option<String>,
    /// Our name at the provider.
    #[schema(min_length = 1, max_length = 512)]
    client_id: Option<String>,
    /// Of SAML connections; false here.
    allow_idp_initiated: Option<bool>,
    /// Of SAML connections; false here.
    require_gcm: Option<bool>,
    /// Whether people may sign in through it.
    enabled: Option<bool>,
    /// A new secret of the provider for us.
    #[schema(min_length = 1, max_length = 4096)]
    client_secret: Option<String>,
    #[schema(max_items = 100)]
    domains: Option<Vec<String>>,
    #[schema(max_items = 100)]
    allowed_hosts: Option<Vec<String>>,
    /// RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA.
    algorithms: Option<Vec<String>>,
    jit: Option<JitPatchBody>,
    /// Names of claims, best first, by attribute: `email`, `first_name`, `last_name`, `display_name`, `user_name`,
    /// `external_id`, `groups`. What is not named has the default names; an empty list switches an attribute off.
    attribute_mapping: Option<BTreeMap<String, ClaimNamesBody>>,
    #[schema(max_items = 1000)]
    group_mapping: Option<Vec<GroupRuleView>>,
    /// Counts an e-mail address in a verified domain as verified where the provider does not say so.
    trust_email: Option<bool>,
    /// Null for the tenant's only directory.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    directory_id: Option<Option<DirectoryId>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JitPatchBody {
    /// Whether a person who is not known yet gets an account at the first login.
    enabled: Option<bool>,
    /// The entity that they belong to; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    default_entity_id: Option<Option<EntityId>>,
}

/// One name or several.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum ClaimNamesBody {
    One(String),
    Many(Vec<String>),
}

/// Changes a connection.
#[utoipa::path(patch, path = "/tenants/{tenant}/connections/{id}", request_body = ConnectionPatchBody,
    responses((status = 200, body = ConnectionView)))]
async fn update(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<ConnectionPatchBody>,
) -> Result<Json<ConnectionView>, Problem> {
    let id = ids.find("id", "connection")?;
    let patch = patch_of(body)?;
    let origin = admin.origin();
    let after = connections::update(&on, admin.tenant.id, &admin.authority(), id, patch, origin).await?;
    Ok(Json(view(after, &admin.tenant.slug, &login)))
}

fn patch_of(body: ConnectionPatchBody) -> Result<ConnectionPatch, Problem> {
    let mut fields = Fields::default();
    check_lists(&mut fields, body.domains.as_ref(), body.allowed_hosts.as_ref());
    let name = body.name.map(|name| fields.name("name", &name));
    if let Some(client_id) = &body.client_id {
        fields.text("client_id", client_id, 512);
    }
    for (field, value) in [
        ("allow_idp_initiated", body.allow_idp_initiated),
        ("require_gcm", body.require_gcm),
    ] {
        if value == Some(true) {
            fields.refuse(field, "false: it is for SAML connections");
        }
    }
    let client_secret = secret(&mut fields, body.client_secret)?;
    if body
        .group_mapping
        .as_ref()
        .is_some_and(|rules| !rules.iter().all(is_rule))
    {
        fields.refuse(
            "group_mapping",
            "rules with a group of 1 to 1024 characters, a role that is user or administrator, and sections of 1 to 64 of \
             a-z, 0-9, - and _",
        );
    }
    fields.finish()?;
    let jit = body.jit;
    let names = |names: ClaimNamesBody| match names {
        ClaimNamesBody::One(name) => vec![name],
        ClaimNamesBody::Many(names) => names,
    };
    let rule = |rule: GroupRuleView| GroupRule {
        group: rule.group,
        role: rule.role,
        sections: rule.sections,
        admin_scope: rule.admin_scope,
    };
    Ok(ConnectionPatch {
        name,
        issuer: body.issuer,
        client_id: body.client_id,
        enabled: body.enabled,
        client_secret,
        domains: body.domains,
        allowed_hosts: body.allowed_hosts,
        algorithms: body.algorithms,
        jit_enabled: jit.as_ref().and_then(|jit| jit.enabled),
        default_entity: jit.and_then(|jit| jit.default_entity_id),
        attribute_mapping: body.attribute_mapping.map(|mapping| {
            mapping
                .into_iter()
                .map(|(attribute, of)| (attribute, names(of)))
                .collect()
        }),
        group_mapping: body
            .group_mapping
            .map(|rules| rules.into_iter().map(rule).collect()),
        trust_email: body.trust_email,
        directory: body.directory_id,
    })
}

fn check_lists(fields: &mut Fields, domains: Option<&Vec<String>>, allowed_hosts: Option<&Vec<String>>) {
    for (field, list) in [("domains", domains), ("allowed_hosts", allowed_hosts)] {
        if list.is_some_and(|list| list.len() > 100) {
            fields.refuse(field, "at most 100");
        }
    }
    let is_host = |host: &String| {
        let is_part =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        (1..=260).contains(&host.len()) & host.bytes().all(is_part)
    };
    if allowed_hosts.is_some_and(|hosts| !hosts.iter().all(is_host)) {
        fields.refuse(
            "allowed_hosts",
            "host names, each with or without a port: keys.example or keys.example:8443",
        );
    }
}

fn is_rule(rule: &GroupRuleView) -> bool {
    (1..=1024).contains(&rule.group.chars().count())
        && is_role(rule.role.as_deref())
        && are_sections(&rule.sections)
}

fn secret(fields: &mut Fields, text: Option<String>) -> Result<Option<NewSecret>, Problem> {
    let Some(text) = text else { return Ok(None) };
    fields.text("client_secret", &text, 4096);
    let nonce = clock::random_nonce().map_err(|_| Problem::no_randomness())?;
    Ok(Some(NewSecret { text, nonce }))
}

/// Drops what is remembered of the provider - its document and its keys - on every node.
#[utoipa::path(post, path = "/tenants/{tenant}/connections/{id}/refresh", responses((status = 204)))]
async fn refresh(State(on): State<Accounts>, admin: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "connection")?;
    connections::refresh(&on, admin.tenant.id, &admin.authority(), id, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where to test a connection.
#[derive(Serialize, ToSchema)]
struct TestView {
    /// To be opened in a browser within 15 minutes. It signs nobody in, and shows received against expected.
    test_url: String,
}

/// Gives an address for a test login, also of a connection that is switched off.
#[utoipa::path(post, path = "/tenants/{tenant}/connections/{id}/test", responses((status = 200, body = TestView)))]
async fn test(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<TestView>, Problem> {
    let id: ConnectionId = ids.find("id", "connection")?;
    let nonce = clock::random_nonce().map_err(|_| Problem::no_randomness())?;
    let now = clock::now();
    let ticket =
        connections::issue_test_ticket(&on, admin.tenant.id, &admin.authority(), id, nonce, now).await?;
    let start = login.start_url(&admin.tenant.slug, id);
    Ok(Json(TestView {
        test_url: format!("{start}?test={ticket}"),
    }))
}
