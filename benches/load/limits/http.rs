//! The web framework without a product behind it. The server is this program in a process of its own, with
//! the gateway's allocator and runtime, so that its processor time can be told from the load's.

use std::net::Ipv4Addr;
use std::process::Command;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{CALLERS, document};
use crate::arguments::{LIMIT_SERVER, Pace};
use crate::client::Response;
use crate::cpu::Meter;
use crate::folder::Folder;
use crate::load::{Source, Window, run};
use crate::measurement::Measurement;
use crate::request::Endpoint;
use crate::say;
use crate::server::Server;

const FIXED: &str = "/fixed";
const PARSED: &str = "/parsed";

/// Serves until it is killed.
///
/// # Errors
/// No port is free.
pub fn serve() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let document = Bytes::from(document());
            let routes = Router::new()
                .route(FIXED, get(async |State(document): State<Bytes>| json(document)))
                .route(
                    PARSED,
                    get(async |State(document): State<Bytes>| parse_and_serialise(&document)),
                )
                .with_state(document);
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            say(&format!("listening on http://{}", listener.local_addr()?));
            axum::serve(listener, routes).await?;
            Ok(())
        })
}

fn json(body: impl Into<Bytes>) -> HttpResponse {
    ([(CONTENT_TYPE, "application/scim+json")], body.into()).into_response()
}

fn parse_and_serialise(document: &[u8]) -> HttpResponse {
    let body = serde_json::from_slice::<Value>(document).and_then(|value| serde_json::to_vec(&value));
    body.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), json)
}

/// The same request over and over.
struct Repeat(String);

impl Source for Repeat {
    fn next(&mut self) -> Option<&[u8]> {
        Some(self.0.as_bytes())
    }

    fn judge(&mut self, response: Response<'_>) -> Result<(), String> {
        match response.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        }
    }
}

/// The fixed answer, and the parsed one.
///
/// # Errors
/// The server does not start or does not answer.
pub async fn measure(folder: &Folder, pace: Pace) -> Result<(Measurement, Measurement)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(LIMIT_SERVER);
    let server = Server::start(&mut command, &folder.path().join("limit.log"), FIXED).await?;
    let endpoint = Endpoint {
        address: server.address,
        base: String::new(),
        token: String::new(),
    };
    let meter = Meter {
        server: Some(server.process_id()),
        database: None,
    };
    let window = Window::Timed {
        warm_up: pace.warm_up,
        measured: pace.measured,
    };
    let load = async |path| {
        let sources = (0..CALLERS).map(|_| Repeat(endpoint.get(path))).collect();
        anyhow::Ok(run(server.address, sources, window, meter).await?.0)
    };
    Ok((load(FIXED).await?, load(PARSED).await?))
}
