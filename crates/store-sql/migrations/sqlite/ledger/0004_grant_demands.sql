-- What a request asked of the tokens beyond scopes (RFC 8707, RFC 9396, RFC 9449 section 10), JSON. Until now nothing could be asked.
ALTER TABLE authorization_grant ADD COLUMN demands TEXT NOT NULL DEFAULT '{}';
