//! Entities.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::key::fold;
use crate::directory::{Entity, EntityFact, EntityId, EntityTree, EntityUse, Refusal};

#[derive(sqlx::FromRow)]
struct EntityRow {
    id: Uuid,
    parent_id: Option<Uuid>,
    name: String,
    created_at: i64,
}

impl EntityRow {
    fn into_entity(self) -> Result<Entity, Error> {
        Ok(Entity {
            id: EntityId(self.id),
            parent: self.parent_id.map(EntityId),
            name: self.name,
            created_at: timestamp(self.created_at)?,
        })
    }
}

impl ReadTx {
    /// Every entity of the tenant, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_entities(&mut self) -> Result<Vec<Entity>, Error> {
        fetch_all!(
            self.conn,
            EntityRow,
            "SELECT id, parent_id, name, created_at FROM entities WHERE tenant_id = $1 ORDER BY id",
            self.tenant.0,
        )?
        .into_iter()
        .map(EntityRow::into_entity)
        .collect()
    }

    /// One entity.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_entity(&mut self, id: EntityId) -> Result<Option<Entity>, Error> {
        fetch_optional!(
            self.conn,
            EntityRow,
            "SELECT id, parent_id, name, created_at FROM entities WHERE tenant_id = $1 AND id = $2",
            self.tenant.0,
            id.0,
        )?
        .map(EntityRow::into_entity)
        .transpose()
    }

    /// The tree of the tenant's entities.
    ///
    /// # Errors
    /// The database failed.
    pub async fn load_entity_tree(&mut self) -> Result<EntityTree, Error> {
        Ok(EntityTree::new(&self.list_entities().await?))
    }
}

impl Tx {
    /// Every entity of the tenant, locked until the commit: whether one may be moved depends on the others, and
    /// whether one may be deleted on who is being put under it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_entities_for_update(&mut self) -> Result<Vec<Entity>, Error> {
        // A row that does not exist yet cannot be locked, so the tenant stands for its tree.
        self.lock_tree("SELECT tenant_id FROM tenants WHERE tenant_id = $1 FOR NO KEY UPDATE")
            .await?;
        self.read.list_entities().await
    }

    /// The tree, which stays as it is until the commit: what is written may name its entities.
    ///
    /// # Errors
    /// The database failed.
    pub async fn load_entity_tree_for_share(&mut self) -> Result<EntityTree, Error> {
        self.lock_tree("SELECT tenant_id FROM tenants WHERE tenant_id = $1 FOR SHARE")
            .await?;
        self.read.load_entity_tree().await
    }

    async fn lock_tree(&mut self, sql: &'static str) -> Result<(), Error> {
        if self.read.conn.locks_rows() {
            execute!(self.read.conn, sql, self.read.tenant.0)?;
        }
        Ok(())
    }

    /// What still uses an entity.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_entity_uses(&mut self, id: EntityId) -> Result<EntityUse, Error> {
        // Ids are given out by us and found nowhere else in these JSON texts.
        let found: Option<(i64, i64, i64, i64)> = fetch_optional!(
            self.read.conn,
            (i64, i64, i64, i64),
            "SELECT (SELECT count(*) FROM entities WHERE tenant_id = $1 AND parent_id = $2), \
             (SELECT count(*) FROM users WHERE tenant_id = $1 AND entity_id = $2 AND deleted_at IS NULL) + \
             (SELECT count(*) FROM people WHERE tenant_id = $1 AND entity_id = $2), \
             (SELECT count(*) FROM users WHERE tenant_id = $1 AND admin_scope LIKE $3 AND deleted_at IS NULL) + \
             (SELECT count(*) FROM group_rules WHERE tenant_id = $1 AND admin_scope LIKE $3) + \
             (SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND scope LIKE $3 AND revoked_at IS NULL), \
             (SELECT count(*) FROM connections WHERE tenant_id = $1 AND settings LIKE $3)",
            self.read.tenant.0,
            id.0,
            format!("%{id}%"),
        )?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(
            found.map_or_else(EntityUse::default, |(parts, people, scopes, connections)| {
                EntityUse {
                    parts: number(parts),
                    people: number(people),
                    scopes: number(scopes),
                    connections: number(connections),
                }
            }),
        )
    }

    pub(super) async fn apply_entity(&mut self, fact: EntityFact) -> Result<(), Error> {
        let (written, name) = match fact {
            EntityFact::Created(entity) => {
                let inserted = execute!(
                    self.read.conn,
                    "INSERT INTO entities (tenant_id, id, parent_id, name, name_key, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                    self.read.tenant.0,
                    entity.id.0,
                    entity.parent.map(|id| id.0),
                    &entity.name,
                    fold(&entity.name).into_owned(),
                    micros(entity.created_at),
                )?;
                (inserted, entity.name)
            }
            EntityFact::Updated(entity) => {
                let key = fold(&entity.name).into_owned();
                let taken = self.read.list_entities().await?.iter().any(|other| {
                    other.id != entity.id && other.parent == entity.parent && fold(&other.name) == key
                });
                if taken {
                    return Err(Refusal::EntityNameTaken(entity.name).into());
                }
                let updated = execute!(
                    self.read.conn,
                    "UPDATE entities SET parent_id = $3, name = $4, name_key = $5 WHERE tenant_id = $1 AND id = $2",
                    self.read.tenant.0,
                    entity.id.0,
                    entity.parent.map(|id| id.0),
                    &entity.name,
                    key,
                )?;
                (updated, entity.name)
            }
            EntityFact::Deleted(id) => {
                execute!(
                    self.read.conn,
                    "DELETE FROM entities WHERE tenant_id = $1 AND id = $2",
                    self.read.tenant.0,
                    id.0,
                )?;
                return Ok(());
            }
        };
        if written == 0 {
            return Err(Refusal::EntityNameTaken(name).into());
        }
        Ok(())
    }
}
