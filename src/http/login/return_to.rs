//! Where a browser goes after signing in: a path of this origin and nothing else.

use url::Url;

use crate::http::state::PublicUrl;

/// A longer path is not one of ours, in bytes.
const LONGEST: usize = 2_048;

/// The path, if it leads nowhere but to this origin, whichever way a browser reads it.
pub(super) fn checked<'t>(text: &'t str, at: &PublicUrl) -> Option<&'t str> {
    // Browsers read `\` as `/` and drop tabs and line breaks (WHATWG URL section 4.4).
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_path = text.starts_with('/') && !text.starts_with("//");
    if !is_plain || !is_path || text.len() > LONGEST {
        return None;
    }
    let base = Url::parse(at.as_str()).ok()?;
    let target = base.join(text).ok()?;
    (target.origin() == base.origin()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_origin_are_kept() {
        let here = PublicUrl::new("https://g.example/sub");
        for path in [
            "/",
            "/users?q=1&x=%2F%2Fevil.example",
            "/a#b",
            "/login/acme",
            "/a//b",
        ] {
            assert_eq!(checked(path, &here), Some(path));
        }
    }

    #[test]
    fn everything_that_could_leave_is_refused() {
        let here = PublicUrl::new("https://g.example");
        for away in [
            "",
            "users",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/é",
            "/\u{0}",
            &format!("/{}", "x".repeat(3000)),
        ] {
            assert_eq!(checked(away, &here), None, "{away:?}");
        }
    }
}
