-- Codes that patients show at pharmacies (R3-084): they serve once, for some minutes; only a keyed hash is kept.
CREATE TABLE supply_code (
  bucket       int4        NOT NULL,
  id           bytea       NOT NULL,
  prescription text        NOT NULL,                  -- logical id of the RequestGroup
  made         timestamptz NOT NULL,
  expires      timestamptz NOT NULL,
  used         timestamptz,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX supply_code_expires ON supply_code (expires);
