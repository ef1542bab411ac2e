//! The steps, each on one key. Times are milliseconds of the application; spans are for Redis's own clock.

use std::sync::LazyLock;

use redis::Script;

/// now, end, value, span: keeps the value, unless a tombstone stands. Answers whether it did.
pub(crate) static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local e = redis.call('HGET', KEYS[1], 'e')
         if e and tonumber(e) > tonumber(ARGV[1]) and redis.call('HEXISTS', KEYS[1], 'v') == 0 then return 0 end
         redis.call('DEL', KEYS[1])
         redis.call('HSET', KEYS[1], 'e', ARGV[2], 'v', ARGV[3])
         redis.call('PEXPIRE', KEYS[1], ARGV[4])
         return 1",
    )
});

/// now: the value or nothing.
pub(crate) static GET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local held = redis.call('HMGET', KEYS[1], 'e', 'v')
         if held[1] and tonumber(held[1]) > tonumber(ARGV[1]) then return held[2] end
         return false",
    )
});

/// now, the tombstone's end, its span: `{0}` unknown, `{1}` again, `{2, value}` first.
pub(crate) static CONSUME: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local held = redis.call('HMGET', KEYS[1], 'e', 'v')
         if not held[1] or tonumber(held[1]) <= tonumber(ARGV[1]) then return {0} end
         if not held[2] then return {1} end
         redis.call('HDEL', KEYS[1], 'v')
         redis.call('HSET', KEYS[1], 'e', ARGV[2])
         redis.call('PEXPIRE', KEYS[1], ARGV[3])
         return {2, held[2]}",
    )
});

/// Removes a value; a tombstone stays.
pub(crate) static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('HEXISTS', KEYS[1], 'v') == 1 then return redis.call('DEL', KEYS[1]) end return 0",
    )
});

/// now, the end of a window that would begin now, its span: the count within the window.
pub(crate) static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local e = redis.call('HGET', KEYS[1], 'e')
         if e and tonumber(e) > tonumber(ARGV[1]) then return redis.call('HINCRBY', KEYS[1], 't', 1) end
         redis.call('DEL', KEYS[1])
         redis.call('HSET', KEYS[1], 'e', ARGV[2], 't', 1)
         redis.call('PEXPIRE', KEYS[1], ARGV[3])
         return 1",
    )
});

/// now: removes what is over, on one server; answers how many. For tests, which move the application's clock.
pub(crate) const SWEEP: &str = "local gone, place = 0, '0'
    repeat
        local page = redis.call('SCAN', place, 'COUNT', 1000)
        place = page[1]
        for _, key in ipairs(page[2]) do
            local e = redis.call('HGET', key, 'e')
            if e and tonumber(e) <= tonumber(ARGV[1]) then gone = gone + redis.call('DEL', key) end
        end
    until place == '0'
    return gone";
