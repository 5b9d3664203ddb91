//! From a letter to a message: the templates, and the MIME parts around them.

use askama::Template;
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::words::{self, Words};
use super::{MailError, Outgoing};

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct TextPart<'w> {
    words: &'w Words,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlPart<'w> {
    words: &'w Words,
}

/// Nobody is to answer a machine, and machines least of all (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(super) fn write(outgoing: &Outgoing, from: &Mailbox, public_url: &str) -> Result<Message, MailError> {
    let words = words::of(outgoing, public_url);
    let to: Mailbox = outgoing.recipient.parse().map_err(refused)?;
    let text = TextPart { words: &words }.render().map_err(refused)?;
    let html = HtmlPart { words: &words }.render().map_err(refused)?;
    Message::builder()
        .from(from.clone())
        .to(to)
        .date(outgoing.written_at.into())
        .message_id(Some(format!("<{}@{}>", outgoing.id, from.email.domain())))
        .subject(words.subject)
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(refused)
}

fn refused(error: impl std::fmt::Display) -> MailError {
    MailError::Message(error.to_string())
}
