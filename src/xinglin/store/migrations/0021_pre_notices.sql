-- Which version of the notice of processing an account was shown and took note of (R7-004).
CREATE TABLE notice_taken (
  bucket  int4        NOT NULL,
  account text        COLLATE "C" NOT NULL,
  version text        NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (bucket, account, version)
);
