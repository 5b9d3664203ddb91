-- Deleted groups whose memberships are still being removed, from `next_member` on; nothing shows them.
CREATE TABLE group_purges (
    tenant_id   BLOB NOT NULL,
    group_id    BLOB NOT NULL,
    next_member BLOB NOT NULL,
    PRIMARY KEY (tenant_id, group_id)
) STRICT, WITHOUT ROWID;
