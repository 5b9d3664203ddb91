//! `/api/v1/tenants/{tenant}/domains`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::JsonBody;
use super::list::List;
use crate::accounts::{Accounts, connections};
use crate::directory::Domain;
use crate::http::extract::TenantAdmin;
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(list, create));
    section(
        "domains",
        "The domains whose e-mail addresses are the tenant's.",
        routes,
    )
}

/// A domain as the API shows it.
#[derive(Serialize, ToSchema)]
struct DomainView {
    domain: String,
    /// Only the addresses of verified domains count.
    verified: bool,
    #[schema(format = DateTime)]
    verified_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Domain> for DomainView {
    fn from(domain: Domain) -> Self {
        Self {
            domain: domain.name,
            verified: domain.verified_at.is_some(),
            verified_at: domain.verified_at.map(|at| at.to_string()),
            created_at: domain.created_at.to_string(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDomainBody {
    /// Compared without case; other letters than ASCII in their `xn--` form.
    #[schema(format = Hostname)]
    domain: String,
}

/// Enters a domain, verified on the operator's word. One that is there already stays as it is, or is verified.
#[utoipa::path(post, path = "/tenants/{tenant}/domains", request_body = NewDomainBody,
    responses((status = 201, body = DomainView)))]
async fn create(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    JsonBody(body): JsonBody<NewDomainBody>,
) -> Result<(StatusCode, Json<DomainView>), Problem> {
    let origin = admin.origin();
    let made =
        connections::add_domain(&on, admin.tenant.id, &admin.authority(), &body.domain, origin).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// The domains, by name.
#[utoipa::path(get, path = "/tenants/{tenant}/domains", responses((status = 200, body = List<DomainView>)))]
async fn list(State(on): State<Accounts>, admin: TenantAdmin) -> Result<Json<List<DomainView>>, Problem> {
    let found = connections::list_domains(&on, admin.tenant.id, &admin.authority()).await?;
    Ok(Json(found.into_iter().map(DomainView::from).collect()))
}
