//! `/api/v1/access-errors`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::accounts::Accounts;
use crate::accounts::access_errors::{self, Found};
use crate::directory::Language;
use crate::http::extract::{AnyAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(read));
    section("access-errors", "Sign-ins that were refused.", routes)
}

/// A refused sign-in.
#[derive(Serialize, ToSchema)]
struct AccessErrorView {
    /// What the person was shown.
    reference: String,
    /// The stable reason.
    code: &'static str,
    /// What the person read, in the language of the request.
    message: &'static str,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// Whose sign-in it was, as far as anybody said so. It may be unproven.
    email: Option<String>,
    /// What probably happened.
    cause: &'static str,
    /// Who can mend it, in the order in which to ask: `user`, `company_administrator`, `idp_administrator`, `support`.
    who_can_fix: Vec<&'static str>,
    /// What each of them does.
    advice: Vec<AdviceView>,
    tenant: Option<TriedTenantView>,
    connection: Option<TriedConnectionView>,
    /// What was checked, in order: expected against received. The last check is the one that refused.
    trace: Vec<CheckView>,
    request_id: String,
}

#[derive(Serialize, ToSchema)]
struct AdviceView {
    who: &'static str,
    advice: &'static str,
}

/// Where it was tried.
#[derive(Serialize, ToSchema)]
struct TriedTenantView {
    id: Uuid,
    slug: String,
    name: String,
}

/// Through which connection.
#[derive(Serialize, ToSchema)]
struct TriedConnectionView {
    id: Uuid,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CheckView {
    check: String,
    expected: Option<String>,
    received: Option<String>,
    passed: bool,
}

/// A refused sign-in with what was checked: any for the operator, a tenant's own for its administrators.
#[utoipa::path(get, path = "/access-errors/{reference}", responses((status = 200, body = AccessErrorView)))]
async fn read(
    State(on): State<Accounts>,
    admin: AnyAdmin,
    language: Language,
    ids: UrlIds,
) -> Result<Json<AccessErrorView>, Problem> {
    let reference: String = ids.find("reference", "access error")?;
    let found = access_errors::find(&on, &reference, admin.within()).await?;
    Ok(Json(view(found, language)))
}

fn view(found: Found, language: Language) -> AccessErrorView {
    let error = found.error;
    let remedies = error.code.remedies();
    let check = |check: &crate::directory::access_error::Check| CheckView {
        check: check.check.to_string(),
        expected: check.expected.clone(),
        received: check.received.clone(),
        passed: check.passed,
    };
    AccessErrorView {
        reference: error.reference.to_string(),
        code: error.code.as_str(),
        message: error.code.message(language),
        occurred_at: error.occurred_at.to_string(),
        cause: error.code.cause(language),
        who_can_fix: remedies.iter().map(|remedy| remedy.who.as_str()).collect(),
        advice: remedies
            .iter()
            .map(|remedy| AdviceView {
                who: remedy.who.as_str(),
                advice: remedy.advice.read(language),
            })
            .collect(),
        tenant: found.tenant.map(|tenant| TriedTenantView {
            id: tenant.id.0,
            slug: tenant.slug.as_str().to_owned(),
            name: tenant.name,
        }),
        connection: found.connection.map(|connection| TriedConnectionView {
            id: connection.id.0,
            name: connection.name,
        }),
        trace: error.trace.checks().iter().map(check).collect(),
        email: error.email,
        request_id: error.request_id,
    }
}
