-- How many people and groups a directory shows, kept by triggers so that no way of writing can forget it. `changes`
-- grows whenever the set of either changes. SQLite has one writer, so the one shard is 0.
CREATE TABLE directory_totals (
    tenant_id    BLOB NOT NULL,
    directory_id BLOB NOT NULL,
    shard        INTEGER NOT NULL,
    users        INTEGER NOT NULL,
    groups       INTEGER NOT NULL,
    changes      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, shard)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER users_come AFTER INSERT ON users
WHEN new.directory_id IS NOT NULL AND new.deleted_at IS NULL
BEGIN
    INSERT INTO directory_totals (tenant_id, directory_id, shard, users, groups, changes)
        VALUES (new.tenant_id, new.directory_id, 0, 1, 0, 1)
        ON CONFLICT (tenant_id, directory_id, shard) DO UPDATE SET users = users + 1, changes = changes + 1;
END;

CREATE TRIGGER users_go AFTER DELETE ON users
WHEN old.directory_id IS NOT NULL AND old.deleted_at IS NULL
BEGIN
    UPDATE directory_totals SET users = users - 1, changes = changes + 1
        WHERE tenant_id = old.tenant_id AND directory_id = old.directory_id AND shard = 0;
END;

-- Deleted, or moved away.
CREATE TRIGGER users_leave AFTER UPDATE OF directory_id, deleted_at ON users
WHEN old.directory_id IS NOT NULL AND old.deleted_at IS NULL
    AND (new.deleted_at IS NOT NULL OR new.directory_id IS NOT old.directory_id)
BEGIN
    UPDATE directory_totals SET users = users - 1, changes = changes + 1
        WHERE tenant_id = old.tenant_id AND directory_id = old.directory_id AND shard = 0;
END;

-- Restored, or moved here.
CREATE TRIGGER users_arrive AFTER UPDATE OF directory_id, deleted_at ON users
WHEN new.directory_id IS NOT NULL AND new.deleted_at IS NULL
    AND (old.deleted_at IS NOT NULL OR new.directory_id IS NOT old.directory_id)
BEGIN
    INSERT INTO directory_totals (tenant_id, directory_id, shard, users, groups, changes)
        VALUES (new.tenant_id, new.directory_id, 0, 1, 0, 1)
        ON CONFLICT (tenant_id, directory_id, shard) DO UPDATE SET users = users + 1, changes = changes + 1;
END;

CREATE TRIGGER groups_come AFTER INSERT ON groups
BEGIN
    INSERT INTO directory_totals (tenant_id, directory_id, shard, users, groups, changes)
        VALUES (new.tenant_id, new.directory_id, 0, 0, 1, 1)
        ON CONFLICT (tenant_id, directory_id, shard) DO UPDATE SET groups = groups + 1, changes = changes + 1;
END;

CREATE TRIGGER groups_go AFTER DELETE ON groups
BEGIN
    UPDATE directory_totals SET groups = groups - 1, changes = changes + 1
        WHERE tenant_id = old.tenant_id AND directory_id = old.directory_id AND shard = 0;
END;

INSERT INTO directory_totals (tenant_id, directory_id, shard, users, groups, changes)
    SELECT tenant_id, directory_id, 0, sum(is_user), sum(1 - is_user), 1
    FROM (
        SELECT tenant_id, directory_id, 1 AS is_user FROM users
            WHERE directory_id IS NOT NULL AND deleted_at IS NULL
        UNION ALL
        SELECT tenant_id, directory_id, 0 FROM groups
    )
    GROUP BY tenant_id, directory_id;
