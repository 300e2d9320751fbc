CREATE TABLE "Select" ("we""ird" integer, "semi;colon" text);
CREATE INDEX "I'm" ON "Select" ("we""ird");
