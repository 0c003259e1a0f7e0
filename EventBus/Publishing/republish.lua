-- Puts consecutive entries of the relay's chain back on a stream that has lost them, under the ids they had, and moves what stands in their way.
--
-- KEYS[1]  the stream
-- KEYS[2]  the stream that foreign entries are moved to, their id in a first field `entry`. It keeps about the newest 100,000.
-- ARGV[1]  the id of the live entry before the first of these: everything up to it is on the stream or not needed
-- ARGV[2]  ms and ARGV[3] sequence of the first; the following have the next sequences
-- ARGV[4+] of each entry the values of its eight fields. There may be no entry: then this only brings the stream's last id up to ARGV[1].
--
-- Answers with a word and the number of foreign entries that were moved:
--   OK    all stand on the stream
--   MORE  there is more to move: call again
--
-- Groups that had read a foreign entry are set back to the last entry before it, or they would never be given what is put back below. Like append.lua it is refused whole at maxmemory: XADD is always its first write.
local stream, foreign = KEYS[1], KEYS[2]
-- Lua can hand over 8000 values at once; of a foreign entry with more the rest is dropped.
local fields, most, most_values, most_foreign = 8, 200, 7000, 100000

local function parts(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

local function above(id, other)
    local ms, seq = parts(id)
    local other_ms, other_seq = parts(other)
    return ms > other_ms or (ms == other_ms and seq > other_seq)
end

local function named(reply, name)
    for i = 1, #reply, 2 do
        if reply[i] == name then
            return reply[i + 1]
        end
    end
end

local function id_of(k)
    return ARGV[2] .. '-' .. string.format('%d', tonumber(ARGV[3]) + k)
end

local last = redis.call('EXISTS', stream) == 1 and named(redis.call('XINFO', 'STREAM', stream), 'last-generated-id') or '0-0'
local count = (#ARGV - 3) / fields
local tail, there, moved = ARGV[1], 0, 0

if count == 0 then
    if above(tail, last) then
        redis.call('XADD', stream, tail, 'id', '')
        redis.call('XDEL', stream, tail)
    end

    return {'OK', 0}
end

if above(last, tail) then
    local entries = redis.call('XRANGE', stream, '(' .. tail, '+', 'COUNT', most)
    for _, entry in ipairs(entries) do
        if moved == 0 and there < count and entry[1] == id_of(there) and entry[2][1] == 'id' and entry[2][2] == ARGV[4 + there * fields] then
            tail = entry[1]
            there = there + 1
        elseif there < count then
            redis.call('XADD', foreign, 'MAXLEN', '~', most_foreign, '*', 'entry', entry[1], unpack(entry[2], 1, math.min(#entry[2], most_values)))
            redis.call('XDEL', stream, entry[1])
            moved = moved + 1
        end
    end

    if there < count and #entries == most then
        return {'MORE', moved}
    end
end

if there < count then
    if above(last, tail) then
        redis.call('XSETID', stream, tail)
        for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
            if above(named(group, 'last-delivered-id'), tail) then
                redis.call('XGROUP', 'SETID', stream, named(group, 'name'), tail)
            end
        end
    end

    for k = there, count - 1 do
        local at = 4 + k * fields
        redis.call('XADD', stream, id_of(k),
            'id', ARGV[at], 'type', ARGV[at + 1], 'source', ARGV[at + 2], 'subject', ARGV[at + 3],
            'time', ARGV[at + 4], 'data', ARGV[at + 5], 'traceparent', ARGV[at + 6], 'tracestate', ARGV[at + 7])
    end
end

return {'OK', moved}
