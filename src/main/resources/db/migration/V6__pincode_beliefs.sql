-- What each prediction believed of its pincodes; null in the rows of earlier versions.
ALTER TABLE predictions
  ADD COLUMN prefix_source    text,
  ADD COLUMN pincode_field    text, -- as sent, in six digits; null where none was
  ADD COLUMN pincode_doubt    real, -- probability that pincode is not that of the shipment
  ADD COLUMN pincode_believed text,
  ADD COLUMN wrong_slips      double precision, -- shares of wrong pincodes that were assumed: typing errors,
  ADD COLUMN wrong_near       double precision, -- other pincodes of the right prefix,
  ADD COLUMN wrong_far        double precision; -- and any at all

COMMENT ON COLUMN predictions.pincode IS 'the believed one of the pincodes of the request';
