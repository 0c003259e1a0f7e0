#!lua flags=allow-oom
-- Removes old entries that every group has finished, whole nodes of the stream at a time.
-- KEYS: stream. ARGV: keep this id and what is above, then the groups that must be there.
-- Returns: how many entries were removed, and the name of a group that is missing ('' = none; where one is, nothing is removed).
-- What a group has not been delivered or has pending stays, whatever the caller thinks: its checkpoint may be from a stream that Redis has lost since.
local keep = ARGV[1]

local function parts(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

local function keep_from(id)
    local ms, seq = parts(id)
    local keep_ms, keep_seq = parts(keep)
    if ms < keep_ms or (ms == keep_ms and seq < keep_seq) then
        keep = id
    end
end

local delivered = {}
if redis.call('EXISTS', KEYS[1]) == 0 then
    return {0, ''}
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
for i = 2, #ARGV do
    local last = delivered[ARGV[i]]
    if not last then
        return {0, ARGV[i]}
    end
    keep_from(last)
    local lowest = redis.call('XPENDING', KEYS[1], ARGV[i])[2]
    if lowest then
        keep_from(lowest)
    end
end
return {redis.call('XTRIM', KEYS[1], 'MINID', '~', keep), ''}
