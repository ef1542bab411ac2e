-- How the person signed in, and how certain the status of the certificate was. Until now the card by TLS was the only way.
ALTER TABLE authorization_grant ADD COLUMN method TEXT NOT NULL DEFAULT 'card_tls';
ALTER TABLE authorization_grant ADD COLUMN certainty TEXT NOT NULL DEFAULT 'crl';
