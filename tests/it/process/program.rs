//! Starting the binary, reading what it prints, sending it signals. Nothing that was started outlives its test.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Answer, Call, Directory, Engine, OPERATOR_TOKEN, folder};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// How the binary is to be started: a folder of its own and an environment with nothing else in it.
#[derive(Debug, Clone)]
pub struct Setup {
    pub folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A gateway that is running.
pub struct Served {
    child: Child,
    /// What it says it listens on, `http://...`.
    pub base: String,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Setup {
    /// An empty folder, SQLite in it, a port of the system's choice, no operator token.
    pub fn new() -> Self {
        let folder = folder();
        let database = format!("sqlite://{}", folder.join("rollcall.db").display());
        let data = folder.join("data").display().to_string();
        let setup = Self {
            folder,
            environment: Vec::new(),
        };
        setup
            .with("ROLLCALL_LISTEN", "127.0.0.1:0")
            .with("ROLLCALL_DATABASE_URL", &database)
            .with("ROLLCALL_DATA_DIR", &data)
    }

    /// The same on a new database of an engine, with the tests' operator token.
    pub async fn on(engine: Engine) -> Self {
        let database = engine.new_database().await;
        Self::new()
            .with("ROLLCALL_DATABASE_URL", &database)
            .with("ROLLCALL_OPERATOR_TOKEN", OPERATOR_TOKEN)
    }

    /// With a variable, in place of one of the same name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// A file of the data folder.
    pub fn data(&self, name: &str) -> PathBuf {
        let variable = |(name, _): &&(String, String)| name == "ROLLCALL_DATA_DIR";
        let found = self.environment.iter().find(variable).expect("a data folder");
        Path::new(&found.1).join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", path);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command that ends by itself.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut child = self.command(arguments).spawn().expect("the binary starts");
        let (stdout, out) = collect(child.stdout.take().expect("piped"), None);
        let (stderr, err) = collect(child.stderr.take().expect("piped"), None);
        let code = wait(&mut child, arguments);
        out.join().expect("standard output is read");
        err.join().expect("standard error is read");
        Ended {
            code,
            stdout: text_of(&stdout),
            stderr: text_of(&stderr),
        }
    }

    /// Starts the gateway and waits until it says that it listens.
    pub fn serve(&self) -> Served {
        self.serve_with(&["serve"])
    }

    /// The same with these arguments.
    pub fn serve_with(&self, arguments: &[&str]) -> Served {
        let mut child = self.command(arguments).spawn().expect("the binary starts");
        let (said, lines) = mpsc::channel();
        let (stdout, out) = collect(child.stdout.take().expect("piped"), Some(said));
        let (stderr, err) = collect(child.stderr.take().expect("piped"), None);
        let Ok(line) = lines.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the gateway does not say that it listens: {}", text_of(&stderr));
        };
        let base = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line}"))
            .to_owned();
        Served {
            child,
            base,
            stdout,
            stderr,
            readers: vec![out, err],
        }
    }
}

/// Reads a stream to its end on a thread, so that the program never waits for a reader.
fn collect(
    stream: impl Read + Send + 'static,
    lines: Option<mpsc::Sender<String>>,
) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&text);
    let reader = std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let read = String::from_utf8_lossy(&line).into_owned();
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&read);
            if let Some(lines) = &lines {
                // Only the first line is waited for.
                let _ = lines.send(read);
            }
            line.clear();
        }
    });
    (text, reader)
}

fn text_of(text: &Mutex<String>) -> String {
    text.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn wait(child: &mut Child, what: &[&str]) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("a child of this process") {
            return status.code();
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("{what:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Served {
    /// A request with the operator token of the tests.
    pub fn operator(&self, method: &str, path: &str) -> Call {
        self.anonymous(method, path).bearer(OPERATOR_TOKEN)
    }

    /// A request without credentials.
    pub fn anonymous(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base))
    }

    /// GET without credentials.
    pub async fn get(&self, path: &str) -> Answer {
        self.anonymous("GET", path).send().await
    }

    /// A new directory of a new tenant.
    pub async fn directory(&self, slug: &str) -> Directory {
        let body = json!({"slug": slug, "name": slug});
        self.operator("POST", "/api/v1/tenants")
            .json("application/json", &body)
            .send()
            .await
            .expect(201);
        let body = json!({"name": "Okta", "kind": "okta"});
        let path = format!("/api/v1/tenants/{slug}/directories");
        let made = self
            .operator("POST", &path)
            .json("application/json", &body)
            .send()
            .await
            .expect(201);
        let text = |name: &str| made.json[name].as_str().expect(name).to_owned();
        Directory {
            id: made.id(),
            base: text("scim_base_url"),
            token: text("token"),
            token_id: text("token_id"),
        }
    }

    /// The same directory where this gateway serves it; another start has another port.
    pub fn moved(&self, directory: &Directory) -> Directory {
        let path = directory.base.find("/scim/").expect("a SCIM base URL");
        Directory {
            base: format!("{}{}", self.base, &directory.base[path..]),
            ..directory.clone()
        }
    }

    /// What has been printed on standard error so far.
    pub fn stderr(&self) -> String {
        text_of(&self.stderr)
    }

    /// Waits until standard error holds a text.
    pub fn wait_for(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.stderr().contains(text) {
            assert!(
                Instant::now() < deadline,
                "{text:?} is not printed: {}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(sent.success(), "{kill}");
    }

    /// Waits for the end.
    pub fn ended(mut self) -> Ended {
        let code = wait(&mut self.child, &["serve"]);
        for reader in self.readers.drain(..) {
            reader.join().expect("the output is read");
        }
        Ended {
            code,
            stdout: text_of(&self.stdout),
            stderr: text_of(&self.stderr),
        }
    }

    /// SIGTERM, and the end.
    pub fn stop(self) -> Ended {
        self.signal("TERM");
        self.ended()
    }

    /// SIGKILL: no chance to write anything down.
    pub fn kill(mut self) {
        self.child.kill().expect("a child of this process");
        self.child.wait().expect("a child of this process");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already where a test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
