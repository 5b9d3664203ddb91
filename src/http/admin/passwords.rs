//! Passwords: set by the link of a mail, changed by their person, set by an administrator.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::JsonBody;
use super::sign_in::{charge, check_json};
use crate::accounts::passwords::{self, Given};
use crate::accounts::{Accounts, users};
use crate::directory::key::fold;
use crate::directory::{Action, Actor, Facets, Origin, Source, Target, User, UserId, allow};
use crate::http::clock;
use crate::http::cookies::Cookie;
use crate::http::extract::{RequestName, SignedIn, TenantAdmin, UrlIds};
use crate::http::fresh::random;
use crate::http::login::send_after_the_answer;
use crate::http::openapi::section;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::http::throttle::Visitor;
use crate::login::local::{
    KNOWN_BROWSER_SECONDS, Link, LinkKind, ask_reset, change_own, confirm_own, follow, redeem,
};
use crate::login::{Denied, Login, Session};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(look_at_invitation))
        .routes(routes!(accept))
        .routes(routes!(ask))
        .routes(routes!(complete))
        .routes(routes!(change))
        .routes(routes!(set));
    section("passwords", "Passwords of local accounts.", routes)
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkBody {
    token: String,
}

/// The token of a link, and the password that is chosen by it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RedeemBody {
    token: String,
    /// 12 to 1024 characters, and none that is tried first.
    #[schema(format = Password)]
    password: String,
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetBody {
    /// The tenant's slug.
    tenant: String,
    email: String,
}

/// One's own password, and the one from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeOwnBody {
    #[schema(format = Password)]
    current_password: String,
    /// 12 to 1024 characters, and none that is tried first.
    #[schema(format = Password)]
    password: String,
}

/// A password for somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPasswordBody {
    /// 12 to 1024 characters, and none that is tried first.
    #[schema(format = Password)]
    pub password: String,
    /// The person has to choose another at the next sign-in.
    #[serde(default)]
    pub temporary: bool,
    /// The administrator's own, where they sign in by one.
    #[serde(default)]
    #[schema(format = Password)]
    pub current_admin_password: Option<String>,
}

/// An invitation that a link leads to.
#[derive(Serialize, ToSchema)]
struct LinkedInvitationView {
    tenant: LinkedTenantView,
    /// The address that the person signs in with from then on.
    email: String,
    display_name: String,
    /// From when on it cannot be accepted.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// The tenant that a link belongs to.
#[derive(Serialize, ToSchema)]
struct LinkedTenantView {
    slug: String,
    name: String,
}

/// What to do when a password was set by a link.
#[derive(Serialize, ToSchema)]
struct PasswordChosenView {
    /// Always `login`: the person signs in by address and password.
    next: &'static str,
    tenant: LinkedTenantView,
    /// The address to sign in with.
    email: String,
}

/// What everybody is told who asks for a link.
#[derive(Serialize, ToSchema)]
struct ResetAskedView {
    /// Always `accepted`, whether there is such an account or not.
    status: &'static str,
}

impl From<&Link> for LinkedTenantView {
    fn from(link: &Link) -> Self {
        Self {
            slug: link.tenant.slug.as_str().to_owned(),
            name: link.tenant.name.clone(),
        }
    }
}

impl From<&Link> for LinkedInvitationView {
    fn from(link: &Link) -> Self {
        let shown = Facets::read(&link.user.profile.attributes()).display_name;
        Self {
            tenant: link.into(),
            email: link.user.user_name.clone(),
            display_name: shown.unwrap_or_else(|| link.user.user_name.clone()),
            expires_at: link.expires_at.to_string(),
        }
    }
}

impl From<&Link> for PasswordChosenView {
    fn from(link: &Link) -> Self {
        Self {
            next: "login",
            tenant: link.into(),
            email: link.user.user_name.clone(),
        }
    }
}

fn stranger(request_id: &str) -> Origin {
    clock::origin(Actor::Gateway, Source::Api, request_id)
}

/// Whom the link of an invitation belongs to, before it is accepted. 410 `invitation_expired`, `invitation_used` or
/// `invitation_withdrawn` where it was good once; a link that was replaced by a newer one is 404.
#[utoipa::path(post, path = "/invitations/look", security(()), request_body = LinkBody, responses(
    (status = 200, body = LinkedInvitationView),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The account has no access."),
    (status = 404, body = ProblemView, content_type = "application/problem+json", description = "There is no such link."),
    (status = 409, body = ProblemView, content_type = "application/problem+json", description = "Nobody signs in by password here."),
    (status = 410, body = ProblemView, content_type = "application/problem+json", description = "It was good once."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many attempts.")))]
async fn look_at_invitation(
    State(login): State<Login>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LinkBody>,
) -> Result<Json<LinkedInvitationView>, Problem> {
    check_json(&headers)?;
    let link = follow(&login, LinkKind::Invitation, &body.token, clock::now()).await?;
    Ok(Json((&link).into()))
}

/// Accepts an invitation: sets the password by which the person signs in from then on. Once; of two at the same time one
/// is told 410 `invitation_used`.
#[utoipa::path(post, path = "/invitations/accept", security(()), request_body = RedeemBody, responses(
    (status = 200, body = PasswordChosenView),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The account has no access."),
    (status = 404, body = ProblemView, content_type = "application/problem+json", description = "There is no such link."),
    (status = 409, body = ProblemView, content_type = "application/problem+json", description = "Nobody signs in by password here."),
    (status = 410, body = ProblemView, content_type = "application/problem+json", description = "It was good once."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many attempts.")))]
async fn accept(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RedeemBody>,
) -> Result<Response, Problem> {
    choose(&login, &here, LinkKind::Invitation, &request_id, &headers, &body).await
}

/// Sends a link by which the password is set, if there is such an account; to somebody who has not accepted their
/// invitation, one that activates the account. The answer is the same in any case.
#[utoipa::path(post, path = "/password-reset", security(()), request_body = ResetBody, responses(
    (status = 202, body = ResetAskedView),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many attempts.")))]
async fn ask(
    State(login): State<Login>,
    visitor: Visitor,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ResetBody>,
) -> Result<(StatusCode, Json<ResetAskedView>), Problem> {
    check_json(&headers)?;
    charge(&visitor, &body.email)?;
    let origin = stranger(&request_id);
    let drawn = random()?;
    let asked = ask_reset(&login, &body.tenant, &body.email, origin)
        .await
        .map_err(Denied::Storage)?;
    send_after_the_answer(&login, asked, drawn);
    let view = ResetAskedView { status: "accepted" };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Sets the password by the link of a reset, once and within an hour. All sessions of the person end.
#[utoipa::path(post, path = "/password-reset/complete", security(()), request_body = RedeemBody, responses(
    (status = 200, body = PasswordChosenView),
    (status = 403, body = ProblemView, content_type = "application/problem+json", description = "The account has no access."),
    (status = 404, body = ProblemView, content_type = "application/problem+json", description = "There is no such link, or it was used."),
    (status = 409, body = ProblemView, content_type = "application/problem+json", description = "Nobody signs in by password here."),
    (status = 410, body = ProblemView, content_type = "application/problem+json", description = "It was good once."),
    (status = 415, body = ProblemView, content_type = "application/problem+json", description = "The body is no JSON."),
    (status = 429, body = ProblemView, content_type = "application/problem+json", description = "Too many attempts.")))]
async fn complete(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    RequestName(request_id): RequestName,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RedeemBody>,
) -> Result<Response, Problem> {
    choose(&login, &here, LinkKind::Reset, &request_id, &headers, &body).await
}

/// Sets the password that somebody has chosen by a link.
async fn choose(
    login: &Login,
    here: &PublicUrl,
    by: LinkKind,
    request_id: &str,
    headers: &HeaderMap,
    body: &RedeemBody,
) -> Result<Response, Problem> {
    check_json(headers)?;
    let shown = (random()?, Cookie::Known.read(headers, here));
    let origin = stranger(request_id);
    let (link, browser) = redeem(login, by, &body.token, &body.password, shown, origin).await?;
    Ok(known_from_now_on(
        Json(PasswordChosenView::from(&link)),
        &browser,
        here,
    ))
}

/// The browser was there when the password was chosen, so it is known from now on: strangers who guess at the password do not
/// make it wait.
fn known_from_now_on(answer: impl IntoResponse, browser: &str, here: &PublicUrl) -> Response {
    let mut response = answer.into_response();
    if let Some(cookie) = Cookie::Known.set(browser, KNOWN_BROWSER_SECONDS, here) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Changes one's own password. The session goes on, all others of the person end.
#[utoipa::path(post, path = "/me/password", security(("session" = [], "csrf" = [])), request_body = ChangeOwnBody,
    responses((status = 204)))]
async fn change(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    signed_in: SignedIn,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ChangeOwnBody>,
) -> Result<Response, Problem> {
    let origin = signed_in.origin();
    let session = &signed_in.session;
    let browser = change_own(
        &login,
        session,
        &body.current_password,
        &body.password,
        (random()?, Cookie::Known.read(&headers, &here)),
        origin,
    )
    .await?;
    Ok(known_from_now_on(StatusCode::NO_CONTENT, &browser, &here))
}

/// Sets somebody's password. An administrator who signs in by password gives their own as `current_admin_password` (422
/// where it is missing, 403 `own_password_wrong`); one who came by single sign-on, and the break-glass account, have signed
/// in within the last five minutes (403 `reauthentication_required`). The person's sessions end and they are told by mail.
#[utoipa::path(put, path = "/tenants/{tenant}/users/{id}/password", request_body = SetPasswordBody,
    responses((status = 204)))]
async fn set(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: TenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<SetPasswordBody>,
) -> Result<StatusCode, Problem> {
    let id: UserId = ids.find("id", "user")?;
    // Whoever is out of reach is not there, whatever else the request lacks.
    users::find_reached(&on, admin.tenant.id, &admin.authority(), id).await?;
    let given = confirm(&login, &admin, id, body).await?;
    passwords::set(&on, &admin.tenant, admin.authority(), id, given, admin.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A password for somebody else, when the administrator has shown who they are. A key cannot.
pub(super) async fn confirm(
    login: &Login,
    admin: &TenantAdmin,
    id: UserId,
    body: SetPasswordBody,
) -> Result<Given, Problem> {
    prove(login, admin, id, body.current_admin_password.as_deref()).await?;
    let (salt, nonce) = random()?;
    Ok(Given {
        password: body.password,
        temporary: body.temporary,
        keep: admin.session().map(Session::id),
        salt,
        nonce,
    })
}

/// That an administrator is who they say, before they give somebody else another way in: by their own password, or by
/// having signed in a moment ago. A key cannot.
async fn prove(
    login: &Login,
    admin: &TenantAdmin,
    id: UserId,
    own_password: Option<&str>,
) -> Result<(), Problem> {
    allow(&admin.authority(), Action::UsersPassword, Target::Anything)?;
    if let Some(session) = admin.session() {
        confirm_own(login, session, own_password, id, admin.origin()).await?;
    }
    Ok(())
}

/// Whoever reads the mail of an administrator can be them, so giving one another address takes what giving them another
/// password takes.
pub(super) async fn prove_for_address(
    login: &Login,
    admin: &TenantAdmin,
    of: &User,
    address: &str,
    own_password: Option<&str>,
) -> Result<(), Problem> {
    let is_guarded = of.administrator.is_some() || of.break_glass;
    if is_guarded && fold(address) != fold(&of.user_name) {
        prove(login, admin, of.id, own_password).await?;
    }
    Ok(())
}
