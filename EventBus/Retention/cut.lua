#!lua flags=allow-oom
-- Removes the oldest entries whether or not groups have had them, and counts what that takes from whom.
-- KEYS: stream. ARGV: keep this id and what is above, count at most so many for each group, then the groups.
-- Returns: how many entries were removed, then of each group: name, entries it was never delivered, entries it had pending.
local keep, most = ARGV[1], tonumber(ARGV[2])
local result = {0}
local delivered = {}
if redis.call('EXISTS', KEYS[1]) == 0 then
    return result
end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local name, last
    for i = 1, #info, 2 do
        if info[i] == 'name' then
            name = info[i + 1]
        elseif info[i] == 'last-delivered-id' then
            last = info[i + 1]
        end
    end
    delivered[name] = last
end

local function parts(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

local keep_ms, keep_seq = parts(keep)
-- What an earlier cut removed may still be pending; it has been counted.
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not oldest then
    return result
end
for i = 3, #ARGV do
    local last, undelivered, pending = delivered[ARGV[i]], 0, 0
    local from = '-'
    if last then
        local ms, seq = parts(last)
        from = (ms < keep_ms or (ms == keep_ms and seq < keep_seq)) and '(' .. last or ''
        pending = #redis.call('XPENDING', KEYS[1], ARGV[i], oldest[1], '(' .. keep, most)
    end
    if from ~= '' then
        undelivered = #redis.call('XRANGE', KEYS[1], from, '(' .. keep, 'COUNT', most)
    end
    if undelivered + pending > 0 then
        result[#result + 1] = ARGV[i]
        result[#result + 1] = undelivered
        result[#result + 1] = pending
    end
end
result[1] = redis.call('XTRIM', KEYS[1], 'MINID', keep)
return result
