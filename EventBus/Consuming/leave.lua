#!lua flags=allow-oom
-- A lane leaves: what is still pending with it is parked as due now, it comes off the list of live lanes, and its consumer is deleted where nothing is pending with it.
-- (Deleting a consumer drops its pending entries for good.)
-- KEYS: stream, redrive stream, lanes. ARGV: group, consumer, parked consumer, idle time in ms at which an entry is due.
redis.call('ZREM', KEYS[3], ARGV[2])
for i = 1, 2 do
    local held = redis.pcall('XPENDING', KEYS[i], ARGV[1], '-', '+', 5000, ARGV[2])
    if not held.err then
        for _, entry in ipairs(held) do
            redis.call('XCLAIM', KEYS[i], ARGV[1], ARGV[3], 0, entry[1], 'IDLE', ARGV[4], 'JUSTID')
        end
        if #redis.call('XPENDING', KEYS[i], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[i], ARGV[1], ARGV[2])
        end
    end
end
return redis.status_reply('OK')
