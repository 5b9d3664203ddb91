//! Invitations, and the mail that carries them.

use uuid::Uuid;

use super::audit::micros;
use super::engine::execute;
use super::error::Error;
use super::tx::Tx;
use crate::directory::{InvitationFact, Mail};

impl Tx {
    pub(super) async fn apply_invitation(&mut self, fact: InvitationFact) -> Result<(), Error> {
        let InvitationFact::Sent {
            invitation,
            hash,
            mail,
        } = fact;
        execute!(
            self.read.conn,
            "INSERT INTO invitations (tenant_id, id, user_id, hash, sent_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            self.read.tenant.0,
            invitation.id.0,
            invitation.user.0,
            hash.0.as_slice(),
            micros(invitation.sent_at),
            micros(invitation.expires_at),
        )?;
        self.queue_mail(&mail, micros(invitation.sent_at)).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a row's id is storage's own; nothing is decided by it"
    )]
    async fn queue_mail(&mut self, mail: &Mail, at: i64) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "INSERT INTO outbox (tenant_id, id, recipient, template, message, created_at, due_at, attempts) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, 0)",
            self.read.tenant.0,
            Uuid::now_v7(),
            mail.recipient.as_str(),
            mail.template,
            mail.sealed.as_str(),
            at,
        )?;
        Ok(())
    }
}
