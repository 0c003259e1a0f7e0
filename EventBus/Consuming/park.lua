#!lua flags=allow-oom
-- Parks entries that a consumer still holds: they go to the group's parked consumer, as idle as told, and come due when the reclaim time is over.
-- KEYS: stream. ARGV: group, consumer, parked consumer, idle time in ms, then entry ids.
-- Returns how many of those it held were trimmed away from the stream: XCLAIM drops them without a word. What another consumer holds by now is its business.
local missing = 0
for i = 5, #ARGV do
    if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) > 0 then
        missing = missing + 1 - #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, ARGV[i], 'IDLE', ARGV[4], 'JUSTID')
    end
end
return missing
