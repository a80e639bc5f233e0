-- Keys of those who sign (store.vault.signing). The private half is sealed and used only here; certificates stay
-- forever (电子签名法 Art. 24: five years after they end, at least). holder: reference. account: who may use it.
CREATE TABLE signing_key (
  bucket      int4        NOT NULL,                   -- bucket_of(id)
  id          text        COLLATE "C" NOT NULL,
  holder      text        NOT NULL,
  account     text        COLLATE "C" NOT NULL,
  public      bytea       NOT NULL,
  sealed      bytea       NOT NULL,
  serial      text        NOT NULL,
  certificate bytea       NOT NULL,
  made        timestamptz NOT NULL,
  ends        timestamptz NOT NULL,
  revoked     timestamptz,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX signing_key_holder ON signing_key (holder, account);
CREATE INDEX signing_key_serial ON signing_key (serial);
