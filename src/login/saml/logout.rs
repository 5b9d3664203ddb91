//! Asking the provider to end its own session (SAML profiles 4.4), and knowing its answer again.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::sending::{choose, send};
use crate::directory::{Connection, ConnectionId, SamlSettings, TenantId};
use crate::login::{Elsewhere, Login, Session};
use crate::sso::saml::NameId;
use crate::sso::saml::logout::LogoutRequest;
use crate::sso::saml::profile::Statement;
use crate::sso::saml::redirect::Parameter;

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_mins(15);

const ID_PREFIX: &str = "out.";

/// What the provider's sign-out wants to know of a session: whom it is about, in its own words.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LogoutHint {
    name_id: NameId,
    session_index: Option<String>,
}

impl LogoutHint {
    pub fn of(statement: &Statement) -> Self {
        Self {
            name_id: statement.name_id.clone(),
            session_index: statement.session_index.clone(),
        }
    }

    pub fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

/// Asks the provider to end its own session, where it takes such requests and we know whom to name.
pub(in crate::login) fn ask(
    on: &Login,
    session: &Session,
    connection: &Connection,
    settings: &SamlSettings,
    nonce: [u8; 12],
    now: Timestamp,
) -> Option<Elsewhere> {
    let tenant = session.tenant();
    let endpoint = choose(&settings.provider.single_logout, None)?;
    let sealed = session.of.session.logout_hint.as_deref()?;
    let hint = on.open_logout_hint(tenant, sealed)?;
    let hint: LogoutHint = serde_json::from_str(&hint).ok()?;
    let signer = on.signer(tenant, connection).ok()?;
    let request = LogoutRequest {
        id: on.seal_request_id(tenant, connection.id, now + PATIENCE, nonce)?,
        issuer: on.metadata_url(&session.of.slug, connection.id),
        destination: endpoint.url.clone(),
        issue_instant: now,
        not_on_or_after: Some(now + PATIENCE),
        name_id: hint.name_id,
        session_indexes: hint.session_index.into_iter().collect(),
    };
    Some(send(
        (endpoint.binding, Url::parse(&endpoint.url).ok()?),
        Parameter::Request,
        |signer| request.to_xml(signer),
        None,
        Some(&signer),
    ))
}

impl Login {
    /// An id for a request that proves itself: nothing is stored of it. It begins with a letter, as an XML name wants.
    fn seal_request_id(
        &self,
        tenant: TenantId,
        connection: ConnectionId,
        until: Timestamp,
        nonce: [u8; 12],
    ) -> Option<String> {
        let place = request_place(tenant, connection);
        let sealed = self.vault.seal(&until.as_second().to_string(), &place, nonce);
        Some(format!("{ID_PREFIX}{}", sealed.ok()?))
    }

    /// Whether an id is one that we gave to a request through this connection, and not too long ago.
    pub(super) fn is_request_id(
        &self,
        tenant: TenantId,
        connection: ConnectionId,
        id: &str,
        now: Timestamp,
    ) -> bool {
        let place = request_place(tenant, connection);
        let sealed = id.strip_prefix(ID_PREFIX);
        let opened = sealed.and_then(|sealed| self.vault.open(sealed, &place).ok());
        let until = opened.and_then(|text| text.parse().ok());
        until.is_some_and(|until: i64| now.as_second() < until)
    }
}

fn request_place(tenant: TenantId, connection: ConnectionId) -> String {
    format!("sign-out through connection {connection} of tenant {tenant}")
}
