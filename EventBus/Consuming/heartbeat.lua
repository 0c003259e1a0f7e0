#!lua flags=allow-oom
-- Renews the entries that a lane works on, then marks it as alive, by the server's clock.
-- KEYS: stream, redrive stream, lanes. ARGV: group, consumer, renew what is idle for this many ms, first and last id held on the stream, first and last id held on the redrive stream ('' = none).
-- Returns how many of the held entries were trimmed away from their stream: XCLAIM drops those without a word.
-- XCLAIM comes first and allow-oom is set: at maxmemory a lane that can't show itself alive would lose its work.
local missing = 0
for i = 1, 2 do
    local first, last = ARGV[2 * i + 2], ARGV[2 * i + 3]
    if first ~= '' then
        local held = redis.pcall('XPENDING', KEYS[i], ARGV[1], 'IDLE', ARGV[3], first, last, 10000, ARGV[2])
        if not held.err and #held > 0 then
            local claim = {'XCLAIM', KEYS[i], ARGV[1], ARGV[2], 0}
            for _, entry in ipairs(held) do
                claim[#claim + 1] = entry[1]
            end
            claim[#claim + 1] = 'JUSTID'
            missing = missing + #held - #redis.call(unpack(claim))
        end
    end
end
local now = redis.call('TIME')
redis.call('ZADD', KEYS[3], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[2])
return missing
