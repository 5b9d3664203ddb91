//! A provider's messages of a sign-out (SAML profiles 4.4): its request to end sessions, and its answer to ours.

use jiff::Timestamp;
use url::Url;

use super::finish::certificates;
use super::message::Carried;
use super::sending::{choose, send};
use crate::auth::bearer::{self, NewToken, TokenKind};
use crate::directory::access_error::Trace;
use crate::directory::{Code, Origin, SamlBinding, SamlSettings, SessionId, Slug};
use crate::login::doors::Doors;
use crate::login::error::SignInError;
use crate::login::logout::end_sessions;
use crate::login::{Elsewhere, Login, Refused};
use crate::sso::saml::SamlRefusal;
use crate::sso::saml::binding::decode_post;
use crate::sso::saml::logout::{Expected, LogoutRequest, LogoutResponse};
use crate::sso::saml::open::{MessageKind, gate_logout, open_logout};
use crate::sso::saml::profile::{CLOCK_SKEW, MAX_AGE};
use crate::sso::saml::redirect::{self, MAX_RELAY_STATE, Parameter};
use crate::storage::Tx;

/// A message of a sign-out as it comes here.
pub struct SloMessage<'a> {
    /// The message.
    pub carried: Carried,
    /// The session cookie, if the browser sent one.
    pub session: Option<&'a str>,
    /// Random bits for the id of our answer.
    pub random: [u8; 32],
    /// Where and when it comes from; the actor is found here.
    pub origin: Origin,
}

/// What a message of a sign-out has come to.
#[derive(Debug)]
pub enum Heard {
    /// The provider's request was followed.
    Followed {
        /// Where our answer goes; none where the provider takes none.
        answer: Option<Elsewhere>,
        /// Whether the session of this browser was among those that ended.
        ended_this: bool,
        /// The tenant.
        tenant: Slug,
    },
    /// The provider has answered a request of ours.
    Answered {
        /// Whether it says that its session has ended.
        success: bool,
        /// The tenant.
        tenant: Slug,
    },
}

/// Hears a provider out: ends the sessions that its request names, or takes its answer to a request of ours. A request
/// that names nobody who is signed in succeeds.
///
/// # Errors
/// [`Refused`]: no such connection, or a message that is not believed. Nothing has ended then.
pub async fn hear(
    on: &Login,
    tenant: &str,
    connection: &str,
    message: SloMessage<'_>,
) -> Result<Heard, Refused> {
    let doors = Doors::find(on, tenant, connection).await?;
    let mut trace = Trace::default();
    let heard = listen(on, &doors, message, &mut trace).await;
    heard.map_err(|code| doors.refuse(Refused::new(code).traced(trace)))
}

async fn listen(on: &Login, at: &Doors, message: SloMessage<'_>, trace: &mut Trace) -> Result<Heard, Code> {
    let settings = at.connection.settings.protocol.saml();
    let settings = settings.ok_or(Code::SsoConnectionNotConfigured)?;
    let now = message.origin.at;
    let listening = Listening {
        carried: message.carried,
        settings: settings.clone(),
        slo_url: on.slo_url(&at.tenant.slug, at.connection.id),
        now,
    };
    let heard = on.workbench.run(move || listening.judge()).await;
    let heard = heard.map_err(|undone| undone.note(trace))?;
    let (word, way) = heard.map_err(|refused| match refused {
        NotHeard::Refusal(refusal) => refusal.note(trace),
        NotHeard::Code(code) => code,
    })?;
    trace.push("signature", None, Some("the message"), true);
    let tenant = at.tenant.slug.clone();
    match word {
        Word::Request(request) => {
            let this = find_session(on, message.session).await?;
            let (ended, success) = end_named(on, at, &request, &message.origin, trace).await?;
            let reply = Reply {
                request_id: request.id,
                success,
                way,
                now,
            };
            Ok(Heard::Followed {
                answer: reply.send(on, at, settings, message.random),
                ended_this: this.is_some_and(|this| ended.contains(&this)),
                tenant,
            })
        }
        Word::Response(response) => {
            let asked = on.is_request_id(at.tenant.id, at.connection.id, &response.in_response_to, now);
            trace.push(
                "in_response_to",
                Some("a request of ours, not too old"),
                None,
                asked,
            );
            if !asked {
                return Err(Code::SamlRelaystateLost);
            }
            Ok(Heard::Answered {
                success: response.success,
                tenant,
            })
        }
    }
}

/// A message with all that it is held against. It is judged away from the threads that serve requests.
struct Listening {
    carried: Carried,
    settings: SamlSettings,
    slo_url: String,
    now: Timestamp,
}

/// What a provider says, believed.
enum Word {
    Request(LogoutRequest),
    Response(LogoutResponse),
}

/// How it came, and what has to go back with an answer.
struct Way {
    binding: SamlBinding,
    relay_state: Option<String>,
}

enum NotHeard {
    Refusal(SamlRefusal),
    Code(Code),
}

impl From<SamlRefusal> for NotHeard {
    fn from(refusal: SamlRefusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Code> for NotHeard {
    fn from(code: Code) -> Self {
        Self::Code(code)
    }
}

impl Listening {
    fn judge(self) -> Result<(Word, Way), NotHeard> {
        let (parameter, text, way) = self.open()?;
        let expected = Expected {
            slo_url: &self.slo_url,
            idp_entity_id: &self.settings.provider.entity_id,
            now: self.now,
        };
        let word = match parameter {
            Parameter::Request => {
                let request = LogoutRequest::read(&text)?;
                request.check(&expected)?;
                Word::Request(request)
            }
            Parameter::Response => {
                let response = LogoutResponse::read(&text)?;
                response.check(&expected)?;
                Word::Response(response)
            }
        };
        Ok((word, way))
    }

    /// What is signed.
    fn open(&self) -> Result<(Parameter, String, Way), NotHeard> {
        let certificates = certificates(&self.settings.provider.certificates)?;
        match &self.carried {
            Carried::Redirect(query) => {
                let message = redirect::read(query)?;
                gate_logout(&message.xml, kind_of(message.parameter))?;
                message.verify(&certificates, self.now)?;
                let way = Way {
                    binding: SamlBinding::Redirect,
                    relay_state: message.relay_state,
                };
                Ok((message.parameter, message.xml, way))
            }
            Carried::Post {
                request,
                response,
                relay_state,
            } => {
                let (parameter, message) = match (request, response) {
                    (Some(message), None) => (Parameter::Request, message),
                    (None, Some(message)) => (Parameter::Response, message),
                    _ => return Err(malformed("message", "one SAMLRequest or one SAMLResponse").into()),
                };
                if relay_state
                    .as_ref()
                    .is_some_and(|text| text.len() > MAX_RELAY_STATE)
                {
                    let expected = format!("at most {MAX_RELAY_STATE} bytes");
                    return Err(malformed("relay_state", &expected).into());
                }
                let xml = decode_post(message)?;
                let text = open_logout(&xml, kind_of(parameter), &certificates, self.now)?;
                let way = Way {
                    binding: SamlBinding::Post,
                    relay_state: relay_state.clone(),
                };
                Ok((parameter, text, way))
            }
        }
    }
}

fn kind_of(parameter: Parameter) -> MessageKind {
    match parameter {
        Parameter::Request => MessageKind::LogoutRequest,
        Parameter::Response => MessageKind::LogoutResponse,
    }
}

fn malformed(check: &'static str, expected: &str) -> SamlRefusal {
    SamlRefusal::new(Code::SamlMalformed, check).expected(expected)
}

/// The session of a browser, if one is live.
async fn find_session(on: &Login, cookie: Option<&str>) -> Result<Option<SessionId>, Code> {
    let Some(cookie) = cookie else {
        return Ok(None);
    };
    let found = async {
        let mut tx = on.store.system().await?;
        tx.find_session(&bearer::hash(cookie)).await
    };
    let found = found.await.map_err(|error| Refused::from(error).code)?;
    Ok(found.map(|found| found.session.id))
}

/// Ends the sessions that a request names: those of the person, or those of them that it names. Answers which, and
/// whether the request could be followed at all.
async fn end_named(
    on: &Login,
    at: &Doors,
    request: &LogoutRequest,
    origin: &Origin,
    trace: &mut Trace,
) -> Result<(Vec<SessionId>, bool), Code> {
    let connection = at.connection.id;
    let once = bearer::hash(&format!("logout {connection} {}", request.id));
    // Once more the skew, because clocks of our own differ too.
    let until = request.issue_instant + MAX_AGE + CLOCK_SKEW + CLOCK_SKEW;
    let (issuer, origin) = (request.issuer.clone(), origin.clone());
    let name_id = &request.name_id;
    // A name that is made anew at every sign-in leads to nobody; the session that it was made for does.
    let subject = (!name_id.is_transient()).then(|| name_id.subject());
    let indexes: Vec<Option<String>> = match request.session_indexes.as_slice() {
        [] => vec![None],
        named => named.iter().cloned().map(Some).collect(),
    };
    if subject.is_none() && request.session_indexes.is_empty() {
        return Ok((Vec::new(), false));
    }
    let ended = on.store.write(at.tenant.id, async move |tx: &mut Tx| {
        if !tx.consume_once(once, until).await? {
            return Err(Refused::new(Code::SamlReplay).into());
        }
        let mut found = Vec::new();
        for index in &indexes {
            let sessions = tx
                .list_sessions_of_provider(connection, &issuer, subject.as_deref(), index.as_deref())
                .await?;
            found.extend(sessions);
        }
        found.sort_by_key(|(session, user)| (user.0, session.0));
        found.dedup();
        let ids = found.iter().map(|(session, _)| *session).collect();
        end_sessions(tx, found, connection, &origin).await?;
        Ok::<Vec<SessionId>, SignInError>(ids)
    });
    match ended.await {
        Ok(ended) => Ok((ended, true)),
        Err(error) => {
            let refused = Refused::from(error);
            if refused.code == Code::SamlReplay {
                trace.push("id", Some("a request that was not used before"), None, false);
            }
            Err(refused.code)
        }
    }
}

/// Our answer to a request.
struct Reply {
    request_id: String,
    success: bool,
    way: Way,
    now: Timestamp,
}

impl Reply {
    /// Sends it the way that the request came, where the provider takes answers there. Whatever goes wrong here undoes
    /// nothing: the sessions have ended.
    fn send(self, on: &Login, at: &Doors, settings: &SamlSettings, random: [u8; 32]) -> Option<Elsewhere> {
        let endpoint = choose(&settings.provider.single_logout, Some(self.way.binding))?;
        let destination = endpoint.response_url.as_ref().unwrap_or(&endpoint.url);
        let signer = on.signer(at.tenant.id, &at.connection).ok()?;
        let response = LogoutResponse {
            id: NewToken::from_random(TokenKind::State, random)
                .expose()
                .to_owned(),
            issuer: on.metadata_url(&at.tenant.slug, at.connection.id),
            destination: destination.clone(),
            issue_instant: self.now,
            in_response_to: self.request_id,
            success: self.success,
        };
        Some(send(
            (endpoint.binding, Url::parse(destination).ok()?),
            Parameter::Response,
            |signer| response.to_xml(signer),
            self.way.relay_state.as_deref(),
            Some(&signer),
        ))
    }
}
