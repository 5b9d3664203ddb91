//! Back from the provider.

use std::sync::Arc;

use jiff::Timestamp;

use super::bench::Undone;
use super::logout::LogoutHint;
use super::message::{NotPosted, Posted};
use crate::auth::bearer;
use crate::directory::access_error::Trace;
use crate::directory::{Actor, Code, SamlSettings};
use crate::login::attempt::{Answer, Entry};
use crate::login::complete::Arriving;
use crate::login::doors::Doors;
use crate::login::finish::{Finished, Return, conclude};
use crate::login::trial::TestReport;
use crate::login::{Login, Refused};
use crate::sso::AttributeMapping;
use crate::sso::jit::check_doors;
use crate::sso::saml::binding::decode_post;
use crate::sso::saml::open::{OpenedResponse, Trust, open_response};
use crate::sso::saml::profile::{Expected, Statement, judge};
use crate::sso::saml::{Certificate, SamlRefusal, key};
use crate::storage::Purpose;

/// Takes what the browser brings to the address for responses.
///
/// # Errors
/// [`Refused`], with nothing written and nothing used up.
pub async fn finish(
    on: &Login,
    tenant: &str,
    connection: &str,
    posted: Result<Posted, NotPosted>,
    mut returned: Return<'_>,
) -> Result<Finished, Refused> {
    let doors = Doors::find(on, tenant, connection).await?;
    returned.origin.actor = Actor::Connection(doors.connection.id);
    let mut trace = Trace::default();
    let posted = match posted {
        Ok(posted) => posted,
        Err(NotPosted(received)) => {
            let expected = "one SAMLResponse in a form of at most 1 MiB";
            trace.push("form", Some(expected), Some(received), false);
            return Err(doors.refuse(Refused::new(Code::SamlMalformed).traced(trace)));
        }
    };
    let relay_state = posted.relay_state.clone();
    // Closed doors are not worth a verification. Whether they are open when it counts is decided in the write.
    let mut closed = Trace::default();
    if let Err(code) = check_doors(&doors.tenant, &doors.connection, &mut closed)
        && !is_test(on, &doors, relay_state.as_deref(), &returned).await
    {
        return Err(doors.refuse(Refused::new(code).traced(closed)));
    }
    match arrive(on, &doors, posted, &returned, &mut trace).await {
        Ok((answer, arriving)) => {
            let Return { fresh, origin, .. } = returned;
            conclude(on, doors, Entry::Answer(answer), arriving, trace, (fresh, origin)).await
        }
        Err(code) if is_test(on, &doors, relay_state.as_deref(), &returned).await => {
            let report = TestReport::of_refusal(doors, code, trace);
            Ok(Finished::Tested(Box::new(report)))
        }
        Err(code) => Err(doors.refuse(Refused::new(code).traced(trace))),
    }
}

/// Everything up to a verified identity.
async fn arrive(
    on: &Login,
    at: &Doors,
    posted: Posted,
    returned: &Return<'_>,
    trace: &mut Trace,
) -> Result<(Answer, Arriving), Code> {
    let Doors { tenant, connection } = at;
    let settings = connection.settings.protocol.saml();
    let settings = settings.ok_or(Code::SsoConnectionNotConfigured)?;
    let now = returned.origin.at;
    // One that cannot be read must not keep out those who do without it; `open_service_key` says so in the log.
    let keys = connection.keys.iter();
    let keys = keys.filter_map(|key| on.open_service_key(tenant.id, connection, key).ok());
    let judging = Judging {
        response: posted.response,
        settings: settings.clone(),
        mapping: AttributeMapping::from_settings(&connection.settings.attribute_mapping)
            .map_err(|_| Code::InternalError)?,
        keys: keys.collect(),
        acs_url: on.acs_url(&tenant.slug, connection.id),
        entity_id: on.metadata_url(&tenant.slug, connection.id),
        now,
    };
    let judged = on.workbench.run(move || {
        let mut trace = Trace::default();
        (judging.judge(&mut trace), trace)
    });
    let (judged, noted) = judged.await.map_err(|undone: Undone| undone.note(trace))?;
    trace.extend(&noted);
    let statement = judged?;
    let hint = LogoutHint::of(&statement).to_text();
    let answer = Answer {
        once: bearer::hash(&format!("assertion {} {}", connection.id, statement.assertion_id)),
        once_until: statement.usable_until,
        connection: connection.id,
        revision: connection.revision,
        state: statement.in_response_to.as_deref().map(bearer::hash),
        browser: returned.browser.map(bearer::hash),
        return_to: posted.return_to,
        now,
    };
    let arriving = Arriving {
        logout_hint: hint.and_then(|hint| on.seal_logout_hint(tenant.id, &hint, returned.fresh.nonce)),
        identity: statement.identity,
        userinfo_failed: false,
        attributes: statement.attributes,
        connection: connection.id,
        revision: connection.revision,
        session_limit: statement.session_not_on_or_after,
        vault: Arc::clone(&on.vault),
    };
    Ok((answer, arriving))
}

/// Whether the answer seems to be to a test of this browser. Nothing that it says is believed for it: whoever tests is
/// only shown what failed.
async fn is_test(on: &Login, at: &Doors, relay_state: Option<&str>, returned: &Return<'_>) -> bool {
    let (Some(state), Some(browser)) = (relay_state, returned.browser) else {
        return false;
    };
    let found = async {
        let mut tx = on.store.read(at.tenant.id).await.ok()?;
        tx.find_login(bearer::hash(state), bearer::hash(browser))
            .await
            .ok()?
    };
    found.await.is_some_and(|attempt| {
        attempt.purpose == Purpose::Test
            && attempt.connection == at.connection.id
            && returned.origin.at < attempt.expires_at
    })
}

/// A response with all that it is held against. It is judged away from the threads that serve requests.
struct Judging {
    response: String,
    settings: SamlSettings,
    mapping: AttributeMapping,
    keys: Vec<String>,
    acs_url: String,
    entity_id: String,
    now: Timestamp,
}

impl Judging {
    fn judge(&self, trace: &mut Trace) -> Result<Statement, Code> {
        let provider = &self.settings.provider;
        let keys = self.keys.iter().map(|pem| key::open(pem));
        let keys: Vec<_> = keys.collect::<Result<_, _>>().map_err(|error| {
            tracing::error!(%error, "a key of a connection cannot be used");
            Code::InternalError
        })?;
        let trust = Trust {
            certificates: &certificates(&provider.certificates)?,
            keys: &keys,
            require_gcm: self.settings.require_gcm,
            now: self.now,
        };
        let expected = Expected {
            acs_url: &self.acs_url,
            entity_id: &self.entity_id,
            idp_entity_id: &provider.entity_id,
            mapping: &self.mapping,
            now: self.now,
        };
        let opened = decode_post(&self.response).and_then(|xml| open_response(&xml, &trust));
        let judged = opened.and_then(|opened| {
            note_opened(&opened, trace);
            judge(&opened, &expected, trace)
        });
        judged.map_err(|refusal: SamlRefusal| refusal.note(trace))
    }
}

/// The certificates of a provider; nobody is believed where there is none.
pub(super) fn certificates(texts: &[String]) -> Result<Vec<Certificate>, Code> {
    let read = texts.iter().filter_map(|text| Certificate::from_text(text).ok());
    let read: Vec<_> = read.collect();
    if read.is_empty() {
        return Err(Code::SsoConnectionNotConfigured);
    }
    Ok(read)
}

/// What was signed, and whether it was encrypted.
fn note_opened(opened: &OpenedResponse, trace: &mut Trace) {
    let signed = match (opened.response_signed, opened.assertion_signed) {
        (true, true) => Some("the response and the assertion"),
        (true, false) => Some("the response"),
        (false, true) => Some("the assertion"),
        (false, false) => None,
    };
    if signed.is_some() {
        trace.push("signature", None, signed, true);
    }
    // The status stands in the response: only then its words are the provider's.
    if opened.response_signed {
        trace.push("response_signature", None, None, true);
    }
    if opened.encrypted {
        trace.push("encryption", None, Some("the assertion"), true);
    }
}
