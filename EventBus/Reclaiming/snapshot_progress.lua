#!lua flags=no-writes
-- How far a group has got, at one moment.
-- KEYS: stream, redrive stream. ARGV: group, most redriven entries to look at, an id ('' = none), the event that must stand under it ('' = any).
-- Returns: the last delivered id ('' = the group is missing), the lowest pending id ('' = none), whether there were more unfinished redriven entries than looked at (1 or 0), the ids on the stream of
-- those that were looked at, and whether the event stands under the id (1 or 0).
local group, most = ARGV[1], tonumber(ARGV[2])

local function last_delivered(key)
    local groups = redis.pcall('XINFO', 'GROUPS', key)
    if groups.err then
        return nil
    end
    for _, info in ipairs(groups) do
        local name, last
        for i = 1, #info, 2 do
            if info[i] == 'name' then
                name = info[i + 1]
            elseif info[i] == 'last-delivered-id' then
                last = info[i + 1]
            end
        end
        if name == group then
            return last
        end
    end
    return nil
end

local last = last_delivered(KEYS[1])
if not last then
    return {'', '', 0, {}, 0}
end
local lowest = redis.call('XPENDING', KEYS[1], group)[2] or ''

local redriven, more = {}, 0
local function add(entries)
    for _, entry in ipairs(entries) do
        for i = 1, #entry[2], 2 do
            if entry[2][i] == 'entry' then
                redriven[#redriven + 1] = entry[2][i + 1]
                break
            end
        end
    end
end
if redis.call('EXISTS', KEYS[2]) == 1 then
    local last_redriven = last_delivered(KEYS[2])
    if last_redriven then
        local held = redis.call('XPENDING', KEYS[2], group, '-', '+', most + 1)
        if #held > most then
            more = 1
        else
            for _, entry in ipairs(held) do
                add(redis.call('XRANGE', KEYS[2], entry[1], entry[1]))
            end
        end
    end
    local waiting = redis.call('XRANGE', KEYS[2], '(' .. (last_redriven or '0-0'), '+', 'COUNT', most + 1)
    if #waiting > most then
        more = 1
    else
        add(waiting)
    end
end
local stands = 0
if ARGV[3] ~= '' then
    local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
    if entry and (ARGV[4] == '' or (entry[2][1] == 'id' and entry[2][2] == ARGV[4])) then
        stands = 1
    end
end
return {last, lowest, more, redriven, stands}
