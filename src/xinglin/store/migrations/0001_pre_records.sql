-- Records, their history, and the ordered key tables that find them (docs/kernel.md).
-- Every distributed table begins with its distribution column, bucket (0 to 1023).

-- The current version of each resource; a deleted one stays as a row without body and keys.
CREATE TABLE res (
  bucket  int4        NOT NULL,
  rt      int2        NOT NULL,                       -- fhir.search.keys.TYPE_CODES
  id      text        COLLATE "C" NOT NULL,
  rid     int8        NOT NULL,                       -- hash64("Type/id")
  vid     int4        NOT NULL,
  ts      timestamptz NOT NULL,                       -- meta.lastUpdated, whole milliseconds
  txid    xid8        NOT NULL DEFAULT pg_current_xact_id(),
  deleted bool        NOT NULL DEFAULT false,
  pat     int8,                                       -- rid of the patient whose compartment holds it; stays when deleted
  org     int4,                                       -- custodian, access domain
  sec     int4[],                                     -- security labels
  ord     int8        NOT NULL,                       -- microseconds of the main date; undated rows last
  keys    int8[]      NOT NULL,                       -- ix keys (coded ones first), then keys that serve checks only
  enc     int2        NOT NULL,                       -- 0 plain, 1 zstd, else a row of dict
  body    bytea       NOT NULL,                       -- the tail (store.body)
  PRIMARY KEY (bucket, rid)
) WITH (fillfactor = 95);
-- Compressed already: neither compress again nor move out before it must.
ALTER TABLE res ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX res_rid ON res (rid);
CREATE INDEX res_patient ON res (rt, pat, ord DESC, rid DESC);
CREATE INDEX res_ord ON res (rt, ord DESC, rid DESC);
CREATE INDEX res_ts ON res (rt, ts DESC, rid DESC);

-- Versions that were replaced. op: C, U or D.
CREATE TABLE hist (
  bucket  int4        NOT NULL,
  rt      int2        NOT NULL,
  id      text        COLLATE "C" NOT NULL,
  rid     int8        NOT NULL,
  vid     int4        NOT NULL,
  ts      timestamptz NOT NULL,
  txid    xid8        NOT NULL,
  op      "char"      NOT NULL,
  enc     int2        NOT NULL,
  body    bytea       NOT NULL,
  PRIMARY KEY (bucket, rid, vid)
);
ALTER TABLE hist ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX hist_ts ON hist (rt, ts DESC, rid DESC, vid DESC);

-- Tokens, references, uris, exact strings: one row a key.
CREATE TABLE ix (
  bucket  int4 NOT NULL,
  key     int8 NOT NULL,
  ord     int8 NOT NULL,
  rid     int8 NOT NULL,
  pat     int8,
  org     int4,
  c       bool NOT NULL                               -- coded: also indexed by patient
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX ix_ord ON ix (key, ord DESC, rid DESC) INCLUDE (pat, org);
CREATE INDEX ix_patient ON ix (key, pat, ord DESC, rid DESC) WHERE c;

-- Dates and periods, half-open, in microseconds; open ends are the least and the greatest int8.
CREATE TABLE dx (
  bucket  int4 NOT NULL,
  key     int8 NOT NULL,
  lo      int8 NOT NULL,
  hi      int8 NOT NULL,
  rid     int8 NOT NULL
);
CREATE INDEX dx_lo ON dx (key, lo, hi, rid);
CREATE INDEX dx_hi ON dx (key, hi, lo, rid);
CREATE INDEX dx_rid ON dx (rid, key);

-- Strings, normalised and cut short enough for an index entry (fhir.search.extract).
CREATE TABLE sx (
  bucket  int4 NOT NULL,
  key     int8 NOT NULL,
  norm    text COLLATE "C" NOT NULL,
  rid     int8 NOT NULL
);
CREATE INDEX sx_norm ON sx (key, norm, rid);
CREATE INDEX sx_rid ON sx (rid, key);

-- Numbers and quantities.
CREATE TABLE qx (
  bucket  int4   NOT NULL,
  key     int8   NOT NULL,
  val     float8 NOT NULL,
  rid     int8   NOT NULL
);
CREATE INDEX qx_val ON qx (key, val, rid);
CREATE INDEX qx_rid ON qx (rid, key);

-- Words of the text, for _text (weight A) and _content.
CREATE TABLE tx (
  bucket  int4     NOT NULL,
  rid     int8     NOT NULL,
  rt      int2     NOT NULL,
  doc     tsvector NOT NULL,
  PRIMARY KEY (bucket, rid)
);
CREATE INDEX tx_doc ON tx USING gin (doc);
CREATE INDEX tx_rid ON tx (rid);

-- Coded values seen, written before the resource that has them and never removed. bucket = key & 1023.
-- tid = hash64 of system, code and display (normalised). tkey: key that makes :text exact.
-- Codes may be longer than an index entry, so ask left(code, 128) as well as code.
CREATE TABLE term (
  bucket  int4 NOT NULL,
  param   int8 NOT NULL,
  tid     int8 NOT NULL,
  system  text NOT NULL,
  code    text COLLATE "C" NOT NULL,
  display text NOT NULL,
  key     int8 NOT NULL,
  tkey    int8 NOT NULL,
  PRIMARY KEY (bucket, param, tid)
);
CREATE INDEX term_code ON term (param, left(code, 128));

-- Dictionaries of store.body, kept forever; the same on every node.
CREATE TABLE dict (
  enc     int2 PRIMARY KEY CHECK (enc >= 2),
  rt      int2 NOT NULL,
  made    timestamptz NOT NULL,
  bytes   bytea NOT NULL
);
