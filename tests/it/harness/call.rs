//! One HTTP request and its answer.

use std::sync::OnceLock;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A request on its way; nothing is sent before [`Call::send`].
pub struct Call {
    builder: reqwest::RequestBuilder,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: HeaderMap,
    /// The body as JSON; `Null` when it is empty or no JSON.
    pub json: Value,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Call {
    /// A request without headers of its own. `method` in capitals.
    pub fn new(method: &str, url: &str) -> Self {
        let method = method.parse().expect("a method");
        Self {
            builder: client().request(method, url),
        }
    }

    /// Adds a header; one that is there already stays beside it.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self {
            builder: self.builder.header(name, value),
        }
    }

    /// Adds `Authorization: Bearer`.
    pub fn bearer(self, token: &str) -> Self {
        Self {
            builder: self.builder.bearer_auth(token),
        }
    }

    /// Sends a JSON body under a media type.
    pub fn json(self, media_type: &str, body: &Value) -> Self {
        self.bytes(media_type, body.to_string())
    }

    /// Sends any bytes under a media type.
    pub fn bytes(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            builder: self.builder.header("Content-Type", media_type).body(body.into()),
        }
    }

    /// Sends the request and reads the whole answer.
    pub async fn send(self) -> Answer {
        Answer::read(self.builder.send().await.expect("the gateway answers")).await
    }
}

impl Answer {
    /// Reads the whole answer.
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("the whole body arrives").to_vec();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self {
            status,
            headers,
            json,
            body,
        }
    }

    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header of ASCII"))
    }

    /// The body as text, for messages of failed assertions.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The member `id` of the body.
    pub fn id(&self) -> String {
        let id = self.json["id"].as_str();
        id.unwrap_or_else(|| panic!("{} {} has no id", self.status, self.text()))
            .to_owned()
    }

    /// The answer itself, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        rollcall::outbound::install_crypto_provider();
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_mins(1))
            .build()
            .expect("a client")
    })
}
