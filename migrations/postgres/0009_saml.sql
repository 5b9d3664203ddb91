-- Our own keys for SAML providers: a JSON list, the private keys in it sealed.

ALTER TABLE connections ADD COLUMN service_keys TEXT NOT NULL DEFAULT '[]';
