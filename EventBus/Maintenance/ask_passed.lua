#!lua flags=no-writes
-- Whether a group has nothing left to deliver or to acknowledge up to an entry id. What was trimmed is never delivered, so
-- last-delivered-id alone may stay below that id for ever. Ids are compared as text: they do not fit a number of Lua.
-- KEYS: stream. ARGV: group, entry id.
-- Returns: 1 = it has passed, 0 = not yet, -1 = the stream or the group is gone, or the stream's ids are below: it went back or was made anew.
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
    return -1
end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' and is_below(info[i + 1], ARGV[2]) then
        return -1
    end
end
local delivered
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local fields = {}
    for i = 1, #group, 2 do
        fields[group[i]] = group[i + 1]
    end
    if fields.name == ARGV[1] then
        delivered = fields['last-delivered-id']
    end
end
if not delivered then
    return -1
end
if is_below(delivered, ARGV[2]) and #redis.call('XRANGE', KEYS[1], '(' .. delivered, ARGV[2], 'COUNT', 1) > 0 then
    return 0
end
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', ARGV[2], 1) > 0 then
    return 0
end
return 1
