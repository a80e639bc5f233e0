-- Up to when the ledger has been looked through for anomalies (R7-042): one row.
CREATE TABLE watched (
  one    bool        PRIMARY KEY DEFAULT true CHECK (one),
  until  timestamptz NOT NULL
);
