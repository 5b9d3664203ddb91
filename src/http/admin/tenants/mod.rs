//! `/api/v1/tenants`.

mod settings;
mod sign_in_mode;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, given, nullable, parse_query};
use super::list::Page;
use super::users::languages;
use crate::accounts::{Accounts, tenants};
use crate::directory::email::is_address;
use crate::directory::{SignIn, Slug, Tenant, TenantId};
use crate::http::clock;
use crate::http::extract::{Operator, TenantAdmin};
use crate::http::openapi::{one_of, section, slug};
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use settings::{MailboxRulesBody, SettingsView};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, update))
        .merge(sign_in_mode::routes());
    section(
        "tenants",
        "The customers of the software behind the gateway.",
        routes,
    )
}

/// A tenant as the API shows it.
#[derive(Serialize, ToSchema)]
struct TenantView {
    id: Uuid,
    slug: String,
    name: String,
    support_email: Option<String>,
    #[schema(schema_with = sign_in_modes)]
    sign_in: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when nobody may sign in.
    #[schema(format = DateTime)]
    suspended_at: Option<String>,
    #[serde(flatten)]
    settings: SettingsView,
}

fn sign_in_modes() -> Object {
    one_of([SignIn::Local, SignIn::Sso].map(SignIn::as_str))
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.0,
            slug: tenant.slug.as_str().to_owned(),
            name: tenant.name,
            support_email: tenant.support_email,
            sign_in: tenant.sign_in.as_str(),
            created_at: tenant.created_at.to_string(),
            suspended_at: tenant.suspended_at.map(|at| at.to_string()),
            settings: tenant.settings.into(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTenantBody {
    /// Its name in URLs.
    #[schema(schema_with = slug)]
    slug: String,
    /// Its name for people.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where its people are sent for help.
    #[schema(format = Email)]
    support_email: Option<String>,
}

/// Makes a tenant, without people and with sign-in by local accounts.
#[utoipa::path(post, path = "/tenants", request_body = NewTenantBody, responses((status = 201, body = TenantView)))]
async fn create(
    State(on): State<Accounts>,
    operator: Operator,
    JsonBody(body): JsonBody<NewTenantBody>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    let mut fields = Fields::default();
    let slug = Slug::parse(&body.slug);
    if slug.is_none() {
        fields.refuse("slug", Slug::ACCEPTED);
    }
    let name = fields.name("name", &body.name);
    let support_email = body.support_email.filter(|text| !text.trim().is_empty());
    if support_email.as_deref().is_some_and(|text| !is_address(text)) {
        fields.refuse("support_email", "an e-mail address, help@example.com");
    }
    fields.finish()?;
    // A slug that is none was refused above.
    let slug = slug.ok_or_else(|| Problem::not_found("slug"))?;
    let new = tenants::NewTenant {
        id: TenantId(clock::random_id()),
        slug,
        name,
        support_email,
    };
    let tenant = tenants::create(&on, new, operator.origin()).await?;
    Ok((StatusCode::CREATED, Json(tenant.into())))
}

/// One tenant.
#[utoipa::path(get, path = "/tenants/{tenant}", responses((status = 200, body = TenantView)))]
async fn read(admin: TenantAdmin) -> Json<TenantView> {
    Json(admin.tenant.into())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantPatchBody {
    /// Its name for people.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Where its people are sent for help; null for nowhere.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(format = Email, value_type = Option<String>)]
    support_email: Option<Option<String>>,
    /// Whether nobody may sign in. For the operator alone.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    suspended: Option<bool>,
    /// Where days of access begin and end: a name of the IANA database. Access that was given keeps its moments.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    time_zone: Option<String>,
    /// The language of mail to people who have none of their own.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = languages, required = false)]
    locale: Option<String>,
    /// The country of telephone numbers that name none, by its two letters; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 2, max_length = 2)]
    country: Option<Option<String>>,
    /// Who helps people to get in for the first time; null for nobody.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(format = Email, value_type = Option<String>)]
    onboarding_contact: Option<Option<String>>,
    /// In which ways a new person gets a password, one or both of `invitation` and `temporary_password`.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_items = 1, max_items = 2, nullable = false)]
    activation: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    departmental_mailboxes: Option<MailboxRulesBody>,
    /// How many days a deleted person can be restored.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 1, maximum = 3650, nullable = false)]
    retention_days: Option<u32>,
}

/// Changes a tenant.
#[utoipa::path(patch, path = "/tenants/{tenant}", request_body = TenantPatchBody,
    responses((status = 200, body = TenantView)))]
async fn update(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    JsonBody(body): JsonBody<TenantPatchBody>,
) -> Result<Json<TenantView>, Problem> {
    let mut fields = Fields::default();
    let name = body.name.map(|name| fields.name("name", &name));
    let address = body.support_email.as_ref().and_then(Option::as_deref);
    if address.is_some_and(|text| !is_address(text)) {
        fields.refuse("support_email", "an e-mail address, help@example.com");
    }
    let said = settings::Said {
        time_zone: body.time_zone,
        locale: body.locale,
        country: body.country,
        onboarding_contact: body.onboarding_contact,
        activation: body.activation,
        departmental_mailboxes: body.departmental_mailboxes,
        retention_days: body.retention_days,
    };
    let settings = said.check(&mut fields);
    fields.finish()?;
    let patch = tenants::TenantPatch {
        settings,
        name,
        support_email: body.support_email,
        suspended: body.suspended,
    };
    let tenant = tenants::update(&on, admin.tenant.id, &admin.authority(), patch, admin.origin()).await?;
    Ok(Json(tenant.into()))
}

/// A page of tenants.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The tenants, by slug.
#[utoipa::path(get, path = "/tenants", params(ListQuery), responses((status = 200, body = Page<TenantView>)))]
async fn list(State(on): State<Accounts>, _: Operator, uri: Uri) -> Result<Json<Page<TenantView>>, Problem> {
    let query: ListQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    if query
        .cursor
        .as_deref()
        .is_some_and(|slug| Slug::parse(slug).is_none())
    {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let found = tenants::list(&on, query.cursor.as_deref().unwrap_or_default(), size).await?;
    let next_cursor = found
        .last()
        .filter(|_| found.len() == size as usize)
        .map(|last| last.slug.as_str().to_owned());
    let items = found.into_iter().map(TenantView::from).collect();
    Ok(Json(Page { items, next_cursor }))
}
