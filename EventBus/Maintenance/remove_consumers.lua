#!lua flags=allow-oom
-- Removes consumers that are gone and own nothing: removing one drops its pending entries for good. One that only slept is back with its next read.
-- KEYS: stream. ARGV: group, a consumer that may go at once, a consumer is gone after so many ms.
-- Returns: how many were removed.
local removed = 0
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local consumer = {}
    for i = 1, #info, 2 do
        consumer[info[i]] = info[i + 1]
    end
    if consumer.pending == 0 and (consumer.name == ARGV[2] or consumer.idle > tonumber(ARGV[3])) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
        removed = removed + 1
    end
end
return removed
