//! Notes every SCIM request for the request log: in memory, without a wait and without a copy of what is small.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{OriginalUri, Request, State};
use axum::http::{Extensions, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use jiff::Timestamp;

use super::caller::address_of;
use crate::directory::request_log::NO_ANSWER;
use crate::http::clock;
use crate::http::middleware::RequestId;
use crate::http::middleware::metric::method_label;
use crate::journal::{Caller, Journal, NotedBody, NotedError, NotedRequest};

/// How much of a body is held until the request is noted, in bytes; the journal keeps no more.
const MOST_OF_A_BODY: usize = 64 * 1024;

/// What is learnt of a request while it is handled. Stands in the extensions of every SCIM request.
#[derive(Clone, Default)]
pub(super) struct Learnt(Arc<Mutex<Facts>>);

#[derive(Default)]
struct Facts {
    caller: Option<Caller>,
    body: Option<NotedBody>,
}

impl Learnt {
    /// Notes who is calling.
    pub(super) fn caller(extensions: &Extensions, caller: Caller) {
        if let Some(Self(facts)) = extensions.get() {
            facts.lock().unwrap_or_else(PoisonError::into_inner).caller = Some(caller);
        }
    }

    /// Notes what was sent. A long body gives its memory back now and not at the end of the request.
    pub(super) fn body(self, body: Bytes) {
        let body = NotedBody::whole(body).cut(MOST_OF_A_BODY);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body = Some(body);
    }
}

/// The layer around the SCIM routes.
pub(super) async fn note_request(
    State(journal): State<Journal>,
    mut request: Request,
    next: Next,
) -> Response {
    let learnt = Learnt::default();
    request.extensions_mut().insert(learnt.clone());
    let mut note = Note::begin(journal, learnt, &request);
    let response = next.run(request).await;
    let (mut parts, body) = response.into_parts();
    note.status = Some(parts.status.as_u16());
    note.error = parts.extensions.remove();
    let (body, sent) = look_into(body);
    note.response = sent;
    // Noted before the answer leaves: whoever has it can look it up.
    drop(note);
    Response::from_parts(parts, body)
}

/// What is known of a request; it is noted when this is dropped, since a handler whose caller goes away is dropped and
/// not finished.
struct Note {
    journal: Journal,
    learnt: Learnt,
    started: Instant,
    at: Timestamp,
    method: &'static str,
    uri: Uri,
    whole_uri: Uri,
    request_id: Option<RequestId>,
    user_agent: Option<String>,
    status: Option<u16>,
    error: Option<NotedError>,
    response: NotedBody,
}

impl Note {
    fn begin(journal: Journal, learnt: Learnt, request: &Request) -> Self {
        let extensions = request.extensions();
        let whole = extensions.get().map(|OriginalUri(uri)| uri);
        let agent = request.headers().get(header::USER_AGENT);
        Self {
            journal,
            learnt,
            started: Instant::now(),
            at: clock::now(),
            method: method_label(request.method()),
            uri: request.uri().clone(),
            whole_uri: whole.unwrap_or(request.uri()).clone(),
            request_id: extensions.get().cloned(),
            user_agent: agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
            status: None,
            error: None,
            response: NotedBody::default(),
        }
    }

    /// Whoever was not let in, at the address that they have asked for.
    fn stranger(&self) -> Option<Caller> {
        let (slug, directory) = address_of(&self.whole_uri);
        let directory = directory.parse().ok()?;
        Some(Caller::Stranger { slug, directory })
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let facts = std::mem::take(&mut *self.learnt.0.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(caller) = facts.caller.or_else(|| self.stranger()) else {
            return;
        };
        let status = self
            .status
            .unwrap_or(if std::thread::panicking() { 500 } else { NO_ANSWER });
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let request_id = self.request_id.as_ref().map(RequestId::as_str);
        self.journal.note(NotedRequest {
            id: clock::random_id(),
            at: self.at,
            micros: i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX),
            method: self.method,
            path: path.to_owned(),
            status,
            request_id: request_id.unwrap_or_default().to_owned(),
            user_agent: self.user_agent.take(),
            caller,
            error: self.error.take(),
            request: facts.body.unwrap_or_default(),
            response: std::mem::take(&mut self.response),
        });
    }
}

/// The bytes of a body that is there as a whole, with the body to send. Nothing is known of one that is streamed.
fn look_into(mut body: Body) -> (Body, NotedBody) {
    if body.size_hint().exact().is_none_or(|length| length == 0) {
        return (body, NotedBody::default());
    }
    let Some(Some(Ok(frame))) = body.frame().now_or_never() else {
        return (body, NotedBody::default());
    };
    match frame.into_data() {
        Ok(bytes) if body.is_end_stream() || body.size_hint().exact() == Some(0) => {
            (Body::from(bytes.clone()), NotedBody::whole(bytes))
        }
        Ok(first) => (rejoined(first, body), NotedBody::default()),
        Err(_) => (body, NotedBody::default()),
    }
}

/// A body of which the first part was taken.
fn rejoined(first: Bytes, rest: Body) -> Body {
    let first = futures_util::stream::once(std::future::ready(Ok(first)));
    Body::from_stream(futures_util::StreamExt::chain(first, rest.into_data_stream()))
}
