//! Invitations.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::lists::{Chunk, Position};
use super::outbox::{DeliveryRow, delivery_columns};
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use crate::directory::invitation::{OpenInvitation, Progress};
use crate::directory::{Invitation, InvitationFact, InvitationId, UserId};

#[derive(sqlx::FromRow)]
pub(super) struct InvitationRow {
    id: Uuid,
    user_id: Uuid,
    sent_at: i64,
    opened_at: Option<i64>,
    expires_at: i64,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    invitation: InvitationRow,
    user_name: String,
    #[sqlx(flatten)]
    delivery: DeliveryRow,
}

impl ListedRow {
    fn into_open(self) -> Result<OpenInvitation, Error> {
        Ok(OpenInvitation {
            invitation: self.invitation.into_invitation()?,
            address: self.user_name,
            delivery: self.delivery.into_delivery()?,
        })
    }
}

impl InvitationRow {
    pub(super) fn into_invitation(self) -> Result<Invitation, Error> {
        Ok(Invitation {
            id: InvitationId(self.id),
            user: UserId(self.user_id),
            sent_at: timestamp(self.sent_at)?,
            opened_at: self.opened_at.map(timestamp).transpose()?,
            expires_at: timestamp(self.expires_at)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ProgressRow {
    #[sqlx(flatten)]
    invitation: InvitationRow,
    accepted_at: Option<i64>,
    deleted_at: Option<i64>,
    #[sqlx(flatten)]
    delivery: DeliveryRow,
}

impl ProgressRow {
    fn into_progress(self) -> Result<Progress, Error> {
        Ok(Progress {
            accepted_at: self.accepted_at.map(timestamp).transpose()?,
            deleted_at: self.deleted_at.map(timestamp).transpose()?,
            delivery: self.delivery.into_delivery()?,
            invitation: self.invitation.into_invitation()?,
        })
    }
}

/// A statement that reads open invitations: neither accepted nor taken back, of people who are still awaited.
macro_rules! select_open {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.user_id, i.sent_at, i.opened_at, i.expires_at, u.user_name, ",
            delivery_columns!(),
            " FROM invitations i JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
             LEFT JOIN outbox o ON o.tenant_id = i.tenant_id AND o.id = i.mail_id \
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

    /// Open invitations, expired or not, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_open_invitations(
        &mut self,
        after: Position,
        size: u32,
    ) -> Result<Chunk<OpenInvitation>, Error> {
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
        let items = rows.into_iter().map(ListedRow::into_open);
        Ok(Chunk {
            items: items.collect::<Result<_, Error>>()?,
            next,
        })
    }

    /// How far the last invitation of each of these people is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_invitations_of(&mut self, users: &[UserId]) -> Result<Vec<Progress>, Error> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = users.iter().map(|id| id.0).collect();
        let mut sql = Statement::new(concat!(
            "SELECT i.id, i.user_id, i.sent_at, i.opened_at, i.expires_at, i.accepted_at, i.deleted_at, ",
            delivery_columns!(),
            " FROM invitations i \
             LEFT JOIN outbox o ON o.tenant_id = i.tenant_id AND o.id = i.mail_id \
             WHERE i.tenant_id = $1 AND NOT EXISTS (SELECT l.id FROM invitations l \
             WHERE l.tenant_id = i.tenant_id AND l.user_id = i.user_id AND l.id > i.id) AND i.user_id IN "
        ));
        sql.bind_unwritten(Bind::Uuid(self.tenant.0)).bind_ids(&ids);
        let rows = sql.fetch_all::<ProgressRow>(&mut self.conn).await?;
        rows.into_iter().map(ProgressRow::into_progress).collect()
    }
}

/// A statement about the open invitations of a person, found by the index that begins with who it is.
macro_rules! open_of {
    ($what:literal) => {
        concat!(
            $what,
            " WHERE tenant_id = $1 AND id IN (SELECT id FROM invitations WHERE tenant_id = $1 AND user_id = $2) \
             AND accepted_at IS NULL AND deleted_at IS NULL"
        )
    };
}

impl Tx {
    /// Notes that the link of an invitation was followed, the first time that it is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_opened(&mut self, id: InvitationId, at: Timestamp) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE invitations SET opened_at = $3 WHERE tenant_id = $1 AND id = $2 AND opened_at IS NULL",
            self.read.tenant.0,
            id.0,
            micros(at),
        )?;
        Ok(())
    }

    /// Takes back what somebody was invited by, with the mail that is not out yet.
    pub(super) async fn void_invitations_of(&mut self, user: UserId, at: Timestamp) -> Result<(), Error> {
        self.call_off_invitations_mail(user).await?;
        execute!(
            self.read.conn,
            open_of!("UPDATE invitations SET deleted_at = $3"),
            self.read.tenant.0,
            user.0,
            micros(at),
        )?;
        Ok(())
    }

    pub(super) async fn apply_invitation(&mut self, fact: InvitationFact) -> Result<(), Error> {
        match fact {
            InvitationFact::Sent {
                invitation,
                hash,
                mail,
            } => {
                self.call_off_invitations_mail(invitation.user).await?;
                let mail = self.queue_mail(&mail, invitation.sent_at).await?;
                execute!(
                    self.read.conn,
                    "INSERT INTO invitations (tenant_id, id, user_id, hash, sent_at, expires_at, mail_id) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) \
                     ON CONFLICT (tenant_id, id) DO UPDATE SET hash = $4, sent_at = $5, opened_at = NULL, \
                     expires_at = $6, mail_id = $7",
                    self.read.tenant.0,
                    invitation.id.0,
                    invitation.user.0,
                    hash.0.as_slice(),
                    micros(invitation.sent_at),
                    micros(invitation.expires_at),
                    mail,
                )?;
                Ok(())
            }
            InvitationFact::Accepted { user, at } => {
                self.save_standing(&user).await?;
                self.call_off_invitations_mail(user.id).await?;
                execute!(
                    self.read.conn,
                    open_of!("UPDATE invitations SET accepted_at = $3"),
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
