//! The identity provider that is calling, as an argument type: a handler that takes it cannot forget to ask.

use axum::extract::{FromRef, FromRequestParts, OriginalUri, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

use super::failure::Failure;
use super::journal::Learnt;
use super::reply::Media;
use crate::directory::{Actor, Origin, Source};
use crate::http::clock;
use crate::http::extract::{authorization, is_directory_address, request_id};
use crate::http::state::PublicUrl;
use crate::journal::Caller;
use crate::login::Login;
use crate::provisioning::{Endpoint, Precondition, Provisioning, Service};
use crate::scim::error::ScimError;

/// An identity provider, with all that its requests share.
pub(super) struct ScimCaller {
    /// The directory that it feeds, as its endpoint knows it.
    pub service: Service,
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
    Provisioning: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let (login, public_url) = (Login::from_ref(state), PublicUrl::from_ref(state));
        let asked = Media::asked_for(&parts.headers);
        let whole = parts.extensions.get().map(|OriginalUri(uri)| uri);
        let (tenant, directory) = address_of(whole.unwrap_or(&parts.uri));
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
        let known = Caller::Known {
            directory: client.directory,
            token: client.token,
        };
        Learnt::caller(&parts.extensions, known);
        let media = asked.unwrap_or_else(|| Media::usual_for(client.directory.kind));
        let types = Provisioning::from_ref(state)
            .types_of(&client.directory)
            .await
            .map_err(|error| Failure::from(error).in_media(media))?;
        // The body is read after the caller, and is refused in the caller's media type too.
        parts.extensions.insert(media);
        Ok(Self {
            service: Service::new(
                client.directory,
                types,
                Endpoint::new(public_url.scim_base(&tenant, &directory)),
            ),
            precondition: precondition_of(&parts.headers),
            media,
            request_id: request_id(parts),
        })
    }
}

/// The conditions in a request's headers.
pub(super) fn precondition_of(headers: &HeaderMap) -> Precondition {
    Precondition {
        if_match: header_list(headers, &header::IF_MATCH),
        if_none_match: header_list(headers, &header::IF_NONE_MATCH),
    }
}

/// The tenant and the directory in the address, read from its raw text: an id further on that is no text must not
/// hide whom the request is for.
pub(super) fn address_of(uri: &Uri) -> (String, String) {
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
