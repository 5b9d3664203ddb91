-- Our own keys for SAML providers: a JSON list, the private keys in it sealed.

ALTER TABLE connections ADD COLUMN service_keys TEXT NOT NULL DEFAULT '[]';

-- What is known of the metadata of a SAML provider that is fetched from an address: when it was looked for, why it was
-- not to be had, what it says otherwise (JSON), and when it is looked for again.
ALTER TABLE connections ADD COLUMN metadata_checked_at INTEGER;
ALTER TABLE connections ADD COLUMN metadata_error TEXT;
ALTER TABLE connections ADD COLUMN metadata_offer TEXT;
ALTER TABLE connections ADD COLUMN metadata_due_at INTEGER;
CREATE INDEX connections_metadata_due ON connections (metadata_due_at) WHERE metadata_due_at IS NOT NULL;
