//! `/healthz`, `/readyz`, `/metrics`, also while the database is gone.

use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use futures_util::future::AbortHandle;
use tokio::net::{TcpListener, TcpStream};

use super::program::{Served, Setup};
use crate::harness::{Engine, OPERATOR_TOKEN, run};
use crate::scim::message::create_user;

on_both_engines!(
    a_gateway_with_its_database_is_alive_and_ready,
    metrics_count_requests_by_route
);

async fn a_gateway_with_its_database_is_alive_and_ready(engine: Engine) {
    let served = Setup::on(engine).await.serve();
    for path in ["/healthz", "/readyz"] {
        served.get(path).await.expect(200);
    }
    served.stop();
}

async fn metrics_count_requests_by_route(engine: Engine) {
    let served = Setup::on(engine).await.serve();
    let directory = served.directory("acme").await;
    let id = create_user(&directory, "ada").await;
    directory.get(&format!("/Users/{id}")).await.expect(200);
    served.get("/secret-looking-path").await.expect(404);
    let answer = served.get("/metrics").await.expect(200);
    assert!(
        answer.header("content-type").starts_with("text/plain"),
        "{}",
        answer.header("content-type")
    );
    let text = answer.text();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (_, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    let counted = text
        .lines()
        .any(|line| line.contains("/Users/{id}") && line.contains("200") && line.ends_with(" 1"));
    assert!(counted, "{text}");
    for personal in [id.as_str(), "secret-looking-path", "acme", &directory.token] {
        assert!(!text.contains(personal), "{personal} is a label: {text}");
    }
    served.stop();
}

/// Asks until `/readyz` answers this; everything else it answers meanwhile must be the other of the two.
async fn wait_until_ready_is(served: &Served, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = served.get("/readyz").await;
        if answer.status == status {
            return;
        }
        assert!([200, 503].contains(&answer.status), "{}", answer.text());
        assert!(Instant::now() < deadline, "/readyz stays {}", answer.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_gateway_without_its_database_is_alive_and_not_ready() {
    run(async {
        let database = Engine::Postgres.new_database().await;
        let setup = Setup::new()
            .with("ROLLCALL_DATABASE_URL", &database)
            .with("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN);
        let served = setup.serve();
        let directory = served.directory("acme").await;
        let id = create_user(&directory, "ada").await;
        served.get("/readyz").await.expect(200);

        let server = std::env::var("ROLLCALL_TEST_POSTGRES").expect("a server");
        let server: PgConnectOptions = server.parse().expect("a URL");
        let mut server = server.connect().await.expect("the server answers");
        let name = database.rsplit('/').next().expect("a database").to_owned();
        let terminate =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let hide = format!("ALTER DATABASE {name} RENAME TO {name}_away");
        // The gateway may connect again between the two.
        for attempt in 1.. {
            let terminated = sqlx::query(sqlx::AssertSqlSafe(terminate.clone()))
                .execute(&mut server)
                .await;
            terminated.expect("an owner of the database");
            let hidden = sqlx::query(sqlx::AssertSqlSafe(hide.clone()))
                .execute(&mut server)
                .await;
            if hidden.is_ok() {
                break;
            }
            assert!(attempt < 200, "{hidden:?}");
        }
        wait_until_ready_is(&served, 503).await;
        served.get("/healthz").await.expect(200);
        served.get("/metrics").await.expect(200);
        let refused = directory.get(&format!("/Users/{id}")).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.json["status"], "503");
        assert!(!refused.header("retry-after").is_empty());
        assert!(
            !refused.text().contains(&name),
            "the database's own words are for the log: {}",
            refused.text()
        );

        let back = format!("ALTER DATABASE {name}_away RENAME TO {name}");
        sqlx::query(sqlx::AssertSqlSafe(back))
            .execute(&mut server)
            .await
            .expect("an owner of the database");
        wait_until_ready_is(&served, 200).await;
        directory.get(&format!("/Users/{id}")).await.expect(200);
        create_user(&directory, "bob").await;
        assert_eq!(served.stop().code, Some(0));
    });
}

/// A stretch of network between a gateway and its server, which can be cut.
struct Cable {
    /// Ends the listener and with it every connection.
    cut: AbortHandle,
    port: u16,
}

impl Cable {
    /// Lays a cable to an address; from port 0 on a free one.
    async fn lay(port: u16, to: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let port = listener.local_addr().expect("a port").port();
        let carry = async move {
            let mut streams = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let to = to.clone();
                streams.spawn(async move {
                    let mut far = TcpStream::connect(to).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        };
        let (carry, cut) = futures_util::future::abortable(carry);
        tokio::spawn(carry);
        Self { cut, port }
    }
}

#[test]
fn a_server_out_of_reach_is_503_until_it_is_back() {
    run(async {
        let database = Engine::Postgres.new_database().await;
        let mut through = url::Url::parse(&database).expect("a URL");
        let host = through.host_str().expect("a host").to_owned();
        let server = format!("{host}:{}", through.port().unwrap_or(5432));
        let cable = Cable::lay(0, server.clone()).await;
        through.set_host(Some("127.0.0.1")).expect("a host");
        through.set_port(Some(cable.port)).expect("a port");
        let setup = Setup::new()
            .with("ROLLCALL_DATABASE_URL", through.as_str())
            .with("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN);
        let served = setup.serve();
        let directory = served.directory("acme").await;
        let one = format!("/Users/{}", create_user(&directory, "ada").await);

        cable.cut.abort();
        wait_until_ready_is(&served, 503).await;
        served.get("/healthz").await.expect(200);
        // Probes are not patient, and neither are providers.
        let asked = Instant::now();
        served.get("/readyz").await.expect(503);
        let refused = directory.get(&one).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());

        let cable = Cable::lay(cable.port, server).await;
        wait_until_ready_is(&served, 200).await;
        directory.get(&one).await.expect(200);
        create_user(&directory, "bob").await;
        assert_eq!(served.stop().code, Some(0));
        cable.cut.abort();
    });
}
