-- Numbers of health records given out, by village or committee: the last sequence (HR-01); never goes back.
CREATE TABLE record_counter (
  bucket  int4 NOT NULL,
  village text NOT NULL,                              -- first 12 digits of the record number
  last    int4 NOT NULL,
  PRIMARY KEY (bucket, village)
);
-- Dynamic codes of health cards that were shown (R6-040): the text is known to its holder alone.
CREATE TABLE card_token (
  bucket  int4        NOT NULL,
  id      bytea       NOT NULL,                       -- hash of the text
  patient text        NOT NULL,                       -- logical id
  made    timestamptz NOT NULL,
  expires timestamptz NOT NULL,
  used    timestamptz,                                -- when it was first taken
  PRIMARY KEY (bucket, id)
);
CREATE INDEX card_token_expires ON card_token (expires);
-- Up to when residents have been looked through for duplicates: one row.
CREATE TABLE duplicates_sought (
  one    bool        PRIMARY KEY DEFAULT true CHECK (one),
  until  timestamptz NOT NULL
);
