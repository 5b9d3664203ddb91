//! `/api/v1/tenants/{tenant}/directories/{id}/explain`: why a SCIM request is answered as it is.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Fields, JsonBody};
use super::explanation::ExplanationView;
use crate::directory::{Actor, DirectoryId, Source};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::scim::explain::{Asked, Inexplicable, explain as ask};
use crate::http::state::{Gateway, PublicUrl};
use crate::provisioning::{Endpoint, Provisioning, Service};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(explain));
    section("explanations", "Why a SCIM request is answered as it is.", routes)
}

/// A SCIM request of this directory, as its provider sends it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExplainBody {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    method: String,
    /// Below the SCIM base URL, with its query, `/Users/{id}?attributes=userName`; or the whole URL.
    path: String,
    /// `If-Match`, `If-None-Match`, `Content-Type`; others change nothing.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as JSON; or, so that nothing of it is lost, its text.
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
}

/// Explains a SCIM request without carrying it out: how it is read, whom it meets, what it would change, which rule
/// refuses it. The same reading and the same plan as for the request itself; nothing is written.
#[utoipa::path(post, path = "/tenants/{tenant}/directories/{id}/explain", request_body = ExplainBody,
    responses((status = 200, body = ExplanationView)))]
async fn explain(
    State(on): State<Provisioning>,
    State(public_url): State<PublicUrl>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<ExplainBody>,
) -> Result<Json<ExplanationView>, Problem> {
    let service = find_service(&on, &public_url, &admin, &ids).await?;
    let asked = asked(body)?;
    let origin = clock::origin(
        Actor::Directory(service.directory.id),
        Source::Scim,
        &admin.origin().request_id,
    );
    match ask(&on, &service, &asked, clock::random_id(), origin).await {
        Ok(explained) => Ok(Json(ExplanationView::new(
            asked.method.as_str(),
            &asked.path,
            explained,
        ))),
        Err(Inexplicable::Path(accepted)) => {
            let mut fields = Fields::default();
            fields.refuse("path", accepted);
            fields.finish()?;
            Err(Problem::not_found("path"))
        }
        Err(Inexplicable::Storage(error)) => Err(error.into()),
    }
}

/// The directory that the address names, as its SCIM endpoint knows it.
pub(super) async fn find_service(
    on: &Provisioning,
    public_url: &PublicUrl,
    admin: &FullTenantAdmin,
    ids: &UrlIds,
) -> Result<Service, Problem> {
    let id = ids.find::<DirectoryId>("id", "directory")?;
    let base = public_url.scim_base(admin.tenant.slug.as_str(), &id.to_string());
    let found = on.find_service(admin.tenant.id, id, Endpoint::new(base)).await?;
    found.ok_or_else(|| Problem::not_found("directory"))
}

fn asked(body: ExplainBody) -> Result<Asked, Problem> {
    let mut fields = Fields::default();
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let method = known
        .iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(&body.method));
    let names: Vec<&str> = known.iter().map(Method::as_str).collect();
    let method = fields.word("method", method, &names);
    let mut headers = HeaderMap::new();
    for (name, value) in &body.headers {
        let name = HeaderName::try_from(name.as_str()).ok();
        match name.zip(HeaderValue::from_str(value).ok()) {
            Some((name, value)) => {
                headers.insert(name, value);
            }
            None => fields.refuse("headers", "names and values as HTTP has them"),
        }
    }
    fields.finish()?;
    Ok(Asked {
        method: method.cloned().unwrap_or_default(),
        path: body.path,
        headers,
        body: match body.body {
            None => Vec::new(),
            Some(Value::String(text)) => text.into_bytes(),
            Some(value) => value.to_string().into_bytes(),
        },
    })
}
