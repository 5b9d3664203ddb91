-- How many people and groups a directory shows, kept by triggers so that no way of writing can forget it. `changes`
-- grows whenever the set of either changes. A directory has a row for each of 128 shards and its totals are their sums:
-- writers on different connections count on different rows, so that they do not wait for one another's commits. One
-- shard may be below zero. Room is left on the pages, so that an update stays on the page of the row.
CREATE TABLE directory_totals (
    tenant_id    UUID NOT NULL,
    directory_id UUID NOT NULL,
    shard        BIGINT NOT NULL,
    users        BIGINT NOT NULL,
    groups       BIGINT NOT NULL,
    changes      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION note_directory_total(tenant UUID, directory UUID, more_users BIGINT, more_groups BIGINT)
RETURNS VOID LANGUAGE sql AS $$
    INSERT INTO directory_totals AS total (tenant_id, directory_id, shard, users, groups, changes)
        VALUES (tenant, directory, pg_backend_pid() % 128, more_users, more_groups, 1)
        ON CONFLICT (tenant_id, directory_id, shard) DO UPDATE SET
            users = total.users + excluded.users,
            groups = total.groups + excluded.groups,
            changes = total.changes + 1
$$;

-- A statement counts once for all its rows: a row that one transaction updates very often gets slow.
CREATE FUNCTION count_users_of_statement() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_directory_total(tenant_id, directory_id, CASE TG_OP WHEN 'INSERT' THEN many ELSE -many END, 0)
    FROM (
        SELECT tenant_id, directory_id, count(*) AS many FROM touched
        WHERE directory_id IS NOT NULL AND deleted_at IS NULL
        GROUP BY tenant_id, directory_id ORDER BY tenant_id, directory_id
    ) AS counted;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_come AFTER INSERT ON users REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION count_users_of_statement();
CREATE TRIGGER users_go AFTER DELETE ON users REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION count_users_of_statement();

CREATE FUNCTION count_groups_of_statement() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_directory_total(tenant_id, directory_id, 0, CASE TG_OP WHEN 'INSERT' THEN many ELSE -many END)
    FROM (
        SELECT tenant_id, directory_id, count(*) AS many FROM touched
        GROUP BY tenant_id, directory_id ORDER BY tenant_id, directory_id
    ) AS counted;
    RETURN NULL;
END
$$;
CREATE TRIGGER groups_come AFTER INSERT ON groups REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION count_groups_of_statement();
CREATE TRIGGER groups_go AFTER DELETE ON groups REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION count_groups_of_statement();

-- Deleted, restored or moved. Row by row, since only so can the many updates that do none of this be passed over for
-- nothing; deferred, so that the row of the shard is locked after every other lock of the transaction.
CREATE FUNCTION count_moved_user() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF old.directory_id IS NOT NULL AND old.deleted_at IS NULL THEN
        PERFORM note_directory_total(old.tenant_id, old.directory_id, -1, 0);
    END IF;
    IF new.directory_id IS NOT NULL AND new.deleted_at IS NULL THEN
        PERFORM note_directory_total(new.tenant_id, new.directory_id, 1, 0);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER users_move AFTER UPDATE OF directory_id, deleted_at ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (old.directory_id IS DISTINCT FROM new.directory_id OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL))
    EXECUTE FUNCTION count_moved_user();

-- After the triggers, whose locks keep writers out until the end of the migration.
INSERT INTO directory_totals (tenant_id, directory_id, shard, users, groups, changes)
    SELECT tenant_id, directory_id, 0, sum(is_user), sum(1 - is_user), 1
    FROM (
        SELECT tenant_id, directory_id, 1 AS is_user FROM users
            WHERE directory_id IS NOT NULL AND deleted_at IS NULL
        UNION ALL
        SELECT tenant_id, directory_id, 0 FROM groups
    ) AS shown
    GROUP BY tenant_id, directory_id;
