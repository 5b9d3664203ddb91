//! The pages of a sign-in by password that are about the second factor. They work without JavaScript; what they send is a
//! form with the ticket.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::password::{choose_password, cookies_of, is_from_elsewhere};
use super::refusal::{refuse, seconds_until};
use super::return_to::checked;
use crate::directory::{Actor, Code, Language, MfaRefusal, Origin, Refusal, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::fresh::{factor_dice, fresh_step};
use crate::http::pages::{
    MfaCodePage, MfaEnrolPage, PlainError, PlainErrorPage, RecoveryCodesPage, Step, page, preferred_language,
};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::login::local::second_factor::{give_code, offer_enrolment};
use crate::login::local::{LocalError, Shown, Stage};
use crate::login::{Login, refusal};

/// What a page goes on with.
pub(super) struct Ongoing<'a> {
    /// The tenant's name in URLs.
    pub tenant: &'a str,
    /// The ticket.
    pub ticket: &'a str,
    /// Where to go afterwards, checked already.
    pub return_to: Option<&'a str>,
}

/// The page for whoever has a second factor to give or to enrol: the one that the ticket asks for.
pub(super) async fn ask(
    login: &Login,
    headers: &HeaderMap,
    request_id: &str,
    ongoing: Ongoing<'_>,
    error: Option<(StatusCode, Code)>,
) -> Result<Response, Problem> {
    let language = preferred_language(headers);
    let action = format!("/login/{}/mfa", ongoing.tenant);
    let step = Step {
        action: &action,
        ticket: ongoing.ticket,
        return_to: ongoing.return_to,
        error: error.map(|(_, code)| code),
    };
    let status = error.map_or(StatusCode::OK, |(status, _)| status);
    let dice = factor_dice()?;
    let shown = Shown::at(ongoing.tenant, ongoing.ticket);
    match offer_enrolment(login, shown, dice, language, origin(request_id)).await {
        Ok(offer) => {
            let shown = MfaEnrolPage {
                language,
                step,
                qr_svg: &offer.qr_svg,
                secret: &offer.secret,
            };
            Ok(page(status, &shown))
        }
        // Somebody who has an app: nothing is to be enrolled.
        Err(LocalError::Refused(Refusal::Mfa(MfaRefusal::NotAsked))) => {
            Ok(page(status, &MfaCodePage { language, step }))
        }
        Err(LocalError::SignIn(refused)) => Ok(refuse(login, headers, request_id, *refused).await),
        Err(error) => Err(error.into()),
    }
}

/// `POST /login/{tenant}/mfa`: a code. A wrong one shows the page again.
pub(super) async fn give(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let language = preferred_language(&headers);
    if is_from_elsewhere(&headers, &here) {
        return Ok(expired(StatusCode::FORBIDDEN, language));
    }
    let ticket = form.field("ticket");
    let return_to = checked(form.field("return_to"), &here);
    let browser = Cookie::Known.read(&headers, &here);
    let fresh = (fresh_step()?, factor_dice()?);
    let given = give_code(
        &login,
        Shown::at(&tenant, ticket),
        form.field("code"),
        browser,
        fresh,
        origin(&request_id),
    );
    let given = match given.await {
        Ok(given) => given,
        Err(LocalError::SignIn(refused)) if matches!(refused.code, Code::MfaInvalid | Code::LockedOut) => {
            let random = clock::random_bytes()?;
            let bits = u64::from_le_bytes(random.first_chunk().copied().unwrap_or_default());
            let kept = refusal::keep(&login, &refused, bits, &request_id, clock::now()).await;
            let status = StatusCode::from_u16(refused.code.status()).unwrap_or(StatusCode::UNAUTHORIZED);
            let ongoing = Ongoing {
                tenant: &tenant,
                ticket,
                return_to,
            };
            let again = Some((status, refused.code));
            let mut response = ask(&login, &headers, &request_id, ongoing, again).await?;
            if let Some(at) = refused.retry_at {
                let seconds = seconds_until(at, kept.occurred_at);
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            return Ok(response);
        }
        Err(LocalError::SignIn(refused)) => return Ok(refuse(&login, &headers, &request_id, *refused).await),
        // The form is of a step that is over.
        Err(LocalError::Refused(_)) => return Ok(expired(StatusCode::CONFLICT, language)),
        Err(error) => return Err(error.into()),
    };
    let cookies = cookies_of(&given.stage, &here);
    let (next, ongoing) = match &given.stage {
        Stage::SignedIn { .. } => (return_to.unwrap_or("/").to_owned(), None),
        // Of a sign-in that was begun elsewhere and named no tenant.
        Stage::Choose { .. } | Stage::Crossing(_) => return Ok(expired(StatusCode::CONFLICT, language)),
        Stage::Next { ticket, .. } => (format!("/login/{tenant}"), Some((ticket.expose(), return_to))),
    };
    let response = match (given.recovery_codes, ongoing) {
        (Some(codes), ongoing) => {
            let shown = RecoveryCodesPage {
                language,
                codes: &codes.0,
                next: &next,
                ongoing,
            };
            page(StatusCode::OK, &shown)
        }
        (None, Some((ticket, return_to))) => choose_password(language, &tenant, ticket, return_to, None),
        (None, None) => (StatusCode::SEE_OTHER, [(header::LOCATION, next)]).into_response(),
    };
    Ok((cookies, response).into_response())
}

fn origin(request_id: &str) -> Origin {
    clock::origin(Actor::Gateway, Source::Ui, request_id)
}

fn expired(status: StatusCode, language: Language) -> Response {
    let error = PlainError::FormExpired;
    page(status, &PlainErrorPage { language, error })
}
