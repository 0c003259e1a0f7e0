#!lua flags=no-writes
-- The end of a stream, at one moment with the relay's state.
-- KEYS: stream, relay state.
-- Returns: the last id that the stream has given ('0-0' = no stream), the outbox whose events it carries ('' = no state), the highest position on it.
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then
            last = info[i + 1]
        end
    end
end
local state = redis.call('HMGET', KEYS[2], 'outbox', 'position')
return {last, state[1] or '', state[2] or '0'}
