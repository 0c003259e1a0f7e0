-- Which calls the user of this connection may not make. Redis asks the access control list before a command looks at its arguments, and each call
-- here either reads or has arguments that its command refuses: nothing is written. The keys are no KEYS, because a script may not run at all with a
-- key that the user may not use.
-- ARGV: calls, their words separated by spaces.
-- Returns: of each refused call its number, from 1, and 'command', 'key' or 'channel'.
local refused = {}
for number, call in ipairs(ARGV) do
    local words = {}
    for word in string.gmatch(call, '%S+') do
        words[#words + 1] = word
    end
    local reply = redis.pcall(unpack(words))
    local text = type(reply) == 'table' and reply.err or ''
    -- Redis 7.0: "The user executing the script can't run this command", or "can't access at least one of the keys". Later ones, and Valkey: "ACL
    -- failure in script: User app has no permissions to run the 'xadd' command", or "No permissions to access a key".
    if string.find(text, 'ACL failure in script') or string.find(text, 'The user executing the script') then
        local isKey = string.find(text, 'of the keys') or string.find(text, 'access a key')
        refused[#refused + 1] = number
        refused[#refused + 1] = isKey and 'key' or (string.find(text, ' channel') and 'channel') or 'command'
    end
end
return refused
