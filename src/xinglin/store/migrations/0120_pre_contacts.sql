-- Where somebody wants to be told besides the phone of the record: WeChat, mail. Not health data; addresses are sealed.
CREATE TABLE contact (
  bucket  int4        NOT NULL,                       -- that of the holder
  holder  text        COLLATE "C" NOT NULL,           -- Patient/… or Practitioner/…
  channel text        COLLATE "C" NOT NULL CHECK (channel IN ('wechat', 'mail')),
  address bytea       NOT NULL,                       -- sealed
  made    timestamptz NOT NULL,
  PRIMARY KEY (bucket, holder, channel)
);

-- What came of sending by a channel in an hour: how the operator sees that a gateway is ill.
CREATE TABLE channel_hour (
  channel text        NOT NULL,
  hour    timestamptz NOT NULL,
  outcome text        NOT NULL,                       -- sent silent refused delivered undelivered
  n       int8        NOT NULL,
  last    timestamptz NOT NULL,
  PRIMARY KEY (hour, channel, outcome)
);
