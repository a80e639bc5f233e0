-- What resources hold alone (docs/kernel.md, ADR 0093): a number of a session, a prescription that is being filled. A key
-- is held once, or not at all, whoever writes at the same time.
CREATE TABLE held (
  bucket int4 NOT NULL,                      -- of the key
  key    text COLLATE "C" NOT NULL,
  rid    int8 NOT NULL,                      -- who holds it
  rt     text NOT NULL,
  id     text COLLATE "C" NOT NULL,
  since  timestamptz NOT NULL,
  PRIMARY KEY (bucket, key)
);
CREATE INDEX held_rid ON held (rid);
