-- Schemas that a directory brings itself (RFC 7643 section 3.3). `urn_key` is the URN in lower case.
CREATE TABLE directory_schemas (
    tenant_id     UUID NOT NULL,
    directory_id  UUID NOT NULL,
    urn_key       TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    required      BOOLEAN NOT NULL,
    urn           TEXT COLLATE "C" NOT NULL,
    document      TEXT NOT NULL,
    position      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    modified_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, urn_key)
);

-- Grows with every change of them.
ALTER TABLE directories ADD COLUMN schemas_revision BIGINT NOT NULL DEFAULT 0;
