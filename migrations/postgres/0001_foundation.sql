-- Times are microseconds since 1970, documents are JSON text; text sorts and compares by code point.
-- `*_key` columns hold text whose case was folded by the program; nothing here folds case.

CREATE TABLE settings (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tenants (
    tenant_id     UUID NOT NULL PRIMARY KEY,
    slug          TEXT COLLATE "C" NOT NULL UNIQUE,
    name          TEXT COLLATE "C" NOT NULL,
    support_email TEXT COLLATE "C",
    sign_in       TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE directories (
    tenant_id  UUID NOT NULL,
    id         UUID NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    name_key   TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX directories_name ON directories (tenant_id, name_key);

CREATE TABLE directory_tokens (
    tenant_id    UUID NOT NULL,
    id           UUID NOT NULL,
    directory_id UUID NOT NULL,
    hash         BYTEA NOT NULL,
    prefix       TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX directory_tokens_hash ON directory_tokens (hash);

CREATE TABLE users (
    tenant_id        UUID NOT NULL,
    id               UUID NOT NULL,
    directory_id     UUID,
    user_name        TEXT COLLATE "C" NOT NULL,
    user_name_key    TEXT COLLATE "C" NOT NULL,
    external_id      TEXT COLLATE "C",
    display_name     TEXT COLLATE "C",
    display_name_key TEXT COLLATE "C",
    manager_key      TEXT COLLATE "C",
    active           BOOLEAN,
    blocked          BOOLEAN NOT NULL,
    admin_scope      TEXT COLLATE "C",
    access_epoch     BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    modified_at      BIGINT NOT NULL,
    deleted_at       BIGINT,
    profile          TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
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
    tenant_id  UUID NOT NULL,
    user_id    UUID NOT NULL,
    position   BIGINT NOT NULL,
    value_key  TEXT COLLATE "C" NOT NULL,
    type_key   TEXT COLLATE "C",
    is_primary BOOLEAN,
    PRIMARY KEY (tenant_id, user_id, position)
);
CREATE INDEX user_emails_value ON user_emails (tenant_id, value_key, type_key, is_primary);

-- What is known of a deleted person for good; it goes only when the person is restored.
CREATE TABLE tombstones (
    tenant_id     UUID NOT NULL,
    user_id       UUID NOT NULL,
    directory_id  UUID,
    external_id   TEXT COLLATE "C",
    user_name_key TEXT COLLATE "C" NOT NULL,
    deleted_at    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX tombstones_user_name ON tombstones (tenant_id, user_name_key);
CREATE INDEX tombstones_external_id ON tombstones (tenant_id, directory_id, external_id);

CREATE TABLE groups (
    tenant_id        UUID NOT NULL,
    id               UUID NOT NULL,
    directory_id     UUID NOT NULL,
    display_name     TEXT COLLATE "C" NOT NULL,
    display_name_key TEXT COLLATE "C" NOT NULL,
    external_id      TEXT COLLATE "C",
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    modified_at      BIGINT NOT NULL,
    profile          TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX groups_display_name ON groups (tenant_id, directory_id, display_name_key);
CREATE INDEX groups_listing ON groups (tenant_id, directory_id, id);
CREATE INDEX groups_external_id ON groups (tenant_id, directory_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX groups_modified ON groups (tenant_id, directory_id, modified_at);

CREATE TABLE group_members (
    tenant_id UUID NOT NULL,
    group_id  UUID NOT NULL,
    member_id UUID NOT NULL,
    is_group  BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id)
);
CREATE INDEX group_members_member ON group_members (tenant_id, member_id, group_id);

CREATE TABLE audit (
    tenant_id   UUID NOT NULL,
    id          UUID NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT COLLATE "C" NOT NULL,
    source      TEXT COLLATE "C" NOT NULL,
    action      TEXT COLLATE "C" NOT NULL,
    target_kind TEXT COLLATE "C" NOT NULL,
    target_id   UUID NOT NULL,
    before_json TEXT,
    after_json  TEXT,
    request_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
