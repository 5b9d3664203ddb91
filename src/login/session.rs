//! A cookie -> who is signed in.

use jiff::Timestamp;

use super::{Denied, Login};
use crate::auth::bearer::{self, TokenKind};
use crate::directory::permission::{Permissions, permissions_of};
use crate::directory::session::IDLE;
use crate::directory::{AdminScope, Authority, SessionId, TenantId, User};
use crate::storage::SignedIn;

/// Somebody who is signed in, as they are at this moment: nothing in here is remembered from an earlier request.
#[derive(Clone)]
pub struct Session {
    /// The session and its person.
    pub of: SignedIn,
    /// What writes by this session have to carry, so that another site cannot make them.
    pub csrf_token: String,
}

impl Session {
    /// The session's id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.of.session.id
    }

    /// The person.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.of.user
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.of.tenant
    }

    /// What the person may administer; `None` without the tick.
    #[must_use]
    pub fn authority(&self) -> Option<Authority> {
        let user = self.user();
        user.administrator
            .clone()
            .map(|scope| Authority::Administrator { user: user.id, scope })
    }

    /// Whether a text is this session's CSRF token.
    #[must_use]
    pub fn is_csrf_token(&self, text: &str) -> bool {
        bearer::texts_match(text, &self.csrf_token)
    }
}

impl Login {
    /// Who is signed in by a cookie. Blocks, ends of access and changed rights hold from the next call on.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn identify_session(&self, cookie: Option<&str>, now: Timestamp) -> Result<Session, Denied> {
        let token = cookie.ok_or(Denied::Missing)?;
        // What cannot be one of ours costs no look-up.
        if !TokenKind::Session.made(token) {
            return Err(Denied::Invalid);
        }
        let found = self
            .store
            .system()
            .await?
            .find_session(&bearer::hash(token))
            .await?;
        let found = found.ok_or(Denied::Invalid)?;
        let session = &found.session;
        let is_live = now < session.expires_at && now < session.seen_at + IDLE;
        if !is_live || !found.user.has_access(now) {
            return Err(Denied::Invalid);
        }
        self.store.note_session_use(found.tenant, session.id, now);
        Ok(Session {
            csrf_token: bearer::derive(token, "csrf"),
            of: found,
        })
    }

    /// What somebody who is signed in may do in the product at this moment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn permissions(&self, session: &Session) -> Result<Permissions, Denied> {
        let mut tx = self.store.read(session.tenant()).await?;
        let grants = tx.list_grants(session.user().id).await?;
        Ok(permissions_of(&grants, &tx.load_catalogue().await?))
    }

    /// The names of the entities that the person's administrator scope names.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_scope_names(&self, session: &Session) -> Result<Vec<String>, Denied> {
        let Some(AdminScope::Entities(ids)) = &session.user().administrator else {
            return Ok(Vec::new());
        };
        let entities = self.store.read(session.tenant()).await?.list_entities().await?;
        let named = entities.into_iter().filter(|entity| ids.contains(&entity.id));
        Ok(named.map(|entity| entity.name).collect())
    }
}
