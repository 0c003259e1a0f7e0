#!lua flags=no-writes
-- The entry of a stream that carries a position.
-- KEYS: stream. ARGV: the position.
-- Returns: its id; nil where it is not there, or not near its place.
-- Positions ascend along a stream, but for events that were committed late, and after a recovery: first a binary search for the last millisecond
-- from which on no position of ten is higher, then a look at 1,000 entries from there on.
local probe, page, pages = 10, 100, 10

local function read(from, count)
    local found = {}
    for i, entry in ipairs(redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', count)) do
        local position = ''
        for k = 1, #entry[2], 2 do
            if entry[2][k] == 'position' then
                position = entry[2][k + 1]
                break
            end
        end
        found[i] = {entry[1], position}
    end
    return found
end

local function millisecond(id)
    return math.min(tonumber(string.match(id, '^%d+')), 2 ^ 52)
end

local first = read('-', 1)[1]
if not first then
    return nil
end

local low, high = millisecond(first[1]), 0
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
        high = millisecond(info[i + 1]) + 1
    end
end

while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    local entries = read(string.format('%.0f', middle), probe)
    local highest = #entries > 0 and 0 or math.huge
    for _, entry in ipairs(entries) do
        highest = math.max(highest, tonumber(entry[2]) or 0)
    end

    if highest <= tonumber(ARGV[1]) then
        low = middle
    else
        high = middle
    end
end

local from = string.format('%.0f', low)
for _ = 1, pages do
    local entries = read(from, page)
    for _, entry in ipairs(entries) do
        if entry[2] == ARGV[1] then
            return entry[1]
        end
    end

    if #entries < page then
        return nil
    end

    from = '(' .. entries[#entries][1]
end
return nil
