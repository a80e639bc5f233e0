-- Records that were looked at for data quality: who answers for them, and which domains (bits) they count in.
CREATE TABLE quality_judged (
  bucket  int4   NOT NULL,
  rid     int8   NOT NULL,
  ref     text   NOT NULL,                            -- Type/id
  owner   text   NOT NULL,                            -- Organization/id, empty when nobody is named
  domains int4   NOT NULL,
  PRIMARY KEY (bucket, rid)
);
CREATE INDEX quality_judged_owner ON quality_judged (owner, domains);
-- How far each type has been looked through: one row a type.
CREATE TABLE quality_sought (
  type   text        PRIMARY KEY,
  since  timestamptz NOT NULL,                        -- what this look began with
  last   timestamptz NOT NULL,                        -- the latest record that was seen
  token  text        NOT NULL                         -- of the next page; '.': looked through in this round; empty: none is under way
);
