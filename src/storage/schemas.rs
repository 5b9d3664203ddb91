//! Schemas of a directory's own.

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::{DirectoryId, DirectorySchema, SchemaFact, SchemaTarget, SchemaUse};

#[derive(sqlx::FromRow)]
struct SchemaRow {
    urn: String,
    resource_type: String,
    required: bool,
    document: String,
    created_at: i64,
    modified_at: i64,
}

impl SchemaRow {
    fn into_schema(self, directory: DirectoryId) -> Result<DirectorySchema, Error> {
        let target = SchemaTarget::parse(&self.resource_type);
        Ok(DirectorySchema {
            directory,
            target: target
                .ok_or_else(|| Error::Corrupt(format!("resource_type {:?}", self.resource_type)))?,
            urn: self.urn,
            required: self.required,
            document: self.document,
            created_at: timestamp(self.created_at)?,
            modified_at: timestamp(self.modified_at)?,
        })
    }
}

impl ReadTx {
    /// The schemas that a directory brings itself, in the order in which they were registered.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_schemas(&mut self, directory: DirectoryId) -> Result<Vec<DirectorySchema>, Error> {
        fetch_all!(
            self.conn,
            SchemaRow,
            "SELECT urn, resource_type, required, document, created_at, modified_at FROM directory_schemas \
             WHERE tenant_id = $1 AND directory_id = $2 ORDER BY position",
            self.tenant.0,
            directory.0,
        )?
        .into_iter()
        .map(|row| row.into_schema(directory))
        .collect()
    }
}

impl Tx {
    /// The revision of a directory's own schemas, which nobody else reads for a write or changes until the commit; `None`
    /// when there is no such directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_schemas_revision_for_update(&mut self, id: DirectoryId) -> Result<Option<i64>, Error> {
        let sql =
            "SELECT schemas_revision FROM directories WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE";
        self.find_schemas_revision(id, sql).await
    }

    /// The same, which stays as it is until the commit: what is written was judged by these schemas.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_schemas_revision_for_share(&mut self, id: DirectoryId) -> Result<Option<i64>, Error> {
        let sql = "SELECT schemas_revision FROM directories WHERE tenant_id = $1 AND id = $2 FOR SHARE";
        self.find_schemas_revision(id, sql).await
    }

    async fn find_schemas_revision(
        &mut self,
        id: DirectoryId,
        locking: &'static str,
    ) -> Result<Option<i64>, Error> {
        let sql = if self.read.conn.locks_rows() {
            locking
        } else {
            "SELECT schemas_revision FROM directories WHERE tenant_id = $1 AND id = $2"
        };
        let found: Option<(i64,)> = fetch_optional!(self.read.conn, (i64,), sql, self.read.tenant.0, id.0)?;
        Ok(found.map(|(revision,)| revision))
    }

    /// How many resources have data of a schema, and how many have not. It reads every one of the directory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_schema_uses(
        &mut self,
        directory: DirectoryId,
        target: SchemaTarget,
        urn: &str,
    ) -> Result<SchemaUse, Error> {
        // Data stands under the URN as it was registered. No text value can look like this: quotes in it are escaped.
        // `replace` is how both engines find a text exactly; LIKE knows wildcards, and in SQLite no case.
        let name = format!("\"{urn}\":");
        let sql = match target {
            SchemaTarget::User => {
                "SELECT count(*) FILTER (WHERE replace(profile, $3, '') <> profile), \
                 count(*) FILTER (WHERE deleted_at IS NULL AND replace(profile, $3, '') = profile) \
                 FROM users WHERE tenant_id = $1 AND directory_id = $2"
            }
            SchemaTarget::Group => {
                "SELECT count(*) FILTER (WHERE replace(profile, $3, '') <> profile), \
                 count(*) FILTER (WHERE replace(profile, $3, '') = profile) \
                 FROM groups WHERE tenant_id = $1 AND directory_id = $2"
            }
        };
        let found: Option<(i64, i64)> = fetch_optional!(
            self.read.conn,
            (i64, i64),
            sql,
            self.read.tenant.0,
            directory.0,
            name
        )?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(
            found.map_or_else(SchemaUse::default, |(with, without)| SchemaUse {
                with: number(with),
                without: number(without),
            }),
        )
    }

    pub(super) async fn apply_schema(&mut self, fact: SchemaFact) -> Result<(), Error> {
        let directory = match fact {
            SchemaFact::Registered(schema) => {
                execute!(
                    self.read.conn,
                    "INSERT INTO directory_schemas (tenant_id, directory_id, urn_key, resource_type, required, urn, \
                     document, created_at, modified_at, position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
                     (SELECT coalesce(max(position), 0) + 1 FROM directory_schemas \
                     WHERE tenant_id = $1 AND directory_id = $2))",
                    self.read.tenant.0,
                    schema.directory.0,
                    schema.urn.to_ascii_lowercase(),
                    schema.target.as_str(),
                    schema.required,
                    &schema.urn,
                    &schema.document,
                    micros(schema.created_at),
                    micros(schema.modified_at),
                )?;
                schema.directory
            }
            SchemaFact::Updated(schema) => {
                execute!(
                    self.read.conn,
                    "UPDATE directory_schemas SET required = $4, document = $5, modified_at = $6 \
                     WHERE tenant_id = $1 AND directory_id = $2 AND urn_key = $3",
                    self.read.tenant.0,
                    schema.directory.0,
                    schema.urn.to_ascii_lowercase(),
                    schema.required,
                    &schema.document,
                    micros(schema.modified_at),
                )?;
                schema.directory
            }
            SchemaFact::Removed { directory, urn } => {
                execute!(
                    self.read.conn,
                    "DELETE FROM directory_schemas WHERE tenant_id = $1 AND directory_id = $2 AND urn_key = $3",
                    self.read.tenant.0,
                    directory.0,
                    urn.to_ascii_lowercase(),
                )?;
                directory
            }
        };
        // A token opens its directory with the revision.
        self.effects.tokens_changed = true;
        execute!(
            self.read.conn,
            "UPDATE directories SET schemas_revision = schemas_revision + 1 WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            directory.0,
        )?;
        Ok(())
    }
}
