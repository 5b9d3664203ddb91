//! Starting a server program that says `listening on http://HOST:PORT`, and waiting until it answers.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::client::call;
use crate::process::Process;
use crate::request::Endpoint;

const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A server that runs and answers.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to the first 200.
    pub started_in: Duration,
}

impl Server {
    /// Runs `command`, whose log goes to the file `log`, and waits until `ready_path` answers 200.
    ///
    /// # Errors
    /// It cannot be started, ends, says something else first, or does not answer within a minute. The end of
    /// the log is part of the error.
    pub async fn start(command: &mut Command, log: &Path, ready_path: &str) -> Result<Self> {
        let started = Instant::now();
        let log_file = File::options().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file);
        let process = Process::spawn(command)?;
        let ready = timeout(START_LIMIT, wait_until_ready(process, ready_path)).await;
        let (process, address) = ready
            .context("it did not answer within a minute")
            .flatten()
            .with_context(|| format!("the server did not get ready; its log ends with:\n{}", tail(log)))?;
        Ok(Self {
            process,
            address,
            started_in: started.elapsed(),
        })
    }

    /// Root of its process tree.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Stops it with SIGTERM.
    ///
    /// # Errors
    /// It had ended by itself, does not stop within 30 seconds, or exits with another code than 0.
    pub async fn stop(self) -> Result<()> {
        self.process.terminate(STOP_LIMIT).await
    }
}

async fn wait_until_ready(mut process: Process, ready_path: &str) -> Result<(Process, SocketAddr)> {
    let output = process
        .child()
        .stdout
        .take()
        .context("the server has no standard output")?;
    let line = first_line(output).await.context("it ended before it listened")?;
    let address: SocketAddr = line
        .strip_prefix("listening on http://")
        .and_then(|address| address.parse().ok())
        .with_context(|| format!("it said {line:?} instead of `listening on http://HOST:PORT`"))?;
    let request = Endpoint {
        address,
        base: String::new(),
        token: String::new(),
    }
    .get(ready_path);
    loop {
        match call(address, request.as_bytes()).await {
            Ok((200, _)) => return Ok((process, address)),
            _ if process.child().try_wait()?.is_some() => bail!("it ended"),
            _ => sleep(Duration::from_millis(1)).await,
        }
    }
}

/// The first line, from a thread that goes on reading: a full pipe would stop the server.
async fn first_line(output: impl Read + Send + 'static) -> Result<String> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        if output.read_line(&mut line).is_ok_and(|length| length > 0) {
            // Nobody waits any more when the start was given up.
            let _ = sender.send(line.trim_end().to_owned());
        }
        let _ = std::io::copy(&mut output, &mut std::io::sink());
    });
    Ok(receiver.await?)
}

fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let start = bytes.len().saturating_sub(2_000);
    String::from_utf8_lossy(&bytes[start..]).into_owned()
}
