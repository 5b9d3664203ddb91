-- What the groups of a directory give to their members, in order.
CREATE TABLE group_rules (
    tenant_id    UUID NOT NULL,
    group_id     UUID NOT NULL,
    directory_id UUID NOT NULL,
    position     BIGINT NOT NULL,
    role         TEXT COLLATE "C",
    sections     TEXT COLLATE "C" NOT NULL,
    admin_scope  TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, group_id)
);
CREATE INDEX group_rules_order ON group_rules (tenant_id, directory_id, position);

-- Directories whose people's grants are being made what the rules give, and how far that is.
CREATE TABLE alignments (
    tenant_id    UUID NOT NULL,
    directory_id UUID NOT NULL,
    -- The last person who is done; all zeros before the first, NULL when the walk is over and some are held.
    after_id     UUID,
    held         TEXT COLLATE "C" NOT NULL,
    due_at       BIGINT NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, directory_id)
);

CREATE INDEX grants_source ON grants (tenant_id, source, user_id) WHERE ended_at IS NULL;
