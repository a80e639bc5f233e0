-- Patients that were merged: who stands for whom (docs/city.md, ADR 0074). Their records are as they were; the index of
-- what names a merged one is written as if it named the survivor.
CREATE TABLE merged (
  bucket   int4        NOT NULL,                      -- of the merged patient
  rid      int8        NOT NULL,                      -- the merged patient
  id       text        COLLATE "C" NOT NULL,
  target   int8        NOT NULL,                      -- into whom, as it was asked for
  target_id text       COLLATE "C" NOT NULL,
  survivor int8        NOT NULL,                      -- who stands for both: the end of the chain of targets
  since    timestamptz NOT NULL,
  by       text        NOT NULL,                      -- account
  reason   text        NOT NULL,
  task     text        NOT NULL,                      -- Task/ID that records it; empty when there is none
  PRIMARY KEY (bucket, rid)
);
CREATE INDEX merged_rid ON merged (rid);
CREATE INDEX merged_survivor ON merged (survivor, rid);
CREATE INDEX merged_since ON merged (since DESC, rid DESC);

-- How many merges and undoings led to what `merged` holds; whoever keeps it in memory compares.
CREATE TABLE merging (
  one   bool PRIMARY KEY DEFAULT true CHECK (one),
  epoch int8 NOT NULL
);
INSERT INTO merging (epoch) VALUES (0);

-- Whoever writes holds this lock shared until the commit, whoever merges holds it alone: so either the merge sees what
-- was written, or the writer learns of the merge. Each statement of the functions has a snapshot of its own, taken after
-- the lock was given.
CREATE FUNCTION merges_known(known int8) RETURNS bool LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(6361664518912012110);
  RETURN (SELECT epoch FROM merging WHERE one) = known;
END $$;

CREATE FUNCTION merges_unchanged(known int8) RETURNS bool LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF NOT merges_known(known) THEN
    RAISE EXCEPTION 'patients were merged meanwhile' USING ERRCODE = 'XL001';
  END IF;
  RETURN true;
END $$;

CREATE FUNCTION merges_held() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(6361664518912012110);
END $$;
