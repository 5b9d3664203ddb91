//! The stack as a client meets it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use axum::routing::get;
use axum::{Extension, Json};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt as _;

use super::*;

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router
        .clone()
        .oneshot(request)
        .await
        .unwrap_or_else(|never: Infallible| match never {})
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

async fn json(response: Response<Body>) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

fn router() -> Router {
    router_with(&Limits::default())
}

fn router_with(limits: &Limits) -> Router {
    let fail = || async { panic!("the cat is on the keyboard") as StatusCode };
    let slow = || async { tokio::time::sleep(Duration::from_mins(1)).await };
    let id = |Extension(id): Extension<RequestId>| async move { Json(id.as_str().to_owned()) };
    let styled = || async {
        (
            [
                (header::CACHE_CONTROL, "max-age=60"),
                (header::CONTENT_SECURITY_POLICY, "default-src 'self'"),
                (header::X_FRAME_OPTIONS, "ALLOWALL"),
            ],
            "page",
        )
    };
    let routes = Router::new()
        .route("/id/{person}", get(id))
        .route("/page", get(styled))
        .route("/panic", get(fail))
        .route("/scim/panic", get(fail))
        .route("/slow", get(slow))
        .route("/scim/slow", get(slow));
    wrap(routes, limits)
}

#[tokio::test]
async fn usable_request_id_reaches_the_handler_and_comes_back() {
    let mut request = request("/id/bob");
    request
        .headers_mut()
        .insert("x-request-id", HeaderValue::from_static("Trace_7.a-b"));
    let response = send(&router(), request).await;
    assert_eq!(header(&response, "x-request-id"), "Trace_7.a-b");
    assert_eq!(json(response).await, "Trace_7.a-b");
}

#[tokio::test]
async fn missing_or_unusable_request_id_is_replaced_for_handler_and_client_alike() {
    for sent in [None, Some(""), Some("a b"), Some("\"><script>")] {
        let mut request = request("/id/bob");
        if let Some(sent) = sent {
            request
                .headers_mut()
                .insert("x-request-id", HeaderValue::from_static(sent));
        }
        let response = send(&router(), request).await;
        let returned = header(&response, "x-request-id").to_owned();
        assert!(uuid::Uuid::parse_str(&returned).is_ok(), "{returned}");
        assert_eq!(json(response).await, returned);
    }
}

#[tokio::test]
async fn unmatched_path_gets_an_id_and_the_headers_too() {
    let response = send(&router(), request("/nowhere")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_ne!(header(&response, "x-request-id"), "");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn headers_are_set_and_a_handler_may_only_relax_cache_and_content_policy() {
    let plain = send(&router(), request("/id/bob")).await;
    assert_eq!(header(&plain, "cache-control"), "no-store");
    assert_eq!(
        header(&plain, "content-security-policy"),
        "default-src 'none'; frame-ancestors 'none'"
    );
    assert_eq!(header(&plain, "referrer-policy"), "no-referrer");
    assert_eq!(header(&plain, "x-frame-options"), "DENY");
    let page = send(&router(), request("/page")).await;
    assert_eq!(header(&page, "cache-control"), "max-age=60");
    assert_eq!(header(&page, "content-security-policy"), "default-src 'self'");
    assert_eq!(header(&page, "x-frame-options"), "DENY");
}

#[tokio::test]
async fn panic_becomes_a_500_in_the_format_of_the_door_and_the_next_request_is_answered() {
    let router = router();
    let mut asked = request("/panic");
    asked
        .headers_mut()
        .insert("x-request-id", HeaderValue::from_static("p-1"));
    let response = send(&router, asked).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    assert_eq!(header(&response, "x-request-id"), "p-1");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let problem = json(response).await;
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&500.into(), &"internal_error".into())
    );
    assert_eq!(problem["request_id"], "p-1");
    assert!(!problem.to_string().contains("keyboard"), "{problem}");

    let response = send(&router, request("/scim/panic")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(header(&response, "content-type"), "application/scim+json");
    let id = header(&response, "x-request-id").to_owned();
    let error = json(response).await;
    assert_eq!(error["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    assert_eq!(error["status"], "500");
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains(&id) && !detail.contains("keyboard"), "{detail}");

    assert_eq!(send(&router, request("/id/bob")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn slow_handler_is_given_up_at_the_limit_in_the_format_of_the_door() {
    let router = router_with(&Limits::new(10, Duration::from_millis(50)));
    let response = send(&router, request("/slow")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&response, "retry-after"), "5");
    assert_eq!(json(response).await["code"], "request_timed_out");

    let response = send(&router, request("/scim/slow")).await;
    assert_eq!(header(&response, "content-type"), "application/scim+json");
    assert_eq!(json(response).await["status"], "503");
}

/// A router of two places whose `/wait` answers when told.
fn two_places() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, told) = (Arc::clone(&entered), Arc::clone(&go_on));
    let wait = async move || {
        inside.notify_one();
        told.notified().await;
    };
    let routes = Router::new()
        .route("/wait", get(wait))
        .route("/free", get(|| async {}))
        .route("/healthz", get(|| async {}))
        .route("/scim/v2/Users", get(|| async {}));
    (
        wrap(routes, &Limits::new(2, Duration::from_secs(30))),
        entered,
        go_on,
    )
}

#[tokio::test]
async fn requests_past_the_limit_are_refused_at_once_and_served_again_afterwards() {
    let (router, entered, go_on) = two_places();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move { send(&router, request("/wait")).await.status() })
        })
        .collect();
    entered.notified().await;
    while router_has_room(&router).await {
        tokio::task::yield_now().await;
    }

    let response = send(&router, request("/free")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&response, "retry-after"), "1");
    assert_eq!(json(response).await["code"], "overloaded");
    let response = send(&router, request("/scim/v2/Users?filter=x")).await;
    assert_eq!(header(&response, "content-type"), "application/scim+json");
    assert_eq!(header(&response, "retry-after"), "1");
    assert_eq!(send(&router, request("/healthz")).await.status(), StatusCode::OK);

    go_on.notify_waiters();
    for task in waiting {
        assert_eq!(task.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(send(&router, request("/free")).await.status(), StatusCode::OK);
}

async fn router_has_room(router: &Router) -> bool {
    send(router, request("/free")).await.status() == StatusCode::OK
}

#[tokio::test]
async fn request_whose_client_hangs_up_gives_its_place_back() {
    let (router, entered, _go_on) = two_places();
    for _ in 0..3 {
        let router = router.clone();
        let task = tokio::spawn(async move { send(&router, request("/wait")).await });
        entered.notified().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    assert!(router_has_room(&router).await);
}

/// A subscriber and a recorder of this thread alone, so that parallel tests do not mix.
fn observed(future: impl Future<Output = ()>) -> (String, String) {
    #[derive(Clone, Default)]
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || {
        metrics::with_local_recorder(&recorder, || runtime.block_on(future));
    });
    let logged = lines.0.lock().unwrap().clone();
    (String::from_utf8(logged).unwrap(), handle.render())
}

#[test]
fn one_line_and_one_count_per_request_by_route_without_personal_data() {
    let (logged, counted) = observed(async {
        let router = router();
        send(&router, request("/id/bob?filter=email")).await;
        let mut invented = request("/id/bob");
        *invented.method_mut() = Method::from_bytes(b"INVENTED").unwrap();
        send(&router, invented).await;
        send(&router, request("/scan/1")).await;
    });
    assert_eq!(logged.lines().count(), 3, "{logged}");
    let line = logged.lines().next().unwrap();
    for part in [
        "INFO",
        "method=\"GET\"",
        "route=\"/id/{person}\"",
        "request_id=",
        "status=200",
        "duration_ms=",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(
        !logged.contains("bob") && !logged.contains("email") && !logged.contains("INVENTED"),
        "{logged}"
    );
    for labels in [
        "{method=\"GET\",route=\"/id/{person}\",status=\"200\"} 1",
        "{method=\"other\",route=\"/id/{person}\",status=\"405\"} 1",
        "{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
    ] {
        assert!(
            counted.contains(&format!("rollcall_http_requests_total{labels}")),
            "{labels}: {counted}"
        );
    }
    assert!(counted.contains("rollcall_http_request_seconds"), "{counted}");
    assert!(
        counted.contains("rollcall_http_requests_in_flight 0"),
        "{counted}"
    );
}

#[test]
fn client_that_hangs_up_leaves_a_line_with_499() {
    let (logged, counted) = observed(async {
        let (router, entered, _go_on) = two_places();
        let waiting = send(&router, request("/wait"));
        tokio::select! {
            _ = waiting => unreachable!("nobody told it to go on"),
            () = entered.notified() => {}
        }
    });
    assert!(
        logged.contains("client went away") && logged.contains("status=499"),
        "{logged}"
    );
    assert!(counted.contains("status=\"499\"} 1"), "{counted}");
}

#[test]
fn panic_is_logged_with_the_request_id_and_counted() {
    let (logged, counted) = observed(async {
        let mut asked = request("/panic");
        asked
            .headers_mut()
            .insert("x-request-id", HeaderValue::from_static("p-2"));
        send(&router(), asked).await;
    });
    let line = logged.lines().find(|line| line.contains("ERROR")).unwrap();
    assert!(
        line.contains("request_id=\"p-2\"") && line.contains("keyboard"),
        "{line}"
    );
    assert!(
        counted.contains("rollcall_http_requests_panicked_total 1"),
        "{counted}"
    );
}

mod reading_a_body {
    use futures_util::stream::{self, StreamExt as _};

    use super::*;
    use crate::http::middleware::body::read_body;

    const KIB: usize = 1024;

    /// A body of unknown length that arrives in pieces.
    fn chunked(pieces: usize, size: usize) -> Body {
        let piece = Bytes::from(vec![b'x'; size]);
        Body::from_stream(stream::iter(
            (0..pieces).map(move |_| Ok::<_, Infallible>(piece.clone())),
        ))
    }

    fn never_ending() -> Body {
        Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
    }

    fn full(size: usize) -> Body {
        Body::from(vec![b'x'; size])
    }

    #[tokio::test]
    async fn body_within_the_limit_is_read_whole() {
        let budget = BodyBudget::default();
        for (body, length) in [(Body::empty(), 0), (full(100), 100), (chunked(10, 10), 100)] {
            assert_eq!(read_body(&budget, body, None, 100).await.unwrap().len(), length);
        }
        let large = read_body(&budget, chunked(100, 10 * KIB), None, 1000 * KIB)
            .await
            .unwrap();
        assert_eq!(large, vec![b'x'; 1000 * KIB]);
    }

    #[tokio::test]
    async fn declared_length_past_the_limit_is_refused_before_a_byte_is_read() {
        let refused = read_body(&BodyBudget::default(), never_ending(), Some(101), 100).await;
        assert_eq!(refused, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn chunked_body_is_refused_as_soon_as_it_passes_the_limit() {
        let endless = Body::from_stream(stream::repeat_with(|| {
            Ok::<_, Infallible>(Bytes::from_static(&[0; KIB]))
        }));
        assert_eq!(
            read_body(&BodyBudget::default(), endless, None, 100 * KIB).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn body_longer_than_declared_is_broken() {
        assert_eq!(
            read_body(&BodyBudget::default(), full(50), Some(40), 100).await,
            Err(BodyError::Broken)
        );
    }

    #[tokio::test]
    async fn connection_that_breaks_is_told_from_a_long_body() {
        let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))];
        let body = Body::from_stream(stream::iter(pieces));
        assert_eq!(
            read_body(&BodyBudget::default(), body, None, 100).await,
            Err(BodyError::Broken)
        );
    }

    #[tokio::test]
    async fn silent_client_is_given_up() {
        let budget = BodyBudget::new(KIB, Duration::from_millis(20));
        let spoke_once =
            stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]).chain(stream::pending());
        for body in [never_ending(), Body::from_stream(spoke_once)] {
            assert_eq!(
                read_body(&budget, body, Some(10), 100).await,
                Err(BodyError::TimedOut)
            );
        }
    }

    #[tokio::test]
    async fn large_bodies_share_the_budget_until_their_bytes_are_dropped() {
        let budget = BodyBudget::new(1000 * KIB, Duration::from_millis(20));
        let first = read_body(&budget, full(600 * KIB), None, 1000 * KIB)
            .await
            .unwrap();
        let kept = first.slice(..10);
        drop(first);
        assert_eq!(
            read_body(&budget, full(600 * KIB), None, 1000 * KIB).await,
            Err(BodyError::Busy)
        );
        assert_eq!(
            read_body(&budget, full(64 * KIB), None, 1000 * KIB)
                .await
                .unwrap()
                .len(),
            64 * KIB
        );
        assert_eq!(
            read_body(&budget, full(300 * KIB), None, 1000 * KIB)
                .await
                .unwrap()
                .len(),
            300 * KIB
        );
        drop(kept);
        assert_eq!(
            read_body(&budget, full(600 * KIB), None, 1000 * KIB)
                .await
                .unwrap()
                .len(),
            600 * KIB
        );
    }

    #[tokio::test]
    async fn waiting_body_goes_on_when_another_is_done() {
        let budget = BodyBudget::new(1000 * KIB, Duration::from_secs(20));
        let first = read_body(&budget, full(900 * KIB), None, 1000 * KIB)
            .await
            .unwrap();
        let other = budget.clone();
        let second =
            tokio::spawn(async move { read_body(&other, chunked(20, 10 * KIB), None, 500 * KIB).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!second.is_finished());
        drop(first);
        assert_eq!(second.await.unwrap().unwrap().len(), 200 * KIB);
    }

    #[tokio::test]
    async fn body_larger_than_the_whole_budget_is_read_when_it_has_the_budget_to_itself() {
        let budget = BodyBudget::new(100 * KIB, Duration::from_millis(20));
        assert_eq!(
            read_body(&budget, full(300 * KIB), None, 400 * KIB)
                .await
                .unwrap()
                .len(),
            300 * KIB
        );
    }
}

#[tokio::test]
async fn a_connection_whose_request_was_not_read_to_its_end_says_that_it_ends() {
    let read = |body: Bytes| async move { body.len().to_string() };
    let router = wrap(
        Router::new().route("/read", axum::routing::post(read)).route(
            "/refused",
            axum::routing::post(|| async { StatusCode::UNAUTHORIZED }),
        ),
        &Limits::default(),
    );
    for (path, body, version, said) in [
        ("/read", "text", Version::HTTP_11, ""),
        ("/refused", "text", Version::HTTP_11, "close"),
        ("/refused", "text", Version::HTTP_10, "close"),
        ("/refused", "text", Version::HTTP_2, ""),
        ("/refused", "", Version::HTTP_11, ""),
        ("/nowhere", "text", Version::HTTP_11, "close"),
    ] {
        let request = Request::post(path)
            .version(version)
            .body(Body::from(body))
            .unwrap();
        let response = send(&router, request).await;
        assert_eq!(header(&response, "connection"), said, "{path} {body} {version:?}");
    }
}
