INSERT INTO user (username, password)
VALUES
  ('ann', 'pbkdf2:sha256:1000$Fwg78WXLiT2hg95m$12d07ee9516f58a1874a3d39e0494d0f99aec1095995f4311000e3541eade776'),
  ('ben', 'pbkdf2:sha256:1000$kJmW0hPcXXtUrnh2$cab5e84a80eec6a4283080cec399f6c9d03fd899803b033390c585c4e048af22');

INSERT INTO entry (title, body, author_id)
VALUES ('A first day', 'It was' || x'0a' || 'sunny', 1);
