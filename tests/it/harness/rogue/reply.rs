//! How an endpoint answers when it does not do its work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;

use super::Seen;

/// An answer in place of the right one.
#[derive(Clone)]
pub enum Reply {
    /// The right answer, this much later.
    Late(Duration),
    /// A status without a body.
    Status(u16),
    /// 200 with a content type and a body.
    Body(&'static str, Vec<u8>),
    /// 302 to a URL.
    Redirect(String),
    /// The head of an answer, then silence.
    Hang,
    /// JSON that never ends, one blank per pause.
    Drip(Duration),
    /// JSON of so many bytes, all blanks after the first, without `Content-Length`.
    Flood(usize),
    /// `Content-Encoding: gzip` around about so many blanks: 50 MB are 315 KB on the wire.
    GzipBomb(usize),
    /// Anything else.
    Custom(Arc<dyn Fn(&Seen) -> Response + Send + Sync>),
}

impl Reply {
    /// A reply that is made from the request.
    pub fn custom(reply: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(reply))
    }

    /// 200 and JSON.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::Body("application/json", body.to_string().into_bytes())
    }

    /// The answer; `None` when the right one is wanted.
    pub(super) async fn answer(self, seen: &Seen) -> Option<Response> {
        let json = || Response::builder().header("content-type", "application/json");
        let answer = match self {
            Self::Late(delay) => {
                tokio::time::sleep(delay).await;
                return None;
            }
            Self::Status(status) => Response::builder().status(status).body(Body::empty()),
            Self::Body(kind, body) => Response::builder().header("content-type", kind).body(body.into()),
            Self::Redirect(to) => Response::builder()
                .status(302)
                .header("location", to)
                .body(Body::empty()),
            Self::Hang => json().body(Body::from_stream(
                stream::pending::<Result<Bytes, std::io::Error>>(),
            )),
            Self::Drip(pause) => {
                let drops = stream::unfold("{", move |drop| async move {
                    tokio::time::sleep(pause).await;
                    Some((Ok::<_, std::io::Error>(drop), " "))
                });
                json().body(Body::from_stream(drops))
            }
            Self::Flood(size) => {
                let chunk = Bytes::from(vec![b' '; 64 * 1024]);
                let rest = stream::unfold(size - 1, move |left| {
                    let next = chunk.slice(..left.min(chunk.len()));
                    async move { (left > 0).then(|| (Ok::<_, std::io::Error>(next.clone()), left - next.len())) }
                });
                let first = stream::iter([Ok(Bytes::from_static(b"{"))]);
                json().body(Body::from_stream(stream::StreamExt::chain(first, rest)))
            }
            Self::GzipBomb(size) => json()
                .header("content-encoding", "gzip")
                .body(gzip_of_blanks(size).into()),
            Self::Custom(reply) => Ok(reply(seen)),
        };
        Some(answer.expect("an answer"))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reply")
    }
}

/// A gzip stream (RFC 1952) of one deflate block with the fixed codes (RFC 1951 3.2.6): one blank, then references
/// to it, 258 bytes in 13 bits. Nobody should read as far as the checksum at its end, which is left out.
fn gzip_of_blanks(size: usize) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.push(0b1, 1); // the last block
    bits.push(0b01, 2); // fixed codes
    bits.push_code(0x30 + u32::from(b' '), 8); // a literal
    for _ in 0..size / 258 {
        bits.push_code(0b1100_0101, 8); // a length of 258
        bits.push_code(0, 5); // a distance of 1
    }
    bits.push_code(0, 7); // the end of the block
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(bits.finish());
    gzip
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl BitWriter {
    /// Numbers go in from their lowest bit.
    fn push(&mut self, value: u32, bits: u32) {
        self.pending |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Codes go in from their highest bit.
    fn push_code(&mut self, code: u32, bits: u32) {
        self.push(code.reverse_bits() >> (32 - bits), bits);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, 7);
        self.bytes
    }
}
