//! `.../users/{id}/mfa`: who has to have a second factor, and the way out when one is lost.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::JsonBody;
use super::view::UserDetailView;
use crate::accounts::{Accounts, users};
use crate::directory::second_factor::check_own;
use crate::directory::{Tenant, User};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::one_of;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(require_mfa))
        .routes(routes!(reset_mfa))
}

/// The second factor of a person who signs in by password.
#[derive(Serialize, ToSchema)]
pub(in crate::http::admin) struct MfaView {
    /// Whether the person has to have one to sign in.
    required: bool,
    /// Whether they have one.
    enrolled: bool,
    /// Who sees to it instead, of a person who does not sign in by password here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, schema_with = keepers)]
    managed_by: Option<&'static str>,
}

/// Of a guest it is the tenant that they belong to.
const HOME: &str = "home";
const ELSEWHERE: &str = "identity_provider";

fn keepers() -> Object {
    one_of([HOME, ELSEWHERE])
}

impl MfaView {
    pub(in crate::http::admin) fn new(user: &User, tenant: &Tenant, enrolled: bool) -> Self {
        let keeper = if user.home.is_some() { HOME } else { ELSEWHERE };
        Self {
            required: user.mfa_required,
            enrolled,
            managed_by: check_own(user, tenant).is_err().then_some(keeper),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MfaBody {
    required: bool,
}

/// Says whether a person needs a second factor to sign in by password: whoever has none yet sees a QR code after the next
/// right password. What is open stays open.
#[utoipa::path(put, path = "/tenants/{tenant}/users/{id}/mfa", request_body = MfaBody,
    responses((status = 200, body = UserDetailView)))]
async fn require_mfa(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<MfaBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    users::set_mfa_required(&on, caller.tenant.id, by, id, body.required, origin).await?;
    super::show(&on, &caller, id).await
}

/// Takes a lost second factor away with its recovery codes: the person's sessions end, they are told by mail, and where a
/// second factor is required the next sign-in shows a new QR code. Your own is replaced below `/me/mfa`.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/mfa/reset",
    responses((status = 200, body = UserDetailView)))]
async fn reset_mfa(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    let nonce = clock::random_nonce()?;
    users::reset_mfa(&on, caller.tenant.clone(), by, id, nonce, origin).await?;
    super::show(&on, &caller, id).await
}
