-- People read from files, who wait to be looked at, confirmed and made. No fact is in here: whoever is made of a row is one.

CREATE TABLE imports (
    tenant_id    BLOB NOT NULL,
    id           BLOB NOT NULL,
    -- reading, preview, running, done or stopped.
    state        TEXT NOT NULL,
    -- JSON: the headers of the file, and the field that each of them stands for.
    headers      TEXT NOT NULL,
    -- As `audit.actor`.
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    confirmed_by TEXT,
    -- Of the request that confirmed it.
    request_id   TEXT,
    -- JSON: why it was stopped.
    stopped      TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX imports_running ON imports (id) WHERE state = 'running';
CREATE INDEX imports_expiry ON imports (expires_at);

CREATE TABLE import_rows (
    tenant_id  BLOB NOT NULL,
    import_id  BLOB NOT NULL,
    line       INTEGER NOT NULL,
    -- good, refused or created.
    state      TEXT NOT NULL,
    email      TEXT,
    -- JSON: the person to be made; forgotten when they are.
    draft      TEXT,
    -- A JSON list: what is wrong.
    faults     TEXT NOT NULL,
    user_id    BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_rows_good ON import_rows (tenant_id, import_id, line) WHERE state = 'good';
CREATE INDEX import_rows_user ON import_rows (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX import_rows_expiry ON import_rows (expires_at);
