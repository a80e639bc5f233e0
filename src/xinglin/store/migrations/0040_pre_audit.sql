-- The audit ledger (docs/trust.md): entries, the Merkle tree over them, and its signed heads. Append-only.

-- id: milliseconds of the act times 2^20, plus 20 bits of a sequence: it sorts by time, and names the partition.
CREATE SEQUENCE audit_number AS int8 CACHE 50;

CREATE TABLE audit (
  bucket  int4   NOT NULL,                            -- of the patient, or of who acted
  id      int8   NOT NULL,
  txid    xid8   NOT NULL DEFAULT pg_current_xact_id(),
  who     text   COLLATE "C" NOT NULL,
  patient int8,                                       -- rid
  what    text   COLLATE "C" NOT NULL,
  action  "char" NOT NULL,
  outcome "char" NOT NULL,
  rt      int2   NOT NULL,                            -- fhir.search.keys.TYPE_CODES, 0 for none
  entry   bytea  NOT NULL                             -- the very bytes that are hashed (security.ledger)
) PARTITION BY RANGE (id);
CREATE INDEX audit_id ON audit (id);
CREATE INDEX audit_order ON audit (txid, id);         -- for the sequencer
CREATE INDEX audit_patient ON audit (patient, id) WHERE patient IS NOT NULL;
CREATE INDEX audit_who ON audit (who, id);

-- The order of the entries: some leaves side by side, the hash of each 32 bytes. first to last: their indexes.
CREATE TABLE audit_leaf (
  first   int8        PRIMARY KEY,
  last    int8        NOT NULL CHECK (last >= first),
  at      timestamptz NOT NULL,
  low     int8        NOT NULL,                       -- least and greatest id
  high    int8        NOT NULL,
  ids     int8[]      NOT NULL,
  hashes  bytea       NOT NULL CHECK (length(hashes) = 32 * (last - first + 1))
);
CREATE INDEX audit_leaf_ids ON audit_leaf USING gist (int8range(low, high, '[]'));

-- Roots of whole subtrees of 256, 65,536, … leaves, so that a proof reads some hundred hashes.
CREATE TABLE audit_node (
  level   int2  NOT NULL,
  place   int8  NOT NULL,
  hash    bytea NOT NULL,
  PRIMARY KEY (level, place)
);

-- Signed heads. signature: by the vault's key audit; empty when none was at hand.
CREATE TABLE audit_head (
  size      int8        NOT NULL,
  at        timestamptz NOT NULL,
  root      bytea       NOT NULL,
  signature bytea       NOT NULL,
  PRIMARY KEY (size, at)
);

-- Where the sequencer stands: one row. txid, id: the last entry taken; peaks: the right edge of the tree.
-- system: the database cluster that counted txid; seen: entries up to this id may come again with the numbers of a
-- cluster that was restored from.
CREATE TABLE audit_tree (
  one     bool  PRIMARY KEY DEFAULT true CHECK (one),
  size    int8  NOT NULL DEFAULT 0,
  txid    xid8  NOT NULL DEFAULT '0',
  id      int8  NOT NULL DEFAULT 0,
  peaks   bytea NOT NULL DEFAULT '',
  system  int8  NOT NULL DEFAULT 0,
  seen    int8  NOT NULL DEFAULT 0
);
INSERT INTO audit_tree DEFAULT VALUES;

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit ledger is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_only_appended BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_leaf_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf
  EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_node_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node
  EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head
  EXECUTE FUNCTION audit_refuse();

-- Make the partition of a month (UTC), unless it is there or the rest holds entries of it already.
CREATE FUNCTION audit_month(month timestamptz) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
  begins timestamp := date_trunc('month', month AT TIME ZONE 'UTC');
  name   text := 'audit_' || to_char(begins, 'YYYYMM');
  low    int8 := (extract(epoch FROM begins) * 1000)::int8 << 20;
  high   int8 := (extract(epoch FROM begins + interval '1 month') * 1000)::int8 << 20;
BEGIN
  IF to_regclass(name) IS NOT NULL OR EXISTS (SELECT FROM audit_rest WHERE id >= low AND id < high) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF audit FOR VALUES FROM (%s) TO (%s)', name, low, high);
  EXECUTE format('CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON %I EXECUTE FUNCTION audit_refuse()', name);
  RETURN true;
END $$;

-- What no month takes: an act is never lost because nobody made its partition.
CREATE TABLE audit_rest PARTITION OF audit DEFAULT;
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit_rest EXECUTE FUNCTION audit_refuse();
SELECT audit_month(now() + months * interval '1 month') FROM generate_series(0, 3) AS months;
