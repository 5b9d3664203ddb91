//! The head of an HTTP/1.1 answer (RFC 9112), as much of it as a load generator needs.

/// What the head of a complete answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Where the body begins.
    pub body_start: usize,
    /// Length of the body in bytes; `None` when it is not told: the body comes in chunks.
    pub body_length: Option<usize>,
    /// Whether the server closes the connection after this answer.
    pub closes: bool,
}

/// Why an answer cannot be read; the text says it.
pub type Malformed = &'static str;

/// Reads the head at the beginning of `bytes`; `None` while it is not complete.
///
/// # Errors
/// Not an HTTP/1.1 answer, or one that tells neither its length nor that it comes in chunks.
pub fn parse(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next().filter(|line| line.ends_with(b"\n")) else {
        return Ok(None);
    };
    let status = status(first).ok_or("the answer does not begin with an HTTP/1.1 status line")?;
    let mut body_start = first.len();
    let (mut length, mut chunked, mut closes) = (None, false, false);
    for line in lines {
        if !line.ends_with(b"\n") {
            return Ok(None);
        }
        body_start += line.len();
        let line = line.trim_ascii();
        if line.is_empty() {
            let body_length = match (status, length) {
                // RFC 9112 6.3: these never have a body.
                (204 | 304, _) => Some(0),
                (_, Some(length)) => Some(length),
                (_, None) if chunked => None,
                (_, None) => return Err("the answer does not tell its length"),
            };
            return Ok(Some(Head {
                status,
                body_start,
                body_length,
                closes,
            }));
        }
        if let Some(value) = field(line, b"content-length:") {
            length = Some(number(value).ok_or("Content-Length is not a number")?);
        } else if let Some(value) = field(line, b"transfer-encoding:") {
            chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if let Some(value) = field(line, b"connection:") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok(None)
}

fn status(line: &[u8]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    number(digits)?.try_into().ok()
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
