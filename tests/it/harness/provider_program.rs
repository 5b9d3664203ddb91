//! An identity provider or a mail server of `conformance` as a child process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::Call;

/// A running program. It ends with this value, or with the test program: either closes its input.
pub struct ProviderProgram {
    /// What it calls itself: `http://127.0.0.1:PORT` unless it was told otherwise.
    pub origin: String,
    /// Where it listens over HTTP, for a [`super::TlsFront`].
    pub address: SocketAddr,
    child: Child,
    /// Held open: a process that prints to nobody ends.
    _output: BufReader<ChildStdout>,
}

impl ProviderProgram {
    /// Runs `conformance/{name}/run` with settings that the program beside it describes.
    pub async fn start(name: &'static str, settings: &Value) -> Self {
        let settings = settings.to_string();
        let starting = tokio::task::spawn_blocking(move || start(name, &settings));
        starting.await.expect("the provider starts")
    }

    /// Adds to the settings.
    pub async fn configure(&self, settings: &Value) {
        self.tell("/test/configure", settings).await;
    }

    /// What it answers at an address that is no part of the protocol.
    pub async fn ask(&self, path: &str) -> Value {
        let call = Call::new("GET", &format!("http://{}{path}", self.address));
        call.send().await.expect(200).json
    }

    /// Tells it something at such an address.
    pub async fn tell(&self, path: &str, body: &Value) {
        Call::new("POST", &format!("http://{}{path}", self.address))
            .json("application/json", body)
            .send()
            .await
            .expect(204);
    }
}

impl Drop for ProviderProgram {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn start(name: &str, settings: &str) -> ProviderProgram {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("conformance/{name}/run"));
    let mut child = Command::new(&program)
        .arg(settings)
        // Held open until this value or the whole test program ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    output.read_line(&mut line).expect("a line");
    let said = line
        .trim()
        .strip_prefix("listening ")
        .and_then(|line| line.split_once(" at "));
    let (origin, address) = said.unwrap_or_else(|| panic!("{name} does not start; its reason is above"));
    ProviderProgram {
        origin: origin.to_owned(),
        address: address.parse().expect("an address"),
        child,
        _output: output,
    }
}
