//! `/api/v1/tenants/{tenant}/connections`.

mod body;
mod keys;
mod saml_view;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::JsonBody;
use super::list::List;
use crate::accounts::Accounts;
use crate::accounts::connections::{self, metadata};
use crate::directory::ConnectionId;
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::login::Login;
use body::{AcceptOfferBody, ConnectionPatchBody, NewConnectionBody, patch_of};
use view::ConnectionView;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, update))
        .routes(routes!(refresh))
        .routes(routes!(accept_offer))
        .routes(routes!(keys::add_key))
        .routes(routes!(keys::activate_key))
        .routes(routes!(keys::remove_key))
        .routes(routes!(test));
    section(
        "connections",
        "The ways to sign in through an identity provider.",
        routes,
    )
}

/// Makes a connection, switched off. An OpenID provider is not contacted: discovery happens at the first use. The
/// metadata of a SAML provider is fetched, where an address is given, and a key of ours is made.
#[utoipa::path(post, path = "/tenants/{tenant}/connections", request_body = NewConnectionBody,
    responses((status = 201, body = ConnectionView)))]
async fn create(
    State(on): State<Accounts>,
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    admin: TenantAdmin,
    JsonBody(body): JsonBody<NewConnectionBody>,
) -> Result<(StatusCode, Json<ConnectionView>), Problem> {
    let new = body.check(&here)?;
    let made = connections::create(&on, admin.tenant.id, &admin.authority(), new, admin.origin()).await?;
    let view = ConnectionView::new(made, &admin.tenant.slug, &login);
    Ok((StatusCode::CREATED, Json(view)))
}

/// The connections, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/connections", responses((status = 200, body = List<ConnectionView>)))]
async fn list(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
) -> Result<Json<List<ConnectionView>>, Problem> {
    let found = connections::list(&on, admin.tenant.id, &admin.authority()).await?;
    let items = found
        .into_iter()
        .map(|one| ConnectionView::new(one, &admin.tenant.slug, &login));
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
    Ok(Json(ConnectionView::new(found, &admin.tenant.slug, &login)))
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
    Ok(Json(ConnectionView::new(after, &admin.tenant.slug, &login)))
}

/// Drops what is remembered of the provider - its document and its keys - on every node. The metadata of a SAML provider
/// is fetched from its address, and what it says is taken.
#[utoipa::path(post, path = "/tenants/{tenant}/connections/{id}/refresh", responses(
    (status = 204),
    (status = 502, description = "The provider's metadata was not to be had or cannot be taken; nothing has changed.",
        body = ProblemView, content_type = "application/problem+json")))]
async fn refresh(State(on): State<Accounts>, admin: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "connection")?;
    connections::refresh(&on, admin.tenant.id, &admin.authority(), id, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes what the metadata of a SAML provider was found to say otherwise than the connection has it: the offer that the
/// caller has seen, and no other.
#[utoipa::path(post, path = "/tenants/{tenant}/connections/{id}/accept-offer", request_body = AcceptOfferBody,
    responses((status = 200, body = ConnectionView)))]
async fn accept_offer(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<AcceptOfferBody>,
) -> Result<Json<ConnectionView>, Problem> {
    let id = ids.find("id", "connection")?;
    let (found_at, origin) = (body.check()?, admin.origin());
    let authority = admin.authority();
    let after = metadata::accept_offer(&on, admin.tenant.id, &authority, id, found_at, origin).await?;
    Ok(Json(ConnectionView::new(after, &admin.tenant.slug, &login)))
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
    let nonce = clock::random_nonce()?;
    let now = clock::now();
    let ticket =
        connections::issue_test_ticket(&on, admin.tenant.id, &admin.authority(), id, nonce, now).await?;
    let start = login.start_url(&admin.tenant.slug, id);
    Ok(Json(TestView {
        test_url: format!("{start}?test={ticket}"),
    }))
}
