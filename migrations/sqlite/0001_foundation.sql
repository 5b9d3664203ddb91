-- Ids are 16-byte blobs, times are microseconds since 1970, booleans are 0 and 1, documents are JSON text.
-- `*_key` columns hold text whose case was folded by the program; nothing here folds case.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    tenant_id     BLOB NOT NULL PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    support_email TEXT,
    sign_in       TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE directories (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX directories_name ON directories (tenant_id, name_key);

CREATE TABLE directory_tokens (
    tenant_id    BLOB NOT NULL,
    id           BLOB NOT NULL,
    directory_id BLOB NOT NULL,
    hash         BLOB NOT NULL,
    prefix       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX directory_tokens_hash ON directory_tokens (hash);

CREATE TABLE users (
    tenant_id        BLOB NOT NULL,
    id               BLOB NOT NULL,
    directory_id     BLOB,
    user_name        TEXT NOT NULL,
    user_name_key    TEXT NOT NULL,
    external_id      TEXT,
    display_name     TEXT,
    display_name_key TEXT,
    manager_key      TEXT,
    active           INTEGER,
    blocked          INTEGER NOT NULL,
    admin_scope      TEXT,
    access_epoch     INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    modified_at      INTEGER NOT NULL,
    deleted_at       INTEGER,
    profile          TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX users_user_name ON users (tenant_id, user_name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_external_id ON users (tenant_id, directory_id, external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX users_listing ON users (tenant_id, directory_id, id) WHERE deleted_at IS NULL;
CREATE INDEX users_active ON users (tenant_id, directory_id, active, id) WHERE deleted_at IS NULL;
CREATE INDEX users_display_name ON users (tenant_id, directory_id, display_name_key, id)
    WHERE deleted_at IS NULL AND display_name_key IS NOT NULL;
CREATE INDEX users_manager ON users (tenant_id, directory_id, manager_key, id)
    WHERE deleted_at IS NULL AND manager_key IS NOT NULL;
CREATE INDEX users_modified ON users (tenant_id, directory_id, modified_at) WHERE deleted_at IS NULL;
CREATE INDEX users_administrators ON users (tenant_id, id) WHERE admin_scope IS NOT NULL;

CREATE TABLE user_emails (
    tenant_id  BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    position   INTEGER NOT NULL,
    value_key  TEXT NOT NULL,
    type_key   TEXT,
    is_primary INTEGER,
    PRIMARY KEY (tenant_id, user_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_emails_value ON user_emails (tenant_id, value_key, type_key, is_primary);

-- What is known of a deleted person for good; it goes only when the person is restored.
CREATE TABLE tombstones (
    tenant_id     BLOB NOT NULL,
    user_id       BLOB NOT NULL,
    directory_id  BLOB,
    external_id   TEXT,
    user_name_key TEXT NOT NULL,
    deleted_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_user_name ON tombstones (tenant_id, user_name_key);
CREATE INDEX tombstones_external_id ON tombstones (tenant_id, directory_id, external_id);

CREATE TABLE groups (
    tenant_id        BLOB NOT NULL,
    id               BLOB NOT NULL,
    directory_id     BLOB NOT NULL,
    display_name     TEXT NOT NULL,
    display_name_key TEXT NOT NULL,
    external_id      TEXT,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    modified_at      INTEGER NOT NULL,
    profile          TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX groups_display_name ON groups (tenant_id, directory_id, display_name_key);
CREATE INDEX groups_listing ON groups (tenant_id, directory_id, id);
CREATE INDEX groups_external_id ON groups (tenant_id, directory_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX groups_modified ON groups (tenant_id, directory_id, modified_at);

CREATE TABLE group_members (
    tenant_id BLOB NOT NULL,
    group_id  BLOB NOT NULL,
    member_id BLOB NOT NULL,
    is_group  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_member ON group_members (tenant_id, member_id, group_id);

CREATE TABLE audit (
    tenant_id   BLOB NOT NULL,
    id          BLOB NOT NULL,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    source      TEXT NOT NULL,
    action      TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id   BLOB NOT NULL,
    before_json TEXT,
    after_json  TEXT,
    request_id  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
