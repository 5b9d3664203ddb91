//! Sessions: who is signed in, by the hash of a cookie.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::store::Store;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use super::users::UserRow;
use crate::directory::registry::TokenHash;
use crate::directory::session;
use crate::directory::{ConnectionId, NewSession, Proof, SessionId, Slug, TenantId, User, UserId};

/// A live session with whose it is, as they are at this moment.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: SessionUse,
    /// The tenant.
    pub tenant: TenantId,
    /// The tenant's name in URLs.
    pub slug: Slug,
    /// The tenant's name for people.
    pub tenant_name: String,
    /// The person.
    pub user: User,
}

/// A session as it stands.
#[derive(Debug, Clone)]
pub struct SessionUse {
    /// Its id.
    pub id: SessionId,
    /// How the person proved who they are: `local` or `sso`.
    pub auth_method: String,
    /// The connection that they came through.
    pub connection: Option<ConnectionId>,
    /// What the provider's sign-out will want to know, sealed.
    pub logout_hint: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute or so.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct SignedInRow {
    session_id: Uuid,
    tenant_id: Uuid,
    slug: String,
    tenant_name: String,
    auth_method: String,
    connection_id: Option<Uuid>,
    /// The hint for the provider's sign-out, sealed. An `OpenID` provider's is the ID token, hence the column's name; a SAML
    /// provider's is whom it knows.
    id_token: Option<String>,
    opened_at: i64,
    seen_at: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    user: UserRow,
}

impl Store {
    /// Remembers that a session was used. Written down by [`Store::flush_session_uses`], never per request.
    pub fn note_session_use(&self, tenant: TenantId, session: SessionId, at: Timestamp) {
        self.session_uses().note(tenant, session.0, at);
    }

    /// Writes down when sessions were last used, which moves the end of their idle time.
    ///
    /// # Errors
    /// The database failed; what was not written is noted again at the next use.
    pub async fn flush_session_uses(&self) -> Result<(), Error> {
        let sql = "UPDATE sessions SET seen_at = $3 WHERE tenant_id = $1 AND id = $2 AND seen_at < $3";
        self.flush_uses(self.session_uses(), sql).await
    }
}

impl SystemTx {
    /// The session that a cookie opens, with its person: none when the person's access has ended since it was opened
    /// (the access epoch has moved), or the tenant is suspended. Times and dates are the caller's to judge.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_session(&mut self, hash: &TokenHash) -> Result<Option<SignedIn>, Error> {
        let row = fetch_optional!(
            self.conn,
            SignedInRow,
            concat!(
                "SELECT s.id AS session_id, s.tenant_id, n.slug, n.name AS tenant_name, s.auth_method, \
                 s.connection_id, s.id_token, s.created_at AS opened_at, s.seen_at, s.expires_at, ",
                super::users::user_columns!(),
                " FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id \
                 JOIN tenants n ON n.tenant_id = s.tenant_id \
                 WHERE s.hash = $1 AND u.access_epoch = s.epoch AND n.suspended_at IS NULL"
            ),
            hash.0.as_slice(),
        )?;
        row.map(|row| {
            Ok(SignedIn {
                session: SessionUse {
                    id: SessionId(row.session_id),
                    auth_method: row.auth_method,
                    connection: row.connection_id.map(ConnectionId),
                    logout_hint: row.id_token,
                    created_at: timestamp(row.opened_at)?,
                    seen_at: timestamp(row.seen_at)?,
                    expires_at: timestamp(row.expires_at)?,
                },
                tenant: TenantId(row.tenant_id),
                slug: Slug::parse(&row.slug).ok_or_else(|| Error::Corrupt(format!("slug {:?}", row.slug)))?,
                tenant_name: row.tenant_name,
                user: row.user.into_user()?,
            })
        })
        .transpose()
    }
}

impl ReadTx {
    /// How many sessions of a person are open at this moment. Uses that are not written down yet do not count.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_live_sessions(&mut self, user: UserId, now: Timestamp) -> Result<u64, Error> {
        let row = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(*) FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id \
             WHERE s.tenant_id = $1 AND s.user_id = $2 AND s.epoch = u.access_epoch AND s.expires_at > $3 \
             AND s.seen_at > $4",
            self.tenant.0,
            user.0,
            micros(now),
            micros(now - session::IDLE),
        )?;
        Ok(row.map_or(0, |(count,)| count.unsigned_abs()))
    }
}

impl Tx {
    /// The sessions, and whose, that a provider's word ends: those of a subject, or the one that the provider calls
    /// `sid`, or that one of the subject's. Of a subject also those whose `sid` the provider never told.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_sessions_of_provider(
        &mut self,
        connection: ConnectionId,
        issuer: &str,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> Result<Vec<(SessionId, UserId)>, Error> {
        let rows: Vec<(Uuid, Uuid)> = fetch_all!(
            self.read.conn,
            (Uuid, Uuid),
            "SELECT s.id, s.user_id FROM sessions s WHERE s.tenant_id = $1 AND s.connection_id = $2 AND s.issuer = $3 \
             AND (CAST($4 AS TEXT) IS NULL OR s.subject = $4) \
             AND (CAST($5 AS TEXT) IS NULL OR s.sid = $5 OR (s.sid IS NULL AND CAST($4 AS TEXT) IS NOT NULL)) \
             ORDER BY s.user_id, s.id",
            self.read.tenant.0,
            connection.0,
            issuer,
            subject,
            sid,
        )?;
        Ok(rows
            .into_iter()
            .map(|(session, user)| (SessionId(session), UserId(user)))
            .collect())
    }

    /// Whether a session of a person is there and their access has not ended since it was opened. Once the person is locked
    /// it stays so until the commit, but for a sign-out. Times are the caller's to judge.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_session(&mut self, session: SessionId, user: UserId) -> Result<bool, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.read.conn,
            (i64,),
            "SELECT s.epoch FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id \
             WHERE s.tenant_id = $1 AND s.id = $2 AND s.user_id = $3 AND s.epoch = u.access_epoch",
            self.read.tenant.0,
            session.0,
            user.0,
        )?;
        Ok(found.is_some())
    }

    /// Opens a session under the access epoch that its person has at this moment.
    pub(super) async fn insert_session(&mut self, session: &NewSession) -> Result<(), Error> {
        let (identity, sid, logout_hint) = match &session.proof {
            Proof::Sso {
                identity,
                sid,
                logout_hint,
                ..
            } => (Some(identity), sid.as_deref(), logout_hint.as_deref()),
            Proof::Local { .. } | Proof::Carried { .. } => (None, None, None),
        };
        execute!(
            self.read.conn,
            "INSERT INTO sessions (tenant_id, id, hash, user_id, epoch, auth_method, connection_id, issuer, subject, \
             sid, id_token, created_at, seen_at, expires_at) \
             SELECT $1, $2, $3, $4, access_epoch, $5, $6, $7, $8, $9, $10, $11, $13, $12 \
             FROM users WHERE tenant_id = $1 AND id = $4",
            self.read.tenant.0,
            session.id.0,
            session.hash.0.as_slice(),
            session.user.0,
            session.proof.as_str(),
            identity.map(|identity| identity.connection.0),
            identity.map(|identity| identity.issuer.as_str()),
            identity.map(|identity| identity.subject.as_str()),
            sid,
            logout_hint,
            micros(session.created_at),
            micros(session.expires_at),
            micros(session.seen_at),
        )?;
        Ok(())
    }

    pub(super) async fn delete_sessions(&mut self, ids: &[SessionId]) -> Result<(), Error> {
        for id in ids {
            execute!(
                self.read.conn,
                "DELETE FROM sessions WHERE tenant_id = $1 AND id = $2",
                self.read.tenant.0,
                id.0,
            )?;
        }
        Ok(())
    }
}
