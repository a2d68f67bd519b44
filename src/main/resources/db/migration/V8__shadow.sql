-- Predictions for which the served release and the shadow release name different CPs.
CREATE TABLE prediction_disagreements (
  prediction_id      uuid             NOT NULL,
  predicted_at       timestamptz      NOT NULL,
  shipment_id        text             NOT NULL,
  prefix             text             NOT NULL, -- of the prediction that was sent
  canary             boolean          NOT NULL, -- whether that of the shadow release was sent
  served_cp          text             NOT NULL,
  served_confidence  double precision NOT NULL,
  served_fingerprint text             NOT NULL,
  served_release     text             NOT NULL,
  shadow_cp          text             NOT NULL,
  shadow_confidence  double precision NOT NULL,
  shadow_fingerprint text             NOT NULL,
  shadow_release     text             NOT NULL,
  noted_at           timestamptz      NOT NULL DEFAULT now(),
  PRIMARY KEY (prediction_id, predicted_at)
);

CREATE INDEX prediction_disagreements_by_releases
  ON prediction_disagreements (served_release, shadow_release, prefix);

CREATE INDEX prediction_disagreements_by_shipment ON prediction_disagreements (shipment_id);

CREATE INDEX prediction_disagreements_by_time ON prediction_disagreements (noted_at);

-- Predictions of the shadow release that were sent, and compared with those of the served one, whether
-- or not they differ.
CREATE TABLE canary_predictions (
  prediction_id  uuid        NOT NULL,
  predicted_at   timestamptz NOT NULL,
  shipment_id    text        NOT NULL,
  served_release text        NOT NULL,
  shadow_release text        NOT NULL,
  noted_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (prediction_id, predicted_at)
);

CREATE INDEX canary_predictions_by_releases ON canary_predictions (served_release, shadow_release);

CREATE INDEX canary_predictions_by_shipment ON canary_predictions (shipment_id);

CREATE INDEX canary_predictions_by_time ON canary_predictions (noted_at);
