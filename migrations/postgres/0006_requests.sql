-- What identity providers have asked of a directory, with secrets removed, and how often.

-- The newest only: the program removes rows past its bounds. Bodies stand last, so that lists need not read them.
CREATE TABLE scim_requests (
    tenant_id      UUID NOT NULL,
    directory_id   UUID NOT NULL,
    id             UUID NOT NULL,
    at             BIGINT NOT NULL,
    method         TEXT COLLATE "C" NOT NULL,
    path           TEXT COLLATE "C" NOT NULL,
    status         BIGINT NOT NULL,
    micros         BIGINT NOT NULL,
    request_id     TEXT COLLATE "C" NOT NULL,
    token_id       UUID NOT NULL,
    user_agent     TEXT COLLATE "C",
    scim_type      TEXT COLLATE "C",
    detail         TEXT COLLATE "C",
    request_size   BIGINT NOT NULL,
    request_state  TEXT COLLATE "C" NOT NULL,
    response_size  BIGINT NOT NULL,
    response_state TEXT COLLATE "C" NOT NULL,
    bytes          BIGINT NOT NULL,
    request_body   TEXT COLLATE "C",
    response_body  TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, directory_id, id)
);

-- Every request, also those that are not kept above. `hour` counts hours since 1970.
CREATE TABLE scim_counts (
    tenant_id    UUID NOT NULL,
    directory_id UUID NOT NULL,
    hour         BIGINT NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    status       BIGINT NOT NULL,
    scim_type    TEXT COLLATE "C" NOT NULL,
    requests     BIGINT NOT NULL,
    unlogged     BIGINT NOT NULL,
    micros       BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, hour, kind, status, scim_type)
);

-- What the provider called the person when they last signed in, to be held against what the directory says.
ALTER TABLE identities ADD COLUMN said_user_name TEXT COLLATE "C";
ALTER TABLE identities ADD COLUMN said_user_name_key TEXT COLLATE "C";
ALTER TABLE identities ADD COLUMN said_email TEXT COLLATE "C";
ALTER TABLE identities ADD COLUMN said_email_key TEXT COLLATE "C";
ALTER TABLE identities ADD COLUMN said_external_id TEXT COLLATE "C";
