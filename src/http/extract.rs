//! Who is calling, as an argument type: a handler that takes a caller cannot forget to ask.

use std::str::FromStr;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::clock;
use super::middleware::RequestId;
use super::problem::Problem;
use super::scim::{Failure, Media};
use super::state::PublicUrl;
use crate::accounts::{Accounts, tenants};
use crate::directory::{Actor, Origin, Source, Tenant};
use crate::login::{Denied, Login, ScimClient};
use crate::provisioning::{Endpoint, Precondition};
use crate::scim::error::ScimError;

/// An identity provider, with all that its requests share.
pub(super) struct ScimCaller {
    /// Who it is.
    pub client: ScimClient,
    /// Where its resources live.
    pub endpoint: Endpoint,
    /// Which media type it is answered in.
    pub media: Media,
    /// Conditions of its headers.
    pub precondition: Precondition,
    request_id: String,
}

impl ScimCaller {
    /// Where and when the request comes from.
    pub(super) fn origin(&self) -> Origin {
        clock::origin(
            Actor::Directory(self.client.directory.id),
            Source::Scim,
            &self.request_id,
        )
    }

    /// A failure in the caller's media type.
    pub(super) fn failure(&self, error: impl Into<Failure>) -> Failure {
        error.into().in_media(self.media)
    }
}

impl<S> FromRequestParts<S> for ScimCaller
where
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let (login, public_url) = (Login::from_ref(state), PublicUrl::from_ref(state));
        let mut media = Media::asked_for(&parts.headers);
        let address = RawPathParams::from_request_parts(parts, state).await;
        let (tenant, directory) = address_of(&address);
        let client = login
            .identify_scim_client(authorization(&parts.headers), tenant, directory, clock::now())
            .await
            .map_err(|denied| Failure::from(denied).in_media(media))?;
        if parts.headers.get(header::ACCEPT).is_none() {
            media = Media::usual_for(client.directory.kind);
        }
        Ok(Self {
            endpoint: Endpoint::new(public_url.scim_base(tenant, directory)),
            precondition: Precondition {
                if_match: header_list(&parts.headers, &header::IF_MATCH),
                if_none_match: header_list(&parts.headers, &header::IF_NONE_MATCH),
            },
            media,
            client,
            request_id: request_id(parts),
        })
    }
}

fn address_of(params: &Result<RawPathParams, RawPathParamsRejection>) -> (&str, &str) {
    let find = |wanted: &str| {
        let params = params.as_ref().ok()?;
        params
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    (
        find("tenant").unwrap_or_default(),
        find("directory").unwrap_or_default(),
    )
}

/// The id of a resource in the URL, whatever was sent there: an odd one is an id that nothing has.
pub(super) struct ResourceId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ResourceId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| ScimError::not_found("the id in the URL is not text"))?;
        let id = params
            .iter()
            .find(|(name, _)| *name == "id")
            .map(|(_, value)| value.to_owned());
        Ok(Self(id.unwrap_or_default()))
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

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
}

fn header_list(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn request_id(parts: &Parts) -> String {
    parts
        .extensions
        .get::<RequestId>()
        .map(|id| id.as_str().to_owned())
        .unwrap_or_default()
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Storage(error) => Self::storage(&error, error.is_passing()),
            other => ScimError::unauthorized(other.to_string()).into(),
        }
    }
}
