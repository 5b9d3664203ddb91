//! `/api/v1/tenants/{tenant}/users`.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Fields, JsonBody, parse_query};
use crate::accounts::{Accounts, users};
use crate::directory::{AdminScope, Facets, User, UserId, UserStatus};
use crate::http::clock;
use crate::http::extract::{TenantOperator, UrlIds};
use crate::http::problem::Problem;

/// Which people a list is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    status: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(on): State<Accounts>,
    operator: TenantOperator,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let query: ListQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let status = query.status.as_deref().map(UserStatus::parse);
    if status == Some(None) {
        fields.refuse("status", "one of active, inactive, deleted");
    }
    let after = query.cursor.as_deref().map(UserId::from_str);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let after = after.and_then(Result::ok).map(|id| id.0);
    let chunk = users::list(
        &on,
        operator.tenant.id,
        status.flatten(),
        clock::now(),
        after,
        u64::from(size),
    )
    .await?;
    let items: Vec<Value> = chunk.items.iter().map(view).collect();
    Ok(Json(json!({"items": items, "next_cursor": chunk.next})))
}

pub(super) async fn read(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    Ok(Json(view(
        &users::find(&on, operator.tenant.id, ids.find("id", "user")?).await?,
    )))
}

pub(super) async fn activate(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let origin = operator.origin();
    Ok(Json(view(
        &users::set_blocked(&on, operator.tenant.id, ids.find("id", "user")?, false, origin).await?,
    )))
}

pub(super) async fn deactivate(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let origin = operator.origin();
    Ok(Json(view(
        &users::set_blocked(&on, operator.tenant.id, ids.find("id", "user")?, true, origin).await?,
    )))
}

pub(super) async fn restore(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<Json<Value>, Problem> {
    let origin = operator.origin();
    Ok(Json(view(
        &users::restore(&on, operator.tenant.id, ids.find("id", "user")?, origin).await?,
    )))
}

pub(super) async fn delete(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let origin = operator.origin();
    users::delete(&on, operator.tenant.id, ids.find("id", "user")?, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdministratorBody {
    administrator: bool,
    scope: Option<AdminScope>,
}

pub(super) async fn set_administrator(
    State(on): State<Accounts>,
    operator: TenantOperator,
    ids: UrlIds,
    JsonBody(body): JsonBody<AdministratorBody>,
) -> Result<Json<Value>, Problem> {
    let origin = operator.origin();
    // An absent scope means nobody, never everybody.
    let scope = body.scope.unwrap_or(AdminScope::Entities(Vec::new()));
    let administrator = body.administrator.then_some(scope);
    let user = users::set_administrator(
        &on,
        operator.tenant.id,
        ids.find("id", "user")?,
        administrator,
        origin,
    )
    .await?;
    Ok(Json(view(&user)))
}

/// A person as the API shows them.
fn view(user: &User) -> Value {
    let attributes = user.profile.attributes();
    let facets = Facets::read(&attributes);
    let email = attributes
        .get("emails")
        .and_then(Value::as_array)
        .and_then(|emails| {
            let primary = emails.iter().find(|email| email["primary"] == true);
            primary.or(emails.first())?.get("value").cloned()
        });
    json!({
        "id": user.id,
        "user_name": user.user_name,
        "display_name": facets.display_name,
        "email": email,
        "status": user.status(clock::now()).as_str(),
        "source": if user.directory.is_some() { "scim" } else { "manual" },
        "directory_id": user.directory,
        "external_id": user.external_id,
        "active": user.active,
        "blocked": user.blocked,
        "administrator": user.administrator.is_some(),
        "scope": user.administrator,
        "created_at": user.created_at.to_string(),
        "modified_at": user.modified_at.to_string(),
        "deleted_at": user.deleted_at.map(|at| at.to_string()),
    })
}
