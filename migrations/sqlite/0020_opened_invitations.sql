-- When the page of an invitation was first opened, which says more than that its mail was taken.
ALTER TABLE invitations ADD COLUMN opened_at INTEGER;
