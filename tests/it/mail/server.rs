//! A mail server that takes what it is given and remembers it (RFC 5321, as far as a sender goes).

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A message with its envelope.
#[derive(Debug, Clone)]
pub struct Received {
    pub from: String,
    pub to: String,
    pub data: String,
}

/// What the server has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub messages: Vec<Received>,
    /// Every line that a client has sent outside of messages.
    pub lines: Vec<String>,
}

pub struct MailServer {
    pub port: u16,
    pub seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl MailServer {
    /// Listens on a port of loopback, 0 for any. `at_recipient` is its answer to `RCPT`.
    pub async fn start(port: u16, at_recipient: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let all = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&all), at_recipient));
            }
        });
        Self { port, seen, task }
    }

    pub fn messages(&self) -> Vec<Received> {
        self.seen.lock().expect("no panic").messages.clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").lines.clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends when the client does.
async fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>, at_recipient: &str) -> Option<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut from, mut to) = (String::new(), String::new());
    writer.write_all(b"220 mail.test ready\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        seen.lock().ok()?.lines.push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let answer = match word.as_str() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "MAIL" => {
                from = path();
                "250 ok"
            }
            "RCPT" => {
                to = path();
                at_recipient
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.ok()?;
                let mut data = String::new();
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    // RFC 5321 section 4.5.2.
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push_str("\r\n");
                }
                let (from, to) = (from.clone(), to.clone());
                seen.lock().ok()?.messages.push(Received { from, to, data });
                "250 taken"
            }
            "RSET" | "NOOP" => "250 ok",
            "QUIT" => "221 bye",
            _ => "502 not here",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}
