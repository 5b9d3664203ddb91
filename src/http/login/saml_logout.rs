//! A SAML provider's messages of a sign-out, by redirect and by POST.

use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::elsewhere::go;
use super::refusal::refuse;
use super::signed_out;
use crate::directory::{Actor, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::middleware::BodyBudget;
use crate::http::pages::{PlainError, PlainErrorPage, page, preferred_language};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::login::Login;
use crate::login::saml::{Carried, Heard, MAX_FORM, SloMessage, hear};

/// A message in the address.
pub(super) async fn by_redirect(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    Path(at): Path<(String, String)>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let carried = Carried::Redirect(query.unwrap_or_default());
    answer(&login, &here, at, carried, &headers, &request_id).await
}

/// A message in a form.
pub(super) async fn by_post(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    State(bodies): State<BodyBudget>,
    Path(at): Path<(String, String)>,
    RequestName(request_id): RequestName,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut form = Form::read(&parts, body, MAX_FORM, &bodies).await?;
    let carried = Carried::Post {
        request: form.take("SAMLRequest"),
        response: form.take("SAMLResponse"),
        relay_state: form.take("RelayState"),
    };
    Ok(answer(&login, &here, at, carried, &parts.headers, &request_id).await)
}

async fn answer(
    login: &Login,
    here: &PublicUrl,
    (tenant, connection): (String, String),
    carried: Carried,
    headers: &HeaderMap,
    request_id: &str,
) -> Response {
    let heard = match clock::random_bytes() {
        Ok(random) => {
            let message = SloMessage {
                carried,
                session: Cookie::Session.read(headers, here),
                random,
                origin: clock::origin(Actor::Gateway, Source::Api, request_id),
            };
            hear(login, &tenant, &connection, message).await
        }
        Err(none) => Err(none.into()),
    };
    let language = preferred_language(headers);
    match heard {
        Ok(Heard::Followed {
            answer,
            ended_this,
            tenant,
        }) => {
            let signed_out = || signed_out(tenant.as_str());
            let mut response = answer.map_or_else(signed_out, |answer| go(&answer, language));
            if ended_this && let Some(cookie) = Cookie::Session.set("", 0, here) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Ok(Heard::Answered {
            success: true,
            tenant,
        }) => signed_out(tenant.as_str()),
        Ok(Heard::Answered { success: false, .. }) => {
            let error = PlainError::ProviderStaysSignedIn;
            page(StatusCode::OK, &PlainErrorPage { language, error })
        }
        Err(refused) => refuse(login, headers, request_id, refused).await,
    }
}
