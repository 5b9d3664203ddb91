//! Mail: a letter is put into words, made a message (RFC 5322, MIME) and handed to a mail server or laid in a folder.
//!
//! It knows neither the database nor who waits for a mail: `jobs::mail` brings the letters and keeps the book.

mod authorities;
mod folder;
mod message;
mod smtp;
mod words;

use std::path::PathBuf;

pub use authorities::{Authorities, AuthoritiesError};
use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use url::Url;
use uuid::Uuid;

use crate::directory::Letter;

/// Sends letters.
pub struct Mailer {
    way: Way,
    from: Mailbox,
    /// Without a slash at its end.
    public_url: String,
}

enum Way {
    Folder(PathBuf),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
}

/// A letter with where it goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Names the message: a letter that is sent twice has the same Message-ID, and the same file.
    pub id: Uuid,
    /// When it was written.
    pub written_at: Timestamp,
    /// The address.
    pub recipient: String,
    /// What it says.
    pub letter: Letter,
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It cannot be made a message.
    #[error("the message cannot be written: {0}")]
    Message(String),
    /// The folder.
    #[error("the outbox folder: {0}")]
    Folder(#[from] std::io::Error),
    /// The mail server.
    #[error("the mail server: {0}")]
    Server(String),
    /// The mail server will never take this message (RFC 5321 section 4.2.1, 550 to 553).
    #[error("the mail server has refused it: {0}")]
    Refused(String),
}

impl Mailer {
    /// Lays every mail in a folder as a file, for whoever has no mail server.
    #[must_use]
    pub fn to_folder(folder: PathBuf, from: Mailbox, public_url: &str) -> Self {
        Self::new(Way::Folder(folder), from, public_url)
    }

    /// Sends by a mail server. `smtps://` is TLS from the first byte (port 465). `smtp://` (port 587) goes over to TLS
    /// by STARTTLS where the server offers it, and must do so where the URL has a user name: a password never
    /// goes in the clear. Certificates are checked against those that the system trusts, and against `authorities`.
    ///
    /// # Errors
    /// The URL names no host, or the system's certificates cannot be read.
    pub fn to_server(
        url: &Url,
        authorities: Option<&Authorities>,
        from: Mailbox,
        public_url: &str,
    ) -> Result<Self, MailError> {
        let transport = smtp::transport(url, authorities)?;
        Ok(Self::new(Way::Smtp(Box::new(transport)), from, public_url))
    }

    fn new(way: Way, from: Mailbox, public_url: &str) -> Self {
        Self {
            way,
            from,
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }

    /// Sends one letter.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, outgoing: &Outgoing) -> Result<(), MailError> {
        let message = message::write(outgoing, &self.from, &self.public_url)?;
        match &self.way {
            Way::Folder(folder) => {
                let name = folder::name_of(outgoing);
                let (folder, bytes) = (folder.clone(), message.formatted());
                let laid = tokio::task::spawn_blocking(move || folder::lay(&folder, &name, &bytes));
                Ok(laid.await.map_err(std::io::Error::other)??)
            }
            Way::Smtp(transport) => match transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(smtp::failure(&error)),
            },
        }
    }
}
