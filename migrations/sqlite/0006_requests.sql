-- What identity providers have asked of a directory, with secrets removed, and how often.

-- The newest only: the program removes rows past its bounds. Bodies stand last, so that lists need not read them.
CREATE TABLE scim_requests (
    tenant_id      BLOB NOT NULL,
    directory_id   BLOB NOT NULL,
    id             BLOB NOT NULL,
    at             INTEGER NOT NULL,
    method         TEXT NOT NULL,
    path           TEXT NOT NULL,
    status         INTEGER NOT NULL,
    micros         INTEGER NOT NULL,
    request_id     TEXT NOT NULL,
    token_id       BLOB NOT NULL,
    user_agent     TEXT,
    scim_type      TEXT,
    detail         TEXT,
    request_size   INTEGER NOT NULL,
    request_state  TEXT NOT NULL,
    response_size  INTEGER NOT NULL,
    response_state TEXT NOT NULL,
    bytes          INTEGER NOT NULL,
    request_body   TEXT,
    response_body  TEXT,
    PRIMARY KEY (tenant_id, directory_id, id)
) STRICT;

-- Every request, also those that are not kept above. `hour` counts hours since 1970.
CREATE TABLE scim_counts (
    tenant_id    BLOB NOT NULL,
    directory_id BLOB NOT NULL,
    hour         INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    status       INTEGER NOT NULL,
    scim_type    TEXT NOT NULL,
    requests     INTEGER NOT NULL,
    unlogged     INTEGER NOT NULL,
    micros       INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, hour, kind, status, scim_type)
) STRICT, WITHOUT ROWID;

-- What the provider called the person when they last signed in, to be held against what the directory says.
ALTER TABLE identities ADD COLUMN said_user_name TEXT;
ALTER TABLE identities ADD COLUMN said_user_name_key TEXT;
ALTER TABLE identities ADD COLUMN said_email TEXT;
ALTER TABLE identities ADD COLUMN said_email_key TEXT;
ALTER TABLE identities ADD COLUMN said_external_id TEXT;
