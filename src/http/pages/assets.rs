//! What pages load: one stylesheet, two scripts, one icon, all inside the binary.

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// One file. Its address names its content, so a new release has a new address and caches may keep it for ever.
pub(super) struct Asset {
    file: String,
    content_type: &'static str,
    text: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css", include_str!("page.css")));
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "js", "text/javascript", include_str!("page.js")));
pub(super) static ONWARD: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("onward", "js", "text/javascript", include_str!("onward.js")));
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("icon.svg")));

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, text: &'static str) -> Self {
        let mut start = [0; 8];
        start.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..8]);
        let hash = u64::from_be_bytes(start);
        Self {
            file: format!("{name}-{hash:016x}.{extension}"),
            content_type,
            text,
        }
    }
}

/// The address on this origin.
impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/assets/{}", self.file)
    }
}

/// `GET /assets/{file}`, for everybody.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(Path(file): Path<String>) -> Response {
    let assets: [&Asset; 4] = [&STYLE, &SCRIPT, &ONWARD, &ICON];
    let Some(asset) = assets.into_iter().find(|asset| asset.file == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, asset.content_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn fetch(address: &str) -> Response {
        let request = Request::get(address).body(Body::empty()).unwrap();
        routes::<()>().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn an_asset_is_served_at_the_address_that_pages_name() {
        let response = fetch(&STYLE.to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/css");
        assert_eq!(
            response.headers()[CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, include_str!("page.css"));
    }

    #[tokio::test]
    async fn another_content_has_another_address_and_old_addresses_are_gone() {
        let other = Asset::new("page", "css", "text/css", "body {}");
        assert_ne!(other.to_string(), STYLE.to_string());
        for gone in [&other.to_string(), "/assets/page.css", "/assets/..%2FCargo.toml"] {
            assert_eq!(fetch(gone).await.status(), StatusCode::NOT_FOUND, "{gone}");
        }
    }
}
