ALTER TABLE item ADD COLUMN given share DEFAULT 1;
ALTER TABLE item ADD COLUMN other percent[];
ALTER TABLE item ADD COLUMN share share;
ALTER TABLE item ADD COLUMN sold count;
