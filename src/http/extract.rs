//! Who is calling, as an argument type: a handler that takes a caller cannot forget to ask.

use std::ops::Deref;
use std::str::FromStr;

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, StatusCode, header};

use super::clock;
use super::cookies::Cookie;
use super::middleware::RequestId;
use super::policy;
use super::problem::Problem;
use super::state::PublicUrl;
use super::throttle::{Allowance, Spender};
use crate::accounts::{Accounts, tenants};
use crate::directory::policy::refuse_without_tick;
use crate::directory::{
    Actor, Authority, DirectoryId, Origin, Refusal, Slug, Source, Target, Tenant, TenantId, allow,
};
use crate::login::{AdminClient, ApiKeyUse, Login, Session};

const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// Who calls the admin API. An `Authorization` header is what counts where there is one, whatever cookie is beside it.
enum Caller {
    Operator,
    Key(Box<ApiKeyUse>),
    Person(Box<Session>),
}

impl Caller {
    async fn identify<S>(parts: &mut Parts, state: &S) -> Result<Self, Problem>
    where
        Login: FromRef<S>,
        PublicUrl: FromRef<S>,
        S: Send + Sync,
    {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let shown = authorization(&parts.headers);
            let client = Login::from_ref(state)
                .identify_admin_client(shown, clock::now())
                .await?;
            return match client {
                AdminClient::Operator => {
                    Allowance::charge(&mut parts.extensions, Spender::Operator)?;
                    Ok(Self::Operator)
                }
                AdminClient::Key(found) => {
                    Allowance::charge(&mut parts.extensions, Spender::Key(found.key.id))?;
                    Ok(Self::Key(found))
                }
            };
        }
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        Ok(Self::Person(Box::new(signed_in.session)))
    }
}

/// Whoever may do what the route is there for, as its line in the policy says.
pub(super) struct Permitted {
    /// On whose authority.
    pub authority: Authority,
    /// The tenant that the caller belongs to; `None` for the operator, who belongs to none.
    pub within: Option<TenantId>,
    /// The session of a person; none of whoever shows a token.
    session: Option<Box<Session>>,
}

impl Permitted {
    /// Who acts, as the audit names them.
    pub(super) fn actor(&self) -> Actor {
        match &self.authority {
            Authority::Operator => Actor::Operator,
            Authority::Administrator { user, .. } => Actor::User(*user),
            Authority::Key { key, .. } => Actor::ApiKey(*key),
        }
    }
}

impl<S> FromRequestParts<S> for Permitted
where
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::identify(parts, state).await?;
        let action = policy::action_of(parts)?;
        let ids = UrlIds::from_request_parts(parts, state).await?;
        // Another tenant is as good as none.
        let own = |slug: &Slug| match ids.get("tenant") {
            Some(named) if named != slug.as_str() => Err(Problem::not_found("tenant")),
            _ => Ok(()),
        };
        let permitted = match caller {
            Caller::Operator => Self {
                authority: Authority::Operator,
                within: None,
                session: None,
            },
            Caller::Key(found) => {
                own(&found.slug)?;
                Self {
                    authority: found.key.authority(),
                    within: Some(found.tenant),
                    session: None,
                }
            }
            Caller::Person(session) => {
                own(&session.of.slug)?;
                let authority = session.authority();
                Self {
                    authority: authority.ok_or_else(|| refuse_without_tick(action))?,
                    within: Some(session.tenant()),
                    session: Some(session),
                }
            }
        };
        allow(&permitted.authority, action, Target::Anything)?;
        if permitted.within.is_some() {
            parts.extensions.insert(Judged(Some(permitted.authority.clone())));
        }
        Ok(permitted)
    }
}

/// The operator of the gateway.
pub(super) struct Operator {
    request_id: String,
}

impl Operator {
    /// Where and when the request comes from.
    pub(super) fn origin(&self) -> Origin {
        clock::origin(Actor::Operator, Source::Api, &self.request_id)
    }
}

impl<S> FromRequestParts<S> for Operator
where
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let permitted = Permitted::from_request_parts(parts, state).await?;
        permitted.authority.check_operator()?;
        Ok(Self {
            request_id: request_id(parts),
        })
    }
}

/// Somebody who is signed in. What changes something has to carry the session's CSRF token.
pub(super) struct SignedIn {
    /// The session with its person.
    pub session: Session,
    request_id: String,
}

impl SignedIn {
    /// Where and when the request comes from.
    pub(super) fn origin(&self) -> Origin {
        clock::origin(Actor::User(self.session.user().id), Source::Api, &self.request_id)
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let cookie = Cookie::Session.read(&parts.headers, &PublicUrl::from_ref(state));
        let session = Login::from_ref(state)
            .identify_session(cookie, clock::now())
            .await?;
        Allowance::charge(&mut parts.extensions, Spender::Session(session.id()))?;
        let token = parts
            .headers
            .get(CSRF_TOKEN)
            .and_then(|value| value.to_str().ok());
        if !parts.method.is_safe() && !token.is_some_and(|token| session.is_csrf_token(token)) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "csrf_token_invalid",
                "what changes something carries X-CSRF-Token, which is session.csrf_token of /api/v1/me",
            ));
        }
        parts.extensions.insert(Judged(None));
        Ok(Self {
            session,
            request_id: request_id(parts),
        })
    }
}

/// Whoever may do what the route is there for in the tenant that the URL names, or in a part of it: the operator, a
/// signed-in administrator, an API key.
pub(super) struct TenantAdmin {
    /// The tenant.
    pub tenant: Tenant,
    permitted: Permitted,
    request_id: String,
}

impl TenantAdmin {
    /// How far the caller's authority reaches.
    pub(super) fn authority(&self) -> Authority {
        self.permitted.authority.clone()
    }

    /// The session that the caller acts by; none of whoever shows a token, which is proof enough of them.
    pub(super) fn session(&self) -> Option<&Session> {
        self.permitted.session.as_deref()
    }

    /// Where and when the request comes from.
    pub(super) fn origin(&self) -> Origin {
        clock::origin(self.permitted.actor(), Source::Api, &self.request_id)
    }
}

impl<S> FromRequestParts<S> for TenantAdmin
where
    Login: FromRef<S>,
    Accounts: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let permitted = Permitted::from_request_parts(parts, state).await?;
        let ids = UrlIds::from_request_parts(parts, state).await?;
        Ok(Self {
            tenant: tenants::find(&Accounts::from_ref(state), ids.text("tenant")).await?,
            permitted,
            request_id: request_id(parts),
        })
    }
}

/// On whose authority a request was let in, before its body arrived; `None` for somebody's own, which takes a session and no
/// more.
#[derive(Clone)]
struct Judged(Option<Authority>);

/// Checks that the caller may still do what they might when the request began: a body can take its time, and rights that
/// were taken away meanwhile must not be used.
pub(super) async fn judge_again<S>(
    extensions: &Extensions,
    headers: &HeaderMap,
    state: &S,
) -> Result<(), Problem>
where
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
{
    let Some(Judged(before)) = extensions.get::<Judged>() else {
        return Ok(());
    };
    let login = Login::from_ref(state);
    let now = if let Some(Authority::Key { .. }) = before {
        match login
            .identify_admin_client(authorization(headers), clock::now())
            .await?
        {
            AdminClient::Key(found) => Some(found.key.authority()),
            AdminClient::Operator => None,
        }
    } else {
        let cookie = Cookie::Session.read(headers, &PublicUrl::from_ref(state));
        let session = login.identify_session(cookie, clock::now()).await?;
        before.as_ref().and_then(|_| session.authority())
    };
    if now == *before {
        Ok(())
    } else {
        Err(Refusal::AdministratorRequired.into())
    }
}

/// Whoever may administer the whole tenant that the URL names.
pub(super) struct FullTenantAdmin(pub TenantAdmin);

impl Deref for FullTenantAdmin {
    type Target = TenantAdmin;

    fn deref(&self) -> &TenantAdmin {
        &self.0
    }
}

impl<S> FromRequestParts<S> for FullTenantAdmin
where
    TenantAdmin: FromRequestParts<S, Rejection = Problem>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let admin = TenantAdmin::from_request_parts(parts, state).await?;
        admin.permitted.authority.check_full()?;
        Ok(Self(admin))
    }
}

/// Whoever may do what the route is there for in the whole of their tenant, where the address names no tenant.
pub(super) struct AnyAdmin(Option<TenantId>);

impl AnyAdmin {
    /// The tenant to keep to; `None` for the operator, who sees all.
    pub(super) fn within(&self) -> Option<TenantId> {
        self.0
    }
}

impl<S> FromRequestParts<S> for AnyAdmin
where
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let permitted = Permitted::from_request_parts(parts, state).await?;
        permitted.authority.check_full()?;
        Ok(Self(permitted.within))
    }
}

/// What the request is called in logs, answers and the audit.
pub(super) struct RequestName(pub String);

impl<S: Send + Sync> FromRequestParts<S> for RequestName {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request_id(parts)))
    }
}

/// The ids in the URL of an admin route.
pub(super) struct UrlIds(Vec<(String, String)>);

impl UrlIds {
    /// Reads the id of a `what`; an odd one is an id that nothing has.
    pub(super) fn find<T: FromStr>(&self, parameter: &str, what: &str) -> Result<T, Problem> {
        let found = self.text(parameter).parse();
        found.map_err(|_| Problem::not_found(what))
    }

    /// A piece of the address as it stands there; empty when it has none of that name.
    pub(super) fn text(&self, parameter: &str) -> &str {
        self.get(parameter).unwrap_or_default()
    }

    fn get(&self, parameter: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == parameter);
        found.map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UrlIds {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found("what this address names"))?;
        Ok(Self(
            params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    }
}

/// Whether tenant and directory in an address have the form of such. Whether they exist is another question.
pub(super) fn is_directory_address(tenant: &str, directory: &str) -> bool {
    Slug::parse(tenant).is_some() && directory.parse::<DirectoryId>().is_ok()
}

/// The one `Authorization` header. Two of them are none: a proxy may have looked at the other.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.to_str().ok()).flatten()
}

pub(super) fn request_id(parts: &Parts) -> String {
    parts
        .extensions
        .get::<RequestId>()
        .map(|id| id.as_str().to_owned())
        .unwrap_or_default()
}
