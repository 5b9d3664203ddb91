//! What of a directory's people may have gone wrong: names that a provider disagrees with, records that nobody touches.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::engine::{fetch_all, fetch_optional};
use super::error::Error;
use super::tx::ReadTx;
use super::users::{UserRow, select_user};
use crate::directory::disagreement::{NameKind, written_email};
use crate::directory::{ConnectionId, DirectoryId, Disagreement, Profile, User, UserId};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    connection_id: Uuid,
    user_name: String,
    user_name_key: String,
    email_key: Option<String>,
    external_id: Option<String>,
    profile: String,
    said_user_name: Option<String>,
    said_user_name_key: Option<String>,
    said_email: Option<String>,
    said_email_key: Option<String>,
    said_external_id: Option<String>,
}

/// A statement over the people of a directory who have signed in, with what was said of them, as `held`.
macro_rules! from_held {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM (SELECT u.id, i.connection_id, u.user_name, u.user_name_key, u.external_id, u.profile, \
             i.said_user_name, i.said_user_name_key, i.said_email, i.said_email_key, i.said_external_id, \
             (SELECT e.value_key FROM user_emails e WHERE e.tenant_id = $1 AND e.user_id = u.id \
             ORDER BY coalesce(e.is_primary, FALSE) DESC, e.position LIMIT 1) AS email_key \
             FROM identities i JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id \
             WHERE i.tenant_id = $1 AND u.directory_id = $2 AND u.deleted_at IS NULL) AS held ",
            $rest
        )
    };
}

impl Row {
    fn into_disagreements(self) -> Vec<Disagreement> {
        let mut found = Vec::new();
        let mut differ = |kind, directory_says: String, sso_says: String| {
            found.push(Disagreement {
                user: UserId(self.id),
                user_name: self.user_name.clone(),
                connection: ConnectionId(self.connection_id),
                kind,
                directory_says,
                sso_says,
            });
        };
        if let (Some(said), Some(key)) = (self.said_user_name, self.said_user_name_key)
            && key != self.user_name_key
        {
            differ(NameKind::UserName, self.user_name.clone(), said);
        }
        if let (Some(said), Some(said_key), Some(key)) =
            (self.said_email, self.said_email_key, self.email_key)
            && said_key != key
        {
            let written = written_email(&Profile::from_stored(self.profile), &key);
            differ(NameKind::Email, written.unwrap_or(key), said);
        }
        if let (Some(said), Some(id)) = (self.said_external_id, self.external_id)
            && said != id
        {
            differ(NameKind::ExternalId, id, said);
        }
        found
    }
}

impl ReadTx {
    /// How many names of a directory's people their providers disagree with.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_disagreements(&mut self, directory: DirectoryId) -> Result<i64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            from_held!(
                "CAST(coalesce(sum(CASE WHEN said_user_name_key <> user_name_key THEN 1 ELSE 0 END \
                 + CASE WHEN said_email_key <> email_key THEN 1 ELSE 0 END \
                 + CASE WHEN said_external_id <> external_id THEN 1 ELSE 0 END), 0) AS BIGINT)",
                ""
            ),
            self.tenant.0,
            directory.0,
        )?;
        Ok(found.map_or(0, |(count,)| count))
    }

    /// The first of these names, by person: those of up to `people` people.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_disagreements(
        &mut self,
        directory: DirectoryId,
        people: u32,
    ) -> Result<Vec<Disagreement>, Error> {
        let rows = fetch_all!(
            self.conn,
            Row,
            from_held!(
                "*",
                "WHERE said_user_name_key <> user_name_key OR said_email_key <> email_key \
                 OR said_external_id <> external_id ORDER BY id, connection_id LIMIT $3"
            ),
            self.tenant.0,
            directory.0,
            i64::from(people),
        )?;
        Ok(rows.into_iter().flat_map(Row::into_disagreements).collect())
    }

    /// How many active people of a directory have a record that nothing has changed since a time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_untouched(&mut self, directory: DirectoryId, since: Timestamp) -> Result<i64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(*) FROM users u WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.deleted_at IS NULL \
             AND u.active = TRUE AND u.modified_at < $3",
            self.tenant.0,
            directory.0,
            micros(since),
        )?;
        Ok(found.map_or(0, |(count,)| count))
    }

    /// Some of these people, longest untouched first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_untouched(
        &mut self,
        directory: DirectoryId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<User>, Error> {
        fetch_all!(
            self.conn,
            UserRow,
            select_user!(
                "WHERE u.tenant_id = $1 AND u.directory_id = $2 AND u.deleted_at IS NULL AND u.active = TRUE \
                 AND u.modified_at < $3 ORDER BY u.modified_at, u.id LIMIT $4"
            ),
            self.tenant.0,
            directory.0,
            micros(since),
            i64::from(limit),
        )?
        .into_iter()
        .map(UserRow::into_user)
        .collect()
    }
}
