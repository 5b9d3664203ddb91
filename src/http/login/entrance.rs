//! The pages before and after: which address, which tenant, which connection, who is signed in.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::refusal::too_many;
use super::return_to::checked;
use crate::directory::key::fold;
use crate::directory::{AdminScope, Facets, Language, SignIn};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::RequestName;
use crate::http::form::Form;
use crate::http::pages::{
    Administration, LandingPage, LoginError, LoginPage, PasswordWay, PlainError, PlainErrorPage,
    TenantChoicePage, TenantLoginPage, Way, page, preferred_language,
};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::http::throttle::Visitor;
use crate::login::entrance::{self, Door, Entrance};
use crate::login::{Denied, Login};

/// `GET /`: who is signed in.
pub(super) async fn landing(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cookie = Cookie::Session.read(&headers, &here);
    let session = match login.identify_session(cookie, clock::now()).await {
        Ok(session) => session,
        Err(Denied::Storage(error)) => return Err(Denied::Storage(error).into()),
        Err(_) => return Ok(go("/login")),
    };
    let user = session.user();
    let facets = Facets::read(&user.profile.attributes());
    let email = user.email();
    let scope = login.list_scope_names(&session).await?;
    let shown = LandingPage {
        language: preferred_language(&headers),
        display_name: facets.display_name.as_deref().unwrap_or(&user.user_name),
        email: email.as_deref(),
        tenant: &session.of.tenant_name,
        administration: match &user.administrator {
            None => Administration::None,
            Some(AdminScope::All) => Administration::All,
            Some(AdminScope::Entities(_)) => Administration::Entities(&scope),
        },
        session_ends_at: session.of.session.expires_at,
        csrf_token: &session.csrf_token,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// `GET /login`: asks for an e-mail address.
pub(super) async fn ask(
    State(here): State<PublicUrl>,
    language: Language,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref(), &here);
    let shown = LoginPage {
        language,
        email: "",
        return_to: query.return_to.as_deref(),
        error: None,
        signed_out: query.signed_out,
    };
    page(StatusCode::OK, &shown)
}

/// `POST /login`: sends to the one connection that the address leads to, or lets choose.
pub(super) async fn send(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    visitor: Visitor,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let language = preferred_language(&headers);
    let email = form.field("email").trim();
    if let Err(wait) = visitor.charge_account("login", &fold(email)) {
        return Ok(too_many(&login, &headers, &request_id, wait));
    }
    let return_to = checked(form.field("return_to"), &here);
    let again = |error| {
        let shown = LoginPage {
            language,
            email,
            return_to,
            error: Some(error),
            signed_out: false,
        };
        page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
    };
    let is_address = email.len() <= 254 && email.rsplit_once('@').is_some_and(|(local, _)| !local.is_empty());
    if !is_address {
        return Ok(again(LoginError::EmailInvalid));
    }
    let entrances = entrance::of_email(&login, email).await.map_err(Denied::Storage)?;
    Ok(match entrances.as_slice() {
        [] => again(LoginError::DomainUnknown),
        [one] => match one.connections.as_slice() {
            [door] => go(&start_path(one, door, Some(email), return_to)),
            _ => go(&with_return(
                &format!("/login/{}", one.tenant.slug.as_str()),
                return_to,
            )),
        },
        several => {
            let ways: Vec<Way> = several
                .iter()
                .map(|entrance| way(entrance, email, return_to))
                .collect();
            let shown = TenantChoicePage {
                language,
                email,
                ways: &ways,
                back: &with_return("/login", return_to),
            };
            page(StatusCode::OK, &shown)
        }
    })
}

/// `GET /login/{tenant}`: the ways into one tenant.
pub(super) async fn of_tenant(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    language: Language,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), &here);
    let Some(entrance) = entrance::of_tenant(&login, &tenant)
        .await
        .map_err(Denied::Storage)?
    else {
        let error = PlainError::NotFound;
        return Ok(page(StatusCode::NOT_FOUND, &PlainErrorPage { language, error }));
    };
    let ways: Vec<Way> = entrance
        .connections
        .iter()
        .map(|door| Way {
            name: door.name.clone(),
            href: start_path(&entrance, door, None, query.return_to.as_deref()),
        })
        .collect();
    // Under single sign-on the break-glass account alone has this way in; whoever needs it knows its address.
    let is_shown = entrance.tenant.sign_in == SignIn::Local || query.by_password;
    let shown = TenantLoginPage {
        language,
        tenant: &entrance.tenant.name,
        ways: &ways,
        by_password: is_shown.then_some(PasswordWay {
            slug: entrance.tenant.slug.as_str(),
            return_to: query.return_to.as_deref(),
        }),
        support_email: entrance.tenant.support_email.as_deref(),
        signed_out: query.signed_out,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// What the query of these pages may say.
struct Query {
    return_to: Option<String>,
    signed_out: bool,
    by_password: bool,
}

impl Query {
    fn read(query: Option<&str>, here: &PublicUrl) -> Self {
        let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
        let find = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_ref())
        };
        Self {
            return_to: find("return_to")
                .and_then(|path| checked(path, here))
                .map(str::to_owned),
            signed_out: find("signed_out") == Some("1"),
            by_password: find("by_password") == Some("1"),
        }
    }
}

/// A tenant with one connection is entered at once, any other by its page.
fn way(entrance: &Entrance, email: &str, return_to: Option<&str>) -> Way {
    let href = match entrance.connections.as_slice() {
        [door] => start_path(entrance, door, Some(email), return_to),
        _ => with_return(&format!("/login/{}", entrance.tenant.slug.as_str()), return_to),
    };
    Way {
        name: entrance.tenant.name.clone(),
        href,
    }
}

fn start_path(entrance: &Entrance, door: &Door, email: Option<&str>, return_to: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(email) = email {
        query.append_pair("login_hint", email);
    }
    if let Some(path) = return_to {
        query.append_pair("return_to", path);
    }
    let (slug, query) = (entrance.tenant.slug.as_str(), query.finish());
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/login/{slug}/{}/start{mark}{query}", door.id)
}

fn with_return(path: &str, return_to: Option<&str>) -> String {
    match return_to {
        Some(to) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("return_to", to)
                .finish();
            format!("{path}?{query}")
        }
        None => path.to_owned(),
    }
}

fn go(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}
