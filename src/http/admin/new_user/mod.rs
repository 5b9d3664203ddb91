//! `POST /api/v1/tenants/{tenant}/users` and `.../users/bulk`: accounts by hand.
//!
//! Here bodies are read and judged in form; the rules are the use cases'.

mod bulk;
mod check;
mod imports;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::JsonBody;
use super::users::{UserView, kinds, languages};
use crate::accounts::invite::{self, Made};
use crate::accounts::{Accounts, Error, catalogue};
use crate::directory::invitation::Progress;
use crate::directory::{Delivery, Language, TenantSettings, account};
use crate::http::extract::TenantAdmin;
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::{Gateway, PublicUrl};
use crate::login::Login;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(create))
        .routes(routes!(bulk::create_many));
    section(
        "new_users",
        "Accounts made by hand, in tenants without single sign-on.",
        routes,
    )
    .merge(imports::routes())
}

/// A caller in a tenant whose accounts are made by hand. It stands before the body in a handler's arguments: where
/// single sign-on makes the accounts, no body is read.
pub(super) struct ByHand(pub TenantAdmin);

impl<S> FromRequestParts<S> for ByHand
where
    Login: FromRef<S>,
    Accounts: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let admin = TenantAdmin::from_request_parts(parts, state).await?;
        account::check_by_hand(admin.tenant.sign_in)?;
        Ok(Self(admin))
    }
}

/// A new person. Fields that are null count as absent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUserBody {
    /// An employee is picked from the roster by `person_id`, which says their name; an external collaborator is named.
    #[schema(required = true, schema_with = kinds)]
    kind: Option<String>,
    /// Somebody of the roster without access.
    #[schema(format = Uuid)]
    person_id: Option<String>,
    #[schema(max_length = 200)]
    first_name: Option<String>,
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// The name in one piece, instead of `first_name` and `last_name`.
    #[schema(max_length = 200)]
    full_name: Option<String>,
    /// The person signs in by it, and the invitation goes there.
    #[schema(required = true, format = Email)]
    email: Option<String>,
    /// The same again; case and surrounding blanks do not matter.
    #[schema(required = true, format = Email)]
    email_confirmation: Option<String>,
    /// With the code of its country, or as it is dialled in the tenant's country.
    phone_landline: Option<String>,
    /// Likewise.
    phone_mobile: Option<String>,
    /// The language of mail and pages; the tenant's when absent.
    #[schema(schema_with = languages)]
    locale: Option<String>,
    /// The first day of access in the tenant's time zone; today when absent.
    #[schema(format = Date)]
    access_start: Option<String>,
    /// The last day of access in the tenant's time zone; without limit when absent.
    #[schema(format = Date)]
    access_end: Option<String>,
    /// Sections by key, opened or closed whatever the permission group says; null leaves one to the group.
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>)]
    sections: Option<BTreeMap<String, Option<bool>>>,
    /// The key of a permission group. `administrator` manages the whole tenant; `user` when absent.
    role: Option<String>,
    /// That of the roster when absent for an employee.
    entity_id: Option<Uuid>,
    /// Up to 20 short words: 1 to 63 of a-z, 0-9 and -.
    #[serde(default)]
    contact_tags: Option<Vec<String>>,
    /// A PIN or badge code of 4 to 32 characters. It is kept as a hash and never shown.
    #[schema(min_length = 4, max_length = 32)]
    access_code: Option<String>,
    /// A password that the administrator hands over, where the tenant's `activation` offers that: the account is active at
    /// once, no invitation goes out, and the person chooses another password before their first session opens. 12 to 1024
    /// characters, and none that is tried first; empty for none.
    #[schema(format = Password)]
    temporary_password: Option<String>,
    /// Whether the person needs a second factor to sign in; false when absent.
    mfa_required: Option<bool>,
}

/// A person who was just made.
#[derive(Serialize, ToSchema)]
struct NewUserView {
    #[serde(flatten)]
    user: UserView,
}

impl NewUserView {
    fn new(made: &Made, settings: &TenantSettings, now: Timestamp) -> Self {
        let progress = made.invitation.clone().map(|invitation| Progress {
            delivery: Some(Delivery::queued(invitation.sent_at)),
            invitation,
            accepted_at: None,
            deleted_at: None,
        });
        Self {
            user: UserView::new(&made.user, progress.as_ref(), settings, now),
        }
    }
}

/// Makes a person, who is invited by mail to choose a password or is handed a temporary one. In a tenant with single
/// sign-on this is 409 `manual_creation_blocked`, whatever the body.
#[utoipa::path(post, path = "/tenants/{tenant}/users", request_body = NewUserBody,
    responses((status = 201, body = NewUserView)))]
async fn create(
    State(on): State<Accounts>,
    ByHand(admin): ByHand,
    JsonBody(body): JsonBody<NewUserBody>,
) -> Result<(StatusCode, Json<NewUserView>), Problem> {
    let origin = admin.origin();
    let now = origin.at;
    let catalogue = catalogue::load(&on, admin.tenant.id).await?;
    let new = check::check(&on, &admin.tenant, &catalogue, body, now)?;
    let made = invite::create(&on, &admin.tenant, &admin.authority(), new, origin).await;
    let view = NewUserView::new(&made.map_err(refused)?, &admin.tenant.settings, now);
    Ok((StatusCode::CREATED, Json(view)))
}

/// What refuses a new person. The one password in the body is the temporary one.
fn refused(error: Error) -> Problem {
    match error {
        Error::Password(fault) => Problem::weak(
            "temporary_password",
            fault.code(),
            fault.message(Language::default()),
        ),
        other => other.into(),
    }
}
