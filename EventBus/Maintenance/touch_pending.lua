#!lua flags=allow-oom
-- Gives entries that do not age a new delivery time, each for the consumer that has it. When Redis' clock has gone back, what was delivered before
-- lies in the future: it shows an idle time of 0 until the clock has caught up, and nobody could reclaim it. What was delivered in this very
-- millisecond shows 0 too; it loses nothing.
-- KEYS: stream. ARGV: group, first id to look at, look at most at so many.
-- Returns: the id to go on from ('' = that was all).
local page = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], '+', ARGV[3])
local claims = {}
for _, entry in ipairs(page) do
    if entry[3] == 0 then
        local claim = claims[entry[2]]
        if not claim then
            claim = {'XCLAIM', KEYS[1], ARGV[1], entry[2], 0}
            claims[entry[2]] = claim
        end
        claim[#claim + 1] = entry[1]
    end
end
for _, claim in pairs(claims) do
    claim[#claim + 1] = 'JUSTID'
    redis.call(unpack(claim))
end
if #page < tonumber(ARGV[3]) then
    return ''
end
return '(' .. page[#page][1]
