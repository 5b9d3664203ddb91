//! `/api/v1/tenants/{tenant}/guests`: people of other tenants who have access to this one, and requests for them.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, given, parse_query};
use super::form::Form;
use super::list::{List, Page};
use super::users::{TenantNameView, UserDetailView, UserView};
use crate::accounts::guests::requests;
use crate::accounts::{Accounts, catalogue, guests, tenants, users};
use crate::directory::email::is_address;
use crate::directory::grant::SaidRights;
use crate::directory::guest::Asked;
use crate::directory::permission::USER;
use crate::directory::{Authority, GuestRequest, GuestRequestId, Slug, Tenant, UserId};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(update, remove))
        .routes(routes!(list_requests))
        .routes(routes!(list_sent))
        .routes(routes!(withdraw))
        .routes(routes!(accept))
        .routes(routes!(decline));
    section(
        "guests",
        "People who belong to another tenant and have access to this one, and requests for them.",
        routes,
    )
}

/// Which guests a list is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GuestQuery {
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The guests of a tenant, by id.
#[utoipa::path(get, path = "/tenants/{tenant}/guests", params(GuestQuery),
    responses((status = 200, body = Page<UserView>)))]
async fn list(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    uri: Uri,
) -> Result<Json<Page<UserView>>, Problem> {
    let query: GuestQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = u64::from(fields.page_size(query.limit));
    let after = query.cursor.as_deref().map(UserId::from_str);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let after = after.and_then(Result::ok).map(|id| id.0);
    let (by, now, tenant) = (caller.authority(), clock::now(), &caller.tenant);
    let chunk = guests::list(&on, tenant.id, &by, now, (after, size)).await?;
    let homes = guests::list_homes(&on, tenant.id, chunk.items.iter()).await?;
    let view = |user| UserView::new(user, None, &tenant.settings, now).at_home(user, &homes);
    Ok(Json(Page {
        items: chunk.items.iter().map(view).collect(),
        next_cursor: chunk.next.map(|id| id.to_string()),
    }))
}

/// Somebody of another tenant, by `email` or by `user_id`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGuestBody {
    /// Their e-mail address or userName at home.
    email: Option<String>,
    /// Their id at home.
    user_id: Option<Uuid>,
    /// The slug of the tenant that they belong to.
    home_tenant: String,
    /// The key of a permission group of this tenant; `user` when absent. `administrator` sets the Administrator tick with
    /// scope `all`.
    role: Option<String>,
    /// Sections by key, opened or closed whatever the permission group says.
    sections: Option<BTreeMap<String, Option<bool>>>,
}

/// The home tenant was asked.
#[derive(Serialize, ToSchema)]
struct GuestRequestedView {
    /// Always `requested`: whether the home tenant has such a person is not told.
    status: &'static str,
}

/// Makes somebody of another tenant a guest. The operator's word makes the guest at once (201). An administrator's asks the
/// home tenant, whose administrators accept or decline (202, whether there is such a person or not); nobody answers within 30
/// days means no.
#[utoipa::path(post, path = "/tenants/{tenant}/guests", request_body = NewGuestBody, responses(
    (status = 201, body = UserDetailView),
    (status = 202, body = GuestRequestedView)))]
async fn create(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    JsonBody(body): JsonBody<NewGuestBody>,
) -> Result<Response, Problem> {
    let catalogue = catalogue::load(&on, caller.tenant.id).await?;
    let form = Form {
        settings: &caller.tenant.settings,
        catalogue: &catalogue,
    };
    let mut fields = Fields::default();
    let asked = whom(&mut fields, body.email, body.user_id);
    form.role(&mut fields, body.role.as_deref());
    let rights = SaidRights {
        sections: form.sections(&mut fields, body.sections),
        role: body.role,
    };
    let home = find_home(&on, &mut fields, &body.home_tenant).await?;
    fields.finish()?;
    // Both are there, or a field was refused.
    let (Some(asked), Some(home)) = (asked, home) else {
        return Err(Problem::not_found("user"));
    };
    let (host, origin) = (caller.tenant.id, caller.origin());
    let by = caller.authority();
    if matches!(by, Authority::Operator) {
        let id = UserId(clock::random_id());
        guests::admit(&on, &by, host, (home.id, asked), id, rights, origin).await?;
        let shown = show(&on, &caller, id).await?;
        return Ok((StatusCode::CREATED, shown).into_response());
    }
    let new = (GuestRequestId(clock::random_id()), rights);
    requests::ask(&on, by, (host, home.id), asked, new, origin).await?;
    let view = GuestRequestedView { status: "requested" };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

fn whom(fields: &mut Fields, email: Option<String>, id: Option<Uuid>) -> Option<Asked> {
    match (email, id) {
        (Some(email), None) => {
            let email = email.trim().to_owned();
            if !is_address(&email) {
                fields.refuse("email", "an e-mail address, ada@example.com");
            }
            Some(Asked::Email(email))
        }
        (None, Some(id)) => Some(Asked::User(UserId(id))),
        _ => {
            fields.refuse("email", "either email or user_id");
            None
        }
    }
}

/// The guest as they stand. Whoever may change guests is shown them, with or without a permission to read people.
async fn show(on: &Accounts, caller: &FullTenantAdmin, id: UserId) -> Result<Json<UserDetailView>, Problem> {
    let detail = users::find(on, caller.tenant.id, &Authority::Operator, id).await?;
    Ok(Json(UserDetailView::new(detail, &caller.tenant, clock::now())))
}

/// That there is a tenant of a name is no secret: it has a sign-in page.
async fn find_home(on: &Accounts, fields: &mut Fields, slug: &str) -> Result<Option<Tenant>, Problem> {
    if Slug::parse(slug).is_some() {
        match tenants::find(on, slug).await {
            Ok(tenant) => return Ok(Some(tenant)),
            Err(crate::accounts::Error::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    fields.refuse("home_tenant", "the slug of the tenant that they belong to");
    Ok(None)
}

/// What a guest may do here from now on. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GuestPatchBody {
    /// The key of a permission group of this tenant. Choosing `administrator` sets the Administrator tick with scope `all`;
    /// choosing another one instead takes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    role: Option<String>,
    /// Sections by key, opened or closed whatever the permission group says; null leaves one to the group again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = BTreeMap<String, Option<bool>>, required = false)]
    sections: Option<BTreeMap<String, Option<bool>>>,
}

/// Changes what a guest may do here, from the next request on. In the home tenant nothing changes.
#[utoipa::path(patch, path = "/tenants/{tenant}/guests/{id}", request_body = GuestPatchBody,
    responses((status = 200, body = UserDetailView)))]
async fn update(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<GuestPatchBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let catalogue = catalogue::load(&on, caller.tenant.id).await?;
    let form = Form {
        settings: &caller.tenant.settings,
        catalogue: &catalogue,
    };
    let mut fields = Fields::default();
    form.role(&mut fields, body.role.as_deref());
    let rights = SaidRights {
        sections: form.sections(&mut fields, body.sections),
        role: body.role,
    };
    fields.finish()?;
    let (by, origin) = (caller.authority(), caller.origin());
    guests::set_rights(&on, caller.tenant.id, by, id, rights, origin).await?;
    show(&on, &caller, id).await
}

/// Ends the access of a guest to this tenant, and the sessions here. Those at home go on.
#[utoipa::path(delete, path = "/tenants/{tenant}/guests/{id}", responses((status = 204)))]
async fn remove(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "user")?;
    guests::remove(&on, caller.tenant.id, caller.authority(), id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another tenant's request that somebody of this one be its guest.
#[derive(Serialize, ToSchema)]
struct GuestRequestView {
    id: Uuid,
    /// The tenant that asks.
    tenant: TenantNameView,
    user_id: Uuid,
    user_name: String,
    /// The permission group that they would have there.
    role: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// What other tenants ask of this one, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/guest-requests",
    responses((status = 200, body = List<GuestRequestView>)))]
async fn list_requests(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
) -> Result<Json<List<GuestRequestView>>, Problem> {
    let found = requests::list(&on, &caller.authority(), caller.tenant.id, clock::now()).await?;
    let view = found.into_iter().map(|asked| GuestRequestView {
        id: asked.request.id.0,
        tenant: TenantNameView::from(&asked.host),
        user_id: asked.person.0,
        user_name: asked.user_name,
        role: asked.request.rights.role.unwrap_or_else(|| USER.to_owned()),
        created_at: asked.request.created_at.to_string(),
    });
    Ok(Json(view.collect()))
}

/// A request of this tenant that somebody of another one be its guest, as it was asked.
#[derive(Serialize, ToSchema)]
struct SentGuestRequestView {
    id: Uuid,
    /// The slug of the tenant that is asked.
    home_tenant: String,
    email: Option<String>,
    user_id: Option<Uuid>,
    /// The permission group that they would have here.
    role: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<(GuestRequest, String)> for SentGuestRequestView {
    fn from((request, home_tenant): (GuestRequest, String)) -> Self {
        let (email, user_id) = match request.asked {
            Asked::Email(email) => (Some(email), None),
            Asked::User(user) => (None, Some(user.0)),
        };
        Self {
            id: request.id.0,
            home_tenant,
            email,
            user_id,
            role: request.rights.role.unwrap_or_else(|| USER.to_owned()),
            created_at: request.created_at.to_string(),
        }
    }
}

/// What this tenant asks of others, oldest first. A request that was declined stays here like one that nobody has answered,
/// until 30 days are over.
#[utoipa::path(get, path = "/tenants/{tenant}/guest-requests/sent",
    responses((status = 200, body = List<SentGuestRequestView>)))]
async fn list_sent(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
) -> Result<Json<List<SentGuestRequestView>>, Problem> {
    let found = requests::list_sent(&on, &caller.authority(), caller.tenant.id, clock::now()).await?;
    Ok(Json(found.into_iter().map(SentGuestRequestView::from).collect()))
}

/// Takes back a request of this tenant.
#[utoipa::path(delete, path = "/tenants/{tenant}/guest-requests/{id}", responses((status = 204)))]
async fn withdraw(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "guest request")?;
    requests::withdraw(&on, caller.authority(), caller.tenant.id, id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says yes: the person of this tenant becomes a guest of the one that asks.
#[utoipa::path(post, path = "/tenants/{tenant}/guest-requests/{id}/accept", responses((status = 204)))]
async fn accept(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "guest request")?;
    let fresh = UserId(clock::random_id());
    requests::accept(
        &on,
        caller.authority(),
        caller.tenant.id,
        id,
        fresh,
        caller.origin(),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says no. Whoever asked is not told.
#[utoipa::path(post, path = "/tenants/{tenant}/guest-requests/{id}/decline", responses((status = 204)))]
async fn decline(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "guest request")?;
    requests::decline(&on, caller.authority(), caller.tenant.id, id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}
