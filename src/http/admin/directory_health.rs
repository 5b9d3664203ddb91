//! `/api/v1/tenants/{tenant}/directories/{id}/health`: how provisioning is doing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use crate::directory::disagreement::NameKind;
use crate::directory::health::{ErrorCount, Severity, Sign};
use crate::directory::{Disagreement, User};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::journal::{DirectoryHealth, Journal};

/// After how many days without a change a person is told.
const STALE_DAYS: u32 = 90;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(read));
    section("directory-health", "How provisioning is doing.", routes)
}

/// How a directory's provisioning is doing.
#[derive(Serialize, ToSchema)]
struct HealthView {
    /// When the last request came, from whomever.
    #[schema(format = DateTime)]
    last_request_at: Option<String>,
    #[schema(format = DateTime)]
    last_success_at: Option<String>,
    /// When something was last changed, or could have been, with success.
    #[schema(format = DateTime)]
    last_write_at: Option<String>,
    /// What the following numbers are about: `24h`, begun hours counted in full.
    window: &'static str,
    /// Requests, those of callers who were not let in among them.
    requests: i64,
    /// Those that are counted and not in the log, because too many came at once.
    not_logged: i64,
    /// The part that succeeded, 0 to 1; null without a request.
    success_rate: Option<f64>,
    /// The most frequent first.
    errors: Vec<ErrorCountView>,
    /// How long an answer took on average; null without a request.
    mean_ms: Option<f64>,
    /// What a provider stops provisioning for, or soon will, the worst first.
    quarantine_signs: Vec<SignView>,
    stale_people: StalePeopleView,
    disagreements: DisagreementsView,
}

/// Failures of one kind.
#[derive(Serialize, ToSchema)]
struct ErrorCountView {
    status: u16,
    scim_type: Option<String>,
    count: i64,
    #[schema(format = DateTime)]
    last_at: String,
}

/// Something that a provider would take provisioning away for.
#[derive(Serialize, ToSchema)]
struct SignView {
    /// A stable name.
    code: &'static str,
    #[schema(schema_with = severities)]
    severity: &'static str,
    /// What was seen, and what to do.
    text: String,
    /// Since when, where that is known.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// Active people whose record nothing has changed for long. Providers send changes only, so that by itself is no fault.
#[derive(Serialize, ToSchema)]
struct StalePeopleView {
    days: u32,
    count: i64,
    /// Up to 20, longest untouched first.
    items: Vec<StalePersonView>,
}

#[derive(Serialize, ToSchema)]
struct StalePersonView {
    user_id: Uuid,
    user_name: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

/// Names that the directory and a provider of sign-ins do not agree on.
#[derive(Serialize, ToSchema)]
struct DisagreementsView {
    count: i64,
    /// Up to 20, by person.
    items: Vec<DisagreementView>,
}

#[derive(Serialize, ToSchema)]
struct DisagreementView {
    user_id: Uuid,
    user_name: String,
    #[schema(schema_with = name_kinds)]
    kind: &'static str,
    directory_says: String,
    /// What the provider said at the last sign-in.
    sso_says: String,
    /// Through which the person signed in.
    connection_id: Uuid,
}

fn severities() -> Object {
    one_of(Severity::ALL.map(Severity::as_str))
}

fn name_kinds() -> Object {
    one_of(NameKind::ALL.map(NameKind::as_str))
}

impl From<ErrorCount> for ErrorCountView {
    fn from(error: ErrorCount) -> Self {
        Self {
            status: error.status,
            scim_type: error.scim_type,
            count: error.count,
            last_at: error.last_at.to_string(),
        }
    }
}

impl From<Sign> for SignView {
    fn from(sign: Sign) -> Self {
        Self {
            code: sign.code,
            severity: sign.severity.as_str(),
            text: sign.text,
            since: time(sign.since),
        }
    }
}

impl From<&User> for StalePersonView {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.id.0,
            user_name: user.user_name.clone(),
            modified_at: user.modified_at.to_string(),
        }
    }
}

impl From<Disagreement> for DisagreementView {
    fn from(found: Disagreement) -> Self {
        Self {
            user_id: found.user.0,
            user_name: found.user_name,
            kind: found.kind.as_str(),
            directory_says: found.directory_says,
            sso_says: found.sso_says,
            connection_id: found.connection.0,
        }
    }
}

impl HealthView {
    fn new(health: DirectoryHealth, days: u32) -> Self {
        let requests = health.requests;
        Self {
            last_request_at: time(requests.last_request_at),
            last_success_at: time(requests.last_success_at),
            last_write_at: time(requests.last_write_at),
            window: "24h",
            requests: requests.requests,
            not_logged: requests.unlogged,
            success_rate: requests.success_rate,
            errors: requests.errors.into_iter().map(Into::into).collect(),
            mean_ms: requests.mean_ms,
            quarantine_signs: requests.signs.into_iter().map(Into::into).collect(),
            stale_people: StalePeopleView {
                days,
                count: health.untouched.count,
                items: health.untouched.people.iter().map(Into::into).collect(),
            },
            disagreements: DisagreementsView {
                count: health.disagreements,
                items: health.disagreeing.into_iter().map(Into::into).collect(),
            },
        }
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// What counts as long.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HealthQuery {
    /// After how many days without a change a person is told, 90 when absent.
    #[param(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// How a directory's provisioning is doing, from what was asked of it and from what people are called elsewhere.
#[utoipa::path(get, path = "/tenants/{tenant}/directories/{id}/health", params(HealthQuery),
    responses((status = 200, body = HealthView)))]
async fn read(
    State(journal): State<Journal>,
    admin: FullTenantAdmin,
    ids: UrlIds,
    uri: Uri,
) -> Result<Json<HealthView>, Problem> {
    let directory = ids.find("id", "directory")?;
    let query: HealthQuery = parse_query(&uri)?;
    let days = query.days.unwrap_or(STALE_DAYS);
    let mut fields = Fields::default();
    if !(1..=3650).contains(&days) {
        fields.refuse("days", "a number from 1 to 3650");
    }
    fields.finish()?;
    let untouched_for = Duration::from_hours(24 * u64::from(days));
    let health = journal
        .health(admin.tenant.id, directory, untouched_for, clock::now())
        .await?;
    Ok(Json(HealthView::new(health, days)))
}
