//! `/api/v1/tenants/{tenant}/contacts`: whom to ask about what.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use crate::accounts::{Accounts, contacts};
use crate::directory::{Facets, Slug, User};
use crate::http::clock;
use crate::http::extract::FullTenantAdmin;
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(list));
    section("contacts", "Whom to ask about what, by contact tags.", routes)
}

/// Whom to ask.
#[derive(Serialize, ToSchema)]
struct ContactsView {
    /// Who names the subject first among their tags comes first, then by name. Only people with access are named.
    items: Vec<ContactPersonView>,
    /// Subjects of sign-in errors, and the tag asked for, that nobody with access carries.
    unstaffed: Vec<String>,
}

/// Somebody to ask.
#[derive(Serialize, ToSchema)]
struct ContactPersonView {
    user_id: Uuid,
    name: String,
    email: Option<String>,
    phone_landline: Option<String>,
    phone_mobile: Option<String>,
    contact_tags: Vec<String>,
}

impl From<User> for ContactPersonView {
    fn from(user: User) -> Self {
        let name = Facets::read(&user.profile.attributes()).display_name;
        Self {
            user_id: user.id.0,
            name: name.unwrap_or_else(|| user.user_name.clone()),
            email: user.email(),
            phone_landline: user.phone("work"),
            phone_mobile: user.phone("mobile"),
            contact_tags: user.contact_tags,
        }
    }
}

/// About what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ContactsQuery {
    /// A contact tag; everybody who carries any when absent.
    tag: Option<String>,
}

/// Whom to ask about a subject, and which subjects nobody answers for.
#[utoipa::path(get, path = "/tenants/{tenant}/contacts", params(ContactsQuery),
    responses((status = 200, body = ContactsView)))]
async fn list(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    uri: Uri,
) -> Result<Json<ContactsView>, Problem> {
    let query: ContactsQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    if query.tag.as_deref().is_some_and(|tag| Slug::parse(tag).is_none()) {
        fields.refuse("tag", Slug::ACCEPTED);
    }
    fields.finish()?;
    let found = contacts::list(&on, caller.tenant.id, query.tag.as_deref(), clock::now()).await?;
    Ok(Json(ContactsView {
        items: found.people.into_iter().map(ContactPersonView::from).collect(),
        unstaffed: found.unstaffed,
    }))
}
