-- The large record that is merged or parted by steps (ADR 0085): one row while a job is at it. Its steps are one
-- transaction that nobody sees before it is over; this row is told at once, each time in a transaction of its own.
CREATE TABLE moving (
  one   bool        PRIMARY KEY DEFAULT true CHECK (one),
  rids  int8[]      NOT NULL,                         -- the patients whose index is written anew
  task  text        NOT NULL,                         -- id of the Task that tells of it
  total int4        NOT NULL,                         -- resources to go through
  done  int4        NOT NULL DEFAULT 0,
  since timestamptz NOT NULL
);
