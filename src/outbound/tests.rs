//! The client against listeners on loopback.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;

const QUICK: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_millis(300),
    body: 1000,
};

/// Answers one connection with `response` as it is and hands over what the client sent.
async fn listen(response: impl Into<Vec<u8>>) -> (u16, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = oneshot::channel();
    let response = response.into();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let length = stream.read(&mut request).await.unwrap();
        sender
            .send(String::from_utf8_lossy(&request[..length]).into_owned())
            .ok();
        stream.write_all(&response).await.ok();
        if response.is_empty() {
            std::future::pending::<()>().await;
        }
    });
    (port, receiver)
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

async fn get(client: &Client, text: &str) -> Result<Answer, OutboundError> {
    client.get(&url(text)).await
}

fn guarded() -> Client {
    Client::new(false).unwrap()
}

fn open() -> Client {
    Client::with_limits(true, QUICK).unwrap()
}

#[tokio::test]
async fn answer_is_brought_back_with_status_and_body() {
    let (port, request) = listen("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone").await;
    let answer = get(&open(), &format!("http://127.0.0.1:{port}/a?b=c"))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (StatusCode::NOT_FOUND, b"gone".as_slice())
    );
    let request = request.await.unwrap();
    assert!(request.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("user-agent: rollcall/"), "{request}");
}

#[tokio::test]
async fn plain_http_and_other_schemes_are_refused_unless_private_is_allowed() {
    let http = OutboundError::Scheme("http".into());
    assert_eq!(get(&guarded(), "http://idp.example/").await, Err(http.clone()));
    assert_eq!(
        guarded().check_https(&url("http://idp.example/")).await,
        Err(http)
    );
    for client in [guarded(), open()] {
        assert_eq!(
            get(&client, "ftp://idp.example/").await,
            Err(OutboundError::Scheme("ftp".into()))
        );
        assert_eq!(
            get(&client, "file:///etc/passwd").await,
            Err(OutboundError::Scheme("file".into()))
        );
    }
}

#[tokio::test]
async fn credentials_in_the_url_are_refused() {
    for text in ["https://user@idp.example/", "https://:secret@idp.example/"] {
        assert_eq!(
            get(&guarded(), text).await,
            Err(OutboundError::Credentials),
            "{text}"
        );
    }
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
    ] {
        let refused = get(&guarded(), &format!("https://{host}:1/")).await;
        assert!(
            matches!(refused, Err(OutboundError::Blocked { .. })),
            "{host}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn name_that_resolves_to_loopback_is_refused_without_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let refused = get(&guarded(), &format!("https://localhost:{port}/")).await;
    assert_eq!(
        refused,
        Err(OutboundError::Blocked {
            host: "localhost".into()
        })
    );
    let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(accepted.is_err(), "somebody connected");
}

#[tokio::test]
async fn name_that_resolves_to_loopback_is_reached_when_private_is_allowed() {
    let (port, _) = listen("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert!(
        open()
            .check_https(&url(&format!("http://localhost:{port}/")))
            .await
            .unwrap()
            < QUICK.total
    );
}

#[tokio::test]
async fn redirect_is_an_answer_and_is_not_followed() {
    let (target, reached) = listen("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let redirect =
        format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target}/\r\nContent-Length: 0\r\n\r\n");
    let (port, _) = listen(redirect).await;
    assert_eq!(
        get(&open(), &format!("http://127.0.0.1:{port}/"))
            .await
            .unwrap()
            .status,
        StatusCode::FOUND
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(50), reached)
            .await
            .is_err(),
        "it was followed"
    );
}

#[tokio::test]
async fn body_past_the_limit_is_refused_declared_or_not() {
    let long = "x".repeat(QUICK.body + 1);
    let declared = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", long.len());
    let undeclared = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{long}");
    for response in [declared, undeclared] {
        let (port, _) = listen(response).await;
        let refused = get(&open(), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(refused, Err(OutboundError::TooLarge { limit: QUICK.body }));
    }
}

#[tokio::test]
async fn silent_server_is_given_up_before_and_inside_the_body() {
    let (port, _) = listen("").await;
    assert_eq!(
        get(&open(), &format!("http://127.0.0.1:{port}/")).await,
        Err(OutboundError::TimedOut)
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 8192]).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(
        get(&open(), &format!("http://127.0.0.1:{port}/")).await,
        Err(OutboundError::TimedOut)
    );
}

#[tokio::test]
async fn failures_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = get(&open(), &format!("http://127.0.0.1:{closed}/secret-path"))
        .await
        .unwrap_err();
    assert!(matches!(refused, OutboundError::Connect(_)), "{refused:?}");
    assert!(!refused.to_string().contains("secret-path"), "{refused}");

    let (port, _) = listen("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let refused = get(&open(), &format!("https://127.0.0.1:{port}/")).await;
    assert!(matches!(refused, Err(OutboundError::Tls(_))), "{refused:?}");

    let (port, _) = listen("220 this is mail\r\n").await;
    let refused = get(&open(), &format!("http://127.0.0.1:{port}/")).await;
    assert!(matches!(refused, Err(OutboundError::Broken(_))), "{refused:?}");
}

#[test]
fn crypto_provider_may_be_installed_twice() {
    install_crypto_provider();
    install_crypto_provider();
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}
