//! The identity provider that is calling, as an argument type: a handler that takes it cannot forget to ask.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OriginalUri, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::failure::Failure;
use super::reply::Media;
use crate::directory::{Actor, Origin, Source};
use crate::http::clock;
use crate::http::extract::{authorization, is_directory_address, request_id};
use crate::http::state::PublicUrl;
use crate::login::Login;
use crate::provisioning::{Endpoint, Precondition, Service};
use crate::scim::error::ScimError;
use crate::scim::schema;

/// An identity provider, with all that its requests share.
pub(super) struct ScimCaller {
    /// The directory that it feeds, as its endpoint knows it.
    pub service: Service,
    /// Which media type it is answered in.
    pub media: Media,
    /// Where its access tokens come from.
    pub token_url: String,
    /// Conditions of its headers.
    pub precondition: Precondition,
    request_id: String,
}

impl ScimCaller {
    /// Where and when the request comes from.
    pub(super) fn origin(&self) -> Origin {
        clock::origin(
            Actor::Directory(self.service.directory.id),
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
        let asked = Media::asked_for(&parts.headers);
        let (tenant, directory) = address_of(parts);
        let client = login
            .identify_scim_client(authorization(&parts.headers), &tenant, &directory, clock::now())
            .await
            .map_err(|denied| {
                // Computed from the address alone: it is there whether the directory exists or not.
                let is_address = is_directory_address(&tenant, &directory);
                let metadata = is_address.then(|| public_url.resource_metadata(&tenant, &directory));
                Failure::from(denied)
                    .in_media(asked.unwrap_or_default())
                    .with_metadata(metadata)
            })?;
        let media = asked.unwrap_or_else(|| Media::usual_for(client.directory.kind));
        // The body is read after the caller, and is refused in the caller's media type too.
        parts.extensions.insert(media);
        Ok(Self {
            token_url: public_url.token_url(&tenant, &directory),
            service: Service {
                directory: client.directory,
                types: Arc::clone(schema::standard()),
                endpoint: Endpoint::new(public_url.scim_base(&tenant, &directory)),
            },
            precondition: Precondition {
                if_match: header_list(&parts.headers, &header::IF_MATCH),
                if_none_match: header_list(&parts.headers, &header::IF_NONE_MATCH),
            },
            media,
            request_id: request_id(parts),
        })
    }
}

/// The tenant and the directory in the address, read from its raw text: an id further on that is no text must not
/// hide whom the request is for.
fn address_of(parts: &Parts) -> (String, String) {
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |OriginalUri(uri)| uri);
    let mut segments = uri.path().split('/').skip(3).map(str::to_owned);
    (
        segments.next().unwrap_or_default(),
        segments.next().unwrap_or_default(),
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

fn header_list(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}
