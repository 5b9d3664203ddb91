//! Invitations.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::lists::{Chunk, Position};
use super::tx::{ReadTx, Tx};
use crate::directory::{Invitation, InvitationFact, InvitationId, UserId};

#[derive(sqlx::FromRow)]
struct InvitationRow {
    id: Uuid,
    user_id: Uuid,
    sent_at: i64,
    expires_at: i64,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    invitation: InvitationRow,
    user_name: String,
}

impl InvitationRow {
    fn into_invitation(self) -> Result<Invitation, Error> {
        Ok(Invitation {
            id: InvitationId(self.id),
            user: UserId(self.user_id),
            sent_at: timestamp(self.sent_at)?,
            expires_at: timestamp(self.expires_at)?,
        })
    }
}

/// A statement that reads open invitations: neither accepted nor taken back, of people who are still awaited.
macro_rules! select_open {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.user_id, i.sent_at, i.expires_at, u.user_name FROM invitations i \
             JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
             WHERE i.tenant_id = $1 AND i.accepted_at IS NULL AND i.deleted_at IS NULL AND u.pending \
             AND u.deleted_at IS NULL AND ",
            $rest
        )
    };
}

impl ReadTx {
    /// An open invitation, expired or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_open_invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>, Error> {
        let found = fetch_optional!(
            self.conn,
            InvitationRow,
            select_open!("i.id = $2"),
            self.tenant.0,
            id.0,
        )?;
        found.map(InvitationRow::into_invitation).transpose()
    }

    /// Open invitations, expired or not, oldest first, each with the invited person's userName.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_open_invitations(
        &mut self,
        after: Position,
        size: u32,
    ) -> Result<Chunk<(Invitation, String)>, Error> {
        let rows = fetch_all!(
            self.conn,
            ListedRow,
            select_open!("i.id > $2 ORDER BY i.id LIMIT $3"),
            self.tenant.0,
            after.unwrap_or_default(),
            i64::from(size),
        )?;
        let next = rows
            .last()
            .filter(|_| rows.len() == size as usize)
            .map(|row| row.invitation.id);
        let items = rows
            .into_iter()
            .map(|row| Ok((row.invitation.into_invitation()?, row.user_name)))
            .collect::<Result<_, Error>>()?;
        Ok(Chunk { items, next })
    }
}

impl Tx {
    pub(super) async fn apply_invitation(&mut self, fact: InvitationFact) -> Result<(), Error> {
        match fact {
            InvitationFact::Sent {
                invitation,
                hash,
                mail,
            } => {
                execute!(
                    self.read.conn,
                    "INSERT INTO invitations (tenant_id, id, user_id, hash, sent_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (tenant_id, id) DO UPDATE SET hash = $4, sent_at = $5, expires_at = $6",
                    self.read.tenant.0,
                    invitation.id.0,
                    invitation.user.0,
                    hash.0.as_slice(),
                    micros(invitation.sent_at),
                    micros(invitation.expires_at),
                )?;
                self.queue_mail(&mail, invitation.sent_at).await
            }
            InvitationFact::Accepted { user, at } => {
                self.save_standing(&user).await?;
                execute!(
                    self.read.conn,
                    "UPDATE invitations SET accepted_at = $3 WHERE tenant_id = $1 AND user_id = $2 \
                     AND accepted_at IS NULL AND deleted_at IS NULL",
                    self.read.tenant.0,
                    user.id.0,
                    micros(at),
                )?;
                Ok(())
            }
            InvitationFact::Withdrawn { id, at } => {
                execute!(
                    self.read.conn,
                    "UPDATE invitations SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2",
                    self.read.tenant.0,
                    id.0,
                    micros(at),
                )?;
                Ok(())
            }
        }
    }
}
