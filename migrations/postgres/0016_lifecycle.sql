-- The audit chain, the dates of access as they pass, and what is left of people who were removed for good.

-- `digest` is of the salt and of both documents; the salt goes with the documents when a person is erased. `hash` covers
-- the row before, every other column and the digest. Rows that have a number already are chained by the job: hashing is
-- the program's.
ALTER TABLE audit ADD COLUMN salt BYTEA;
ALTER TABLE audit ADD COLUMN digest BYTEA;
ALTER TABLE audit ADD COLUMN hash BYTEA;
ALTER TABLE audit ADD COLUMN erased BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE audit_heads ADD COLUMN chained BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_heads ADD COLUMN hash BYTEA;
-- Written when the number is given, and not in the transaction of the row.
CREATE INDEX audit_actor ON audit (tenant_id, actor, seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_target ON audit (tenant_id, target_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_action ON audit (tenant_id, action, seq) WHERE seq IS NOT NULL;

-- The date that was told when it passed; another date is told anew.
ALTER TABLE users ADD COLUMN begun_noted BIGINT;
ALTER TABLE users ADD COLUMN ended_noted BIGINT;
UPDATE users SET begun_noted = access_from WHERE access_from <= (extract(epoch FROM now()) * 1000000)::bigint;
UPDATE users SET ended_noted = access_until WHERE access_until <= (extract(epoch FROM now()) * 1000000)::bigint;
CREATE INDEX users_begin ON users (access_from) WHERE access_from IS NOT NULL AND deleted_at IS NULL
    AND (begun_noted IS NULL OR begun_noted <> access_from);
CREATE INDEX users_end ON users (access_until) WHERE access_until IS NOT NULL AND deleted_at IS NULL
    AND (ended_noted IS NULL OR ended_noted <> access_until);

CREATE INDEX users_deleted ON users (tenant_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- By what names somebody who was removed for good would be known again: keyed hashes, which give no name back.
CREATE TABLE gone_names (
    tenant_id    UUID NOT NULL,
    hash         BYTEA NOT NULL,
    user_id      UUID NOT NULL,
    by_directory BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
-- NULL until the person is removed for good; then the tombstone has no name any more.
ALTER TABLE tombstones ADD COLUMN removed_at BIGINT;
ALTER TABLE tombstones ADD COLUMN erased_at BIGINT;

-- Every grant that there ever was, for questions about a day.
CREATE INDEX grants_history ON grants (tenant_id, user_id, granted_at);
