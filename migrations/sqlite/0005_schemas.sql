-- Schemas that a directory brings itself (RFC 7643 section 3.3). `urn_key` is the URN in lower case.
CREATE TABLE directory_schemas (
    tenant_id     BLOB NOT NULL,
    directory_id  BLOB NOT NULL,
    urn_key       TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    required      INTEGER NOT NULL,
    urn           TEXT NOT NULL,
    document      TEXT NOT NULL,
    position      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    modified_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, urn_key)
) STRICT, WITHOUT ROWID;

-- Grows with every change of them.
ALTER TABLE directories ADD COLUMN schemas_revision INTEGER NOT NULL DEFAULT 0;
