//! Cookies, forms and redirects of the scripted browser.

use crate::harness::browser::Form;
use crate::harness::{Browser, run};

const SITE: &str = "https://gateway.test:8443/login/acme/start";

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_cookie_goes_where_it_belongs_and_nowhere_else() {
    let cases = [
        // Set-Cookie, a URL, whether it goes there
        ("a=1", "https://gateway.test:8443/login/acme/callback", true),
        ("a=1", "https://gateway.test:9000/login/acme", true), // ports share cookies
        ("a=1", "https://gateway.test/login/acmes", false),    // the default path is /login/acme
        ("a=1; Path=/", "https://gateway.test/", true),
        ("a=1; Path=/", "https://other.gateway.test/", false),
        (
            "a=1; Path=/; Domain=gateway.test",
            "https://other.gateway.test/",
            true,
        ),
        (
            "a=1; Path=/; Domain=gateway.test",
            "https://notgateway.test/",
            false,
        ),
        ("a=1; Path=/; Secure", "https://gateway.test/", true),
        ("a=1; Path=/; Secure", "http://gateway.test/", false),
        ("a=1; Path=/", "http://gateway.test/", true),
        ("__Host-a=1; Path=/; Secure", "https://gateway.test/login", true),
        (
            "a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "https://gateway.test/",
            true,
        ),
        (
            "a=1; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
            "https://gateway.test/",
            true,
        ),
    ];
    for (header, url, goes) in cases {
        let browser = Browser::new();
        assert!(browser.set_cookie(SITE, header), "{header} is refused");
        let name = header.split('=').next().expect("a name");
        assert_eq!(browser.cookie(url, name).is_some(), goes, "{header} to {url}");
    }
}

#[test]
fn a_cookie_that_breaks_its_promise_is_refused() {
    for header in [
        "__Host-a=1; Path=/",
        "__Host-a=1; Secure",
        "__Host-a=1; Secure; Path=/login",
        "__Host-a=1; Secure; Path=/; Domain=gateway.test",
        "__Secure-a=1; Path=/",
        "a=1; Domain=idp.test",
        "a=1; Domain=test",
        "a=1; SameSite=None",
        "no-value",
    ] {
        assert!(!Browser::new().set_cookie(SITE, header), "{header} is taken");
    }
    assert!(!Browser::new().set_cookie("http://gateway.test/", "a=1; Secure"));
}

#[test]
fn a_cookie_can_be_replaced_and_deleted() {
    let browser = Browser::new();
    for expiry in ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
        browser.set_cookie(SITE, "a=1; Path=/");
        browser.set_cookie(SITE, "a=2; Path=/; HttpOnly; SameSite=Lax");
        let cookie = browser.cookie(SITE, "a").expect("a cookie");
        assert_eq!((cookie.value.as_str(), cookie.same_site.as_str()), ("2", "Lax"));
        assert!(cookie.http_only && cookie.expires.is_none());
        browser.set_cookie(SITE, &format!("a=; Path=/; {expiry}"));
        assert_eq!(browser.cookie(SITE, "a"), None, "{expiry}");
    }
}

#[test]
fn tabs_share_cookies_and_browsers_do_not() {
    let browser = Browser::new();
    let (tab, stranger) = (browser.other_tab(), browser.other_browser());
    tab.with_header("Accept", "application/json")
        .set_cookie(SITE, "a=1; Path=/");
    assert!(browser.cookie(SITE, "a").is_some());
    assert!(stranger.cookie(SITE, "a").is_none());
}

#[test]
fn forms_are_read_as_a_browser_reads_them() {
    let html = r#"<!doctype html><!-- <form action="/no"> --><script>"<form>"</script>
        <form method=post action="/login?a=1&amp;b=2">
          <input type=hidden name="csrf" value="&lt;&quot;&#39;&#x2F;&amp;amp;&unknown;">
          <INPUT name='email' autofocus required />
          <input type="checkbox" name="stay" checked><input type="checkbox" name="no" value="x">
          <textarea name="note">a &lt; b</textarea>
          <button type="submit" name="go" value="1">Go</button><input type="submit" name="cancel">
        </form><input name="outside">
        <form><input name=q value=rust></form>"#;
    let forms = Form::all_of(html);
    let first = Form {
        action: "/login?a=1&b=2".to_owned(),
        method: "POST".to_owned(),
        fields: vec![
            pair("csrf", "<\"'/&amp;&unknown;"),
            pair("email", ""),
            pair("stay", "on"),
            pair("note", "a < b"),
        ],
    };
    let second = Form {
        action: String::new(),
        method: "GET".to_owned(),
        fields: vec![pair("q", "rust")],
    };
    assert_eq!(forms, [first, second]);
    let filled = forms[0].filled(&[("email", "ada@acme.example"), ("go", "1")]);
    assert_eq!(filled[1], pair("email", "ada@acme.example"));
    assert_eq!(filled[4], pair("go", "1"));
}

#[test]
fn redirects_are_taken_one_by_one_and_cookies_on_the_way_are_kept() {
    run(async {
        let server = super::sites::start_server().await;
        let browser = Browser::new();
        let first = browser
            .get(&format!("{}/hop?left=2", server.base))
            .await
            .expect(303);
        let second = browser.follow(&first).await.expect(303);
        assert_eq!(second.sent_cookies, ["hop=2"]);
        let steps = browser.steps_until(first.clone(), |_| false).await;
        let statuses: Vec<u16> = steps.iter().map(|page| page.answer.status).collect();
        assert_eq!(statuses, [303, 303, 200]);
        let stopped = browser
            .follow_until(first, |url| url.query() == Some("left=0"))
            .await;
        assert_eq!(stopped.url.query(), Some("left=1"));
        let end = browser.follow_all(stopped).await.expect(200);
        assert_eq!(end.sent_cookies, ["hop=1"]);
        assert!(
            browser.cookie(&server.base, "hop").is_none(),
            "the last page deletes it"
        );
    });
}

#[test]
fn a_form_is_filled_in_and_sent_with_what_it_hides() {
    run(async {
        let server = super::sites::start_server().await;
        let browser = Browser::new().with_header("Accept", "text/html");
        let form = browser.open(&format!("{}/form", server.base)).await;
        let echo = browser.submit(&form, &[("name", "Ada & Co")]).await.expect(200);
        let text = echo.answer.text();
        assert!(text.contains("POST /echo?a=1&b=2"), "{text}");
        assert!(text.contains("hidden=%3Cx%3E&name=Ada+%26+Co"), "{text}");
        assert!(text.contains(&format!("origin: {}", server.base)), "{text}");
        assert!(text.contains("accept: text/html"), "{text}");
    });
}
