//! One keep-alive HTTP/1.1 connection. It sends bytes that were built before and allocates nothing per
//! request, because it shares the machine with the server that it measures.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::response;

/// Room for an answer; grows when one is larger.
const BUFFER: usize = 16 * 1024;
/// An answer larger than this is an error.
const LARGEST: usize = 16 * 1024 * 1024;
/// How long a single call outside of a measurement may take.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// An answer; lives until the next request on its connection.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// Status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// An open connection with no request under way.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    usable: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER],
            usable: true,
        })
    }

    /// Whether another request may follow: no error so far, and the server did not ask to close.
    pub fn is_usable(&self) -> bool {
        self.usable
    }

    /// Sends one complete request and reads its answer.
    ///
    /// # Errors
    /// The connection broke, or the answer cannot be read (see [`response::parse`]).
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Response<'_>> {
        self.usable = false;
        self.send(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.receive(filled).await?;
            if let Some(head) = response::parse(&self.buffer[..filled]).map_err(io::Error::other)? {
                break head;
            }
        };
        // The workloads ask for nothing that a server would send in chunks; see `stream` for what does.
        let length = head
            .body_length
            .ok_or_else(|| io::Error::other("the answer comes in chunks"))?;
        let end = head.body_start.saturating_add(length);
        if end > LARGEST {
            return Err(io::Error::other("the answer is larger than 16 MiB"));
        }
        while filled < end {
            filled += self.receive(filled).await?;
        }
        if filled > end {
            return Err(io::Error::other("the answer is longer than its Content-Length"));
        }
        self.usable = !head.closes;
        Ok(Response {
            status: head.status,
            body: &self.buffer[head.body_start..end],
        })
    }

    async fn send(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            let stream = &mut self.stream;
            let written = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, rest)).await?;
            rest = &rest[written..];
        }
        Ok(())
    }

    /// Reads more behind what is there already.
    async fn receive(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            if filled >= LARGEST {
                return Err(io::Error::other("the head of the answer has no end"));
            }
            self.buffer.resize(filled * 2, 0);
        }
        let mut space = ReadBuf::new(&mut self.buffer[filled..]);
        let stream = &mut self.stream;
        poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut space)).await?;
        match space.filled().len() {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// One request on a connection of its own: the status and the body.
///
/// # Errors
/// As [`Connection::open`] and [`Connection::exchange`], or no answer within 30 seconds.
pub async fn call(address: SocketAddr, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let exchange = async {
        let mut connection = Connection::open(address).await?;
        let response = connection.exchange(request).await?;
        Ok((response.status, response.body.to_vec()))
    };
    timeout(CALL_LIMIT, exchange)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
