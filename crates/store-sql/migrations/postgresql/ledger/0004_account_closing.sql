-- When and why an account was closed, and which one carries on. Nobody closed one before this step.
ALTER TABLE account ADD COLUMN closed_at BIGINT;
ALTER TABLE account ADD COLUMN close_reason TEXT;
ALTER TABLE account ADD COLUMN merged_into TEXT COLLATE "C" REFERENCES account (id);
