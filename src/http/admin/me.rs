//! `/api/v1/me`: who is signed in.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::directory::{AdminScope, Facets, Right};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::SignedIn;
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::{Gateway, PublicUrl};
use crate::login::{Denied, Elsewhere, Login, logout};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(read))
        .routes(routes!(sign_out));
    section("me", "Who is signed in.", routes)
}

/// Who is signed in, as of this moment.
#[derive(Serialize, ToSchema)]
struct MeView {
    user: MyUserView,
    tenant: MyTenantView,
    administrator: bool,
    /// How far the Administrator tick reaches.
    scope: Option<AdminScope>,
    /// Permission groups.
    roles: Vec<String>,
    /// Sections of the product that are open.
    sections: BTreeMap<String, bool>,
    session: MySessionView,
}

#[derive(Serialize, ToSchema)]
struct MyUserView {
    id: Uuid,
    email: Option<String>,
    display_name: String,
    kind: &'static str,
    status: &'static str,
    source: &'static str,
    /// How the person proved who they are: `sso`.
    auth_method: String,
}

#[derive(Serialize, ToSchema)]
struct MyTenantView {
    id: Uuid,
    slug: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct MySessionView {
    #[schema(format = DateTime)]
    expires_at: String,
    /// What `X-CSRF-Token` has to be wherever something is changed.
    csrf_token: String,
}

/// Who is signed in, with what they may do at this moment.
#[utoipa::path(get, path = "/me", security(("session" = [])), responses((status = 200, body = MeView)))]
async fn read(State(login): State<Login>, signed_in: SignedIn) -> Result<Json<MeView>, Problem> {
    let session = &signed_in.session;
    let user = session.user();
    let (mut roles, mut sections) = (vec!["user".to_owned()], BTreeMap::new());
    for grant in login.list_grants(session).await? {
        match grant.right {
            Right::Role(role) if !roles.contains(&role) => roles.push(role),
            Right::Section(section) => {
                sections.insert(section, true);
            }
            Right::Role(_) | Right::Admin(_) => {}
        }
    }
    let display_name = Facets::read(&user.profile.attributes()).display_name;
    Ok(Json(MeView {
        user: MyUserView {
            id: user.id.0,
            email: user.email(),
            display_name: display_name.unwrap_or_else(|| user.user_name.clone()),
            kind: user.kind.as_str(),
            status: user.status(clock::now()).as_str(),
            source: user.source.as_str(),
            auth_method: session.of.session.auth_method.clone(),
        },
        tenant: MyTenantView {
            id: session.tenant().0,
            slug: session.of.slug.as_str().to_owned(),
            name: session.of.tenant_name.clone(),
        },
        administrator: user.administrator.is_some(),
        scope: user.administrator.clone(),
        roles,
        sections,
        session: MySessionView {
            expires_at: session.of.session.expires_at.to_string(),
            csrf_token: session.csrf_token.clone(),
        },
    }))
}

/// Where the provider's own session ends.
#[derive(Serialize, ToSchema)]
struct SignedOutView {
    /// Send the browser there to sign out at the identity provider too; null when it offers no such address.
    end_session_url: Option<String>,
}

/// Ends the session of the cookie.
#[utoipa::path(post, path = "/logout", security(("session" = [], "csrf" = [])),
    responses((status = 200, body = SignedOutView)))]
async fn sign_out(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    signed_in: SignedIn,
) -> Result<Response, Problem> {
    let origin = signed_in.origin();
    let nonce = clock::random_nonce()?;
    let elsewhere = logout::sign_out(&login, &signed_in.session, nonce, origin)
        .await
        .map_err(Denied::Storage)?;
    let mut headers = HeaderMap::new();
    if let Some(cookie) = Cookie::Session.set("", 0, &here) {
        headers.append(header::SET_COOKIE, cookie);
    }
    let end_session_url = match elsewhere {
        Some(Elsewhere::Address(url)) => Some(url.into()),
        // A form cannot be handed on as an address.
        Some(Elsewhere::Form { .. }) | None => None,
    };
    let view = SignedOutView { end_session_url };
    Ok((StatusCode::OK, headers, Json(view)).into_response())
}
