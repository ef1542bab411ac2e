//! What the operator allows a delivery to be.

/// Bounds and plausibility of deliveries. What JPKI's lists look like is published only in part, so everything here is the
/// operator's to change; the defaults leave room for four times the estimate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Longest list, in bytes.
    pub max_list_bytes: u64,
    /// Most revoked certificates of one authority.
    pub max_entries: u64,
    /// Most lists (partitions times keys) of one authority; at most 4,095.
    pub max_lists: usize,
    /// Most serial numbers of more than four bytes.
    pub max_long_serials: u64,
    /// Seconds by which thisUpdate may lie ahead of our clock.
    pub clock_skew_seconds: i64,
    /// Seconds after its revocation for which a certificate stays revoked here although no list names it any more. Longer than
    /// any certificate is valid: lists drop what has expired (公的個人認証法施行令, retention of 失効情報 ends with the validity).
    pub retention_seconds: i64,
    /// How many of a thousand listed certificates may be missing from the next list.
    pub missing_per_mille: u64,
    /// How many may be missing in any case: a short list loses a large share when one certificate expires. Both bounds hold for each
    /// list by itself: a whole municipality must not vanish among the others.
    pub missing_at_least: u64,
    /// Bytes of entries that wait in memory until every list is verified, seven for each; what is more waits in a file.
    pub waiting_in_memory: u64,
    /// Threads that work on a delivery: 1, or 2 (one reads while the other digests, one sorts while others digest and write).
    pub threads: usize,
}

impl Default for Terms {
    /// 4 GiB, 80 million entries, 4,095 lists, 5 million long serials; five minutes of skew; eleven years of retention (the longest validity
    /// announced is ten); 2 % missing, or 100; 160 MiB waiting in memory, which is a list of 20 million; two threads.
    fn default() -> Self {
        Self {
            max_list_bytes: 4 << 30,
            max_entries: 80_000_000,
            max_lists: 4095,
            max_long_serials: 5_000_000,
            clock_skew_seconds: 300,
            retention_seconds: 11 * 366 * 86_400,
            missing_per_mille: 20,
            missing_at_least: 100,
            waiting_in_memory: 160 << 20,
            threads: 2,
        }
    }
}

/// What a delivery changed. Counts only: serial numbers are nobody's to read in a log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Lists read.
    pub lists: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Entries read.
    pub entries: u64,
    /// Revoked certificates in the new index.
    pub revoked: u64,
    /// Revoked in the new index and not in the one before.
    pub newly_revoked: u64,
    /// Entries that stood more than once, always with the same statement.
    pub repeated: u64,
    /// Listed before and no longer listed by the list that replaces the one that listed them: they stay revoked here.
    pub missing: u64,
    /// Stay revoked here although no list in use names them, those of earlier deliveries included.
    pub retained: u64,
    /// No longer kept: not listed, and revoked longer ago than the retention.
    pub forgotten: u64,
}
