//! `RelayState`: whatever it says, the browser stays here, and nobody reads it as HTML.

use url::Url;

use super::fixture::{Begun, House, facts};
use crate::harness::browser::Page;
use crate::harness::saml::{Draft, posted};
use crate::harness::{Browser, Engine, random_name};

on_both_engines!(
    a_relay_state_leads_nowhere_else,
    a_relay_state_of_a_provider_that_began_leads_nowhere_else,
    a_path_of_our_own_is_returned_to_when_the_provider_begins,
    a_relay_state_is_no_html,
    a_status_speaks_on_the_page_only_where_the_response_is_signed,
);

/// Twelve spellings of elsewhere, and some more.
const ELSEWHERE: [&str; 16] = [
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "@evil.example",
    "/\r\nSet-Cookie: session=x",
];

/// Posts a good response with a `RelayState`; the provider began when nothing was begun.
async fn posts(house: &House, begun: Option<&Begun>, state: &str) -> (Browser, Page) {
    let browser = begun.map_or_else(Browser::new, |begun| begun.browser.clone());
    let mut facts = facts(&house.idp.entity_id, &house.connection, begun);
    facts.name_id = random_name("ada");
    facts.attributes[0].1 = vec![format!("{}@acme.example", facts.name_id)];
    let response = posted(&Draft::response(&facts).signed().xml);
    let fields = [("SAMLResponse", response.as_str()), ("RelayState", state)];
    let page = browser
        .post(&house.connection.acs_url, &fields, Some(&house.idp.origin))
        .await;
    (browser, page)
}

async fn provider_may_begin(engine: Engine) -> House {
    let house = House::new(engine).await;
    let allow = serde_json::json!({"allow_idp_initiated": true});
    house.connection.patch(&house.tenant, &allow).await.expect(200);
    house
}

async fn a_relay_state_leads_nowhere_else(engine: Engine) {
    let house = House::open(engine).await;
    for state in ELSEWHERE {
        let begun = house.begin().await;
        let (browser, page) = posts(house, Some(&begun), state).await;
        assert_eq!(page.expect(303).answer.header("location"), "/", "{state:?}");
        house.me(&browser).await.expect(200);
    }
}

async fn a_relay_state_of_a_provider_that_began_leads_nowhere_else(engine: Engine) {
    let house = provider_may_begin(engine).await;
    let own = house.gateway.base();
    let more = [
        format!("{own}@evil.example"),
        format!("{own}.evil.example"),
        format!("/{}", "x".repeat(5_000)),
    ];
    for state in ELSEWHERE.into_iter().chain(more.iter().map(String::as_str)) {
        let (_, page) = posts(&house, None, state).await;
        assert_eq!(page.expect(303).answer.header("location"), "/", "{state:?}");
    }
    // These are paths of ours, however they look.
    for state in ["/%2f%2fevil.example", "/?x=//evil.example", "/.//evil.example"] {
        let (_, page) = posts(&house, None, state).await;
        let to = page.expect(303).location().expect("a redirect");
        assert_eq!(
            to.origin(),
            Url::parse(&own).expect("a URL").origin(),
            "{state:?}"
        );
    }
}

async fn a_path_of_our_own_is_returned_to_when_the_provider_begins(engine: Engine) {
    let house = provider_may_begin(engine).await;
    for state in ["/", "/users?page=2&q=%C3%A9", "/a/b#c"] {
        let (browser, page) = posts(&house, None, state).await;
        assert_eq!(page.expect(303).answer.header("location"), state);
        house.me(&browser).await.expect(200);
    }
}

async fn a_relay_state_is_no_html(engine: Engine) {
    let house = House::open(engine).await;
    for state in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "</textarea><script>alert(1)</script>",
        "&quot;&gt;&lt;script&gt;",
        "{{7*7}}",
    ] {
        let begun = house.begin().await;
        let fields = [("SAMLResponse", "eA=="), ("RelayState", state)];
        let page = begun.browser.post(&house.connection.acs_url, &fields, None).await;
        let text = page.answer.text();
        assert!((400..500).contains(&page.answer.status), "{text}");
        assert!(!text.contains("alert(1)") && !text.contains("{{7*7}}"), "{text}");
    }
}

/// Whoever has one genuine assertion could put words on the page otherwise.
async fn a_status_speaks_on_the_page_only_where_the_response_is_signed(engine: Engine) {
    let house = House::new(engine).await;
    let status = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/>\
                  <samlp:StatusMessage>Call us on Sunday</samlp:StatusMessage>";
    for is_signed in [false, true] {
        let begun = house.begin().await;
        let mut draft = house.draft(&begun).signed().inside("samlp:Status", status);
        if is_signed {
            draft = draft.sign_response(&crate::harness::saml::Signing::default());
        }
        let page = house.post(&begun, &draft.xml).await;
        let text = page.answer.text();
        assert!(text.contains("saml_status_not_success"), "{text}");
        assert_eq!(text.contains("Call us on Sunday"), is_signed, "{text}");
    }
}
