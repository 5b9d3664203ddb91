//! Bringing deleted people back, and erasing them for good.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Fields, JsonBody};
use super::super::form;
use super::super::invitations::new_token;
use super::super::passwords::prove_for_address;
use super::show;
use super::view::UserDetailView;
use crate::accounts::Accounts;
use crate::accounts::users::{self, Restoring};
use crate::directory::{InvitationId, TenantSettings};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, TenantAdmin, UrlIds};
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::login::Login;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(restore))
        .routes(routes!(erase))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RestoreBody {
    /// Another address, of somebody who belongs to no directory; the old one when absent.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// The same once more.
    #[schema(max_length = 254)]
    email_confirmation: Option<String>,
    /// The administrator's own, where they sign in by one and bring an administrator back under another address.
    #[schema(format = Password)]
    current_admin_password: Option<String>,
}

impl RestoreBody {
    fn read(self, settings: &TenantSettings) -> Result<Option<String>, Problem> {
        let mut fields = Fields::default();
        let email = match (self.email, self.email_confirmation) {
            (None, None) => None,
            (email, again) => Some(form::email(&mut fields, settings, email, again.as_deref())),
        };
        fields.finish()?;
        Ok(email)
    }
}

/// Brings a deleted person back, without group memberships. 409 `email_in_use` when somebody has their address meanwhile:
/// say another one. Whoever had not accepted their invitation gets a new one.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/restore", request_body = RestoreBody,
    responses((status = 200, body = UserDetailView)))]
async fn restore(
    State(on): State<Accounts>,
    State(login): State<Login>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(mut body): JsonBody<RestoreBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let own_password = body.current_admin_password.take();
    let email = body.read(&caller.tenant.settings)?;
    if let Some(address) = &email {
        let shown = users::find_reached(&on, caller.tenant.id, &caller.authority(), id).await?;
        prove_for_address(&login, &caller, &shown, address, own_password.as_deref()).await?;
    }
    let how = Restoring {
        email,
        invitation: InvitationId(clock::random_id()),
        token: new_token()?,
    };
    let (by, origin) = (caller.authority(), caller.origin());
    users::restore(&on, caller.tenant.id, by, id, how, origin).await?;
    show(&on, &caller, id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EraseBody {
    /// The person's `user_name`, or the id of somebody whose record is gone already.
    confirm: String,
}

/// Erases a deleted person for good, before their time is over or after: the record, and whatever names them in the audit
/// log, in refused sign-ins, in the log of requests and in mail. Ids stay, and so does the audit chain.
#[utoipa::path(post, path = "/tenants/{tenant}/users/{id}/erase", request_body = EraseBody,
    responses((status = 204)))]
async fn erase(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<EraseBody>,
) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "user")?;
    let (by, origin) = (caller.authority(), caller.origin());
    users::erase(&on, caller.tenant.id, &by, id, &body.confirm, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
