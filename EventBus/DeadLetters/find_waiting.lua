#!lua flags=no-writes
-- Which redriven entries a group still has before it, pending or undelivered, at one moment.
-- KEYS: redrive stream. ARGV: group, then pairs: id on the redrive stream, id of the entry that should stand there.
-- Returns 1 or 0 for each pair. A stream that was lost and written again may have another entry under an id.
local group, last = ARGV[1], nil
if redis.call('EXISTS', KEYS[1]) == 1 then
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
        local name, delivered
        for i = 1, #info, 2 do
            if info[i] == 'name' then
                name = info[i + 1]
            elseif info[i] == 'last-delivered-id' then
                delivered = info[i + 1]
            end
        end
        if name == group then
            last = delivered
        end
    end
end

local function is_delivered(id)
    if not last then
        return false
    end
    local ms, n = id:match('(%d+)-(%d+)')
    local last_ms, last_n = last:match('(%d+)-(%d+)')
    ms, n, last_ms, last_n = tonumber(ms), tonumber(n), tonumber(last_ms), tonumber(last_n)
    return ms < last_ms or (ms == last_ms and n <= last_n)
end

local waiting = {}
for i = 2, #ARGV, 2 do
    local id, source = ARGV[i], ARGV[i + 1]
    local found = redis.call('XRANGE', KEYS[1], id, id)[1]
    local is_here = found and found[2][1] == 'entry' and found[2][2] == source
    if is_here and is_delivered(id) then
        is_here = #redis.call('XPENDING', KEYS[1], group, id, id, 1) == 1
    end
    waiting[#waiting + 1] = is_here and 1 or 0
end
return waiting
