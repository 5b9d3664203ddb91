//! Whom a person is at the identity providers.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::timestamp;
use super::engine::fetch_all;
use super::error::Error;
use super::tx::ReadTx;
use crate::directory::{ConnectionId, IdentityKey, UserId};

/// A provider's subject that leads to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who the provider says it is.
    pub key: IdentityKey,
    /// The connection's name for people.
    pub connection_name: String,
    /// When they last signed in by it.
    pub last_login_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct IdentityRow {
    connection_id: Uuid,
    name: String,
    issuer: String,
    subject: String,
    last_login_at: i64,
}

impl ReadTx {
    /// The subjects that lead to a person, the first one linked first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_identities(&mut self, user: UserId) -> Result<Vec<Identity>, Error> {
        let rows = fetch_all!(
            self.conn,
            IdentityRow,
            "SELECT i.connection_id, c.name, i.issuer, i.subject, i.last_login_at FROM identities i \
             JOIN connections c ON c.tenant_id = i.tenant_id AND c.id = i.connection_id \
             WHERE i.tenant_id = $1 AND i.user_id = $2 ORDER BY i.created_at, i.subject",
            self.tenant.0,
            user.0,
        )?;
        rows.into_iter()
            .map(|row| {
                Ok(Identity {
                    key: IdentityKey {
                        connection: ConnectionId(row.connection_id),
                        issuer: row.issuer,
                        subject: row.subject,
                    },
                    connection_name: row.name,
                    last_login_at: timestamp(row.last_login_at)?,
                })
            })
            .collect()
    }
}
