-- People read from files, who wait to be looked at, confirmed and made. No fact is in here: whoever is made of a row is one.

CREATE TABLE imports (
    tenant_id    UUID NOT NULL,
    id           UUID NOT NULL,
    -- reading, preview, running, done or stopped.
    state        TEXT COLLATE "C" NOT NULL,
    -- JSON: the headers of the file, and the field that each of them stands for.
    headers      TEXT COLLATE "C" NOT NULL,
    -- As `audit.actor`.
    created_by   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    confirmed_by TEXT COLLATE "C",
    -- Of the request that confirmed it.
    request_id   TEXT COLLATE "C",
    -- JSON: why it was stopped.
    stopped      TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX imports_running ON imports (id) WHERE state = 'running';
CREATE INDEX imports_expiry ON imports (expires_at);

CREATE TABLE import_rows (
    tenant_id  UUID NOT NULL,
    import_id  UUID NOT NULL,
    line       BIGINT NOT NULL,
    -- good, refused or created.
    state      TEXT COLLATE "C" NOT NULL,
    email      TEXT COLLATE "C",
    -- JSON: the person to be made; forgotten when they are.
    draft      TEXT COLLATE "C",
    -- A JSON list: what is wrong.
    faults     TEXT COLLATE "C" NOT NULL,
    user_id    UUID,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line)
);
CREATE INDEX import_rows_good ON import_rows (tenant_id, import_id, line) WHERE state = 'good';
CREATE INDEX import_rows_user ON import_rows (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX import_rows_expiry ON import_rows (expires_at);
