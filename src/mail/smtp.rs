//! The way to a mail server (RFC 5321, STARTTLS of RFC 3207).

use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor, transport};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Authorities, MailError};

/// How long the server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many connections are held at most.
const CONNECTIONS: u32 = 4;
/// The port for smtps (RFC 8314 section 7.3) and for submission (RFC 6409).
const PORTS: (u16, u16) = (465, 587);

pub(super) fn transport(
    url: &Url,
    authorities: Option<&Authorities>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let host = url.host_str().unwrap_or_default();
    // An IPv6 address stands in brackets in a URL and without them everywhere else.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let mut tls = TlsParameters::builder(host.clone());
    if let Some(Authorities(certificates)) = authorities {
        tls = tls.add_root_certificate(certificates.clone());
    }
    let tls = tls
        .build()
        .map_err(|error| MailError::Server(error.to_string()))?;
    let has_user = !url.username().is_empty();
    let (tls, port) = match (url.scheme(), has_user) {
        ("smtps", _) => (Tls::Wrapper(tls), PORTS.0),
        (_, true) => (Tls::Required(tls), PORTS.1),
        (_, false) => (Tls::Opportunistic(tls), PORTS.1),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(PATIENCE))
        .pool_config(PoolConfig::new().max_size(CONNECTIONS));
    if has_user {
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = (plain(url.username()), plain(url.password().unwrap_or_default()));
        builder = builder.credentials(Credentials::new(user, password));
    }
    Ok(builder.build())
}

/// What a server's answer means. Of the permanent refusals only those that concern the mailbox are taken at their
/// word: the others speak of settings that somebody mends (a wrong password, a relay that is not allowed yet).
pub(super) fn failure(error: &transport::smtp::Error) -> MailError {
    let code = error.status().map(u16::from);
    let text = describe(error);
    match code {
        Some(550..=553) => MailError::Refused(text),
        _ => MailError::Server(text),
    }
}

/// The whole chain of causes: the outermost alone says "Connection error".
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let mut text = error.to_string();
    for cause in causes.map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
