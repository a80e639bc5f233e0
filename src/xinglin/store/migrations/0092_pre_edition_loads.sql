-- Editions of code systems that somebody sent as a file: examined, and taken, by a job that may run on another machine.
-- The file goes when it is taken; what was found in it stays.
CREATE TABLE edition_load (
  id      text        PRIMARY KEY,
  by      text        NOT NULL,                      -- account
  asked   timestamptz NOT NULL,
  name    text        NOT NULL,                      -- of the file
  bytes   int8        NOT NULL,
  wanted  jsonb       NOT NULL,                      -- system, version, since, columns
  state   text        NOT NULL,                      -- waiting, running, examined, taken, refused
  doing   text        NOT NULL DEFAULT '',           -- reading, writing
  done    int4        NOT NULL DEFAULT 0,            -- rows so far
  found   jsonb       NOT NULL DEFAULT '{}',         -- rows, codes, groups, counts, the first remarks
  issues  jsonb       NOT NULL DEFAULT '[]',         -- why it was refused: key, text
  report  bytea       NOT NULL DEFAULT ''            -- all remarks, as CSV, deflated
);
CREATE INDEX edition_load_asked ON edition_load (asked DESC, id);

CREATE TABLE edition_part (
  load    text  NOT NULL,
  place   int4  NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (load, place)
);
