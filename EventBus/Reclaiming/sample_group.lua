#!lua flags=no-writes
-- How a group stands, at one moment.
-- KEYS: stream, redrive stream, lanes. ARGV: group, a lane is dead after this many ms without a heartbeat, the consumer that parked entries are held by, count at most so many undelivered entries where the
-- server does not know how many there are (0 = do not count the stream's).
-- Returns: server time in ms, entries on the stream, its last id ('' = no stream), the group's last delivered id ('' = the group is missing), undelivered on the stream (-1 = not known), 1 where that is only
-- a lower bound, id of the first undelivered entry ('' = none), undelivered redriven entries, live lanes, entries parked, then per consumer with something pending: name, pending, ms that the lowest
-- pending id has been idle, 1 where it is a live lane.
local group, most = ARGV[1], tonumber(ARGV[4])

local function fields(list)
    local map = {}
    for i = 1, #list, 2 do
        map[list[i]] = list[i + 1]
    end
    return map
end

local function find_group(key)
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', key)) do
        local found = fields(info)
        if found.name == group then
            return found
        end
    end
    return nil
end

local function count_after(key, id, limit)
    local found = #redis.call('XRANGE', key, '(' .. id, '+', 'COUNT', limit + 1)
    return math.min(found, limit), found > limit and 1 or 0
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length, last_id, delivered, lag, bounded, first = 0, '', '', -1, 0, ''
local names, held, idle, parked = {}, {}, {}, 0

local function add_pending(key)
    for _, consumer in ipairs(redis.call('XPENDING', key, group)[4] or {}) do
        local name, count = consumer[1], tonumber(consumer[2])
        if name == ARGV[3] then
            parked = parked + count
        end
        if not held[name] then
            names[#names + 1] = name
            held[name], idle[name] = 0, 0
        end
        held[name] = held[name] + count
        local lowest = redis.call('XPENDING', key, group, '-', '+', 1, name)[1]
        if lowest then
            idle[name] = math.max(idle[name], lowest[3])
        end
    end
end

if redis.call('EXISTS', KEYS[1]) == 1 then
    local stream = fields(redis.call('XINFO', 'STREAM', KEYS[1]))
    length, last_id = stream.length, stream['last-generated-id']
    local found = find_group(KEYS[1])
    if found then
        delivered = found['last-delivered-id']
        local next = redis.call('XRANGE', KEYS[1], '(' .. delivered, '+', 'COUNT', 1)[1]
        if not next then
            lag = 0
        else
            first = next[1]
            if found.lag then
                lag = found.lag
            elseif most > 0 then
                lag, bounded = count_after(KEYS[1], delivered, most)
            end
        end
        add_pending(KEYS[1])
    end
end

local redriven = 0
if redis.call('EXISTS', KEYS[2]) == 1 then
    local found = find_group(KEYS[2])
    if found then
        redriven = found.lag or count_after(KEYS[2], found['last-delivered-id'], 1000)
        add_pending(KEYS[2])
    else
        redriven = redis.call('XLEN', KEYS[2])
    end
end

local alive = {}
local lanes = redis.call('ZRANGEBYSCORE', KEYS[3], now - tonumber(ARGV[2]), '+inf')
for _, name in ipairs(lanes) do
    alive[name] = 1
end
local sample = {now, length, last_id, delivered, lag, bounded, first, redriven, #lanes, parked}
for _, name in ipairs(names) do
    sample[#sample + 1] = name
    sample[#sample + 1] = held[name]
    sample[#sample + 1] = idle[name]
    sample[#sample + 1] = alive[name] or 0
end
return sample
