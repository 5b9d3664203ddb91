//! Sends what waits in the outbox: at once after a commit on this node, every few seconds for what other nodes have
//! left or what is tried again. A mail goes out at least once; twice only when a node dies between the sending and
//! the note of it, and then under the same Message-ID.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::timeout;

use super::every;
use crate::auth::vault::Vault;
use crate::clock::Clock;
use crate::directory::Letter;
use crate::mail::{MailError, Mailer, Outgoing};
use crate::storage::{DueMail, Error, Failed, Store};

const EVERY: Duration = Duration::from_secs(5);
/// How many are sent side by side.
const BATCH: u32 = 8;
/// How long one sending may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// For how long a mail is this node's: longer than a sending may take.
const LEASE: Duration = Duration::from_mins(3);
/// The first pause after a failure; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How many characters of a reason are kept.
const LONGEST_REASON: usize = 500;
/// How old a mail may be when it is tried for the last time.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(3 * 24);

/// Runs until it is dropped.
pub async fn run(store: Store, vault: impl AsRef<Vault>, mailer: Mailer, clock: Clock) {
    let mut turns = every(EVERY, &clock);
    loop {
        tokio::select! {
            () = store.wait_for_mail() => {}
            () = turns.next() => {}
        }
        loop {
            match deliver_due(&store, vault.as_ref(), &mailer, clock.now()).await {
                Ok(0) => break,
                Ok(taken) => tracing::debug!(taken, "took mail from the outbox"),
                Err(error) => {
                    tracing::warn!(%error, "could not take mail from the outbox");
                    break;
                }
            }
        }
    }
}

/// Sends some of the mail that is due; how much was taken, sent or not.
///
/// # Errors
/// The database failed. What was taken is due again when its lease is over.
pub async fn deliver_due(
    store: &Store,
    vault: &Vault,
    mailer: &Mailer,
    now: Timestamp,
) -> Result<usize, Error> {
    let due = store.take_due_mail(now, now + LEASE, BATCH).await?;
    let noted = join_all(due.iter().map(|mail| deliver(store, vault, mailer, mail, now))).await;
    noted.into_iter().collect::<Result<(), Error>>()?;
    Ok(due.len())
}

async fn deliver(
    store: &Store,
    vault: &Vault,
    mailer: &Mailer,
    mail: &DueMail,
    now: Timestamp,
) -> Result<(), Error> {
    let Err(failure) = send(vault, mailer, mail).await else {
        return store.note_mail_sent(mail.tenant, mail.id, now).await;
    };
    let failed = match failure.kind {
        FailureKind::Refused => Failed::Bounced,
        FailureKind::Hopeless => Failed::GivenUp,
        FailureKind::Passing => {
            next_attempt(mail.created_at, mail.attempts, now).map_or(Failed::GivenUp, Failed::AgainAt)
        }
    };
    let (id, reason) = (mail.id, legible(&failure.reason));
    if let Failed::AgainAt(again_at) = failed {
        tracing::warn!(%id, %reason, %again_at, "a mail could not be sent");
    } else {
        tracing::error!(%id, %reason, "a mail was given up");
    }
    store.note_mail_failed(mail.tenant, mail.id, reason, failed).await
}

/// What a mail server says is shown to people and stored, whatever it is: in one line, which ends somewhere.
fn legible(reason: &str) -> String {
    let line = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(LONGEST_REASON).collect()
}

struct Failure {
    reason: String,
    kind: FailureKind,
}

enum FailureKind {
    /// It may work another time.
    Passing,
    /// The mail server will never take it.
    Refused,
    /// It is no message.
    Hopeless,
}

impl From<MailError> for Failure {
    fn from(error: MailError) -> Self {
        Self {
            kind: match error {
                MailError::Message(_) => FailureKind::Hopeless,
                MailError::Refused(_) => FailureKind::Refused,
                MailError::Folder(_) | MailError::Server(_) => FailureKind::Passing,
            },
            reason: error.to_string(),
        }
    }
}

async fn send(vault: &Vault, mailer: &Mailer, mail: &DueMail) -> Result<(), Failure> {
    // The right master key may come back.
    let passing = |reason: String| Failure {
        reason,
        kind: FailureKind::Passing,
    };
    let place = Letter::place(mail.tenant, &mail.recipient);
    let text = vault
        .open(&mail.sealed, &place)
        .map_err(|error| passing(error.to_string()))?;
    let letter: Letter = serde_json::from_str(&text).map_err(|error| passing(error.to_string()))?;
    let outgoing = Outgoing {
        id: mail.id,
        written_at: mail.created_at,
        recipient: mail.recipient.clone(),
        letter,
    };
    match timeout(PATIENCE, mailer.send(&outgoing)).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(passing(format!("sending took longer than {PATIENCE:?}"))),
    }
}

/// When a mail is tried again after its nth attempt; `None` when it would be too old then.
fn next_attempt(created_at: Timestamp, attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(16);
    let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    let again_at = now + pause;
    (again_at <= created_at + GIVEN_UP_AFTER).then_some(again_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_every_database_takes() {
        let said = format!("550 no\r\nsuch\0 mailbox {}", "é".repeat(600));
        let kept = legible(&said);
        assert!(kept.starts_with("550 no  such  mailbox é"), "{kept}");
        assert_eq!(kept.chars().count(), 500);
    }

    #[test]
    fn pauses_double_to_an_hour_and_end_after_three_days() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (attempts, pause) in [(1, 60), (2, 120), (3, 240), (6, 1920), (7, 3600), (90, 3600)] {
            assert_eq!(
                next_attempt(at(0), attempts, at(1000)),
                Some(at(1000 + pause)),
                "{attempts}"
            );
        }
        let last = 3 * 24 * 3600 - 3600;
        assert_eq!(next_attempt(at(0), 80, at(last)), Some(at(last + 3600)));
        assert_eq!(next_attempt(at(0), 80, at(last + 1)), None);
    }
}
