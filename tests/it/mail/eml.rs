//! A reader of messages: headers, and the parts of `multipart/alternative` in both transfer encodings.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A message as a reader sees it.
#[derive(Debug, Clone)]
pub struct Eml {
    headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl Eml {
    pub fn parse(source: &str) -> Self {
        let (head, body) = source
            .split_once("\r\n\r\n")
            .expect("an empty line after the headers");
        let headers = headers(head);
        let kind = find(&headers, "content-type").expect("a content type");
        assert!(kind.starts_with("multipart/alternative"), "{kind}");
        let boundary = kind.split("boundary=\"").nth(1).expect("a boundary");
        let boundary = format!("--{}", boundary.split('"').next().expect("its end"));
        let parts: Vec<(String, String)> = body
            .split(&boundary)
            // What follows the last boundary is no part (RFC 2046 section 5.1.1).
            .filter(|part| !part.starts_with("--"))
            .filter_map(|part| part.trim_start_matches("\r\n").split_once("\r\n\r\n"))
            .map(|(head, body)| {
                let own = self::headers(head);
                let kind = find(&own, "content-type").expect("a content type").to_owned();
                assert!(kind.contains("charset=utf-8"), "{kind}");
                let encoding = find(&own, "content-transfer-encoding")
                    .unwrap_or("7bit")
                    .to_owned();
                (kind, decode(&encoding, body))
            })
            .collect();
        assert_eq!(parts.len(), 2, "{source}");
        // The last alternative is the one that is shown where it can be (RFC 2046 section 5.1.4).
        assert!(parts[0].0.starts_with("text/plain") && parts[1].0.starts_with("text/html"));
        Self {
            headers,
            text: parts[0].1.clone(),
            html: parts[1].1.clone(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        find(&self.headers, name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// The token of the link, the same in both parts.
    pub fn token(&self, base: &str) -> String {
        self.token_at(&format!("{base}/invitation?token="))
    }

    /// The same of a link to another page, up to the token.
    pub fn token_at(&self, start: &str) -> String {
        let of = |text: &str| {
            let rest = text
                .split(start)
                .nth(1)
                .unwrap_or_else(|| panic!("no link to {start}: {text}"));
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c));
            rest[..end.unwrap_or(rest.len())].to_owned()
        };
        let token = of(&self.text);
        assert_eq!(of(&self.html), token);
        token
    }
}

fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let lines = unfolded.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect()
}

fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

fn decode(encoding: &str, body: &str) -> String {
    let bytes = match encoding {
        "base64" => {
            let joined: String = body.split_whitespace().collect();
            STANDARD.decode(joined).expect("base64")
        }
        "quoted-printable" => unquote(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(bytes).expect("UTF-8")
}

/// RFC 2045 section 6.7.
fn unquote(body: &str) -> Vec<u8> {
    let body = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            let digits = std::str::from_utf8(&after[..2]).expect("hexadecimal digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal digits"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

/// Every message in the outbox folder that goes to an address, oldest first.
pub fn to(data: &Path, address: &str) -> Vec<Eml> {
    let mut names: Vec<_> = std::fs::read_dir(data.join("outbox"))
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    names.sort();
    names
        .iter()
        .map(|path| Eml::parse(&std::fs::read_to_string(path).expect("a message")))
        .filter(|eml| eml.header("to") == address)
        .collect()
}

/// Waits for the nth message to an address.
pub async fn wait_for(data: &Path, address: &str, count: usize) -> Eml {
    for _ in 0..200 {
        let mut found = to(data, address);
        if found.len() >= count {
            assert_eq!(found.len(), count, "too many messages to {address}");
            return found.remove(count - 1);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no message {count} to {address}")
}
