//! A real browser: headless Chromium, driven through chromedriver by the `WebDriver` protocol of the W3C.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Call, folder};

/// What Chromium is started with: no sandbox, which root may not have; nothing fetched that a test did not ask for;
/// any certificate; and `*.test` on this machine.
const ARGUMENTS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
];

/// The key under which an element is handed out (W3C `WebDriver` 2, 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Runs chromedriver until standard input ends, which it also does when the test program is killed, and then ends
/// the process group: chromedriver alone would leave its browser behind.
const DRIVER: &str = "chromedriver --port=0 --log-level=WARNING & exec >&-; cat >/dev/null; kill -KILL 0";

/// How often, and how long apart, a page is looked at before the test gives up.
const TRIES: usize = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// A browser with one window and a profile of its own. It ends with this value.
pub struct Chromium {
    /// The leader of a process group with chromedriver and the browser in it.
    driver: Child,
    /// Held open: a process that prints to nobody ends.
    _output: BufReader<ChildStdout>,
    /// `http://127.0.0.1:PORT/session/ID`.
    session: String,
}

/// Something on the page.
#[derive(Debug, Clone)]
pub struct Element(String);

impl Chromium {
    /// Starts chromedriver on a free port, and Chromium with an empty profile.
    pub async fn start() -> Self {
        let (driver, output, port) = tokio::task::spawn_blocking(start_driver)
            .await
            .expect("chromedriver starts");
        let mut chromium = Self {
            driver,
            _output: output,
            session: format!("http://127.0.0.1:{port}/session"),
        };
        let profile = folder().join("chromium");
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": true,
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let made = chromium
            .post("", &json!({"capabilities": {"alwaysMatch": wanted}}))
            .await;
        let id = made["sessionId"].as_str().expect("a session");
        chromium.session = format!("{}/{id}", chromium.session);
        chromium
    }

    /// Types an address and waits until the page is loaded.
    pub async fn goto(&self, url: &str) {
        self.post("/url", &json!({"url": url})).await;
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        text(&self.get("/url").await)
    }

    /// Title of the page.
    pub async fn title(&self) -> String {
        text(&self.get("/title").await)
    }

    /// The page as it is now, after its scripts.
    pub async fn source(&self) -> String {
        text(&self.get("/source").await)
    }

    /// The first element that a CSS selector names.
    pub async fn find(&self, css: &str) -> Option<Element> {
        self.find_all(css).await.into_iter().next()
    }

    /// All elements that a CSS selector names.
    pub async fn find_all(&self, css: &str) -> Vec<Element> {
        let found = self
            .post("/elements", &json!({"using": "css selector", "value": css}))
            .await;
        let elements = found.as_array().expect("a list").iter();
        elements.map(|element| Element(text(&element[ELEMENT]))).collect()
    }

    /// Clicks on the element that a CSS selector names, once it is there.
    pub async fn click(&self, css: &str) {
        let element = self.wait_for(css).await;
        self.post(&format!("/element/{}/click", element.0), &json!({}))
            .await;
    }

    /// Types into the element that a CSS selector names, once it is there.
    pub async fn type_into(&self, css: &str, keys: &str) {
        let element = self.wait_for(css).await;
        self.post(&format!("/element/{}/value", element.0), &json!({"text": keys}))
            .await;
    }

    /// The text of an element as it is shown.
    pub async fn text_of(&self, element: &Element) -> String {
        text(&self.get(&format!("/element/{}/text", element.0)).await)
    }

    /// The cookies of the page, each with `name`, `value`, `domain`, `path`, `secure`, `httpOnly`, `sameSite`.
    pub async fn cookies(&self) -> Vec<Value> {
        self.get("/cookie").await.as_array().expect("a list").clone()
    }

    /// Runs the body of a function in the page and gives what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
            .await
    }

    /// What pages have written to the console since this was last asked, and what the browser itself had to
    /// complain of: scripts that fail, files that are not there, what a content security policy forbids.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "browser"})).await;
        let entries = entries.as_array().expect("a list").iter();
        entries.map(|entry| text(&entry["message"])).collect()
    }

    /// A picture of the window as PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        let picture = text(&self.get("/screenshot").await);
        STANDARD.decode(picture).expect("base64")
    }

    /// Waits until the page has this address. A click does not always wait for the page that it leads to.
    pub async fn wait_until_at(&self, url: &str) {
        let mut here = self.url().await;
        for _ in 0..TRIES {
            if here == url {
                return;
            }
            tokio::time::sleep(PAUSE).await;
            here = self.url().await;
        }
        panic!("at {here}, not at {url}: {}", self.source().await);
    }

    /// Waits until the address of the page begins so, and answers it.
    pub async fn wait_until_below(&self, url: &str) -> String {
        for _ in 0..TRIES {
            let here = self.url().await;
            if here.starts_with(url) {
                return here;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("at {}, not below {url}", self.url().await);
    }

    /// The first element that a CSS selector names, once it is there.
    pub async fn wait_for(&self, css: &str) -> Element {
        for _ in 0..TRIES {
            if let Some(element) = self.find(css).await {
                return element;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!(
            "nothing is {css} at {}: {}",
            self.url().await,
            self.source().await
        );
    }

    async fn get(&self, path: &str) -> Value {
        let answer = Call::new("GET", &format!("{}{path}", self.session)).send().await;
        answer.expect(200).json["value"].take()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let call = Call::new("POST", &format!("{}{path}", self.session));
        let answer = call.json("application/json", body).send().await;
        answer.expect(200).json["value"].take()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.driver.stdin.take());
        let _ = self.driver.wait();
    }
}

fn start_driver() -> (Child, BufReader<ChildStdout>, u16) {
    let mut driver = Command::new("sh")
        .args(["-c", DRIVER])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut output = BufReader::new(driver.stdout.take().expect("piped"));
    let mut line = String::new();
    while output.read_line(&mut line).expect("text") > 0 {
        if let Some((_, port)) = line.trim_end().rsplit_once("successfully on port ") {
            let port = port.trim_end_matches('.').parse().expect("a port");
            return (driver, output, port);
        }
        line.clear();
    }
    drop(driver.stdin.take());
    let _ = driver.wait();
    panic!("chromedriver does not start; its reason is above, and scripts/install test installs it")
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
