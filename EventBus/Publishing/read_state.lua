-- What is recorded beside the stream, and what the stream itself says. Writes nothing.
--
-- KEYS[1] the stream, KEYS[2] the relay's state, KEYS[3] its gaps
--
-- Answers with the state's outbox, generation, seq, position, id and added (each nil where it is missing), the stream's entries-added and
-- last-generated-id, and the gaps: first, last, first, last, ..
local state = redis.call('HMGET', KEYS[2], 'outbox', 'generation', 'seq', 'position', 'id', 'added')
local added, last = 0, '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for i = 1, #info, 2 do
        if info[i] == 'entries-added' then
            added = info[i + 1]
        elseif info[i] == 'last-generated-id' then
            last = info[i + 1]
        end
    end
end

return {state[1], state[2], state[3], state[4], state[5], state[6], added, last, redis.call('HGETALL', KEYS[3])}
