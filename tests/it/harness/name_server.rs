//! A name server on loopback (RFC 1035) that knows TXT records and aliases, over UDP and TCP.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

const TXT: u16 = 16;
const CNAME: u16 = 5;
/// The longest answer that is sent in a datagram; longer ones are asked for over TCP.
const DATAGRAM: usize = 512;

/// What there is under a name; under every other name there is nothing (NXDOMAIN).
#[derive(Debug, Clone)]
pub enum Published {
    /// TXT records, each with its strings; the name has none when there are none.
    Text(Vec<Vec<String>>),
    /// Another name for this one.
    Alias(String),
    /// This response code and nothing else.
    Fails(u8),
    /// No answer at all.
    Silent,
}

impl Published {
    /// One TXT record of one string.
    pub fn text(text: &str) -> Self {
        Self::Text(vec![vec![text.to_owned()]])
    }
}

/// A name server that runs until the tests end.
#[derive(Debug, Clone)]
pub struct NameServer {
    pub address: SocketAddr,
    names: Arc<Mutex<HashMap<String, Published>>>,
}

impl NameServer {
    pub async fn start() -> Self {
        let (udp, tcp) = sockets().await;
        let server = Self {
            address: udp.local_addr().expect("an address"),
            names: Arc::default(),
        };
        tokio::spawn(server.clone().answer_datagrams(udp));
        tokio::spawn(server.clone().answer_streams(tcp));
        server
    }

    /// Publishes something under a name, in the place of what was there.
    pub fn publish(&self, name: &str, what: Published) {
        self.names.lock().unwrap().insert(name.to_lowercase(), what);
    }

    /// Takes away what is under a name.
    pub fn withdraw(&self, name: &str) {
        self.names.lock().unwrap().remove(name);
    }

    async fn answer_datagrams(self, socket: UdpSocket) {
        let mut buffer = [0; DATAGRAM];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
                continue;
            };
            if let Some(mut answer) = self.answer(&buffer[..length]) {
                if answer.len() > DATAGRAM {
                    let question = question_end(&answer);
                    answer.truncate(question);
                    // TC, and no answers.
                    answer[2] |= 2;
                    answer[6..8].fill(0);
                }
                let _ = socket.send_to(&answer, from).await;
            }
        }
    }

    async fn answer_streams(self, listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let server = self.clone();
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u16().await {
                    let mut query = vec![0; usize::from(length)];
                    if stream.read_exact(&mut query).await.is_err() {
                        return;
                    }
                    let Some(answer) = server.answer(&query) else {
                        return;
                    };
                    let length = u16::try_from(answer.len()).expect("a short answer");
                    let framed = [&length.to_be_bytes(), answer.as_slice()].concat();
                    if stream.write_all(&framed).await.is_err() {
                        return;
                    }
                }
            });
        }
    }

    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let question = &query[12..question_end(query)];
        let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
        let found = self.names.lock().unwrap().get(&name_of(question)).cloned();
        let (code, records) = match found {
            Some(Published::Silent) => return None,
            Some(Published::Fails(code)) => (code, Vec::new()),
            Some(Published::Alias(other)) => (0, vec![(CNAME, encode(&other))]),
            Some(Published::Text(texts)) if kind == TXT => {
                (0, texts.iter().map(|strings| (TXT, text_data(strings))).collect())
            }
            Some(Published::Text(_)) => (0, Vec::new()),
            None => (3, Vec::new()),
        };
        let count = u16::try_from(records.len()).expect("few records").to_be_bytes();
        // The same id; an answer, recursion wanted and to be had; one question, and so many answers.
        let mut answer = [&query[..2], &[0x81, 0x80 | code, 0, 1], &count, &[0; 4], question].concat();
        for (kind, data) in records {
            let length = u16::try_from(data.len()).expect("a short record");
            // Of the name in the question (a pointer to it), in the class IN, good for a minute.
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60]);
            answer.extend(length.to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }
}

/// The same free port for both.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = tcp.local_addr().expect("an address");
        if let Ok(udp) = UdpSocket::bind(address).await {
            return (udp, tcp);
        }
    }
}

/// Where the question of a message ends: behind its labels, its type and its class.
fn question_end(message: &[u8]) -> usize {
    let mut at = 12;
    while message[at] != 0 {
        at += usize::from(message[at]) + 1;
    }
    at + 5
}

fn name_of(question: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut rest = question;
    while rest[0] != 0 {
        let (label, after) = rest[1..].split_at(usize::from(rest[0]));
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        rest = after;
    }
    labels.join(".")
}

fn encode(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a label"));
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

fn text_data(strings: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for string in strings {
        bytes.push(u8::try_from(string.len()).expect("a string of 255 bytes at most"));
        bytes.extend(string.bytes());
    }
    bytes
}
