-- Until when a node is sending a mail, and whether a mail server has refused it for good.
ALTER TABLE outbox ADD COLUMN taken_until BIGINT;
ALTER TABLE outbox ADD COLUMN bounced BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE outbox SET bounced = TRUE
WHERE sent_at IS NULL AND due_at IS NULL AND last_error LIKE 'the mail server has refused it: %';

-- The address is folded here and not in a column of its own, which whoever erases a person would have to know of.
CREATE INDEX outbox_recipient ON outbox (tenant_id, lower(recipient), id);
