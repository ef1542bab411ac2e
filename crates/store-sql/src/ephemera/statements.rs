//! Every statement on Ephemera.

use crate::statement::statements;

statements! {
    /// A consumed key keeps its tombstone until that expires.
    PUT = "INSERT INTO entry (kind, name, content, expires_at) VALUES ($1, $2, $3, $4) \
           ON CONFLICT (kind, name) DO UPDATE \
           SET content = excluded.content, expires_at = excluded.expires_at \
           WHERE entry.content IS NOT NULL OR entry.expires_at <= $5";
    GET = "SELECT content FROM entry \
           WHERE kind = $1 AND name = $2 AND expires_at > $3 AND content IS NOT NULL";
    /// The value, or null for a tombstone.
    HELD_ENTRY = "SELECT content FROM entry WHERE kind = $1 AND name = $2 AND expires_at > $3";
    BURY = "UPDATE entry SET content = NULL, expires_at = $1 WHERE kind = $2 AND name = $3";
    REMOVE_ENTRY = "DELETE FROM entry WHERE kind = $1 AND name = $2 AND content IS NOT NULL";
    REMOVE_COUNTER = "DELETE FROM counter WHERE kind = $1 AND name = $2";
    COUNT = "INSERT INTO counter (kind, name, tally, ends_at) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (kind, name) DO UPDATE SET \
             tally = CASE WHEN counter.ends_at <= $4 THEN 1 ELSE counter.tally + 1 END, \
             ends_at = CASE WHEN counter.ends_at <= $4 THEN excluded.ends_at ELSE counter.ends_at END \
             RETURNING tally";
    PURGE_ENTRIES = "DELETE FROM entry WHERE expires_at <= $1";
    PURGE_COUNTERS = "DELETE FROM counter WHERE ends_at <= $1";
    HELD = "SELECT (SELECT COUNT(*) FROM entry) + (SELECT COUNT(*) FROM counter)";
}
