//! What the groups of directories give, and the people whose grants follow them.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use super::engine::{execute, fetch_all};
use super::error::Error;
use super::grants::GrantRow;
use super::statement::{Bind, Statement};
use super::tx::{ReadTx, Tx};
use super::users::{UserRow, select_user};
use crate::directory::group_mapping::{Follower, Followers, MappingRule};
use crate::directory::{DirectoryId, Grant, GrantSource, GroupId, UserId};

/// How many ids one statement carries at most.
const ID_CHUNK: usize = 500;

#[derive(sqlx::FromRow)]
struct RuleRow {
    group_id: Uuid,
    role: Option<String>,
    sections: String,
    admin_scope: Option<String>,
}

impl RuleRow {
    fn into_rule(self) -> Result<MappingRule, Error> {
        let corrupt = |error| Error::Corrupt(format!("rule of a group: {error}"));
        let scope = self.admin_scope.as_deref().map(serde_json::from_str);
        Ok(MappingRule {
            group: GroupId(self.group_id),
            role: self.role,
            sections: serde_json::from_str(&self.sections).map_err(corrupt)?,
            admin_scope: scope.transpose().map_err(corrupt)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct OwnedGrantRow {
    user_id: Uuid,
    #[sqlx(flatten)]
    grant: GrantRow,
}

impl ReadTx {
    /// The rules of a directory, in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_group_rules(&mut self, directory: DirectoryId) -> Result<Vec<MappingRule>, Error> {
        fetch_all!(
            self.conn,
            RuleRow,
            "SELECT group_id, role, sections, admin_scope FROM group_rules WHERE tenant_id = $1 AND directory_id = $2 \
             ORDER BY position",
            self.tenant.0,
            directory.0,
        )?
        .into_iter()
        .map(RuleRow::into_rule)
        .collect()
    }

    /// The rules of a directory, in order, if one of them names the group; nothing otherwise.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_group_rules_if_mapped(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
    ) -> Result<Vec<MappingRule>, Error> {
        fetch_all!(
            self.conn,
            RuleRow,
            "SELECT r.group_id, r.role, r.sections, r.admin_scope FROM group_rules own \
             JOIN group_rules r ON r.tenant_id = own.tenant_id AND r.directory_id = own.directory_id \
             WHERE own.tenant_id = $1 AND own.directory_id = $2 AND own.group_id = $3 ORDER BY r.position",
            self.tenant.0,
            directory.0,
            group.0,
        )?
        .into_iter()
        .map(RuleRow::into_rule)
        .collect()
    }

    /// The names of the groups that the rules of a directory name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_mapped_names(
        &mut self,
        directory: DirectoryId,
    ) -> Result<HashMap<GroupId, String>, Error> {
        let rows: Vec<(Uuid, String)> = fetch_all!(
            self.conn,
            (Uuid, String),
            "SELECT g.id, g.display_name FROM group_rules r \
             JOIN groups g ON g.tenant_id = r.tenant_id AND g.id = r.group_id \
             WHERE r.tenant_id = $1 AND r.directory_id = $2",
            self.tenant.0,
            directory.0,
        )?;
        Ok(rows.into_iter().map(|(id, name)| (GroupId(id), name)).collect())
    }

    /// The next people, by id, who have a grant from the groups of a directory or are members of a group with a rule.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_followers(
        &mut self,
        directory: DirectoryId,
        after: UserId,
        size: usize,
    ) -> Result<Vec<UserId>, Error> {
        // CROSS JOIN keeps SQLite from walking over the members of all groups; PostgreSQL does not mind.
        let rows: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT id FROM (SELECT DISTINCT user_id AS id FROM grants WHERE tenant_id = $1 AND source = $2 \
             AND ended_at IS NULL AND user_id > $3 ORDER BY 1 LIMIT $4) granted \
             UNION \
             SELECT id FROM (SELECT DISTINCT m.member_id AS id FROM group_rules r CROSS JOIN group_members m \
             WHERE r.tenant_id = $1 AND r.directory_id = $5 AND m.tenant_id = $1 AND m.group_id = r.group_id \
             AND m.is_group = FALSE AND m.member_id > $3 ORDER BY 1 LIMIT $4) members \
             ORDER BY id LIMIT $4",
            self.tenant.0,
            GrantSource::Directory(directory).to_text(),
            after.0,
            i64::try_from(size).unwrap_or(i64::MAX),
            directory.0,
        )?;
        Ok(rows.into_iter().map(|(id,)| UserId(id)).collect())
    }

    async fn list_grants_of(&mut self, ids: &[Uuid]) -> Result<HashMap<UserId, Vec<Grant>>, Error> {
        let mut sql =
            Statement::new("SELECT user_id, id, kind, value, source FROM grants WHERE tenant_id = ");
        sql.bind(Bind::Uuid(self.tenant.0))
            .push(" AND user_id IN ")
            .bind_ids(ids)
            .push(" AND ended_at IS NULL ORDER BY id");
        let mut found: HashMap<UserId, Vec<Grant>> = HashMap::new();
        for row in sql.fetch_all::<OwnedGrantRow>(&mut self.conn).await? {
            let grants = found.entry(UserId(row.user_id)).or_default();
            grants.push(row.grant.into_grant()?);
        }
        Ok(found)
    }

    async fn list_mapped_groups_of(
        &mut self,
        directory: DirectoryId,
        ids: &[Uuid],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, Error> {
        let mut sql = Statement::new(
            "SELECT m.member_id, m.group_id FROM group_members m \
             JOIN group_rules r ON r.tenant_id = m.tenant_id AND r.group_id = m.group_id WHERE m.tenant_id = ",
        );
        sql.bind(Bind::Uuid(self.tenant.0))
            .push(" AND r.directory_id = ")
            .bind(Bind::Uuid(directory.0))
            .push(" AND m.member_id IN ")
            .bind_ids(ids);
        let mut found: HashMap<UserId, Vec<GroupId>> = HashMap::new();
        for (user, group) in sql.fetch_all::<(Uuid, Uuid)>(&mut self.conn).await? {
            found.entry(UserId(user)).or_default().push(GroupId(group));
        }
        Ok(found)
    }
}

impl Tx {
    /// Which of these groups a directory has. They are locked until the commit, so that no member comes or goes
    /// meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_groups_for_share(
        &mut self,
        directory: DirectoryId,
        ids: &BTreeSet<GroupId>,
    ) -> Result<BTreeSet<GroupId>, Error> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let mut found = BTreeSet::new();
        for chunk in ids.chunks(ID_CHUNK) {
            let mut sql = Statement::new("SELECT id FROM groups WHERE tenant_id = ");
            sql.bind(Bind::Uuid(self.read.tenant.0))
                .push(" AND directory_id = ")
                .bind(Bind::Uuid(directory.0))
                .push(" AND id IN ")
                .bind_ids(chunk);
            if self.read.conn.locks_rows() {
                sql.push(" ORDER BY id FOR SHARE");
            }
            let rows: Vec<(Uuid,)> = sql.fetch_all(&mut self.read.conn).await?;
            found.extend(rows.into_iter().map(|(id,)| GroupId(id)));
        }
        Ok(found)
    }

    /// Those of these people who are not deleted, with what decides of their grants. They are locked until the commit;
    /// so are the tenant's administrators, if one of them is one with scope "all". Read by sets: what it costs grows
    /// with people, and not the number of statements.
    ///
    /// # Errors
    /// The database failed.
    pub async fn load_followers_for_update(
        &mut self,
        directory: DirectoryId,
        ids: &[UserId],
        now: Timestamp,
    ) -> Result<Followers, Error> {
        let mut ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        // Whoever locks several does so in this order.
        ids.sort_unstable();
        ids.dedup();
        self.effects.followers += ids.len();
        let mut followers = Followers::default();
        for chunk in ids.chunks(ID_CHUNK) {
            let mut sql = Statement::new(select_user!("WHERE u.deleted_at IS NULL AND u.tenant_id = "));
            sql.bind(Bind::Uuid(self.read.tenant.0))
                .push(" AND u.id IN ")
                .bind_ids(chunk)
                .push(" ORDER BY u.id");
            if self.read.conn.locks_rows() {
                sql.push(" FOR UPDATE");
            }
            let rows: Vec<UserRow> = sql.fetch_all(&mut self.read.conn).await?;
            // Read after the people are locked: whoever changes these locks them first.
            let mut grants = self.read.list_grants_of(chunk).await?;
            let mut groups = self.read.list_mapped_groups_of(directory, chunk).await?;
            for row in rows {
                let user = row.into_user()?;
                followers.people.push(Follower {
                    grants: grants.remove(&user.id).unwrap_or_default(),
                    groups: groups.remove(&user.id).unwrap_or_default(),
                    user,
                });
            }
        }
        let people = &followers.people;
        if people.iter().any(|person| person.user.is_full_administrator(now)) {
            let all = self.list_full_administrators_for_update(now).await?;
            let followed: BTreeSet<UserId> = people.iter().map(|person| person.user.id).collect();
            let others = all.iter().filter(|id| !followed.contains(id)).count();
            followers.other_full_administrators = u64::try_from(others).unwrap_or(u64::MAX);
        }
        Ok(followers)
    }

    /// How many people this transaction has loaded so far to have their grants aligned.
    #[must_use]
    pub fn count_followers(&self) -> usize {
        self.effects.followers
    }

    pub(super) async fn remove_group_rule(&mut self, group: GroupId) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM group_rules WHERE tenant_id = $1 AND group_id = $2",
            self.read.tenant.0,
            group.0,
        )?;
        Ok(())
    }

    pub(super) async fn set_group_rules(
        &mut self,
        directory: DirectoryId,
        rules: &[MappingRule],
    ) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "DELETE FROM group_rules WHERE tenant_id = $1 AND directory_id = $2",
            self.read.tenant.0,
            directory.0,
        )?;
        let json = |error: serde_json::Error| Error::Corrupt(error.to_string());
        for (position, rule) in (0_i64..).zip(rules) {
            let sections = serde_json::to_string(&rule.sections).map_err(json)?;
            let scope = rule.admin_scope.as_ref().map(serde_json::to_string);
            let scope = scope.transpose().map_err(json)?;
            execute!(
                self.read.conn,
                "INSERT INTO group_rules (tenant_id, group_id, directory_id, position, role, sections, admin_scope) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                self.read.tenant.0,
                rule.group.0,
                directory.0,
                position,
                rule.role.as_deref(),
                sections,
                scope,
            )?;
        }
        Ok(())
    }
}
