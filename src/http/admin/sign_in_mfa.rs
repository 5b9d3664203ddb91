//! `/api/v1/login/mfa`: the second factor in the middle of a sign-in.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::JsonBody;
use super::my_mfa::MfaOfferView;
use super::sign_in::{LoginView, check_json, view};
use crate::directory::{Actor, Language, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::fresh::{factor_dice, fresh_step};
use crate::http::login::refuse_program;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::login::Login;
use crate::login::local::second_factor::{give_code, offer_enrolment};
use crate::login::local::{LocalError, Shown};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(give))
        .routes(routes!(enrol))
}

/// A code in the middle of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginCodeBody {
    /// From the step before.
    ticket: String,
    /// The six digits that the app shows, or a recovery code.
    code: String,
}

/// A ticket, and nothing more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginTicketBody {
    /// From the step before.
    ticket: String,
}

/// What a code comes to.
#[derive(Serialize, ToSchema)]
struct LoginCodeView {
    #[serde(flatten)]
    login: LoginView,
    /// Where the code has enrolled an app: recovery codes, each good once in place of a code. They are shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    recovery_codes: Option<Vec<String>>,
}

/// Takes the code of the authenticator app, or a recovery code; or the first code of an app that is being enrolled, which
/// completes the enrolment. Each code is good once. A wrong one (401 `mfa_invalid`) leaves the ticket good; after several, 429
/// `locked_out` says how long to wait.
#[utoipa::path(post, path = "/login/mfa", request_body = LoginCodeBody, security(()), responses(
    (status = 200, body = LoginCodeView),
    (status = 401, body = ProblemView, content_type = "application/problem+json", description = "Not the right code."),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The ticket is not good, or access has ended."),
    (status = 409, body = ProblemView, content_type = "application/problem+json", description = "No code is asked for, or nothing was enrolled."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many wrong codes.")))]
async fn give(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LoginCodeBody>,
) -> Result<Response, Problem> {
    check_json(&headers)?;
    let origin = clock::origin(Actor::Gateway, Source::Api, &request_id);
    let fresh = (fresh_step()?, factor_dice()?);
    let browser = Cookie::Known.read(&headers, &here);
    let shown = Shown::anywhere(&body.ticket);
    let given = match give_code(&login, shown, &body.code, browser, fresh, origin).await {
        Ok(given) => given,
        Err(LocalError::SignIn(refused)) => {
            return Ok(refuse_program(&login, &headers, &request_id, *refused).await);
        }
        Err(error) => return Err(error.into()),
    };
    let (cookies, view) = view(&login, &here, given.stage).await?;
    let view = LoginCodeView {
        login: view,
        recovery_codes: given.recovery_codes.map(|codes| codes.0),
    };
    Ok((cookies, Json(view)).into_response())
}

/// Shows what an authenticator app is enrolled with, to somebody whose password was right and who has to have a second
/// factor. The same ticket is shown the same secret; `/login/mfa` takes the app's first code.
#[utoipa::path(post, path = "/login/mfa/enrol", request_body = LoginTicketBody, security(()), responses(
    (status = 200, body = MfaOfferView),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The ticket is not good, or access has ended."),
    (status = 409, body = ProblemView, content_type = "application/problem+json", description = "No app is to be enrolled."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON.")))]
async fn enrol(
    State(login): State<Login>,
    RequestName(request_id): RequestName,
    language: Language,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LoginTicketBody>,
) -> Result<Response, Problem> {
    check_json(&headers)?;
    let origin = clock::origin(Actor::Gateway, Source::Api, &request_id);
    let shown = Shown::anywhere(&body.ticket);
    match offer_enrolment(&login, shown, factor_dice()?, language, origin).await {
        Ok(offer) => Ok(Json(MfaOfferView::from(offer)).into_response()),
        Err(LocalError::SignIn(refused)) => Ok(refuse_program(&login, &headers, &request_id, *refused).await),
        Err(error) => Err(error.into()),
    }
}
