//! One answer of any size, read to its end and not kept.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::request::Endpoint;
use crate::response;

/// How long the answer may take as a whole.
const LIMIT: Duration = Duration::from_mins(5);
/// What one look takes from the connection.
const PIECE: usize = 64 * 1024;
/// The end of a body in chunks (RFC 9112 7.1).
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What was read.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// From the request to the first byte of the answer.
    pub first_byte: Duration,
    /// From the request to the last byte.
    pub total: Duration,
    /// Bytes of the body as they came over the wire.
    pub bytes: u64,
    /// JSON objects in it.
    pub objects: u64,
}

/// Asks `path` on a connection of its own.
///
/// # Errors
/// Nobody listens, another status than 200, an answer that breaks off, or none within five minutes.
pub async fn read(from: &Endpoint, path: &str) -> Result<Stream> {
    timeout(LIMIT, read_all(from, path))
        .await
        .context("no complete answer within 5 minutes")?
}

async fn read_all(from: &Endpoint, path: &str) -> Result<Stream> {
    let mut connection = TcpStream::connect(from.address).await?;
    // The server then ends the answer by closing, whatever its form.
    let request = from.get(path).replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let started = Instant::now();
    connection.write_all(request.as_bytes()).await?;

    let mut begun = Vec::with_capacity(PIECE);
    let mut first_byte = None;
    let head = loop {
        ensure!(
            connection.read_buf(&mut begun).await? > 0,
            "the answer breaks off in its head"
        );
        first_byte.get_or_insert_with(|| started.elapsed());
        if let Some(head) = response::parse(&begun).map_err(anyhow::Error::msg)? {
            break head;
        }
    };
    ensure!(head.status == 200, "GET {path} answered {}", head.status);

    let mut piece = begun.split_off(head.body_start);
    let (mut bytes, mut objects, mut end) = (0, 0, Vec::new());
    loop {
        bytes += piece.len() as u64;
        objects += piece.split(|byte| *byte == b'{').skip(1).count() as u64;
        end.extend_from_slice(&piece[piece.len().saturating_sub(LAST_CHUNK.len())..]);
        end.drain(..end.len().saturating_sub(LAST_CHUNK.len()));
        piece.clear();
        piece.reserve(PIECE);
        if connection.read_buf(&mut piece).await? == 0 {
            break;
        }
    }
    let complete = match head.body_length {
        Some(length) => bytes == length as u64,
        None => end == LAST_CHUNK,
    };
    ensure!(complete, "GET {path} breaks off after {bytes} bytes");
    Ok(Stream {
        first_byte: first_byte.unwrap_or_default(),
        total: started.elapsed(),
        bytes,
        objects,
    })
}
