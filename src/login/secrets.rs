//! The secrets of a sign-in at a provider. Nothing secret is stored: nonce and PKCE verifier follow from the browser's
//! cookie and the state, so whoever reads the database learns nothing, and another browser cannot go on.

use crate::auth::bearer;
use crate::sso::oidc::authorization::AttemptSecrets;

/// The secrets that belong to a state in a browser.
pub(super) fn of_attempt(browser: &str, state: &str) -> AttemptSecrets {
    AttemptSecrets {
        nonce: bearer::derive(browser, &format!("nonce {state}")),
        code_verifier: bearer::derive(browser, &format!("code verifier {state}")),
        state: state.to_owned(),
    }
}
