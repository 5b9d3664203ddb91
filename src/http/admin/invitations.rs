//! `/api/v1/tenants/{tenant}/invitations`.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use super::list::Page;
use super::mail::DeliveryView;
use crate::accounts::Accounts;
use crate::accounts::invitations::{self, Token};
use crate::directory::invitation::OpenInvitation;
use crate::directory::{Invitation, InvitationId, Refusal};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::http::throttle::Visitor;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(resend))
        .routes(routes!(withdraw, patch));
    section("invitations", "Invitations that wait to be accepted.", routes)
}

/// An invitation.
#[derive(Serialize, ToSchema)]
struct InvitationView {
    id: Uuid,
    /// When it was last sent.
    #[schema(format = DateTime)]
    sent_at: String,
    /// When its link was first followed since then, by the person or by a mail server that looks at links.
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<String>,
    /// From when on it cannot be accepted.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<&Invitation> for InvitationView {
    fn from(invitation: &Invitation) -> Self {
        Self {
            id: invitation.id.0,
            sent_at: invitation.sent_at.to_string(),
            opened_at: invitation.opened_at.map(|at| at.to_string()),
            expires_at: invitation.expires_at.to_string(),
        }
    }
}

/// An invitation in a list.
#[derive(Serialize, ToSchema)]
struct OpenInvitationView {
    #[serde(flatten)]
    invitation: InvitationView,
    /// Who is invited.
    user_id: Uuid,
    /// Where it went.
    email: String,
    /// Whether it is too late to accept it; it can be sent again.
    expired: bool,
    /// What became of its mail; null where that is not known.
    delivery: Option<DeliveryView>,
}

impl OpenInvitationView {
    fn new(open: &OpenInvitation, now: Timestamp) -> Self {
        Self {
            invitation: (&open.invitation).into(),
            user_id: open.invitation.user.0,
            email: open.address.clone(),
            expired: open.invitation.expires_at <= now,
            delivery: open
                .delivery
                .as_ref()
                .map(|delivery| DeliveryView::new(delivery, now)),
        }
    }
}

/// The randomness of a new invitation.
pub(super) fn new_token() -> Result<Token, Problem> {
    let (random, nonce) = (clock::random_bytes()?, clock::random_nonce()?);
    Ok(Token { random, nonce })
}

/// A page of invitations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Invitations that were neither accepted nor taken back, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/invitations", params(ListQuery),
    responses((status = 200, body = Page<OpenInvitationView>)))]
async fn list(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    uri: Uri,
) -> Result<Json<Page<OpenInvitationView>>, Problem> {
    let query: ListQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let after = query.cursor.as_deref().map(InvitationId::from_str);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let after = after.and_then(Result::ok).map(|id| id.0);
    let chunk = invitations::list(&on, admin.tenant.id, &admin.authority(), after, size).await?;
    let now = clock::now();
    let items = chunk.items.iter();
    Ok(Json(Page {
        items: items.map(|open| OpenInvitationView::new(open, now)).collect(),
        next_cursor: chunk.next.map(|id| id.to_string()),
    }))
}

/// Sends an invitation again, with a new link; the old link is void. In a tenant with single sign-on this is for the
/// break-glass account alone (409 `manual_creation_blocked`).
#[utoipa::path(post, path = "/tenants/{tenant}/invitations/{id}/resend",
    responses((status = 200, body = OpenInvitationView)))]
async fn resend(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    visitor: Visitor,
    ids: UrlIds,
) -> Result<Json<OpenInvitationView>, Problem> {
    let (id, origin, token) = (ids.find("id", "invitation")?, admin.origin(), new_token()?);
    visitor.charge_letter((admin.tenant.id, id)).map_err(|wait| {
        let detail = "This invitation was sent several times just now; wait for the mail, or send it later.";
        Problem::too_many("rate_limited", detail, wait.seconds.into())
    })?;
    let sent = invitations::resend(&on, &admin.tenant, &admin.authority(), id, &token, origin).await?;
    Ok(Json(OpenInvitationView::new(&sent, clock::now())))
}

/// Always refused: e-mail and role of somebody who is invited are not changed. Delete the invitation and make another.
#[utoipa::path(patch, path = "/tenants/{tenant}/invitations/{id}",
    responses((status = 405, description = "Delete the invitation and make another.")))]
async fn patch(State(on): State<Accounts>, admin: FullTenantAdmin, ids: UrlIds) -> Result<(), Problem> {
    let id = ids.find("id", "invitation")?;
    invitations::find(&on, admin.tenant.id, &admin.authority(), id).await?;
    let (refusal, status) = (Refusal::DeleteAndRecreate, StatusCode::METHOD_NOT_ALLOWED);
    Err(Problem::new(status, refusal.code(), refusal.to_string()))
}

/// Takes an invitation back and deletes the invited person; the address is free again.
#[utoipa::path(delete, path = "/tenants/{tenant}/invitations/{id}", responses((status = 204)))]
async fn withdraw(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let (id, origin) = (ids.find("id", "invitation")?, admin.origin());
    invitations::withdraw(&on, admin.tenant.id, &admin.authority(), id, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
