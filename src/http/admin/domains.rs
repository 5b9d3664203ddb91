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
use crate::accounts::Accounts;
use crate::accounts::domains::{self, Provable};
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(verify))
        .routes(routes!(remove));
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
    /// What to publish, of a domain that is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    proof: Option<DomainProofView>,
}

/// A record of the domain name system that proves a domain for this tenant. It stays the same.
#[derive(Serialize, ToSchema)]
struct DomainProofView {
    name: String,
    /// `TXT`.
    r#type: &'static str,
    value: String,
}

impl From<Provable> for DomainView {
    fn from(Provable { domain, proof }: Provable) -> Self {
        let proof = DomainProofView {
            name: proof.name,
            r#type: "TXT",
            value: proof.value,
        };
        Self {
            domain: domain.name,
            verified: domain.verified_at.is_some(),
            verified_at: domain.verified_at.map(|at| at.to_string()),
            created_at: domain.created_at.to_string(),
            proof: domain.verified_at.is_none().then_some(proof),
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

/// Enters a domain: verified on the operator's word, otherwise with the record that proves it. One that is there already
/// stays as it is, or is verified.
#[utoipa::path(post, path = "/tenants/{tenant}/domains", request_body = NewDomainBody,
    responses((status = 201, body = DomainView)))]
async fn create(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    JsonBody(body): JsonBody<NewDomainBody>,
) -> Result<(StatusCode, Json<DomainView>), Problem> {
    let origin = admin.origin();
    let made = domains::add(&on, admin.tenant.id, &admin.authority(), &body.domain, origin).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// The domains, by name.
#[utoipa::path(get, path = "/tenants/{tenant}/domains", responses((status = 200, body = List<DomainView>)))]
async fn list(State(on): State<Accounts>, admin: FullTenantAdmin) -> Result<Json<List<DomainView>>, Problem> {
    let found = domains::list(&on, admin.tenant.id, &admin.authority()).await?;
    Ok(Json(found.into_iter().map(DomainView::from).collect()))
}

/// Looks for the record that proves a domain, and verifies it. Where it is not found this is 409
/// `domain_proof_missing`, and `detail` says what is there instead. A verified domain is not looked for again.
#[utoipa::path(post, path = "/tenants/{tenant}/domains/{domain}/verify",
    responses((status = 200, body = DomainView)))]
async fn verify(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<Json<DomainView>, Problem> {
    let (name, origin) = (ids.text("domain"), admin.origin());
    let verified = domains::verify(&on, admin.tenant.id, &admin.authority(), name, origin).await?;
    Ok(Json(verified.into()))
}

/// Takes a domain away: its addresses prove nothing any more. One that a connection names is 409
/// `domain_in_use`.
#[utoipa::path(delete, path = "/tenants/{tenant}/domains/{domain}", responses((status = 204)))]
async fn remove(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (name, origin) = (ids.text("domain"), admin.origin());
    domains::remove(&on, admin.tenant.id, &admin.authority(), name, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
