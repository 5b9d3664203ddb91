//! Sites over https, and what a browser sends from one to another.

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{any, get};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::harness::{Browser, Canary, TlsFront, run};

/// A server with a form, an echo, and a chain of redirects.
pub struct Server {
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    pub address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn start_server() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let form = r#"<title>A form</title><h1>Form</h1>
        <form method="post" action="/echo?a=1&amp;b=2">
        <input type="hidden" name="hidden" value="&lt;x&gt;"><input name="name"><button>Go</button></form>"#;
    let router = Router::new()
        .route("/form", get(async move || Html(form)))
        .route("/hop", get(hop))
        .fallback(any(echo));
    let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
    Server {
        base: format!("http://{address}"),
        address,
        task,
    }
}

/// `left=2` leads to `left=1` and that to `left=0`; the cookie `hop` says where one was.
async fn hop(RawQuery(query): RawQuery) -> Response {
    match query
        .as_deref()
        .and_then(|query| query.strip_prefix("left=")?.parse().ok())
    {
        Some(0) | None => ([("set-cookie", "hop=; Max-Age=0; Path=/")], "there").into_response(),
        Some(left @ 1_u32..) => {
            let headers = [
                ("set-cookie", format!("hop={left}; Path=/")),
                ("location", format!("/hop?left={}", left - 1)),
            ];
            (axum::http::StatusCode::SEE_OTHER, headers).into_response()
        }
    }
}

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> String {
    let body = String::from_utf8_lossy(&body);
    let mut text = vec![format!("{method} {uri}"), body.into_owned()];
    for (name, value) in &headers {
        text.push(format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    text.join("\n")
}

#[test]
fn two_sites_over_https_stand_before_two_servers() {
    run(async {
        let (gateway, provider) = (start_server().await, Canary::start().await);
        let front = TlsFront::start(&["gateway.test", "idp.test"]).await;
        front.route("gateway.test", gateway.address);
        let echo = Browser::new()
            .open(&format!("{}/echo", front.origin("gateway.test")))
            .await
            .expect(200);
        let host = front.origin("gateway.test").replace("https://", "host: ");
        assert!(echo.answer.text().contains(&host), "{}", echo.answer.text());
        assert!(
            !echo.answer.text().contains("forwarded"),
            "{}",
            echo.answer.text()
        );
        assert_eq!(provider.connections(), 0);
    });
}

#[test]
fn a_program_can_trust_the_front_and_reach_it_by_the_names_of_this_machine() {
    run(async {
        let server = start_server().await;
        let front = TlsFront::start(&["localhost", "127.0.0.1"]).await;
        let certificate = std::fs::read(front.certificate_file()).expect("a file");
        let certificate = reqwest::Certificate::from_pem(&certificate).expect("PEM");
        let trusting = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([certificate]);
        let trusting = trusting.build().expect("a client");
        for name in ["localhost", "127.0.0.1"] {
            front.route(name, server.address);
            let answer = trusting.get(format!("{}/form", front.origin(name))).send().await;
            assert_eq!(answer.expect("a trusted connection").status(), 200);
        }
        let stranger = reqwest::Client::builder().no_proxy().build().expect("a client");
        stranger
            .get(front.origin("localhost"))
            .send()
            .await
            .expect_err("nobody else trusts it");
    });
}

#[test]
fn a_post_from_another_site_carries_only_cookies_that_allow_it() {
    run(async {
        let server = start_server().await;
        let front = TlsFront::start(&["gateway.test", "idp.test"]).await;
        front.route("gateway.test", server.address);
        let (gateway, idp) = (front.origin("gateway.test"), front.origin("idp.test"));
        let browser = Browser::new();
        for cookie in [
            "none=1; SameSite=None",
            "lax=1; SameSite=Lax",
            "strict=1; SameSite=Strict",
            "plain=1",
        ] {
            assert!(browser.set_cookie(&gateway, &format!("{cookie}; Path=/; Secure")));
        }
        let acs = format!("{gateway}/acs");
        let foreign = browser
            .post(&acs, &[("SAMLResponse", "x")], Some(&idp))
            .await
            .expect(200);
        assert_eq!(foreign.sent_cookies, ["none=1"]);
        let own = browser.post(&acs, &[], Some(&gateway)).await;
        assert_eq!(own.sent_cookies.len(), 4);
        front.route("idp.test", server.address);
        let elsewhere = browser.get(&idp).await;
        assert_eq!(elsewhere.sent_cookies, [""; 0]);
        let linked = browser.visit_from(&elsewhere, &acs).await;
        assert_eq!(linked.sent_cookies, ["none=1", "lax=1", "plain=1"]);
    });
}

#[test]
fn a_canary_counts_who_touches_it() {
    run(async {
        let canary = Canary::start().await;
        assert_eq!(canary.connections(), 0);
        let address = canary.url.strip_prefix("http://").expect("http");
        for _ in 0..2 {
            tokio::net::TcpStream::connect(address)
                .await
                .expect("a connection");
        }
        for _ in 0..100 {
            if canary.connections() == 2 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{} connections", canary.connections());
    });
}
