ALTER TABLE payment ADD COLUMN booked_at timestamptz;
CREATE INDEX payment_booked_idx ON payment (booked_at) WHERE booked_at IS NOT NULL;
COMMENT ON COLUMN payment.booked_at IS 'When it came into the books';
