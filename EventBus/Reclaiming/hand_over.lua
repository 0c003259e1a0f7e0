#!lua flags=allow-oom
-- Gives what nobody has worked on for a while to the live lanes with the least pending.
-- KEYS: the stream to look at (the stream or the group's redrive stream), the other of the two, lanes.
-- ARGV: group, an entry is due after this many ms idle, a lane is dead after this many ms without a heartbeat, most deliveries, look at ids from here ('-', or '(' and an id), look at so many due entries,
-- a lane with so many pending gets no more, then ids that are left alone.
-- Returns: where to go on ('' = seen all), live lanes, entries given away, entries left because no lane can take them, ids that are no longer on the stream (their pending entries are gone now),
-- and what was delivered too often, which is left where it is: id, consumer, deliveries, id, consumer, deliveries ...
-- JUSTID: handing over counts as no delivery. At maxmemory it still runs.
local group, count = ARGV[1], tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local alive = redis.call('ZRANGEBYSCORE', KEYS[3], now - tonumber(ARGV[3]), '+inf')

local due = redis.call('XPENDING', KEYS[1], group, 'IDLE', ARGV[2], ARGV[5], '+', count)
if #due == 0 then
    return {'', #alive, 0, 0, {}, {}}
end

local pending = {}
for i = 1, 2 do
    local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[i], group)
    if not consumers.err then
        for _, consumer in ipairs(consumers) do
            pending[consumer[2]] = (pending[consumer[2]] or 0) + consumer[4]
        end
    end
end

local lanes = {}
for _, name in ipairs(alive) do
    local held = pending[name] or 0
    if held < tonumber(ARGV[7]) then
        lanes[#lanes + 1] = {name = name, pending = held, ids = {}}
    end
end
table.sort(lanes, function(a, b) return a.pending < b.pending or (a.pending == b.pending and a.name < b.name) end)

local except = {}
for i = 8, #ARGV do
    except[ARGV[i]] = true
end

-- The lanes up to `level` have equally little pending and take turns; who reaches the next one's count lets it in.
local level, turn = 1, 0
local function next_lane()
    if turn == 0 or turn == level then
        while level < #lanes and lanes[level + 1].pending <= lanes[1].pending do
            level = level + 1
        end
        turn = 0
    end
    turn = turn + 1
    local lane = lanes[turn]
    lane.pending = lane.pending + 1
    return lane
end

local waiting, exhausted = 0, {}
for _, entry in ipairs(due) do
    if except[entry[1]] then
        -- Somebody else's business.
    elseif entry[4] >= tonumber(ARGV[4]) then
        exhausted[#exhausted + 1] = entry[1]
        exhausted[#exhausted + 1] = entry[2]
        exhausted[#exhausted + 1] = entry[4]
    elseif #lanes == 0 then
        waiting = waiting + 1
    else
        local ids = next_lane().ids
        ids[#ids + 1] = entry[1]
    end
end

local given, lost = 0, {}
for _, lane in ipairs(lanes) do
    if #lane.ids > 0 then
        local claim = {'XCLAIM', KEYS[1], group, lane.name, 0}
        for _, id in ipairs(lane.ids) do
            claim[#claim + 1] = id
        end
        claim[#claim + 1] = 'JUSTID'
        local claimed = redis.call(unpack(claim))
        given = given + #claimed
        if #claimed < #lane.ids then
            local there = {}
            for _, id in ipairs(claimed) do
                there[id] = true
            end
            for _, id in ipairs(lane.ids) do
                if not there[id] then
                    lost[#lost + 1] = id
                end
            end
        end
    end
end

local next = ''
if #due == count then
    next = '(' .. due[#due][1]
end
return {next, #alive, given, waiting, lost, exhausted}
