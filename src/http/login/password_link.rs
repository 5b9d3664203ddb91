//! The pages that the links of mails lead to, and the one on which another link is asked for.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use url::form_urlencoded;

use super::password::is_from_elsewhere;
use super::refusal::too_many;
use crate::directory::key::fold;
use crate::directory::{Actor, CredentialRefusal, Language, Origin, Refusal, Slug, Source};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::fresh::random;
use crate::http::pages::{
    AskLinkPage, ChoosePasswordPage, LinkNotice, PasswordChosenPage, PlainError, PlainErrorPage, page,
    preferred_language,
};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::http::throttle::{Failed, Visitor};
use crate::login::Login;
use crate::login::local::{
    KNOWN_BROWSER_SECONDS, Link, LinkKind, LocalError, ResetAsked, ask_reset, follow, look, redeem,
    send_reset,
};

/// `GET /invitation?token=`.
pub(super) async fn open_invitation(
    State(login): State<Login>,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let token = parameter(query.as_deref(), "token");
    open(&login, LinkKind::Invitation, language, &token).await
}

/// `GET /reset`: with a token, the form that sets the password; without, the one that asks for a link.
pub(super) async fn open_reset(
    State(login): State<Login>,
    language: Language,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let token = parameter(query.as_deref(), "token");
    if token.is_empty() {
        let tenant = parameter(query.as_deref(), "tenant");
        return Ok(ask(StatusCode::OK, language, &tenant, None));
    }
    open(&login, LinkKind::Reset, language, &token).await
}

/// `POST /invitation`.
pub(super) async fn accept(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let origin = clock::origin(Actor::Gateway, Source::Ui, &request_id);
    choose(&login, &here, LinkKind::Invitation, &headers, &form, origin).await
}

/// `POST /reset`: sets the password, or sends a link.
pub(super) async fn reset(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    visitor: Visitor,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let origin = clock::origin(Actor::Gateway, Source::Ui, &request_id);
    if !form.field("token").is_empty() {
        return choose(&login, &here, LinkKind::Reset, &headers, &form, origin).await;
    }
    let (tenant, email) = (form.field("tenant"), form.field("email"));
    if let Err(wait) = visitor.charge_account("password", &fold(email.trim())) {
        return Ok(too_many(&login, &headers, &request_id, wait));
    }
    let drawn = random()?;
    let asked = ask_reset(&login, tenant, email, origin)
        .await
        .map_err(LocalError::from)?;
    send_after_the_answer(&login, asked, drawn);
    let language = preferred_language(&headers);
    Ok(ask(
        StatusCode::ACCEPTED,
        language,
        tenant,
        Some(LinkNotice::Sent),
    ))
}

/// Sends a link that was asked for, while whoever has asked goes their way: how long it takes tells whether there is an
/// account. What fails here is logged, and asked for again by the person who gets no mail.
pub(in crate::http) fn send_after_the_answer(
    login: &Login,
    asked: Option<ResetAsked>,
    drawn: ([u8; 32], [u8; 12]),
) {
    let Some(asked) = asked else { return };
    let login = login.clone();
    tokio::spawn(async move {
        if let Err(error) = send_reset(&login, asked, drawn).await {
            tracing::error!(%error, "a link to set a password could not be sent");
        }
    });
}

async fn open(login: &Login, kind: LinkKind, language: Language, token: &str) -> Result<Response, Problem> {
    match follow(login, kind, token, clock::now()).await {
        Ok(link) => Ok(form_of(&link, kind, language, token, None)),
        Err(error) => lost(language, error),
    }
}

/// Sets the password that a form has brought.
async fn choose(
    login: &Login,
    here: &PublicUrl,
    kind: LinkKind,
    headers: &HeaderMap,
    form: &Form,
    origin: Origin,
) -> Result<Response, Problem> {
    let (language, now) = (preferred_language(headers), origin.at);
    if is_from_elsewhere(headers, here) {
        let error = PlainError::FormExpired;
        return Ok(page(StatusCode::FORBIDDEN, &PlainErrorPage { language, error }));
    }
    let (token, password) = (form.field("token"), form.field("password"));
    let drawn = (random()?, Cookie::Known.read(headers, here));
    match redeem(login, kind, token, password, drawn, origin).await {
        Ok((link, browser)) => {
            let shown = PasswordChosenPage {
                language,
                email: &link.user.user_name,
                sign_in: &format!("/login/{}", link.tenant.slug.as_str()),
            };
            let mut response = page(StatusCode::OK, &shown);
            if let Some(cookie) = Cookie::Known.set(&browser, KNOWN_BROWSER_SECONDS, here) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(LocalError::Weak(fault)) => match look(login, kind, token, now).await {
            Ok(link) => Ok(form_of(
                &link,
                kind,
                language,
                token,
                Some(fault.message(language)),
            )),
            Err(error) => lost(language, error),
        },
        Err(error) => lost(language, error),
    }
}

fn form_of(link: &Link, kind: LinkKind, language: Language, token: &str, fault: Option<&str>) -> Response {
    let status = if fault.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let shown = ChoosePasswordPage {
        language,
        tenant: &link.tenant.name,
        email: &link.user.user_name,
        temporary: false,
        action: match kind {
            LinkKind::Invitation => "/invitation",
            LinkKind::Reset => "/reset",
        },
        secret: ("token", token),
        return_to: None,
        fault,
    };
    page(status, &shown)
}

/// A link that is not good says why, and another one can be asked for.
fn lost(language: Language, error: LocalError) -> Result<Response, Problem> {
    let (status, notice) = match error {
        LocalError::NotFound(_) => (StatusCode::NOT_FOUND, LinkNotice::Unknown),
        LocalError::Refused(Refusal::Credential(refusal)) => (
            StatusCode::GONE,
            match refusal {
                CredentialRefusal::InvitationExpired | CredentialRefusal::ResetExpired => LinkNotice::Expired,
                CredentialRefusal::InvitationUsed => LinkNotice::Used,
                _ => LinkNotice::Withdrawn,
            },
        ),
        other => return Err(other.into()),
    };
    let mut response = ask(status, language, "", Some(notice));
    response.extensions_mut().insert(Failed);
    Ok(response)
}

fn ask(status: StatusCode, language: Language, tenant: &str, notice: Option<LinkNotice>) -> Response {
    // What is no slug is asked for again.
    let tenant = Slug::parse(tenant).map_or("", |_| tenant);
    page(status, &AskLinkPage::new(language, tenant, notice))
}

fn parameter(query: Option<&str>, name: &str) -> String {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map_or_else(String::new, |(_, value)| value.into_owned())
}
