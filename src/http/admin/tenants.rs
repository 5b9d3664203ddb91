//! `/api/v1/tenants`.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{Fields, JsonBody, parse_query};
use crate::accounts::{Accounts, tenants};
use crate::directory::{Slug, Tenant, TenantId};
use crate::http::clock;
use crate::http::extract::{Operator, TenantOperator};
use crate::http::problem::Problem;

/// A tenant as the API shows it.
#[derive(Serialize)]
pub(super) struct TenantView {
    id: TenantId,
    slug: String,
    name: String,
    support_email: Option<String>,
    sign_in: &'static str,
    created_at: String,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            slug: tenant.slug.as_str().to_owned(),
            name: tenant.name,
            support_email: tenant.support_email,
            sign_in: tenant.sign_in.as_str(),
            created_at: tenant.created_at.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenantBody {
    slug: String,
    name: String,
    support_email: Option<String>,
}

pub(super) async fn create(
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
    if support_email.as_deref().is_some_and(|text| !is_email(text)) {
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

pub(super) async fn read(tenant: TenantOperator) -> Json<TenantView> {
    Json(tenant.tenant.into())
}

/// A page of tenants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list(State(on): State<Accounts>, _: Operator, uri: Uri) -> Result<Json<Value>, Problem> {
    let query: ListQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    fields.finish()?;
    let found = tenants::list(&on, query.cursor.as_deref().unwrap_or_default(), size).await?;
    let next = found
        .last()
        .filter(|_| found.len() == size as usize)
        .map(|last| last.slug.as_str().to_owned());
    let items: Vec<TenantView> = found.into_iter().map(TenantView::from).collect();
    Ok(Json(json!({"items": items, "next_cursor": next})))
}

/// One `@` with something on both sides, no spaces, of a length that mail allows (RFC 5321 section 4.5.3.1).
fn is_email(text: &str) -> bool {
    text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.starts_with('.')
        })
}
