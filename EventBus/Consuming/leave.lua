-- Removes a consumer that has nothing pending: XGROUP DELCONSUMER would drop what it has.
-- KEYS[1] the stream; ARGV[1] the group, ARGV[2] the consumer. Answers with 1 where it was removed.
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local fields = {}
    for i = 1, #consumer, 2 do
        fields[consumer[i]] = consumer[i + 1]
    end

    if fields['name'] == ARGV[2] and fields['pending'] == 0 then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
        return 1
    end
end

return 0
