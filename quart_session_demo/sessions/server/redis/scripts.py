"""Lua scripts for the steps that Redis must do atomically.

A session is one hash. It has a field for each key of the session, whose name is the key as a JSON
string, and the fields below. Their names have no quotation marks, so no key can be equal to them.
"""

import hashlib
from functools import cache

#: When the session was created, in milliseconds since 1970.
CREATED = b'created'
#: When the session was last extended, in milliseconds since 1970.
REFRESHED = b'refreshed'
#: Marks a deleted session. The value is the token of the call that deleted it.
TOMBSTONE = b'ended'

#: Creates a session, or changes one that exists. Returns a value of `WriteResult`.
#: ARGV: 1 to create the session or 0; its lifetime in milliseconds; when it was last extended; the
#: number of arguments with fields to set; these fields, each with its value; the names to remove.
WRITE = """
local key, sets_end = KEYS[1], 4 + ARGV[4]
if ARGV[1] == '0' and
    (redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'ended') == 1) then
  return 'gone'
end
-- Later times stay, which another request has set meanwhile.
local lifetime = math.max(redis.call('PTTL', key), ARGV[2])
local refreshed = math.max(redis.call('HGET', key, 'refreshed') or 0, ARGV[3])
-- In parts, because Lua's stack is small.
local function each(command, first, last)
  for i = first, last, 1000 do
    redis.call(command, key, unpack(ARGV, i, math.min(i + 999, last)))
  end
end
-- If memory is full, Redis refuses to set a field, but only as a script's first change. So the
-- script sets the fields first, and fails before it changes anything.
each('HSET', 5, sets_end)
each('HDEL', sets_end + 1, #ARGV)
-- After the first change, these two work even if memory is full.
redis.call('PEXPIRE', key, lifetime)
-- A very short lifetime may be over already: Redis has deleted the key then, and the next step
-- would create another one, without a lifetime.
if redis.call('EXISTS', key) == 0 then
  return 'gone'
end
redis.call('HSET', key, 'refreshed', refreshed)
-- Only our own two fields are left. The session stays for another minute: a slower request may add
-- a key, which must not be lost.
if redis.call('HLEN', key) == 2 then
  redis.call('PEXPIRE', key, math.min(ARGV[2], 60000))
  return 'emptied'
end
return 'saved'
"""

#: Deletes a session and returns its last fields. If the response is lost, the call is retried and
#: must get the fields again. So the fields stay for a short time, marked with a tombstone, and only
#: a call with the same token gets them.
#: ARGV: the token; how many milliseconds the fields stay.
DELETE = """
local key = KEYS[1]
local ended = redis.call('HGET', key, 'ended')
if ended and ended ~= ARGV[1] then
  return {}
end
-- First, as in WRITE. Redis counts this as a write even if there is no session, so a read-only
-- Redis reports an error.
if redis.call('PEXPIRE', key, ARGV[2]) == 0 then
  return {}
end
redis.call('HSET', key, 'ended', ARGV[1])
return redis.call('HGETALL', key)
"""

#: Adds a session to the index of its user; removes what has expired. ARGV: the session's key; the
#: lifetime of the entry in milliseconds.
ADD_ENTRY = """
local index, member, lifetime = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- A later time stays, but each call changes the score: REMOVE_ENTRIES notices it.
local score = math.max((redis.call('ZSCORE', index, member) or 0) + 1, now + lifetime)
redis.call('ZADD', index, score, member)
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), score - now))
"""

#: Removes entries from the index of a user, unless their scores have changed. ARGV: the keys of
#: sessions, each with its score.
REMOVE_ENTRIES = """
for i = 1, #ARGV, 2 do
  if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0) == tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
"""


@cache
def script_digest(script: str) -> str:
    """Return the name under which Redis caches a script: its SHA-1, in hexadecimal."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
