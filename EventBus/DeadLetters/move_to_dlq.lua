#!lua flags=allow-oom
-- Moves one entry from a group's pending entries to its DLQ stream; does nothing where the entry is not pending.
-- KEYS: the stream it is pending on, the DLQ stream. ARGV: group, entry id, then the fields to add.
-- Returns 1 where it moved, 0 where somebody moved it before. Redis does not take back an XACK when the XADD after it fails, so what could fail is checked first.
-- At maxmemory it still runs: a dead letter that cannot move would stay pending.
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'none' and kind ~= 'stream' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds a ' .. kind .. ', not a stream: rename or delete it')
end
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
    return 0
end
-- The record is in Postgres; the stream shows the newest.
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', unpack(ARGV, 3))
return 1
