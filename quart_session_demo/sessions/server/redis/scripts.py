"""What Redis must do in one step, in its Lua.

A session is one hash: a field per key of the session, and these of ours, which no key can take,
for keys are stored in JSON's quotation marks.
"""

# When the session began and when its lifetime was last extended, in milliseconds since 1970.
CREATED = b'created'
REFRESHED = b'refreshed'
# Which call ended the session: with this it counts as gone.
ENDED = b'ended'

# Replies of WRITE.
SAVED = b'saved'
EMPTIED = b'emptied'
GONE = b'gone'

# ARGV: whether to make the session, its lifetime in milliseconds, now, how many arguments follow
# that are fields to set and their values, these, and the fields to remove.
WRITE = """
local key, sets_end = KEYS[1], 4 + ARGV[4]
if ARGV[1] == '0' and
    (redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'ended') == 1) then
  return 'gone'
end
-- In parts, for Lua's stack is small.
local function each(command, first, last)
  for i = first, last, 1000 do
    redis.call(command, key, unpack(ARGV, i, math.min(i + 999, last)))
  end
end
-- Where memory is full Redis refuses to set, but only before a script's first change: so setting
-- comes first, and fails before anything is changed.
each('HSET', 5, sets_end)
each('HDEL', sets_end + 1, #ARGV)
-- And so these two work where memory is full.
redis.call('PEXPIRE', key, ARGV[2])
redis.call('HSET', key, 'refreshed', ARGV[3])
-- Only what is not the session's own is left. It lives on for a minute all the same: a slower
-- request may bring another key, which must count.
if redis.call('HLEN', key) == 2 then
  redis.call('PEXPIRE', key, math.min(ARGV[2], 60000))
  return 'emptied'
end
return 'saved'
"""

# Replies what was in it until now, so that nothing which another request saved is lost.
# A call whose reply got lost is made again, and must not take its own work for another's: so the
# fields stay for a moment, marked, for whoever brings the same token, and nobody else.
# ARGV: the token, and for how many milliseconds it may be brought again.
DELETE = """
local key = KEYS[1]
local ended = redis.call('HGET', key, 'ended')
if ended and ended ~= ARGV[1] then
  return {}
end
-- First, as in WRITE. It writes even when there is no session, which tells a Redis that takes none.
if redis.call('PEXPIRE', key, ARGV[2]) == 0 then
  return {}
end
redis.call('HSET', key, 'ended', ARGV[1])
return redis.call('HGETALL', key)
"""
