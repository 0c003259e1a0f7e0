#!lua flags=allow-oom
-- Deletes the consumers of lanes that died, where nothing is pending with them: deleting a consumer drops its pending entries for good.
-- KEYS: stream, redrive stream, lanes. ARGV: group, the consumer that is never deleted, a lane is gone after this many ms without a heartbeat.
-- Returns the names of the deleted consumers. A lane that was only starting or asleep comes back with its next read.
local time = redis.call('TIME')
local gone = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[3])
local deleted, seen = {}, {}
for i = 1, 2 do
    local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[i], ARGV[1])
    if not consumers.err then
        for _, consumer in ipairs(consumers) do
            local name, pending = consumer[2], consumer[4]
            if pending == 0 and name ~= ARGV[2] then
                local heartbeat = redis.call('ZSCORE', KEYS[3], name)
                if not heartbeat or tonumber(heartbeat) < gone then
                    redis.call('XGROUP', 'DELCONSUMER', KEYS[i], ARGV[1], name)
                    if not seen[name] then
                        seen[name] = true
                        deleted[#deleted + 1] = name
                    end
                end
            end
        end
    end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%.0f', gone))
return deleted
