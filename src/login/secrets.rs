//! The secrets of a sign-in at a provider. Nothing secret is stored: nonce and PKCE verifier follow from the browser's
//! cookie and the state, so whoever reads the database learns nothing, and another browser cannot go on.

use jiff::Timestamp;

use super::Login;
use crate::auth::bearer;
use crate::auth::vault::{VaultError, client_secret_place, test_ticket_place};
use crate::directory::{Connection, ConnectionId, TenantId};
use crate::sso::oidc::authorization::AttemptSecrets;

/// A longer hint is not kept for the provider's sign-out, in bytes.
const MAX_LOGOUT_HINT: usize = 8 * 1024;

/// The secrets that belong to a state in a browser.
pub(super) fn of_attempt(browser: &str, state: &str) -> AttemptSecrets {
    AttemptSecrets {
        nonce: bearer::derive(browser, &format!("nonce {state}")),
        code_verifier: bearer::derive(browser, &format!("code verifier {state}")),
        state: state.to_owned(),
    }
}

impl Login {
    /// The provider's secret for us; none for a public client.
    pub(super) fn open_client_secret(
        &self,
        tenant: TenantId,
        connection: &Connection,
    ) -> Result<Option<String>, VaultError> {
        let sealed = connection.client_secret.as_ref();
        let place = client_secret_place(tenant, connection.id);
        sealed
            .map(|sealed| self.vault.open(&sealed.0, &place))
            .transpose()
    }

    /// Seals what the provider's sign-out will want to know of a session. A huge hint is not worth its place: the provider
    /// then asks, or is not asked.
    pub(super) fn seal_logout_hint(&self, tenant: TenantId, hint: &str, nonce: [u8; 12]) -> Option<String> {
        let fits = hint.len() <= MAX_LOGOUT_HINT;
        fits.then(|| self.vault.seal(hint, &logout_hint_place(tenant), nonce).ok())?
    }

    /// Opens what [`Login::seal_logout_hint`] gave.
    pub(super) fn open_logout_hint(&self, tenant: TenantId, sealed: &str) -> Option<String> {
        self.vault.open(sealed, &logout_hint_place(tenant)).ok()
    }

    /// Whether a ticket allows to test a connection at this moment.
    pub(super) fn is_test_ticket(
        &self,
        ticket: &str,
        tenant: TenantId,
        connection: ConnectionId,
        now: Timestamp,
    ) -> bool {
        let opened = self.vault.open(ticket, &test_ticket_place(tenant, connection));
        let until = opened.ok().and_then(|text| text.parse::<Timestamp>().ok());
        until.is_some_and(|until| now < until)
    }
}

fn logout_hint_place(tenant: TenantId) -> String {
    format!("logout hint of tenant {tenant}")
}
