//! Paths as administrators paste them: `.../v2/` as the base URL makes `.../v2//Users`.

use axum::extract::Request;
use axum::http::Uri;

/// Folds doubled slashes and drops one at the end, below `/scim/` only.
#[must_use]
pub fn normalize_path(mut request: Request) -> Request {
    if let Some(uri) = normalized(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn normalized(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.starts_with("/scim/") || !(path.contains("//") || path.ends_with('/')) {
        return None;
    }
    let mut clean = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        clean.push('/');
        clean.push_str(segment);
    }
    if let Some(query) = uri.query() {
        clean.push('?');
        clean.push_str(query);
    }
    clean.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_with_a_slash_at_its_end_works() {
        let clean = |path: &'static str| normalized(&Uri::from_static(path)).map(|uri| uri.to_string());
        assert_eq!(
            clean("/scim/v2/a/d//Users?count=1").as_deref(),
            Some("/scim/v2/a/d/Users?count=1")
        );
        assert_eq!(
            clean("/scim/v2/a/d/Users/").as_deref(),
            Some("/scim/v2/a/d/Users")
        );
        assert_eq!(clean("/scim/v2/a/d/Users"), None);
        assert_eq!(clean("/api//v1/"), None);
    }
}
