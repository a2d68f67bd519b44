-- Who says where a shipment truly went: a report of its delivery, or a person who reviewed its address.
ALTER TABLE outcomes
  ADD COLUMN origin text NOT NULL DEFAULT 'report' CHECK (origin IN ('report', 'review')),
  ADD COLUMN author text NOT NULL DEFAULT ''; -- the name of the caller, by its token
