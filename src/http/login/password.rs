//! Signing in by e-mail address and password on a tenant's page, a form to each step.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::{refuse, too_many};
use super::return_to::checked;
use crate::directory::key::fold;
use crate::directory::{Actor, Code, Language, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::fresh::fresh_step;
use crate::http::pages::{ChoosePasswordPage, PlainError, PlainErrorPage, page, preferred_language};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::http::throttle::Visitor;
use crate::login::local::{self, Asked, KNOWN_BROWSER_SECONDS, LocalError, Stage, Step, change_by_ticket};
use crate::login::{Login, Refused};

/// `POST /login/{tenant}`: address and password, or what a later step asks for with its ticket.
pub(super) async fn sign_in(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    Path(tenant): Path<String>,
    visitor: Visitor,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let language = preferred_language(&headers);
    if is_from_elsewhere(&headers) {
        let error = PlainError::FormExpired;
        return Ok(page(StatusCode::FORBIDDEN, &PlainErrorPage { language, error }));
    }
    let at = At {
        login: &login,
        here: &here,
        headers: &headers,
        request_id: &request_id,
        tenant: &tenant,
        language,
        return_to: checked(form.field("return_to"), &here),
    };
    let origin = clock::origin(Actor::Gateway, Source::Ui, &request_id);
    let (ticket, password) = (form.field("ticket"), form.field("password"));
    if !ticket.is_empty() {
        return match change_by_ticket(&login, ticket, password, fresh_step()?, origin).await {
            Ok(stage) => Ok(at.show(stage).await),
            Err(LocalError::Weak(fault)) => Ok(at.choose(ticket, Some(fault.message(language)))),
            Err(LocalError::SignIn(refused)) => Ok(at.refuse(*refused).await),
            Err(error) => Err(error.into()),
        };
    }
    let email = form.field("email");
    if let Err(wait) = visitor.charge_account("password", &fold(email.trim())) {
        return Ok(too_many(&login, &headers, &request_id, wait));
    }
    let asked = Asked {
        tenant: &tenant,
        email,
        password,
        browser: Cookie::Known.read(&headers, &here),
    };
    Ok(match local::sign_in(&login, asked, fresh_step()?, origin).await {
        Ok(stage) => at.show(stage).await,
        Err(refused) => at.refuse(refused).await,
    })
}

/// A sign-in on its way.
struct At<'a> {
    login: &'a Login,
    here: &'a PublicUrl,
    headers: &'a HeaderMap,
    request_id: &'a str,
    tenant: &'a str,
    language: Language,
    return_to: Option<&'a str>,
}

impl At<'_> {
    /// The browser goes on with its session, or is shown the form of the next step.
    async fn show(&self, stage: Stage) -> Response {
        match stage {
            Stage::SignedIn {
                session,
                token,
                browser,
            } => {
                let seconds = session.expires_at.duration_since(session.created_at).as_secs();
                let target = [(header::LOCATION, self.return_to.unwrap_or("/"))];
                let mut response = (StatusCode::SEE_OTHER, target).into_response();
                let cookies = [
                    Cookie::Session.set(token.expose(), seconds, self.here),
                    Cookie::Known.set(&browser, KNOWN_BROWSER_SECONDS, self.here),
                ];
                for cookie in cookies.into_iter().flatten() {
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
                response
            }
            Stage::Next {
                step: Step::ChangePassword,
                ticket,
            } => self.choose(ticket.expose(), None),
            Stage::Next {
                step: Step::Mfa | Step::MfaEnrol,
                ..
            } => self.refuse(Code::MfaInvalid.into()).await,
        }
    }

    /// The form on which a temporary password is replaced.
    fn choose(&self, ticket: &str, fault: Option<&str>) -> Response {
        let status = if fault.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        let shown = ChoosePasswordPage {
            language: self.language,
            tenant: self.tenant,
            email: "",
            temporary: true,
            action: &format!("/login/{}", self.tenant),
            secret: ("ticket", ticket),
            return_to: self.return_to,
            fault,
        };
        page(status, &shown)
    }

    async fn refuse(&self, refused: Refused) -> Response {
        refuse(self.login, self.headers, self.request_id, refused).await
    }
}

/// Whether the form was on a page of another site, so that somebody would be signed in to an account that they did not
/// choose. Browsers say so (Fetch Metadata); `Origin` is null where a page sends no referrer, as ours do.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !["same-origin", "none"].contains(&site))
}
