#!lua flags=allow-oom
-- Counts one more delivery of an entry to a consumer that still holds it.
-- KEYS: stream. ARGV: group, consumer, entry id. Returns 1; 0 where another consumer holds it by now, nobody does, or the entry was trimmed away.
local held = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #held == 0 then
    return 0
end
return #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3])
