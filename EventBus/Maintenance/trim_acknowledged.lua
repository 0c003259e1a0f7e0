#!lua flags=allow-oom
-- Removes entries that every registered group has acknowledged, whole nodes of the stream at a time. Ids are compared as text: they do not fit a
-- number of Lua.
-- KEYS: stream. ARGV: remove about so many at most, then the groups, all of which must be there.
-- Returns: how many were removed, and the name of a group that is missing ('' = none; where one is, nothing is removed).
local function is_below(a, b)
    local a_time, a_number = string.match(a, '^(%d+)-(%d+)$')
    local b_time, b_number = string.match(b, '^(%d+)-(%d+)$')
    if a_time ~= b_time then
        a_number, b_number = a_time, b_time
    end
    if #a_number ~= #b_number then
        return #a_number < #b_number
    end
    return a_number < b_number
end

if redis.call('EXISTS', KEYS[1]) == 0 then
    return {0, ''}
end
local delivered = {}
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local fields = {}
    for i = 1, #group, 2 do
        fields[group[i]] = group[i + 1]
    end
    delivered[fields.name] = fields['last-delivered-id']
end
local keep
for i = 2, #ARGV do
    local first = delivered[ARGV[i]]
    if not first then
        return {0, ARGV[i]}
    end
    local pending = redis.call('XPENDING', KEYS[1], ARGV[i])[2]
    if pending and is_below(pending, first) then
        first = pending
    end
    if not keep or is_below(first, keep) then
        keep = first
    end
end
if not keep then
    return {0, ''}
end
return {redis.call('XTRIM', KEYS[1], 'MINID', '~', keep, 'LIMIT', ARGV[1]), ''}
