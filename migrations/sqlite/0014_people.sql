-- The roster that employees are picked from, the tenant's own settings, the sections of the product and the permission
-- groups, and what the creation form knows of a person.

-- JSON; what is absent has its default.
ALTER TABLE tenants ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

ALTER TABLE users ADD COLUMN person_id BLOB;
-- A keyed hash (HMAC), never the code.
ALTER TABLE users ADD COLUMN access_code TEXT;
-- The digits of every telephone number, each after a blank, for the administrators' search.
ALTER TABLE users ADD COLUMN phone_digits TEXT;
CREATE UNIQUE INDEX users_person ON users (tenant_id, person_id) WHERE person_id IS NOT NULL AND deleted_at IS NULL;
UPDATE users SET phone_digits = (
    SELECT group_concat(' ' || replace(replace(replace(replace(replace(replace(replace(json_extract(number.value, '$.value'), ' ', ''), '-', ''), '.', ''), '(', ''), ')', ''), '/', ''), '+', ''), '')
    FROM json_each(profile, '$.phoneNumbers') AS number)
WHERE json_type(profile, '$.phoneNumbers') = 'array';

-- Which mail carries the invitation, so that its delivery can be told.
ALTER TABLE invitations ADD COLUMN mail_id BLOB;

CREATE TABLE people (
    tenant_id       BLOB NOT NULL,
    id              BLOB NOT NULL,
    first_name      TEXT NOT NULL,
    last_name       TEXT NOT NULL,
    name_key        TEXT NOT NULL,
    employee_number TEXT,
    email           TEXT,
    email_key       TEXT,
    entity_id       BLOB,
    created_at      INTEGER NOT NULL,
    modified_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX people_number ON people (tenant_id, employee_number) WHERE employee_number IS NOT NULL;

CREATE TABLE sections (
    tenant_id BLOB NOT NULL,
    key       TEXT NOT NULL,
    name_en   TEXT NOT NULL,
    name_fr   TEXT NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;

-- `rights` and `sections` are lists of keys as JSON.
CREATE TABLE roles (
    tenant_id   BLOB NOT NULL,
    key         TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    rights      TEXT NOT NULL,
    sections    TEXT NOT NULL,
    delivered   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
-- The delivered ones, as new tenants get them (directory::permission).
INSERT INTO roles (tenant_id, key, name, description, rights, sections, delivered)
    SELECT tenant_id, 'user', 'User', 'Works with the product; no administration and no usage.',
        '["agents.create","runs.setup","versions.read","history.read"]', '[]', 1 FROM tenants;
INSERT INTO roles (tenant_id, key, name, description, rights, sections, delivered)
    SELECT tenant_id, 'administrator', 'Administrator', 'Everything a user may, and the organization and its usage.',
        '["agents.create","runs.setup","versions.read","history.read","users.manage","proxy_pools.manage","destinations.write","usage.read"]',
        '[]', 1 FROM tenants;
