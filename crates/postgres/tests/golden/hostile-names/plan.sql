CREATE TABLE "Select" (
    "we""ird" integer,
    "semi;colon" text
);
CREATE INDEX "I'm" ON "Select" USING btree ("we""ird");
