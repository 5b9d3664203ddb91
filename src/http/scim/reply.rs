//! Answers: media type, entity tag, location.

use std::future;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};

use crate::directory::DirectoryKind;
use crate::provisioning::{Error, Pieces};

/// The media type that a caller is answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Media {
    /// `application/scim+json`, unless the caller wants the other.
    #[default]
    Scim,
    /// `application/json`.
    Json,
}

impl Media {
    /// What the `Accept` header asks for by name (RFC 7644 section 3.1); `None` when it leaves the choice, as
    /// `*/*` does. SCIM's own type wins where both are named.
    pub(super) fn asked_for(headers: &HeaderMap) -> Option<Self> {
        let names = |media: &str| {
            let lists = headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok());
            lists.flat_map(|list| list.split(',')).any(|entry| {
                entry
                    .split(';')
                    .next()
                    .is_some_and(|name| name.trim().eq_ignore_ascii_case(media))
            })
        };
        if names("application/scim+json") {
            Some(Self::Scim)
        } else {
            names("application/json").then_some(Self::Json)
        }
    }

    /// What a provider that does not say expects: `OneLogin` reads `application/json` only.
    pub(super) fn usual_for(kind: DirectoryKind) -> Self {
        if kind == DirectoryKind::OneLogin {
            Self::Json
        } else {
            Self::Scim
        }
    }

    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Scim => "application/scim+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

/// A successful answer.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub media: Media,
    /// JSON; `None` for an answer without a body.
    pub body: Option<Body>,
    pub entity_tag: Option<String>,
    pub location: Option<String>,
}

/// The body of an answer. One that fits into a piece goes out whole, with its length; of a longer one the rest is read
/// as fast as the client takes it, and no further when the client goes away.
///
/// # Errors
/// The database failed before anything was sent. When it fails later the connection is broken off, so that nobody
/// takes half an answer for a whole one.
pub(super) async fn body_of(mut pieces: Pieces) -> Result<Body, Error> {
    let first = pieces.next().await?.unwrap_or_default();
    if pieces.is_done() {
        return Ok(Body::from(first));
    }
    let rest = stream::try_unfold(pieces, async |mut pieces| {
        let piece = pieces.next().await.inspect_err(|error| {
            tracing::error!(%error, "an answer was broken off in the middle");
        })?;
        Ok::<_, Error>(piece.map(|piece| (piece, pieces)))
    });
    Ok(Body::from_stream(
        stream::once(future::ready(Ok(first))).chain(rest),
    ))
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = self.body.map_or_else(
            || ().into_response(),
            |body| ([(header::CONTENT_TYPE, self.media.header())], body).into_response(),
        );
        *response.status_mut() = self.status;
        for (name, value) in [(header::ETAG, self.entity_tag), (header::LOCATION, self.location)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_answered_to_those_who_take_nothing_else() {
        let media = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            Media::asked_for(&headers)
        };
        assert_eq!(media("application/json"), Some(Media::Json));
        assert_eq!(media("Application/JSON; q=1, text/html"), Some(Media::Json));
        assert_eq!(
            media("application/scim+json, application/json"),
            Some(Media::Scim)
        );
        assert_eq!(media("*/*"), None);
        assert_eq!(Media::asked_for(&HeaderMap::new()), None);
    }
}
