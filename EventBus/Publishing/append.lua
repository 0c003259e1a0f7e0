-- Appends consecutive entries of the relay's chain, each once however often it is asked to.
--
-- KEYS[1]  the stream
-- ARGV[1]  the id of the live entry before the first of these; 0-0 for the first of all
-- ARGV[2]  the trim floor: entries at or below it may have been trimmed
-- ARGV[3]  the length from which on the stream takes no more; 0 for none
-- ARGV[4]  ms and ARGV[5] sequence of the first; the following have the next sequences
-- ARGV[6]  the event that the entry ARGV[1] must hold unless it is at or below the trim floor; '' where that is not known
-- ARGV[7+] of each entry the values of its eight fields. There may be no entry: then this only checks the end of the stream.
--
-- Answers with a word, the stream's last id, and a number:
--   OK        all stand on the stream; so many were there before
--   FULL      nothing was appended: the stream is that long
--   BEHIND    nothing was appended: the stream lacks the entry before these
--   AHEAD     nothing was appended: of these, the entry with that number (from 0) is missing, and the stream has gone on above it
--   CONFLICT  nothing was appended: of these, the id with that number holds another event
--
-- It opens without `#!lua`: at maxmemory the checks still answer, and the first XADD is refused before anything is written. Below it all of them are written.
local stream = KEYS[1]
local fields = 8

local function parts(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

local function above(ms, seq, other_ms, other_seq)
    return ms > other_ms or (ms == other_ms and seq > other_seq)
end

local last, length = '0-0', 0
if redis.call('EXISTS', stream) == 1 then
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then
            last = info[i + 1]
        elseif info[i] == 'length' then
            length = info[i + 1]
        end
    end
end

local last_ms, last_seq = parts(last)
local after_ms, after_seq = parts(ARGV[1])
local floor_ms, floor_seq = parts(ARGV[2])
local ms, first = tonumber(ARGV[4]), tonumber(ARGV[5])
local count = (#ARGV - 6) / fields
local there = 0

if last ~= ARGV[1] or ARGV[6] ~= '' then
    if above(after_ms, after_seq, last_ms, last_seq) then
        return {'BEHIND', last, 0}
    end

    -- A foreign entry may have the id of the one before: it came in the same millisecond, after Redis had lost that one, or further foreign entries followed one that a pipelined call before this has met.
    local before = redis.call('XRANGE', stream, ARGV[1], ARGV[1])[1]
    local is_other = before and ARGV[6] ~= '' and (before[2][1] ~= 'id' or before[2][2] ~= ARGV[6])
    if (is_other or (not before and last ~= ARGV[1])) and above(after_ms, after_seq, floor_ms, floor_seq) then
        return {'BEHIND', last, 0}
    end

    while there < count and not above(ms, first + there, last_ms, last_seq) do
        if above(ms, first + there, floor_ms, floor_seq) then
            local id = ARGV[4] .. '-' .. string.format('%d', first + there)
            local entry = redis.call('XRANGE', stream, id, id)[1]
            if not entry then
                return {'AHEAD', last, there}
            end

            if entry[2][1] ~= 'id' or entry[2][2] ~= ARGV[7 + there * fields] then
                return {'CONFLICT', last, there}
            end
        end

        there = there + 1
    end
end

if there < count then
    local longest = tonumber(ARGV[3])
    if longest > 0 and length >= longest then
        return {'FULL', last, 0}
    end

    local prefix = ARGV[4] .. '-'
    for k = there, count - 1 do
        local at = 7 + k * fields
        last = redis.call('XADD', stream, prefix .. string.format('%d', first + k),
            'id', ARGV[at], 'type', ARGV[at + 1], 'source', ARGV[at + 2], 'subject', ARGV[at + 3],
            'time', ARGV[at + 4], 'data', ARGV[at + 5], 'traceparent', ARGV[at + 6], 'tracestate', ARGV[at + 7])
    end
end

return {'OK', last, there}
