//! `/api/v1/tenants/{tenant}/sign-in`: by single sign-on or by password, and what becomes of the accounts made by hand.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::body::{Fields, JsonBody, parse_query};
use super::{TenantView, sign_in_modes};
use crate::accounts::local_accounts::{self, Settled};
use crate::accounts::{Accounts, tenants};
use crate::directory::{LocalAccounts, Refusal, SignIn, User};
use crate::http::extract::TenantAdmin;
use crate::http::openapi::one_of;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(set_sign_in))
        .routes(routes!(preview))
}

fn ways() -> Object {
    one_of(LocalAccounts::ALL.map(LocalAccounts::as_str))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInBody {
    #[schema(schema_with = sign_in_modes)]
    mode: String,
    /// Without a successful test login; for the operator alone.
    #[serde(default)]
    force: bool,
    /// With `sso` alone, what becomes of the accounts that were made by hand. `keep`, which is meant when it is absent:
    /// their passwords open nothing until the tenant goes back to `local`. `convert`: passwords, second factors and open
    /// invitations are gone for good, and they are pending until they come in through the provider. `disable`: they are blocked. The break-glass
    /// account, the caller and the last administrator are left as they are.
    #[schema(schema_with = ways, required = false)]
    local_accounts: Option<String>,
}

/// A tenant whose way to sign in was set.
#[derive(Serialize, ToSchema)]
struct SignInSetView {
    #[serde(flatten)]
    tenant: TenantView,
    /// What became of the accounts made by hand, where the request has said it.
    local_accounts: Option<SettledView>,
}

/// What was done with the accounts made by hand.
#[derive(Serialize, ToSchema)]
struct SettledView {
    /// How many changed.
    affected: u64,
    /// Who was left as they are, and why.
    kept: Vec<KeptView>,
}

/// What would be done with the accounts made by hand.
#[derive(Serialize, ToSchema)]
struct SignInPreview {
    /// How many would change.
    affected: u64,
    /// The first hundred of them, by id.
    people: Vec<LocalAccountView>,
    /// Who would be left as they are, and why.
    kept: Vec<KeptView>,
}

/// An account made by hand.
#[derive(Serialize, ToSchema)]
struct LocalAccountView {
    id: Uuid,
    user_name: String,
}

impl From<&User> for LocalAccountView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            user_name: user.user_name.clone(),
        }
    }
}

/// An account made by hand that is left as it is.
#[derive(Serialize, ToSchema)]
struct KeptView {
    #[serde(flatten)]
    account: LocalAccountView,
    /// `break_glass_account`, `own_account` or `last_administrator`.
    code: &'static str,
    /// The same in words.
    reason: String,
}

impl From<&(User, Refusal)> for KeptView {
    fn from((user, refusal): &(User, Refusal)) -> Self {
        Self {
            account: user.into(),
            code: refusal.code(),
            reason: refusal.to_string(),
        }
    }
}

impl From<Settled> for SettledView {
    fn from(settled: Settled) -> Self {
        Self {
            affected: settled.affected,
            kept: settled.kept.iter().map(Into::into).collect(),
        }
    }
}

fn read_way(fields: &mut Fields, text: Option<&str>) -> Option<LocalAccounts> {
    let words = LocalAccounts::ALL.map(LocalAccounts::as_str);
    text.and_then(|text| fields.word("local_accounts", LocalAccounts::parse(text), &words))
}

/// Sets how the people of a tenant sign in. With `sso` nobody is made by hand any more; it takes a test login that went
/// well, through an enabled connection. Sessions that are open stay so, but for those of accounts that are converted or
/// disabled. Repeating it goes on with accounts that an interrupted request has left.
#[utoipa::path(put, path = "/tenants/{tenant}/sign-in", request_body = SignInBody,
    responses((status = 200, body = SignInSetView)))]
async fn set_sign_in(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    JsonBody(body): JsonBody<SignInBody>,
) -> Result<Json<SignInSetView>, Problem> {
    let mut fields = Fields::default();
    let mode = SignIn::parse(&body.mode);
    if mode.is_none() {
        fields.refuse("mode", "one of local, sso");
    }
    let way = read_way(&mut fields, body.local_accounts.as_deref());
    if mode == Some(SignIn::Local) && body.local_accounts.is_some() {
        fields.refuse("local_accounts", "only with mode sso");
    }
    fields.finish()?;
    // A mode that is none was refused above.
    let mode = mode.ok_or_else(|| Problem::not_found("mode"))?;
    let (id, by) = (admin.tenant.id, admin.authority());
    let (tenant, settled) = tenants::set_sign_in(&on, id, &by, mode, body.force, way, admin.origin()).await?;
    Ok(Json(SignInSetView {
        tenant: tenant.into(),
        local_accounts: settled.map(Into::into),
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// What would become of the accounts made by hand.
    #[param(schema_with = ways)]
    local_accounts: String,
}

/// Who would be affected if the tenant went over to single sign-on, and who would be left as they are. Nothing changes.
#[utoipa::path(get, path = "/tenants/{tenant}/sign-in/preview", params(PreviewQuery),
    responses((status = 200, body = SignInPreview)))]
async fn preview(
    State(on): State<Accounts>,
    admin: TenantAdmin,
    uri: Uri,
) -> Result<Json<SignInPreview>, Problem> {
    let query: PreviewQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let way = read_way(&mut fields, Some(&query.local_accounts));
    fields.finish()?;
    // A word that is none was refused above.
    let way = way.ok_or_else(|| Problem::not_found("local_accounts"))?;
    let found =
        local_accounts::preview(&on, admin.tenant.id, &admin.authority(), way, &admin.origin()).await?;
    Ok(Json(SignInPreview {
        affected: found.affected,
        people: found.people.iter().map(Into::into).collect(),
        kept: found.kept.iter().map(Into::into).collect(),
    }))
}
