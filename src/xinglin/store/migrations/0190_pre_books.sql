-- The books (docs/care.md, ADR 0104): what was paid, owed and passed on, by double entry in fen. Every event's lines sum
-- to zero when they are written; nothing is changed or removed, a mistake is booked back.
CREATE TABLE book_event (
  bucket int4        NOT NULL,                      -- of the event's name
  event  text        COLLATE "C" NOT NULL,          -- what happened, by the name that makes it happen once
  at     timestamptz NOT NULL,
  day    date        NOT NULL,                      -- the business day it belongs to (UTC+8)
  about  text        COLLATE "C" NOT NULL,          -- Type/id
  text   text        NOT NULL,
  undoes text        COLLATE "C" NOT NULL DEFAULT '',  -- the event that is booked back
  digest bytea       NOT NULL,                      -- of what was booked, to tell the same from something else
  PRIMARY KEY (bucket, event)
);
CREATE INDEX book_event_about ON book_event (about, at);

CREATE TABLE book_line (
  bucket  int4 NOT NULL,
  event   text COLLATE "C" NOT NULL,
  line    int2 NOT NULL,
  account text COLLATE "C" NOT NULL,
  day     date NOT NULL,
  fen     int8 NOT NULL CHECK (fen <> 0),           -- debit positive, credit negative
  PRIMARY KEY (bucket, event, line)
);
CREATE INDEX book_line_account ON book_line (account, day) INCLUDE (fen);

CREATE FUNCTION book_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM written GROUP BY bucket, event HAVING sum(fen) <> 0 OR min(line) <> 1 OR count(*) < 2) THEN
    RAISE EXCEPTION 'the lines of an event do not balance' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER book_line_balanced AFTER INSERT ON book_line REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION book_balanced();

CREATE FUNCTION book_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the books are only added to: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER book_event_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON book_event EXECUTE FUNCTION book_refuse();
CREATE TRIGGER book_line_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON book_line EXECUTE FUNCTION book_refuse();
