//! `/api/v1/me`: who is signed in.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, given, nullable};
use super::form::{self, Form};
use super::users::{languages_or_null, name, phone};
use crate::accounts::{Accounts, tenants, users};
use crate::directory::edit::Edit;
use crate::directory::{AdminScope, Catalogue, Facets, Language, Permissions, User};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::SignedIn;
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::{Gateway, PublicUrl};
use crate::login::{Denied, Elsewhere, Login, Session, logout};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(read, update))
        .routes(routes!(read_permissions))
        .routes(routes!(sign_out))
        .merge(super::my_mfa::routes())
        .merge(super::my_tenants::routes());
    section("me", "Who is signed in.", routes)
}

/// Who is signed in, as of this moment.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    user: MyUserView,
    tenant: MyTenantView,
    administrator: bool,
    /// How far the Administrator tick reaches.
    scope: Option<AdminScope>,
    #[serde(flatten)]
    permissions: PermissionsView,
    session: MySessionView,
}

/// What somebody may do in the product, as of this moment.
#[derive(Serialize, ToSchema)]
struct PermissionsView {
    /// Permission groups.
    roles: Vec<String>,
    /// The product's words for what they allow.
    rights: Vec<String>,
    /// Every section of the product, with whether it is open.
    sections: BTreeMap<String, bool>,
}

impl From<Permissions> for PermissionsView {
    fn from(permissions: Permissions) -> Self {
        Self {
            roles: permissions.roles,
            rights: permissions.rights.into_iter().collect(),
            sections: permissions.sections,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct MyUserView {
    id: Uuid,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: String,
    phone_landline: Option<String>,
    phone_mobile: Option<String>,
    /// The person's own language; null for the tenant's.
    #[schema(schema_with = languages_or_null)]
    locale: Option<&'static str>,
    kind: &'static str,
    status: &'static str,
    source: &'static str,
    /// How the person proved who they are: `local` or `sso`.
    auth_method: String,
}

#[derive(Serialize, ToSchema)]
struct MyTenantView {
    id: Uuid,
    slug: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct MySessionView {
    #[schema(format = DateTime)]
    expires_at: String,
    /// What `X-CSRF-Token` has to be wherever something is changed.
    csrf_token: String,
}

/// Who is signed in, with what they may do at this moment.
#[utoipa::path(get, path = "/me", security(("session" = [])), responses((status = 200, body = MeView)))]
async fn read(State(login): State<Login>, signed_in: SignedIn) -> Result<Json<MeView>, Problem> {
    Ok(Json(view(&login, &signed_in.session).await?))
}

/// Who a session belongs to, with what they may do at this moment.
pub(super) async fn view(login: &Login, session: &Session) -> Result<MeView, Problem> {
    show(login, session, session.user()).await
}

/// What whoever is signed in may do in the product at this moment; nothing of it is remembered from an earlier request.
#[utoipa::path(get, path = "/me/permissions", security(("session" = [])),
    responses((status = 200, body = PermissionsView)))]
async fn read_permissions(
    State(login): State<Login>,
    signed_in: SignedIn,
) -> Result<Json<PermissionsView>, Problem> {
    Ok(Json(login.permissions(&signed_in.session).await?.into()))
}

/// What is to be different of oneself. What is absent stays; null clears what may be missing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
struct MyPatchBody {
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, nullable = false)]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, nullable = false)]
    last_name: Option<String>,
    /// The name in one piece, instead of `first_name` and `last_name`.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, nullable = false)]
    full_name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone_landline: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone_mobile: Option<Option<String>>,
    /// Null for the tenant's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(schema_with = languages_or_null, required = false)]
    locale: Option<Option<String>>,
}

/// Changes what everybody may say of themself. Names of employees are the roster's, and what a directory or an identity
/// provider says is changed there (409 `managed_by_directory`).
#[utoipa::path(patch, path = "/me", request_body = MyPatchBody, security(("session" = [], "csrf" = [])),
    responses((status = 200, body = MeView)))]
async fn update(
    State(login): State<Login>,
    State(on): State<Accounts>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<MyPatchBody>,
) -> Result<Json<MeView>, Problem> {
    let session = &signed_in.session;
    let tenant = tenants::find(&on, session.of.slug.as_str()).await?;
    let mut fields = Fields::default();
    let form = Form {
        settings: &tenant.settings,
        catalogue: &Catalogue::default(),
    };
    let said = Edit {
        name: name(&mut fields, body.first_name, body.last_name, body.full_name),
        phone_landline: phone(&form, &mut fields, "phone_landline", body.phone_landline),
        phone_mobile: phone(&form, &mut fields, "phone_mobile", body.phone_mobile),
        locale: body.locale.map(|tag| form::locale(&mut fields, tag.as_deref())),
        ..Edit::default()
    };
    fields.finish()?;
    let id = session.user().id;
    let user = users::update_own(&on, tenant.id, id, said, signed_in.origin()).await?;
    Ok(Json(show(&login, session, &user).await?))
}

async fn show(login: &Login, session: &Session, user: &User) -> Result<MeView, Problem> {
    let attributes = user.profile.attributes();
    let part = |key: &str| Some(attributes.get("name")?.get(key)?.as_str()?.to_owned());
    let display_name = Facets::read(&attributes).display_name;
    Ok(MeView {
        user: MyUserView {
            id: user.id.0,
            email: user.email(),
            first_name: part("givenName"),
            last_name: part("familyName"),
            display_name: display_name.unwrap_or_else(|| user.user_name.clone()),
            phone_landline: user.phone("work"),
            phone_mobile: user.phone("mobile"),
            locale: user.own_language().map(Language::tag),
            kind: user.kind.as_str(),
            status: user.status(clock::now()).as_str(),
            source: user.source.as_str(),
            auth_method: session.of.session.auth_method.clone(),
        },
        tenant: MyTenantView {
            id: session.tenant().0,
            slug: session.of.slug.as_str().to_owned(),
            name: session.of.tenant_name.clone(),
        },
        administrator: user.administrator.is_some(),
        scope: user.administrator.clone(),
        permissions: login.permissions(session).await?.into(),
        session: MySessionView {
            expires_at: session.of.session.expires_at.to_string(),
            csrf_token: session.csrf_token.clone(),
        },
    })
}

/// Where the provider's own session ends.
#[derive(Serialize, ToSchema)]
struct SignedOutView {
    /// Send the browser there to sign out at the identity provider too; null when it offers no such address.
    end_session_url: Option<String>,
}

/// Ends the session of the cookie.
#[utoipa::path(post, path = "/logout", security(("session" = [], "csrf" = [])),
    responses((status = 200, body = SignedOutView)))]
async fn sign_out(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    signed_in: SignedIn,
) -> Result<Response, Problem> {
    let origin = signed_in.origin();
    let nonce = clock::random_nonce()?;
    let elsewhere = logout::sign_out(&login, &signed_in.session, nonce, origin)
        .await
        .map_err(Denied::Storage)?;
    let mut headers = HeaderMap::new();
    if let Some(cookie) = Cookie::Session.set("", 0, &here) {
        headers.append(header::SET_COOKIE, cookie);
    }
    let end_session_url = match elsewhere {
        Some(Elsewhere::Address(url)) => Some(url.into()),
        // A form cannot be handed on as an address.
        Some(Elsewhere::Form { .. }) | None => None,
    };
    let view = SignedOutView { end_session_url };
    Ok((StatusCode::OK, headers, Json(view)).into_response())
}
