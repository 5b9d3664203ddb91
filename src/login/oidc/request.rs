//! To the provider.

use crate::directory::OidcSettings;
use crate::directory::access_error::Trace;
use crate::login::attempt::Secrets;
use crate::login::doors::Doors;
use crate::login::{Elsewhere, Login, Refused, secrets};
use crate::sso::oidc::authorization::{AuthorizationRequest, DEFAULT_SCOPE};

/// Where the browser goes to sign in. Nothing is written.
pub(in crate::login) async fn request(
    on: &Login,
    at: &Doors,
    settings: &OidcSettings,
    secrets: &Secrets,
    login_hint: Option<&str>,
) -> Result<Elsewhere, Refused> {
    let Doors { tenant, connection } = at;
    let provider = on.providers.provider(tenant.id, connection).await;
    let provider = provider.map_err(|failure| {
        let mut trace = Trace::default();
        Refused::new(failure.note(&mut trace)).traced(trace)
    })?;
    let request = AuthorizationRequest {
        endpoint: &provider.authorization_endpoint,
        client_id: &settings.client_id,
        redirect_uri: &on.redirect_uri(&tenant.slug, connection.id),
        scope: DEFAULT_SCOPE,
        secrets: &secrets::of_attempt(&secrets.browser, secrets.state.expose()),
        login_hint,
    };
    Ok(Elsewhere::Address(request.url()))
}
