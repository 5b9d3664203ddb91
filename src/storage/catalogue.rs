//! Sections and permission groups.

use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::tx::{ReadTx, Tx};
use crate::directory::{Catalogue, CatalogueFact, PermissionGroup, Section};

#[derive(sqlx::FromRow)]
struct SectionRow {
    key: String,
    name_en: String,
    name_fr: String,
    position: i64,
}

#[derive(sqlx::FromRow)]
struct RoleRow {
    key: String,
    name: String,
    description: String,
    rights: String,
    sections: String,
    delivered: bool,
}

impl RoleRow {
    fn into_group(self) -> Result<PermissionGroup, Error> {
        let keys =
            |text: &str| serde_json::from_str(text).map_err(|error| Error::Corrupt(format!("role: {error}")));
        Ok(PermissionGroup {
            rights: keys(&self.rights)?,
            sections: keys(&self.sections)?,
            key: self.key,
            name: self.name,
            description: self.description,
            delivered: self.delivered,
        })
    }
}

impl ReadTx {
    /// Every permission group and every section of the tenant.
    ///
    /// # Errors
    /// The database failed.
    pub async fn load_catalogue(&mut self) -> Result<Catalogue, Error> {
        let roles = fetch_all!(
            self.conn,
            RoleRow,
            // The delivered first, the user before the administrator.
            "SELECT key, name, description, rights, sections, delivered FROM roles WHERE tenant_id = $1 \
             ORDER BY delivered DESC, CASE WHEN key = 'user' THEN 0 ELSE 1 END, key",
            self.tenant.0,
        )?;
        let sections = fetch_all!(
            self.conn,
            SectionRow,
            "SELECT key, name_en, name_fr, position FROM sections WHERE tenant_id = $1 ORDER BY position, key",
            self.tenant.0,
        )?;
        let section = |row: SectionRow| {
            let position = u32::try_from(row.position);
            Ok(Section {
                position: position.map_err(|_| Error::Corrupt(format!("position {}", row.position)))?,
                key: row.key,
                name_en: row.name_en,
                name_fr: row.name_fr,
            })
        };
        Ok(Catalogue {
            roles: roles
                .into_iter()
                .map(RoleRow::into_group)
                .collect::<Result<_, _>>()?,
            sections: sections.into_iter().map(section).collect::<Result<_, Error>>()?,
        })
    }

    /// How many people who are not deleted have a grant of a permission group or of a section, whichever `kinds`
    /// names: `role`, or `section` with `withheld`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_holders(&mut self, kinds: [&str; 2], key: &str) -> Result<u64, Error> {
        let found: Option<(i64,)> = fetch_optional!(
            self.conn,
            (i64,),
            "SELECT count(DISTINCT g.user_id) FROM grants g \
             JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id AND u.deleted_at IS NULL \
             WHERE g.tenant_id = $1 AND g.ended_at IS NULL AND g.kind IN ($2, $3) AND g.value = $4",
            self.tenant.0,
            kinds[0],
            kinds[1],
            key,
        )?;
        Ok(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or_default()))
    }
}

impl Tx {
    /// Every permission group and every section, which stay until the commit: what is written may name them. The tenant's
    /// row stands for them, as it does for its entities.
    ///
    /// # Errors
    /// The database failed.
    pub async fn load_catalogue_for_share(&mut self) -> Result<Catalogue, Error> {
        if self.read.conn.locks_rows() {
            execute!(
                self.read.conn,
                "SELECT tenant_id FROM tenants WHERE tenant_id = $1 FOR SHARE",
                self.read.tenant.0,
            )?;
        }
        self.read.load_catalogue().await
    }

    pub(super) async fn apply_catalogue(&mut self, fact: CatalogueFact) -> Result<(), Error> {
        match fact {
            CatalogueFact::SectionSet(section) => {
                execute!(
                    self.read.conn,
                    "INSERT INTO sections (tenant_id, key, name_en, name_fr, position) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (tenant_id, key) DO UPDATE SET name_en = $3, name_fr = $4, position = $5",
                    self.read.tenant.0,
                    section.key.as_str(),
                    section.name_en.as_str(),
                    section.name_fr.as_str(),
                    i64::from(section.position),
                )?;
            }
            CatalogueFact::SectionRemoved(key) => {
                execute!(
                    self.read.conn,
                    "DELETE FROM sections WHERE tenant_id = $1 AND key = $2",
                    self.read.tenant.0,
                    key.as_str(),
                )?;
            }
            CatalogueFact::RoleSet(role) => self.save_role(&role).await?,
            CatalogueFact::RoleRemoved(key) => {
                execute!(
                    self.read.conn,
                    "DELETE FROM roles WHERE tenant_id = $1 AND key = $2",
                    self.read.tenant.0,
                    key.as_str(),
                )?;
            }
        }
        Ok(())
    }

    pub(super) async fn save_role(&mut self, role: &PermissionGroup) -> Result<(), Error> {
        let json =
            |keys: &[String]| serde_json::to_string(keys).map_err(|error| Error::Corrupt(error.to_string()));
        execute!(
            self.read.conn,
            "INSERT INTO roles (tenant_id, key, name, description, rights, sections, delivered) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (tenant_id, key) DO UPDATE SET name = $3, description = $4, rights = $5, sections = $6",
            self.read.tenant.0,
            role.key.as_str(),
            role.name.as_str(),
            role.description.as_str(),
            json(&role.rights)?,
            json(&role.sections)?,
            role.delivered,
        )?;
        Ok(())
    }
}
