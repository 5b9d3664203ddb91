-- How many people and groups a directory shows, kept by triggers so that no way of writing can forget it. `changes`
-- grows whenever the set of either changes. A directory has a row for each of 32 shards and its totals are their sums:
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
        VALUES (tenant, directory, pg_backend_pid() % 32, more_users, more_groups, 1)
        ON CONFLICT (tenant_id, directory_id, shard) DO UPDATE SET
            users = total.users + excluded.users,
            groups = total.groups + excluded.groups,
            changes = total.changes + 1
$$;

CREATE FUNCTION count_users_of_directories() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND old.directory_id IS NOT NULL AND old.deleted_at IS NULL THEN
        PERFORM note_directory_total(old.tenant_id, old.directory_id, -1, 0);
    END IF;
    IF TG_OP <> 'DELETE' AND new.directory_id IS NOT NULL AND new.deleted_at IS NULL THEN
        PERFORM note_directory_total(new.tenant_id, new.directory_id, 1, 0);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION count_groups_of_directories() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM note_directory_total(old.tenant_id, old.directory_id, 0, -1);
    ELSE
        PERFORM note_directory_total(new.tenant_id, new.directory_id, 0, 1);
    END IF;
    RETURN NULL;
END
$$;

-- Deferred: the row of a shard is locked at the commit, after every other lock of the transaction and for no longer
-- than the commit takes. Taken in the statement, it could be half of a deadlock with the locks of people and groups.
CREATE CONSTRAINT TRIGGER users_counted AFTER INSERT OR DELETE ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_users_of_directories();

CREATE CONSTRAINT TRIGGER users_counted_anew AFTER UPDATE OF directory_id, deleted_at ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (old.directory_id IS DISTINCT FROM new.directory_id OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL))
    EXECUTE FUNCTION count_users_of_directories();

CREATE CONSTRAINT TRIGGER groups_counted AFTER INSERT OR DELETE ON groups
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_groups_of_directories();

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
