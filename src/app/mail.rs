//! The way out for mail, as the settings have it.

use std::path::Path;

use lettre::Address;
use lettre::message::Mailbox;
use url::{Host, Url};

use super::StartError;
use crate::config::Config;
use crate::http::PublicUrl;
use crate::mail::{Authorities, MailError, Mailer};

/// Opens the way to the mail server, or to the folder `outbox` of the data folder.
pub(super) fn mailer(config: &Config, public_url: &PublicUrl) -> Result<Mailer, StartError> {
    // Looked at also where nobody needs it: what is wrong is said at the start, and not on the day of the mail server.
    let authorities = config.smtp_ca.as_deref().map(authorities).transpose()?;
    open(config, authorities.as_ref(), public_url).map_err(StartError::Mail)
}

fn authorities(file: &Path) -> Result<Authorities, StartError> {
    let bad = |reason: String| StartError::MailAuthorities {
        file: file.to_owned(),
        reason,
    };
    let pem = std::fs::read(file).map_err(|error| bad(error.to_string()))?;
    Authorities::parse(&pem).map_err(|error| bad(error.to_string()))
}

fn open(
    config: &Config,
    authorities: Option<&Authorities>,
    public_url: &PublicUrl,
) -> Result<Mailer, MailError> {
    let from = match &config.mail_from {
        Some(from) => from.clone(),
        None => default_sender(public_url.as_str())?,
    };
    match &config.smtp_url {
        Some(url) => Mailer::to_server(url.expose(), authorities, from, public_url.as_str()),
        None => Ok(Mailer::to_folder(
            config.data_dir.join("outbox"),
            from,
            public_url.as_str(),
        )),
    }
}

/// `rollcall@` and the host that browsers see. An address of a machine is no domain of mail.
fn default_sender(public_url: &str) -> Result<Mailbox, MailError> {
    let url = Url::parse(public_url).ok();
    let domain = match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(domain)) => domain,
        _ => "localhost",
    };
    let address = Address::new("rollcall", domain).map_err(|error| MailError::Message(error.to_string()))?;
    Ok(Mailbox::new(Some("Rollcall".to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_comes_from_the_host_that_browsers_see() {
        for (url, sender) in [
            ("https://id.example/gate", "rollcall@id.example"),
            ("http://localhost:8080", "rollcall@localhost"),
            ("http://127.0.0.1:8080", "rollcall@localhost"),
            ("http://[::1]:8080", "rollcall@localhost"),
        ] {
            assert_eq!(default_sender(url).unwrap().email.to_string(), sender, "{url}");
        }
    }
}
