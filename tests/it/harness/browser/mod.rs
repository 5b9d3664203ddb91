//! A scripted browser: cookies, redirects one by one, forms. It runs no scripts and loads no pictures; for those
//! there is [`super::Chromium`].
//!
//! ```ignore
//! let browser = Browser::new();
//! let login = browser.open(&start_url).await;             // follows redirects to the provider's form
//! let back = browser.submit(&login, &[("login", "ada"), ("password", "x")]).await;
//! let landing = browser.follow_all(back).await;
//! ```

mod cookie_jar;
mod form;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::Answer;
pub use cookie_jar::Cookie;
use cookie_jar::{CookieJar, site};
pub use form::Form;

/// A longer chain of redirects is a loop.
const MOST_REDIRECTS: usize = 20;

/// A tab of a browser. Names all lead to this machine, and certificates are not checked, so that sites over https
/// can be played (see [`super::TlsFront`]).
#[derive(Debug, Clone)]
pub struct Browser {
    jar: Arc<Mutex<CookieJar>>,
    headers: Vec<(String, String)>,
}

/// What a step of a browser came to.
#[derive(Debug, Clone)]
pub struct Page {
    /// The URL that was asked.
    pub url: Url,
    /// What came back.
    pub answer: Answer,
    /// The cookies that were sent, as `name=value`.
    pub sent_cookies: Vec<String>,
    /// The page that caused the request; redirects keep it. `None` for what was typed into the address bar.
    initiator: Option<Url>,
}

impl Browser {
    /// A browser without cookies that prefers HTML in English.
    pub fn new() -> Self {
        Self {
            jar: Arc::default(),
            headers: Vec::new(),
        }
        .with_header("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
        .with_header("Accept-Language", "en")
    }

    /// Another tab: cookies are shared, and so is what either of them sets from now on.
    pub fn other_tab(&self) -> Self {
        self.clone()
    }

    /// Somebody else's browser: the same headers, no cookies.
    pub fn other_browser(&self) -> Self {
        Self {
            jar: Arc::default(),
            headers: self.headers.clone(),
        }
    }

    /// The same browser, sending a header with every request in place of one of that name.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.to_owned(), value.to_owned()));
        Self {
            jar: Arc::clone(&self.jar),
            headers,
        }
    }

    /// Types an address. A redirect is returned, not followed.
    pub async fn get(&self, url: &str) -> Page {
        let url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        self.send("GET", url, None, None).await
    }

    /// Types an address and follows redirects to the end.
    pub async fn open(&self, url: &str) -> Page {
        self.follow_all(self.get(url).await).await
    }

    /// Sends a form that no page holds, as a page at `from` would; `None` leaves open where it came from, and
    /// counts as our own site.
    pub async fn post(&self, url: &str, fields: &[(&str, &str)], from: Option<&str>) -> Page {
        let parse = |url: &str| url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.send("POST", parse(url), Some(fields.collect()), from.map(parse))
            .await
    }

    /// Clicks a link of a page, or does what its script would: a GET that the page causes.
    pub async fn visit_from(&self, page: &Page, url: &str) -> Page {
        let url = page
            .url
            .join(url)
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        self.send("GET", url, None, Some(page.url.clone())).await
    }

    /// Takes one redirect. Panics where there is none.
    pub async fn follow(&self, page: &Page) -> Page {
        let to = page.location().unwrap_or_else(|| panic!("no redirect: {page:?}"));
        // Nothing here answers a POST with 307 or 308, which would send the form again.
        assert!([301, 302, 303].contains(&page.answer.status), "{page:?}");
        self.send("GET", to, None, page.initiator.clone()).await
    }

    /// Follows redirects until a page comes.
    pub async fn follow_all(&self, page: Page) -> Page {
        self.follow_until(page, |_| false).await
    }

    /// Follows redirects until a page comes or one leads to a URL that `stop` knows, which is then not asked: a
    /// callback that a test wants to tamper with.
    pub async fn follow_until(&self, page: Page, stop: impl Fn(&Url) -> bool) -> Page {
        self.steps_until(page, stop).await.pop().expect("the page itself")
    }

    /// The same with every step on the way, the given page first.
    pub async fn steps_until(&self, page: Page, stop: impl Fn(&Url) -> bool) -> Vec<Page> {
        let mut steps = vec![page];
        while let Some(page) = steps.last()
            && page.location().is_some_and(|to| !stop(&to))
        {
            assert!(
                steps.len() <= MOST_REDIRECTS,
                "redirects without end, the last {page:?}"
            );
            let next = self.follow(page).await;
            steps.push(next);
        }
        steps
    }

    /// Fills in the first form of a page and sends it. Fields that the form lacks are sent as well, as a button
    /// would be. A redirect is returned, not followed.
    pub async fn submit(&self, page: &Page, values: &[(&str, &str)]) -> Page {
        let forms = page.forms();
        let form = forms.first().unwrap_or_else(|| panic!("no form: {page:?}"));
        self.submit_form(page, form, values).await
    }

    /// The same with any form of the page.
    pub async fn submit_form(&self, page: &Page, form: &Form, values: &[(&str, &str)]) -> Page {
        // An absent action is the page's own address.
        let mut to = if form.action.is_empty() {
            page.url.clone()
        } else {
            page.url.join(&form.action).expect("a URL")
        };
        let fields = form.filled(values);
        let from = Some(page.url.clone());
        if form.method == "POST" {
            return self.send("POST", to, Some(fields), from).await;
        }
        to.query_pairs_mut().clear().extend_pairs(fields);
        self.send("GET", to, None, from).await
    }

    /// The cookie of a name that a request to `url` would carry.
    pub fn cookie(&self, url: &str, name: &str) -> Option<Cookie> {
        let url = url.parse().expect("a URL");
        let cookies = self.jar().for_request(&url, false, true);
        cookies.into_iter().find(|cookie| cookie.name == name)
    }

    /// Puts a cookie there as an answer to `url` would, in the words of `Set-Cookie`; `false` when a browser would
    /// refuse it.
    pub fn set_cookie(&self, url: &str, header: &str) -> bool {
        self.jar().take(&url.parse().expect("a URL"), header)
    }

    fn jar(&self) -> MutexGuard<'_, CookieJar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(
        &self,
        method: &str,
        url: Url,
        form: Option<Vec<(String, String)>>,
        initiator: Option<Url>,
    ) -> Page {
        let cross_site = initiator.as_ref().is_some_and(|from| site(from) != site(&url));
        let cookies = self.jar().for_request(&url, cross_site, method == "GET");
        let sent_cookies: Vec<String> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let mut request = client().request(method.parse().expect("a method"), url.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !sent_cookies.is_empty() {
            request = request.header("Cookie", sent_cookies.join("; "));
        }
        if let Some(fields) = form {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            request = request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(body);
            // What browsers say about where a form was.
            let origin = initiator.as_ref().unwrap_or(&url).origin().ascii_serialization();
            request = request.header("Origin", origin);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{url}: {error:?}"));
        let answer = Answer::read(response).await;
        for header in answer.headers.get_all("set-cookie") {
            self.jar().take(&url, header.to_str().expect("a cookie of ASCII"));
        }
        Page {
            url,
            answer,
            sent_cookies,
            initiator,
        }
    }
}

impl Page {
    /// Where a redirect leads.
    pub fn location(&self) -> Option<Url> {
        let location = self.answer.headers.get("location")?.to_str().ok()?;
        self.url.join(location).ok()
    }

    /// The forms of the page.
    pub fn forms(&self) -> Vec<Form> {
        Form::all_of(&self.answer.text())
    }

    /// The page itself, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.answer.status, status, "{} {}", self.url, self.answer.text());
        self
    }
}

/// The value of a parameter of a URL's query.
pub fn query_of(url: &Url, name: &str) -> Option<String> {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// Every name is this machine: a test never leaves it, whatever a redirect says.
struct EverythingIsHere;

impl Resolve for EverythingIsHere {
    fn resolve(&self, _: Name) -> Resolving {
        let here: Addrs = Box::new(std::iter::once(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        Box::pin(std::future::ready(Ok(here)))
    }
}

fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        rollcall::outbound::install_crypto_provider();
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(EverythingIsHere))
            .tls_danger_accept_invalid_certs(true)
            .timeout(std::time::Duration::from_mins(1))
            .build()
            .expect("a client")
    })
}
