-- What operators did. An id is a UUID of version 7, made where it was done: entries are ordered by it.
CREATE TABLE audit_log (
  id         uuid        PRIMARY KEY,
  at         timestamptz NOT NULL,
  node       text        NOT NULL, -- its name in the cluster; empty where it is alone
  caller     text        NOT NULL, -- the name of the token; empty where it has none
  action     text        NOT NULL,
  target     text        NOT NULL, -- never an address or a shipment id
  before     jsonb,
  after      jsonb,
  request_id text        NOT NULL
);
