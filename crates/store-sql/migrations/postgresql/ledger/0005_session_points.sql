-- Which revocation lists speak about the session's certificate: its distribution points, sealed. Sessions from before know nothing of it, and
-- are judged by the oldest list.
ALTER TABLE session ADD COLUMN points_sealed TEXT;
