//! Who is calling, as an argument type: a handler that takes a caller cannot forget to ask.

use std::str::FromStr;

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::clock;
use super::middleware::RequestId;
use super::problem::Problem;
use crate::accounts::{Accounts, tenants};
use crate::directory::{Actor, Authority, Origin, Source, Tenant};
use crate::login::Login;

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
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Login::from_ref(state).identify_operator(authorization(&parts.headers))?;
        Ok(Self {
            request_id: request_id(parts),
        })
    }
}

/// The operator, in the tenant that the URL names.
pub(super) struct TenantOperator {
    /// The tenant.
    pub tenant: Tenant,
    operator: Operator,
}

impl TenantOperator {
    /// On whose authority the request acts.
    #[expect(
        clippy::unused_self,
        reason = "who is calling decides, as soon as there are other callers"
    )]
    pub(super) fn authority(&self) -> Authority {
        Authority::Operator
    }

    /// Where and when the request comes from.
    pub(super) fn origin(&self) -> Origin {
        self.operator.origin()
    }
}

impl<S> FromRequestParts<S> for TenantOperator
where
    Login: FromRef<S>,
    Accounts: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let operator = Operator::from_request_parts(parts, state).await?;
        let UrlIds(params) = UrlIds::from_request_parts(parts, state).await?;
        let slug = params
            .iter()
            .find(|(name, _)| name == "tenant")
            .map_or("", |(_, value)| value);
        let tenant = tenants::find(&Accounts::from_ref(state), slug).await?;
        Ok(Self { tenant, operator })
    }
}

/// The ids in the URL of an admin route.
pub(super) struct UrlIds(Vec<(String, String)>);

impl UrlIds {
    /// Reads the id of a `what`; an odd one is an id that nothing has.
    pub(super) fn find<T: FromStr>(&self, parameter: &str, what: &str) -> Result<T, Problem> {
        let found = self.0.iter().find(|(name, _)| name == parameter);
        found
            .and_then(|(_, value)| value.parse().ok())
            .ok_or_else(|| Problem::not_found(what))
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
