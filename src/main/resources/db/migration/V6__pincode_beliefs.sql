-- What each prediction believed of its pincodes; null in the rows of earlier versions.
ALTER TABLE predictions
  ADD COLUMN prefix_source    text,
  ADD COLUMN pincode_field    text, -- as sent, in six digits; null where none was
  ADD COLUMN pincode_doubt    real, -- probability that pincode is not that of the shipment
  ADD COLUMN pincode_believed text,
  ADD COLUMN wrong_pincodes   double precision; -- the share that was assumed

COMMENT ON COLUMN predictions.pincode IS 'the believed one of the pincodes of the request';
