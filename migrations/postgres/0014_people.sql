-- The roster that employees are picked from, the tenant's own settings, the sections of the product and the permission
-- groups, and what the creation form knows of a person.

-- JSON; what is absent has its default.
ALTER TABLE tenants ADD COLUMN settings TEXT COLLATE "C" NOT NULL DEFAULT '{}';

ALTER TABLE users ADD COLUMN person_id UUID;
-- A keyed hash (HMAC), never the code.
ALTER TABLE users ADD COLUMN access_code TEXT COLLATE "C";
-- The digits of every telephone number, each after a blank, for the administrators' search.
ALTER TABLE users ADD COLUMN phone_digits TEXT COLLATE "C";
CREATE UNIQUE INDEX users_person ON users (tenant_id, person_id) WHERE person_id IS NOT NULL AND deleted_at IS NULL;
UPDATE users SET phone_digits = (
    SELECT string_agg(' ' || regexp_replace(number ->> 'value', '[^0-9]', '', 'g'), '')
    FROM jsonb_array_elements(profile::jsonb -> 'phoneNumbers') AS number)
WHERE jsonb_typeof(profile::jsonb -> 'phoneNumbers') = 'array';

-- Which mail carries the invitation, so that its delivery can be told.
ALTER TABLE invitations ADD COLUMN mail_id UUID;

CREATE TABLE people (
    tenant_id       UUID NOT NULL,
    id              UUID NOT NULL,
    first_name      TEXT COLLATE "C" NOT NULL,
    last_name       TEXT COLLATE "C" NOT NULL,
    name_key        TEXT COLLATE "C" NOT NULL,
    employee_number TEXT COLLATE "C",
    email           TEXT COLLATE "C",
    email_key       TEXT COLLATE "C",
    entity_id       UUID,
    created_at      BIGINT NOT NULL,
    modified_at     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX people_number ON people (tenant_id, employee_number) WHERE employee_number IS NOT NULL;

CREATE TABLE sections (
    tenant_id UUID NOT NULL,
    key       TEXT COLLATE "C" NOT NULL,
    name_en   TEXT COLLATE "C" NOT NULL,
    name_fr   TEXT COLLATE "C" NOT NULL,
    position  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

-- `rights` and `sections` are lists of keys as JSON.
CREATE TABLE roles (
    tenant_id   UUID NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    rights      TEXT COLLATE "C" NOT NULL,
    sections    TEXT COLLATE "C" NOT NULL,
    delivered   BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
-- The delivered ones, as new tenants get them (directory::permission).
INSERT INTO roles (tenant_id, key, name, description, rights, sections, delivered)
    SELECT tenant_id, 'user', 'User', 'Works with the product; no administration and no usage.',
        '["agents.create","runs.setup","versions.read","history.read"]', '[]', TRUE FROM tenants;
INSERT INTO roles (tenant_id, key, name, description, rights, sections, delivered)
    SELECT tenant_id, 'administrator', 'Administrator', 'Everything a user may, and the organization and its usage.',
        '["agents.create","runs.setup","versions.read","history.read","users.manage","proxy_pools.manage","destinations.write","usage.read"]',
        '[]', TRUE FROM tenants;
