//! `/api/v1/tenants/{tenant}/directories/{id}/schemas`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Fields, JsonBody};
use super::list::List;
use crate::directory::{DirectorySchema, SchemaTarget};
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::provisioning::Provisioning;
use crate::provisioning::schemas::{self, SaidSchema};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, register))
        .routes(routes!(read, replace, remove));
    let about = "Attributes that a directory brings itself, as extensions of User or Group.";
    section("schemas", about, routes)
}

/// A schema of a directory's own.
#[derive(Serialize, ToSchema)]
struct OwnSchemaView {
    /// Its name in addresses, where it may be percent-encoded; compared without case.
    urn: String,
    #[schema(schema_with = targets)]
    resource_type: &'static str,
    /// Whether every resource of the type has to have data of it.
    required: bool,
    /// The document (RFC 7643 section 7), with what was left out.
    #[schema(value_type = Object)]
    schema: Value,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

impl From<&DirectorySchema> for OwnSchemaView {
    fn from(schema: &DirectorySchema) -> Self {
        Self {
            urn: schema.urn.clone(),
            resource_type: schema.target.as_str(),
            required: schema.required,
            // Written by us, so it is JSON.
            schema: serde_json::from_str(&schema.document).unwrap_or_default(),
            created_at: schema.created_at.to_string(),
            modified_at: schema.modified_at.to_string(),
        }
    }
}

fn targets() -> Object {
    one_of(SchemaTarget::ALL.map(SchemaTarget::as_str))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnSchemaBody {
    /// What the schema adds attributes to: `User` when absent or null; cannot be changed.
    #[schema(schema_with = targets, required = false)]
    resource_type: Option<String>,
    /// Whether every resource of the type has to have data of it; only while none lacks it.
    #[serde(default)]
    required: bool,
    /// The document (RFC 7643 section 7), at most 64 KiB.
    #[schema(value_type = Object)]
    schema: Box<RawValue>,
}

impl OwnSchemaBody {
    fn into_said(self) -> Result<SaidSchema, Problem> {
        let mut fields = Fields::default();
        let known = SchemaTarget::ALL.map(SchemaTarget::as_str);
        let target = self
            .resource_type
            .and_then(|text| fields.word("resource_type", SchemaTarget::parse(&text), &known));
        fields.finish()?;
        Ok(SaidSchema {
            target,
            required: self.required,
            document: self.schema.get().to_owned(),
        })
    }
}

/// Gives a directory one more schema of its own, in force for the next SCIM request.
#[utoipa::path(post, path = "/tenants/{tenant}/directories/{id}/schemas", request_body = OwnSchemaBody,
    responses((status = 201, body = OwnSchemaView)))]
async fn register(
    State(on): State<Provisioning>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<OwnSchemaBody>,
) -> Result<(StatusCode, Json<OwnSchemaView>), Problem> {
    let (directory, origin) = (ids.find("id", "directory")?, admin.origin());
    let made = schemas::register(&on, admin.tenant.id, directory, body.into_said()?, origin).await?;
    Ok((StatusCode::CREATED, Json((&made).into())))
}

/// The schemas that a directory brings itself, in the order in which they were registered.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/schemas",
    responses((status = 200, body = List<OwnSchemaView>)))]
async fn list(
    State(on): State<Provisioning>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<List<OwnSchemaView>>, Problem> {
    let found = schemas::list(&on, admin.tenant.id, ids.find("id", "directory")?).await?;
    Ok(Json(found.iter().map(OwnSchemaView::from).collect()))
}

/// One schema of a directory's own.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/schemas/{urn}",
    responses((status = 200, body = OwnSchemaView)))]
async fn read(
    State(on): State<Provisioning>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<OwnSchemaView>, Problem> {
    let urn: String = ids.find("urn", "schema")?;
    let found = schemas::find(&on, admin.tenant.id, ids.find("id", "directory")?, &urn).await?;
    Ok(Json((&found).into()))
}

/// Puts a new version in the place of a schema. While there is data of it, only texts, suggested values and optional new
/// attributes may differ.
#[utoipa::path(put, path = "/tenants/{tenant}/directories/{id}/schemas/{urn}", request_body = OwnSchemaBody,
    responses((status = 200, body = OwnSchemaView)))]
async fn replace(
    State(on): State<Provisioning>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<OwnSchemaBody>,
) -> Result<Json<OwnSchemaView>, Problem> {
    let (directory, origin) = (ids.find("id", "directory")?, admin.origin());
    let urn = ids.find("urn", "schema")?;
    let said = body.into_said()?;
    let after = schemas::replace(&on, admin.tenant.id, directory, urn, said, origin).await?;
    Ok(Json((&after).into()))
}

/// Takes a schema away that nothing has data of, deleted people counted.
#[utoipa::path(delete, path = "/tenants/{tenant}/directories/{id}/schemas/{urn}", responses((status = 204)))]
async fn remove(
    State(on): State<Provisioning>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (directory, origin) = (ids.find("id", "directory")?, admin.origin());
    schemas::remove(
        &on,
        admin.tenant.id,
        directory,
        ids.find("urn", "schema")?,
        origin,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
