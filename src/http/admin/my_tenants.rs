//! `/api/v1/me/tenants`: the tenants that somebody who is signed in may enter, and changing to another one.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::JsonBody;
use super::list::List;
use super::me::MeView;
use super::sign_in::show;
use crate::http::cookies::Cookie;
use crate::http::extract::{RequestName, SignedIn};
use crate::http::fresh::fresh_step;
use crate::http::login::refuse_program;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::login::local::{self, LocalError};
use crate::login::{Denied, Login};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(enter))
}

/// A tenant that somebody may enter.
#[derive(Serialize, ToSchema)]
struct MyTenantChoiceView {
    slug: String,
    name: String,
    /// Whether this is the one of the session.
    current: bool,
}

/// The tenants that one may enter, one's own first.
#[utoipa::path(get, path = "/me/tenants", security(("session" = [])),
    responses((status = 200, body = List<MyTenantChoiceView>)))]
async fn list(
    State(login): State<Login>,
    signed_in: SignedIn,
) -> Result<Json<List<MyTenantChoiceView>>, Problem> {
    let session = &signed_in.session;
    let found = local::list_tenants(&login, session)
        .await
        .map_err(Denied::Storage)?;
    let view = |tenant: crate::directory::TenantName| MyTenantChoiceView {
        current: tenant.id == session.tenant(),
        slug: tenant.slug.as_str().to_owned(),
        name: tenant.name,
    };
    Ok(Json(found.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnterBody {
    /// The slug of another tenant that one may enter.
    tenant: String,
}

/// Enters another tenant: the answer sets its session's cookie, and the session before ends. The new one ends no later than
/// that one would have. A tenant that one may not enter, and the one where one is, are not found.
#[utoipa::path(post, path = "/me/tenant", request_body = EnterBody, security(("session" = [], "csrf" = [])),
    responses((status = 200, body = MeView),
        (status = 404, body = ProblemView, content_type = "application/problem+json", description = "Not a tenant to enter.")))]
async fn enter(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    signed_in: SignedIn,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<EnterBody>,
) -> Result<Response, Problem> {
    // The cookie that the caller was known by.
    let cookie = Cookie::Session.read(&headers, &here).unwrap_or_default();
    match local::switch(&login, cookie, &body.tenant, fresh_step()?, signed_in.origin()).await {
        Ok(stage) => show(&login, &here, stage).await,
        Err(LocalError::SignIn(refused)) => Ok(refuse_program(&login, &headers, &request_id, *refused).await),
        Err(error) => Err(error.into()),
    }
}
