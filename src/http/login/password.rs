//! Signing in by e-mail address and password on a tenant's page, a form to each step.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::{refuse, too_many};
use super::return_to::checked;
use super::second_factor::{self, Ongoing};
use crate::directory::key::fold;
use crate::directory::{Actor, Language, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::fresh::fresh_step;
use crate::http::pages::{ChoosePasswordPage, PlainError, PlainErrorPage, page, preferred_language};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::http::throttle::Visitor;
use crate::login::local::{
    self, Asked, KNOWN_BROWSER_SECONDS, LocalError, Shown, Stage, Step, change_by_ticket,
};
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
    if is_from_elsewhere(&headers, &here) {
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
    // From a page before it, which has nothing but the ticket to hand on.
    if !ticket.is_empty() && password.is_empty() {
        return Ok(at.choose(ticket, None));
    }
    if !ticket.is_empty() {
        let shown = Shown::at(&tenant, ticket);
        return match change_by_ticket(&login, shown, password, fresh_step()?, origin).await {
            Ok(stage) => at.show(stage).await,
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
        tenant: Some(&tenant),
        email,
        password,
        browser: Cookie::Known.read(&headers, &here),
    };
    match local::sign_in(&login, asked, fresh_step()?, origin).await {
        Ok(stage) => at.show(stage).await,
        Err(refused) => Ok(at.refuse(refused).await),
    }
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
    async fn show(&self, stage: Stage) -> Result<Response, Problem> {
        let cookies = cookies_of(&stage, self.here);
        match stage {
            Stage::SignedIn { .. } => {
                let target = [(header::LOCATION, self.return_to.unwrap_or("/"))];
                Ok((StatusCode::SEE_OTHER, cookies, target).into_response())
            }
            Stage::Next {
                step: Step::ChangePassword,
                ticket,
            } => Ok(self.choose(ticket.expose(), None)),
            // Of a sign-in that was begun elsewhere and named no tenant.
            Stage::Choose { .. } | Stage::Crossing(_) => {
                let (language, error) = (self.language, PlainError::FormExpired);
                Ok(page(StatusCode::CONFLICT, &PlainErrorPage { language, error }))
            }
            Stage::Next {
                step: Step::Mfa | Step::MfaEnrol,
                ticket,
            } => {
                let ongoing = Ongoing {
                    tenant: self.tenant,
                    ticket: ticket.expose(),
                    return_to: self.return_to,
                };
                second_factor::ask(self.login, self.headers, self.request_id, ongoing, None).await
            }
        }
    }

    /// The form on which a temporary password is replaced.
    fn choose(&self, ticket: &str, fault: Option<&str>) -> Response {
        choose_password(self.language, self.tenant, ticket, self.return_to, fault)
    }

    async fn refuse(&self, refused: Refused) -> Response {
        refuse(self.login, self.headers, self.request_id, refused).await
    }
}

/// The form on which a temporary password is replaced in the middle of a sign-in.
pub(super) fn choose_password(
    language: Language,
    tenant: &str,
    ticket: &str,
    return_to: Option<&str>,
    fault: Option<&str>,
) -> Response {
    let status = if fault.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let shown = ChoosePasswordPage {
        language,
        tenant,
        email: "",
        temporary: true,
        action: &format!("/login/{tenant}"),
        secret: ("ticket", ticket),
        return_to,
        fault,
    };
    page(status, &shown)
}

/// Whether the form was on a page of another site, so that somebody would be signed in to an account that they did not
/// choose. Browsers say so (Fetch Metadata). Those that do not, as all over plain http, say in `Origin` where the page is
/// from; it is null where a page sends no referrer, as ours do. A page of ours may have been reached by another name than the
/// public one, which is the `Host` then.
pub(super) fn is_from_elsewhere(headers: &HeaderMap, here: &PublicUrl) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return !["same-origin", "none"].contains(&site);
    }
    let Some(origin) = text("origin").filter(|origin| *origin != "null") else {
        return false;
    };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    !here.is_on(origin) && (authority.is_none() || authority != text("host"))
}

/// The cookies of whoever is signed in by a step: none before the last one.
pub(in crate::http) fn cookies_of(stage: &Stage, here: &PublicUrl) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Stage::SignedIn {
        session,
        token,
        browser,
    } = stage
    {
        let seconds = session.expires_at.duration_since(session.created_at).as_secs();
        let cookies = [
            Cookie::Session.set(token.expose(), seconds, here),
            browser
                .as_ref()
                .and_then(|browser| Cookie::Known.set(browser, KNOWN_BROWSER_SECONDS, here)),
        ];
        for cookie in cookies.into_iter().flatten() {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    headers
}
