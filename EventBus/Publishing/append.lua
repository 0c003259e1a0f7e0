-- Appends events and advances the state beside the stream, if that is still as the relay knows it: together or not at all.
--
-- KEYS[1]  the stream, KEYS[2] the relay's state, KEYS[3] its gaps
-- ARGV[1]  outbox, ARGV[2] generation and ARGV[3] seq that the state must have
-- ARGV[4]  its next seq, which was never used before, ARGV[5] its next position and ARGV[6] the id of the event there
-- ARGV[7]  how many entries the stream may have; 0 for no limit
-- ARGV[8]  how many gaps are closed; then the first position of each
-- then     how many gaps are new or changed; then first and last position of each
-- then     how many events have headers; then the number of each, from 0, and its headers: a JSON object
-- then     of each event its position, id, type, source, subject, time, data, traceparent and tracestate
--
-- Answers with
--   STATE                another state was found, or the stream has lost entries since: nothing was written
--   OK, last id, trimmed all are on the stream; so many of its oldest entries were trimmed, also if a group has yet to read them
--
-- Everything that can fail does so before the first write, but for ids that are used up ("exhausted the last possible ID"): then the relay makes
-- the stream anew. It opens without `#!lua`: at maxmemory the first XADD is refused, and nothing is written.
local stream = KEYS[1]
local fields = 9
local max_header_values = 200

local state = redis.call('HMGET', KEYS[2], 'outbox', 'generation', 'seq', 'added')
if state[1] ~= ARGV[1] or state[2] ~= ARGV[2] or state[3] ~= ARGV[3] then
    return {'STATE'}
end

local added, length = 0, 0
if redis.call('EXISTS', stream) == 1 then
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
        if info[i] == 'entries-added' then
            added = info[i + 1]
        elseif info[i] == 'length' then
            length = info[i + 1]
        end
    end
end

if added < tonumber(state[4]) then
    return {'STATE'}
end

-- Fails where the key holds something else.
redis.call('HLEN', KEYS[3])

local closed = 8
local changed = closed + tonumber(ARGV[closed]) + 1
local with_headers = changed + 2 * tonumber(ARGV[changed]) + 1
local first = with_headers + 2 * tonumber(ARGV[with_headers]) + 1

-- Headers by the index of their event: name, value, name, value, .. What is no string was not written by the outbox, and is left out.
local headers = {}
for i = with_headers + 1, first - 1, 2 do
    local is_json, object = pcall(cjson.decode, ARGV[i + 1])
    local names, values = {}, {}
    for name, value in pairs(is_json and type(object) == 'table' and object or {}) do
        if type(name) == 'string' and type(value) == 'string' then
            names[#names + 1] = name
        end
    end

    table.sort(names)
    for k = 1, math.min(#names, max_header_values / 2) do
        values[2 * k - 1], values[2 * k] = names[k], object[names[k]]
    end

    headers[first + fields * tonumber(ARGV[i])] = values
end

-- A table for the headers that most events lack would cost a twentieth of the append.
local none = {}
local last = ''
for i = first, #ARGV, fields do
    last = redis.call('XADD', stream, '*',
        'position', ARGV[i], 'id', ARGV[i + 1], 'type', ARGV[i + 2], 'source', ARGV[i + 3], 'subject', ARGV[i + 4], 'time', ARGV[i + 5],
        'data', ARGV[i + 6], 'traceparent', ARGV[i + 7], 'tracestate', ARGV[i + 8], unpack(headers[i] or none))
end

local count = (#ARGV - first + 1) / fields
redis.call('HSET', KEYS[2], 'seq', ARGV[4], 'position', ARGV[5], 'id', ARGV[6], 'added', string.format('%d', added + count))
for i = closed + 1, changed - 1 do
    redis.call('HDEL', KEYS[3], ARGV[i])
end

for i = changed + 1, with_headers - 1, 2 do
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end

local trimmed, max = 0, tonumber(ARGV[7])
if max > 0 and length + count > max then
    -- Whole nodes, at most 100 of them: it takes no time that other clients would notice.
    trimmed = redis.call('XTRIM', stream, 'MAXLEN', '~', ARGV[7])
end

return {'OK', last, trimmed}
