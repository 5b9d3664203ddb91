-- What the groups of a directory give to their members, in order.
CREATE TABLE group_rules (
    tenant_id    BLOB NOT NULL,
    group_id     BLOB NOT NULL,
    directory_id BLOB NOT NULL,
    position     INTEGER NOT NULL,
    role         TEXT,
    sections     TEXT NOT NULL,
    admin_scope  TEXT,
    PRIMARY KEY (tenant_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_rules_order ON group_rules (tenant_id, directory_id, position);

-- Directories whose people's grants are being made what the rules give, and how far that is.
CREATE TABLE alignments (
    tenant_id    BLOB NOT NULL,
    directory_id BLOB NOT NULL,
    -- The last person who is done; all zeros before the first, NULL when the walk is over and some are held.
    after_id     BLOB,
    held         TEXT NOT NULL,
    due_at       INTEGER NOT NULL,
    request_id   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, directory_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_source ON grants (tenant_id, source, user_id) WHERE ended_at IS NULL;
