-- Export abroad (R7-020): where data may leave to, and whose have in a year. A person is counted for each destination and
-- once for all of them (destination '').
CREATE TABLE egress_destination (
  bucket   int4  NOT NULL,
  id       text  COLLATE "C" NOT NULL,
  name     text  NOT NULL,
  country  text  NOT NULL,
  ground   text  NOT NULL CHECK (ground IN ('exempt', 'contract', 'certification', 'assessment')),
  number   text  NOT NULL DEFAULT '',   -- of the filing, the certificate or the decision
  until    date,
  made     timestamptz NOT NULL,
  made_by  text  COLLATE "C" NOT NULL,
  ended    timestamptz,
  ended_by text  COLLATE "C",
  PRIMARY KEY (bucket, id)
);
CREATE TABLE egress_person (
  bucket      int4 NOT NULL,
  rid         int8 NOT NULL,            -- of the Patient
  year        int2 NOT NULL,
  destination text COLLATE "C" NOT NULL,
  sensitive   bool NOT NULL,
  PRIMARY KEY (bucket, rid, year, destination)
);
CREATE TABLE egress_count (
  bucket      int4 NOT NULL,            -- of the destination
  year        int2 NOT NULL,
  destination text COLLATE "C" NOT NULL,
  persons     int8 NOT NULL,
  sensitive   int8 NOT NULL,
  PRIMARY KEY (bucket, year, destination)
);
-- Where an app or system stands: none is in China, else a row of egress_destination.
ALTER TABLE client ADD COLUMN abroad text COLLATE "C";
