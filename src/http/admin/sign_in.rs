//! `/api/v1/login`: signing in by e-mail address and password, a step at a time.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::JsonBody;
use super::me::{self, MeView};
use super::sign_in_mfa;
use super::users::TenantNameView;
use crate::directory::key::fold;
use crate::directory::{Actor, Code, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::fresh::fresh_step;
use crate::http::login::{cookies_of, refuse_program};
use crate::http::openapi::{one_of, section};
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::http::throttle::Visitor;
use crate::login::Login;
use crate::login::local::{self, Asked, LocalError, Shown, Stage, Step, change_by_ticket, choose};

/// The step in which somebody says which tenant they want to enter.
const CHOOSE_TENANT: &str = "choose_tenant";

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(begin))
        .routes(routes!(change_password))
        .routes(routes!(choose_tenant))
        .merge(sign_in_mfa::routes());
    section("login", "Signing in by e-mail address and password.", routes)
}

/// An e-mail address and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginBody {
    /// The slug of the tenant to enter. Without it the person's own, or one that they choose of those that they may enter.
    tenant: Option<String>,
    /// The address of the account.
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// One of the tenants that a sign-in has offered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginTenantBody {
    /// From the step before.
    ticket: String,
    /// The slug of the tenant to enter.
    tenant: String,
}

/// Another password, in the place of a temporary one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeByTicketBody {
    /// From the step before.
    ticket: String,
    /// 12 to 1024 characters, and none that is tried first.
    #[schema(format = Password)]
    password: String,
}

/// What a step of a sign-in comes to: a session, whose cookie the answer sets, or the next step.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "it is written and gone")]
pub(super) enum LoginView {
    /// Somebody is signed in.
    SignedIn(MeView),
    /// There is something left to do.
    Next(NextStepView),
}

/// The next step of a sign-in.
#[derive(Serialize, ToSchema)]
pub(super) struct NextStepView {
    #[schema(schema_with = steps)]
    next: &'static str,
    /// What the next step is asked with, within ten minutes and once.
    ticket: String,
    /// For `choose_tenant`: those that the person may enter, their own first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    tenants: Option<Vec<TenantNameView>>,
}

fn steps() -> utoipa::openapi::schema::Object {
    let steps = [Step::Mfa, Step::MfaEnrol, Step::ChangePassword].map(Step::as_str);
    one_of(steps.into_iter().chain([CHOOSE_TENANT]))
}

/// Signs in. Whether there is such an account is told to nobody who does not know its password (401 `invalid_credentials`);
/// whoever knows it is told why they are not let in (403 `account_inactive`, `access_not_started`, `access_expired`,
/// `account_deleted`, `tenant_suspended`). A tenant with single sign-on answers 403 `local_sign_in_disabled` to everybody but
/// its break-glass account. After several wrong passwords 429 `locked_out` says how long to wait.
#[utoipa::path(post, path = "/login", security(()), request_body = LoginBody, responses(
    (status = 200, body = LoginView),
    (status = 401, body = ProblemView, content_type = "application/problem+json", description = "Not the right password."),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The right one, and no access."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many attempts.")))]
async fn begin(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    visitor: Visitor,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Response, Problem> {
    check_json(&headers)?;
    charge(&visitor, &body.email)?;
    let asked = Asked {
        tenant: body.tenant.as_deref(),
        email: &body.email,
        password: &body.password,
        browser: Cookie::Known.read(&headers, &here),
    };
    let origin = clock::origin(Actor::Gateway, Source::Api, &request_id);
    match local::sign_in(&login, asked, fresh_step()?, origin).await {
        Ok(stage) => show(&login, &here, stage).await,
        Err(refused) => Ok(refuse_program(&login, &headers, &request_id, refused).await),
    }
}

/// Sets a password of one's own in the place of a temporary one, and goes on with the sign-in. A password that is not
/// accepted leaves the ticket good.
#[utoipa::path(post, path = "/login/change-password", security(()), request_body = ChangeByTicketBody, responses(
    (status = 200, body = LoginView),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The ticket is not good."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many attempts.")))]
async fn change_password(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ChangeByTicketBody>,
) -> Result<Response, Problem> {
    check_json(&headers)?;
    let origin = clock::origin(Actor::Gateway, Source::Api, &request_id);
    let shown = Shown::anywhere(&body.ticket);
    let changed = change_by_ticket(&login, shown, &body.password, fresh_step()?, origin).await;
    match changed {
        Ok(stage) => show(&login, &here, stage).await,
        Err(LocalError::SignIn(refused)) => Ok(refuse_program(&login, &headers, &request_id, *refused).await),
        Err(error) => Err(error.into()),
    }
}

/// Enters one of the tenants that a sign-in without `tenant` has offered as `choose_tenant`. A name that was not offered leaves
/// the ticket good.
#[utoipa::path(post, path = "/login/tenant", security(()), request_body = LoginTenantBody, responses(
    (status = 200, body = LoginView),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The ticket is not good, or access has ended."),
    (status = 404, body = ProblemView, content_type = "application/problem+json", description = "The tenant was not offered."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON.")))]
async fn choose_tenant(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LoginTenantBody>,
) -> Result<Response, Problem> {
    check_json(&headers)?;
    let origin = clock::origin(Actor::Gateway, Source::Api, &request_id);
    match choose(&login, &body.ticket, &body.tenant, fresh_step()?, origin).await {
        Ok(stage) => show(&login, &here, stage).await,
        Err(LocalError::SignIn(refused)) => Ok(refuse_program(&login, &headers, &request_id, *refused).await),
        Err(error) => Err(error.into()),
    }
}

/// The answer to a step: `GET /me` with the cookies, or what is next.
pub(super) async fn show(login: &Login, here: &PublicUrl, stage: Stage) -> Result<Response, Problem> {
    let (cookies, view) = view(login, here, stage).await?;
    Ok((cookies, Json(view)).into_response())
}

/// What there is to tell of a step, with the cookies that go with it.
pub(super) async fn view(
    login: &Login,
    here: &PublicUrl,
    stage: Stage,
) -> Result<(HeaderMap, LoginView), Problem> {
    let cookies = cookies_of(&stage, here);
    let view = match stage {
        Stage::SignedIn { token, .. } => {
            let found = login.identify_session(Some(token.expose()), clock::now()).await?;
            LoginView::SignedIn(me::view(login, &found).await?)
        }
        Stage::Next { step, ticket } => LoginView::Next(NextStepView {
            next: step.as_str(),
            ticket: ticket.expose().to_owned(),
            tenants: None,
        }),
        Stage::Choose { ticket, tenants } => LoginView::Next(NextStepView {
            next: CHOOSE_TENANT,
            ticket: ticket.expose().to_owned(),
            tenants: Some(tenants.iter().map(TenantNameView::from).collect()),
        }),
        // Every step goes through the door before it is shown.
        Stage::Crossing(_) => {
            let code = Code::InternalError;
            return Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                code.as_str(),
                "the sign-in stopped half-way",
            ));
        }
    };
    Ok((cookies, view))
}

/// A form of another site can post any text, but not as JSON: nobody is signed in to an account that they did not choose.
pub(super) fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "this address takes application/json",
    ))
}

/// Counts a try under an address.
pub(super) fn charge(visitor: &Visitor, email: &str) -> Result<(), Problem> {
    visitor
        .charge_account("password", &fold(email.trim()))
        .map_err(|wait| {
            Problem::too_many(
                Code::TooManyAttempts.as_str(),
                "Too many attempts under this address came from yours; try again later.",
                wait.seconds.into(),
            )
        })
}
