-- Lines of sound and picture between browsers (docs/care.md, ADR 0110): who is on one now, and the words by which they
-- find a way to each other. Nothing of a visit stands here; what is older than a minute or two is removed by the next
-- word. After a crash both are empty, and the browsers come again.
CREATE UNLOGGED TABLE line_peer (
  line    text        COLLATE "C" NOT NULL,          -- e.g. visit/ID
  peer    text        COLLATE "C" NOT NULL,          -- of a page that is open, by its own choice
  account text        COLLATE "C" NOT NULL,
  side    text        COLLATE "C" NOT NULL,
  until   timestamptz NOT NULL,                      -- is gone when it has not said again that it is there
  PRIMARY KEY (line, peer)
);
CREATE UNLOGGED TABLE line_word (
  number  int8        GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  line    text        COLLATE "C" NOT NULL,
  sender  text        COLLATE "C" NOT NULL,          -- peer
  hearer  text        COLLATE "C" NOT NULL,          -- peer; empty: everybody else on the line
  body    text        NOT NULL,
  at      timestamptz NOT NULL
);
CREATE INDEX line_word_line ON line_word (line, number);
