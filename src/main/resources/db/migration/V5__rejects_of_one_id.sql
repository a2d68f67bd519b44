-- Of one id, several rows may be set aside: each for another shipment. The same row is so once.
ALTER TABLE prediction_rejects DROP CONSTRAINT prediction_rejects_pkey;

CREATE UNIQUE INDEX prediction_rejects_once ON prediction_rejects (prediction_id, md5(prediction::text));
