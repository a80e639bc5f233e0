-- Keys of the vault (store.vault), each wrapped by the master key of the key store; the same on every node.
-- domain: identity, clinical, accounts, audit, index, or sign:NAME. alg: sm4, aes, hmac-sm3, sm2.
-- state: active (seals and opens), old (opens only), retired (the key is gone). master: mark of the master key.
CREATE TABLE data_key (
  kid      int4 PRIMARY KEY CHECK (kid > 0),
  domain   text        NOT NULL,
  alg      text        NOT NULL,
  state    text        NOT NULL CHECK (state IN ('active', 'old', 'retired')),
  master   text        NOT NULL,
  wrapped  bytea,
  public   bytea,                                     -- of a key that signs: 04, x, y
  made     timestamptz NOT NULL,
  closed   timestamptz,                               -- when it ceased to seal
  CHECK ((wrapped IS NULL) = (state = 'retired'))
);
CREATE UNIQUE INDEX data_key_active ON data_key (domain) WHERE state = 'active';
