//! Where a browser may be sent after signing in: nowhere but here.

use url::Url;

use crate::harness::{Browser, Engine};
use crate::sso::fixture::House;

on_both_engines!(
    a_return_address_leads_nowhere_else,
    a_path_of_our_own_is_returned_to
);

async fn landed(house: &House, start: &str) -> (String, Url) {
    let browser = Browser::new();
    let page = browser.get(start).await;
    let page = browser
        .follow_until(page, |to| to.path().ends_with("/callback"))
        .await;
    let back = browser.follow(&page).await.expect(303);
    house.me(&browser).await.expect(200);
    (
        back.answer.header("location").to_owned(),
        back.location().expect("a redirect"),
    )
}

fn start(house: &House, pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse(&house.connection.start_url).expect("a URL");
    url.query_pairs_mut().extend_pairs(pairs);
    url.into()
}

async fn a_return_address_leads_nowhere_else(engine: Engine) {
    let house = House::new(engine).await;
    let long = format!("/{}", "x".repeat(5_000));
    for to in [
        "https://evil.example",
        "http://evil.example/",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "\u{1}//evil.example",
        "https:evil.example",
        "https:/evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "@evil.example",
        ".evil.example",
        "evil.example",
        "/\r\nSet-Cookie: session=x",
        "/\u{2028}",
        "/é",
        "",
        long.as_str(),
    ] {
        let (header, _) = landed(&house, &start(&house, &[("return_to", to)])).await;
        assert_eq!(header, "/", "{to:?}");
    }
    let own = house.gateway.base();
    for to in [format!("{own}@evil.example"), format!("{own}.evil.example")] {
        let (header, _) = landed(&house, &start(&house, &[("return_to", &to)])).await;
        assert_eq!(header, "/", "{to:?}");
    }
    // These are paths of ours, however they look.
    for to in [
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/login/..//evil.example",
        "/.//evil.example",
        "/?x=//evil.example",
        "/;//evil.example",
    ] {
        let (_, url) = landed(&house, &start(&house, &[("return_to", to)])).await;
        assert_eq!(url.origin(), Url::parse(&own).expect("a URL").origin(), "{to:?}");
    }
    // Twice: whichever counts, neither leads away.
    let twice = start(
        &house,
        &[("return_to", "/users"), ("return_to", "https://evil.example")],
    );
    let (_, url) = landed(&house, &twice).await;
    assert_eq!(url.origin(), Url::parse(&own).expect("a URL").origin());
}

async fn a_path_of_our_own_is_returned_to(engine: Engine) {
    let house = House::new(engine).await;
    for to in ["/", "/users?page=2&q=%C3%A9", "/a/b#c"] {
        let (header, _) = landed(&house, &start(&house, &[("return_to", to)])).await;
        assert_eq!(header, to);
    }
}
